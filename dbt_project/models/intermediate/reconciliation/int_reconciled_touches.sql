with

sessions as (

    select * from {{ ref('int_sessions_unioned') }}

),

email_events as (

    select * from {{ ref('int_email_events_unioned') }}

),

touches as (

    select * from {{ ref('fct_touches') }}

),

folded_clicks as (

    select * from {{ ref('int_email_click_touches') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

session_systems as (

    select distinct source_system
    from sessions

),

-- Touches.
session_touches as (

    select
        'web sessions as touches' as what,
        cast(
            (
                select count(*) from sessions
                inner join clock
                    on sessions.started_at <= clock.as_of_at
            ) as decimal(38, 6)
        ) as expected,
        cast(count(*) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from touches
    where
        source_system in (select session_systems.source_system from session_systems)
        and touch_type in ('session', 'email_click')

),

click_touches as (

    select
        'e-mail clicks as touches' as what,
        cast(
            (
                select count(*) from email_events
                inner join clock
                    on email_events.occurred_at <= clock.as_of_at
                where email_events.event_type = 'click'
            ) as decimal(38, 6)
        ) as expected,
        cast(
            (
                select count(*) from touches
                where
                    touch_type = 'email_click'
                    and source_system not in (select session_systems.source_system from session_systems)
            ) as decimal(38, 6)
        ) as actual,
        -cast(
            (
                select count(*) from folded_clicks
                where session_id is not null
            )
            + (
                select count(*) from email_events
                inner join clock
                    on email_events.occurred_at <= clock.as_of_at
                where
                    email_events.event_type = 'click'
                    and {{ email_match_key('email_events.email') }} is null
            ) as decimal(38, 6)
        ) as explained,
        'clicks folded into the session that they started, and clicks without a usable address' as rule

),

final as (

    select * from session_touches
    union all
    select * from click_touches

)

select * from final
