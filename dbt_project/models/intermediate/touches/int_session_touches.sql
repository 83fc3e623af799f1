with

sessions as (

    select * from {{ ref('int_sessions_unioned') }}

),

traffic_sources as (

    select * from {{ ref('int_traffic_sources') }}

),

anonymous_visits as (

    select * from {{ ref('int_anonymous_visits') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

final as (

    select
        sessions.session_id,
        anonymous_visits.person_number,
        sessions.started_at,
        traffic_sources.channel_code,
        traffic_sources.campaign_id,
        sessions.source_system
    from sessions
    inner join clock
        on sessions.started_at <= clock.as_of_at
    inner join traffic_sources
        on
            sessions.utm_source is not distinct from traffic_sources.utm_source
            and sessions.utm_medium is not distinct from traffic_sources.utm_medium
            and sessions.utm_campaign is not distinct from traffic_sources.utm_campaign
            and sessions.referrer_host is not distinct from traffic_sources.referrer_host
            and sessions.click_id_platform is not distinct from traffic_sources.click_id_platform
    left join anonymous_visits
        on
            sessions.anonymous_id = anonymous_visits.anonymous_id
            and sessions.started_at > anonymous_visits.after_at
            and sessions.started_at <= anonymous_visits.until_at

)

select * from final
