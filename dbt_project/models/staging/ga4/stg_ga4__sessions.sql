with

events as (

    select * from {{ source('ga4', 'events') }}

),

-- The parameters are a JSON list: read once per event.
parsed as (

    select
        *,
        {{ keyed_list('event_params') }} as parameters
    from events
    where user_pseudo_id is not null

),

with_parameters as (

    select
        user_pseudo_id,
        event_timestamp,
        event_name,
        batch_ordering_id,
        batch_event_index,
        collected_traffic_source,
        session_traffic_source_last_click,
        {{ json_text('privacy_info', 'analytics_storage') }} as analytics_storage,
        coalesce(
            {{ json_text('collected_traffic_source', 'manual_source') }},
            {{ json_text('collected_traffic_source', 'manual_medium') }},
            {{ json_text('collected_traffic_source', 'manual_campaign_name') }},
            {{ json_text('collected_traffic_source', 'gclid') }}
        ) is not null as has_collected_source,
        {{ keyed_text('parameters', 'ga_session_id') }} as ga_session_id,
        {{ keyed_text('parameters', 'page_location') }} as page_location,
        {{ keyed_text('parameters', 'page_referrer') }} as page_referrer,
        {{ keyed_text('parameters', 'ignore_referrer') }} as ignore_referrer
    from parsed

),

-- A session that runs over midnight stands in two tables of events and is one session.
{%- set in_order = ["event_timestamp", "batch_ordering_id", "batch_event_index", "event_name"] %}
{%- set landing_first = ["case when event_name = 'page_view' then 0 else 1 end"] + in_order %}
sessions as (

    select
        user_pseudo_id,
        ga_session_id,
        min(event_timestamp) as started_at,
        count(case when event_name = 'page_view' then 1 end) as page_views,
        max(case when lower(analytics_storage) = 'no' then 1 else 0 end) = 1 as is_storage_denied,
        {{ first_by('page_location', landing_first) }} filter (where page_location is not null) as landing_url,
        -- An empty text instead of NULL: the first page's referrer, not the first referrer of any page.
        {{ first_by("case when coalesce(ignore_referrer, '') = 'true' then '' else coalesce(page_referrer, '') end", landing_first) }}
        filter (where page_location is not null) as landing_referrer,
        {{ first_by('collected_traffic_source', in_order) }} filter (where has_collected_source) as collected,
        {{ first_by('session_traffic_source_last_click', in_order) }}
        filter (where session_traffic_source_last_click is not null) as last_click
    from with_parameters
    where ga_session_id is not null
    group by
        user_pseudo_id,
        ga_session_id

),

with_click as (

    select
        *,
        coalesce({{ json_text('collected', 'manual_source') }}, {{ url_parameter('landing_url', 'utm_source') }}) as own_source,
        coalesce({{ json_text('collected', 'manual_medium') }}, {{ url_parameter('landing_url', 'utm_medium') }}) as own_medium,
        nullif(
            coalesce(
                {{ json_text('collected', 'manual_campaign_name') }}, {{ url_parameter('landing_url', 'utm_campaign') }}
            ),
            '(not set)'
        ) as own_campaign,
        case
            when {{ json_text('collected', 'gclid') }} is not null then 'google'
            else {{ click_id_platform('landing_url') }}
        end as click_id_platform
    from sessions

),

-- GA4's last click may lie in an earlier session, which has its touch already: it only completes a click of this one.
-- For a Google Ads click it alone knows the campaign, by whose id the campaign is found.
completed as (

    select
        *,
        coalesce(own_source, own_medium, own_campaign, click_id_platform) is not null as has_own_click,
        {{ url_host('landing_referrer') }} as referrer_host,
        {{ url_host('landing_url') }} as landing_host,
        coalesce(
            case when click_id_platform = 'google' then {{ json_text('last_click', 'google_ads_campaign.campaign_id') }} end,
            {{ json_text('last_click', 'manual_campaign.campaign_name') }}
        ) as last_campaign
    from with_click

),

renamed as (

    select
        -- ids
        'ga4' as source_system,
        'ga4-' || user_pseudo_id || '.' || ga_session_id as session_id,
        -- Without consent to analytics storage the session is counted and joined to nobody.
        case when not is_storage_denied then user_pseudo_id end as anonymous_id,

        -- strings
        landing_url,
        case when referrer_host <> coalesce(landing_host, '') then landing_referrer end as referrer,
        coalesce(
            own_source, case when has_own_click then {{ json_text('last_click', 'manual_campaign.source') }} end
        ) as utm_source,
        coalesce(
            own_medium, case when has_own_click then {{ json_text('last_click', 'manual_campaign.medium') }} end
        ) as utm_medium,
        coalesce(own_campaign, case when has_own_click then last_campaign end) as utm_campaign,
        click_id_platform,

        -- numerics
        page_views,

        -- timestamps
        started_at
    from completed

)

select * from renamed
