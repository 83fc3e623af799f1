with

email_events as (

    select * from {{ ref('int_email_events_unioned') }}

),

email_addresses as (

    select * from {{ ref('int_email_addresses') }}

),

identifiers as (

    select * from {{ ref('int_identifiers_resolved') }}

),

session_touches as (

    select * from {{ ref('int_session_touches') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

clicks as (

    select
        email_events.source_system || ':' || email_events.email_event_id as touch_id,
        email_events.source_system,
        email_events.campaign_record_id as campaign_id,
        email_events.occurred_at as touched_at,
        identifiers.person_number
    from email_events
    inner join clock
        on email_events.occurred_at <= clock.as_of_at
    inner join email_addresses
        on email_events.email = email_addresses.email
    inner join identifiers
        on 'email:' || email_addresses.email_key = identifiers.identifier
    where email_events.event_type = 'click'

),

-- The session that a click starts within minutes is the same touch.
started_sessions as (

    select
        clicks.touch_id,
        {{ first_by('session_touches.session_id', ['session_touches.started_at', 'session_touches.session_id']) }} as session_id
    from clicks
    inner join session_touches
        on
            clicks.person_number = session_touches.person_number
            and clicks.touched_at <= session_touches.started_at
            and clicks.touched_at
            >= session_touches.started_at - interval {{ var('email_session_fold_minutes') }} minute
    group by clicks.touch_id

),

final as (

    select
        clicks.*,
        started_sessions.session_id
    from clicks
    left join started_sessions
        on clicks.touch_id = started_sessions.touch_id

)

select * from final
