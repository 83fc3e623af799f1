with

campaign_history as (

    select * from {{ source('google_ads', 'campaign_history') }}

),

campaign_stats as (

    select * from {{ source('google_ads', 'campaign_stats') }}

),

ad_group_stats as (

    select * from {{ source('google_ads', 'ad_group_stats') }}

),

ad_stats as (

    select * from {{ source('google_ads', 'ad_stats') }}

),

-- Exports of the interface name their campaigns in the report and have no history. They spell types as the screen does,
-- in its language: `Performance Max` is the API's PERFORMANCE_MAX.
reported as (

    select
        id as campaign_id,
        customer_id,
        campaign_name,
        case lower({{ without_accents('campaign_type') }})
            when 'search network' then 'SEARCH'
            when 'reseau de recherche' then 'SEARCH'
            when 'display network' then 'DISPLAY'
            when 'reseau display' then 'DISPLAY'
            when 'generation de la demande' then 'DEMAND_GEN'
            else upper(replace({{ without_accents('campaign_type') }}, ' ', '_'))
        end as campaign_type,
        date
    from campaign_stats

    union all

    select
        campaign_id,
        customer_id,
        campaign_name,
        null as campaign_type,
        date
    from ad_group_stats

    union all

    select
        campaign_id,
        customer_id,
        campaign_name,
        null as campaign_type,
        date
    from ad_stats

),

versions as (

    select
        cast(id as varchar) as campaign_id,
        cast(customer_id as varchar) as ad_account_id,
        name,
        advertising_channel_type,
        updated_at as named_at
    from campaign_history

    union all

    select
        coalesce(cast(campaign_id as varchar), campaign_name) as campaign_id,
        replace(customer_id, '-', '') as ad_account_id,
        campaign_name as name,
        campaign_type as advertising_channel_type,
        cast(date as timestamp) as named_at
    from reported
    where campaign_name is not null

),

-- There are several versions of a campaign; the newest one stands.
latest as (

    select
        -- ids
        'google_ads' as source_system,
        max_by(ad_account_id, named_at) as ad_account_id,
        campaign_id,

        -- strings
        max_by(name, named_at) as name,
        max_by(advertising_channel_type, named_at) as campaign_type,
        cast(null as varchar) as channel
    from versions
    group by campaign_id

)

select * from latest
