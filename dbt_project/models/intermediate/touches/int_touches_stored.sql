with

session_touches as (

    select * from {{ ref('int_session_touches') }}

),

email_click_touches as (

    select * from {{ ref('int_email_click_touches') }}

),

form_submissions as (

    select * from {{ ref('int_form_submissions_unioned') }}

),

attendance as (

    select * from {{ ref('stg_events__attendance') }}

),

activities as (

    select * from {{ ref('int_activities_unioned') }}

),

identifiers as (

    select * from {{ ref('int_identifiers_resolved') }}

),

channels as (

    select * from {{ ref('channels') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

email_channel as (

    select channel_code
    from channels
    where channel = 'email'

),

-- The first click stands where several lead to one session.
clicked_sessions as (

    select
        session_id,
        {{ first_by('campaign_id', ['touched_at', 'touch_id']) }} as campaign_id
    from email_click_touches
    where session_id is not null
    group by session_id

),

sessions as (

    select
        session_touches.source_system || ':' || session_touches.session_id as touch_id,
        session_touches.person_number,
        session_touches.started_at as touched_at,
        case
            when clicked_sessions.session_id is not null then email_channel.channel_code
            else session_touches.channel_code
        end as channel_code,
        case
            when clicked_sessions.session_id is not null then clicked_sessions.campaign_id
            else session_touches.campaign_id
        end as campaign_id,
        session_touches.source_system,
        case when clicked_sessions.session_id is not null then 'email_click' else 'session' end as touch_type
    from session_touches
    cross join email_channel
    left join clicked_sessions
        on session_touches.session_id = clicked_sessions.session_id

),

email_clicks as (

    select
        email_click_touches.touch_id,
        email_click_touches.person_number,
        email_click_touches.touched_at,
        email_channel.channel_code,
        email_click_touches.campaign_id,
        email_click_touches.source_system,
        'email_click' as touch_type
    from email_click_touches
    cross join email_channel
    where email_click_touches.session_id is null

),

-- A submission belongs to its session's touch; without a session it is a touch of its own.
lone_submissions as (

    select
        form_submissions.source_system || ':' || form_submissions.submission_id as touch_id,
        identifiers.person_number,
        form_submissions.submitted_at as touched_at,
        channels.channel_code,
        cast(null as varchar) as campaign_id,
        form_submissions.source_system,
        'form_submission' as touch_type
    from form_submissions
    inner join clock
        on form_submissions.submitted_at <= clock.as_of_at
    inner join channels
        on channels.channel = 'direct'
    inner join identifiers
        on
            coalesce(
                'email:' || form_submissions.email_key,
                form_submissions.source_system || ':' || form_submissions.person_record_id
            ) = identifiers.identifier
    left join session_touches
        on form_submissions.session_id = session_touches.session_id
    where session_touches.session_id is null

),

attended_events as (

    select
        attendance.source_system || ':' || attendance.attendance_id as touch_id,
        identifiers.person_number,
        attendance.attended_at as touched_at,
        channels.channel_code,
        attendance.campaign_record_id as campaign_id,
        attendance.source_system,
        'event_attendance' as touch_type
    from attendance
    inner join clock
        on attendance.attended_at <= clock.as_of_at
    inner join channels
        on channels.channel = 'event'
    inner join identifiers
        on 'email:' || {{ email_match_key('attendance.email') }} = identifiers.identifier

),

sales_activities as (

    select
        activities.source_system || ':' || activities.activity_id as touch_id,
        identifiers.person_number,
        activities.occurred_at as touched_at,
        channels.channel_code,
        cast(null as varchar) as campaign_id,
        activities.source_system,
        'sales_activity' as touch_type
    from activities
    inner join clock
        on activities.occurred_at <= clock.as_of_at
    inner join channels
        on channels.channel = 'outbound'
    inner join identifiers
        on activities.source_system || ':' || activities.person_record_id = identifiers.identifier

),

combined as (

    select * from sessions
    union all
    select * from email_clicks
    union all
    select * from lone_submissions
    union all
    select * from attended_events
    union all
    select * from sales_activities

),

final as (

    select
        combined.touch_id,
        combined.person_number,
        combined.touched_at,
        cast(combined.channel_code as smallint) as channel_code,
        channels.channel,
        combined.campaign_id,
        combined.source_system,
        combined.touch_type,
        combined.touch_type <> 'sales_activity' as is_marketing
    from combined
    inner join channels
        on combined.channel_code = channels.channel_code

)

select *
from final
order by person_number nulls last, touched_at, touch_id
