{#- Exports put ids in square brackets, so that spreadsheets do not round them. -#}
{%- set bare = "replace(replace(%s, '[', ''), ']', '')" -%}

with

campaign_history as (

    select * from {{ source('microsoft_ads', 'campaign_history') }}

),

campaign_reports as (

    select * from {{ source('microsoft_ads', 'campaign_performance_daily_report') }}

),

ad_group_reports as (

    select * from {{ source('microsoft_ads', 'ad_group_performance_daily_report') }}

),

ad_reports as (

    select * from {{ source('microsoft_ads', 'ad_performance_daily_report') }}

),

-- Airbyte and exports of the interface name their campaigns in the report; the French one calls a search campaign Recherche.
reported as (

    select
        campaign_id,
        account_id,
        campaign_name,
        case when lower(campaign_type) = 'recherche' then 'Search' else campaign_type end as campaign_type,
        date
    from campaign_reports

    union all

    select
        campaign_id,
        account_id,
        campaign_name,
        cast(null as varchar) as campaign_type,
        date
    from ad_group_reports

    union all

    select
        campaign_id,
        account_id,
        campaign_name,
        cast(null as varchar) as campaign_type,
        date
    from ad_reports

),

versions as (

    select
        id as campaign_id,
        account_id as ad_account_id,
        name,
        type as campaign_type,
        modified_time as named_at
    from campaign_history

    union all

    select
        coalesce({{ bare % 'campaign_id' }}, campaign_name) as campaign_id,
        {{ bare % 'account_id' }} as ad_account_id,
        campaign_name as name,
        campaign_type,
        cast(date as timestamp) as named_at
    from reported
    where campaign_name is not null

),

-- There are several versions of a campaign; the newest one stands. The API writes PerformanceMax, the screen Performance Max.
latest as (

    select
        -- ids
        'microsoft_ads' as source_system,
        max_by(ad_account_id, named_at) as ad_account_id,
        campaign_id,

        -- strings
        max_by(name, named_at) as name,
        upper(replace(max_by(campaign_type, named_at), ' ', '')) as campaign_type,
        cast(null as varchar) as channel
    from versions
    group by campaign_id

)

select * from latest
