{%- set bare = "regexp_replace(%s, '^urn:li:[A-Za-z]+:', '')" -%}

with

campaign_group_history as (

    select * from {{ source('linkedin_ads', 'ad_campaign_group_history') }}

),

analytics_by_campaign as (

    select * from {{ source('linkedin_ads', 'ad_analytics_by_campaign') }}

),

analytics_by_creative as (

    select * from {{ source('linkedin_ads', 'ad_analytics_by_creative') }}

),

-- Exports of Campaign Manager name their campaign groups in the report and have no history.
versions as (

    select
        {{ bare % 'id' }} as campaign_id,
        {{ bare % 'account_id' }} as ad_account_id,
        name,
        last_modified_time as named_at
    from campaign_group_history

    union all

    select
        coalesce({{ bare % 'campaign_group_id' }}, campaign_group_name) as campaign_id,
        {{ bare % 'account_id' }} as ad_account_id,
        campaign_group_name as name,
        cast(day as timestamp) as named_at
    from analytics_by_campaign
    where campaign_group_name is not null

    union all

    select
        coalesce({{ bare % 'campaign_group_id' }}, campaign_group_name) as campaign_id,
        {{ bare % 'account_id' }} as ad_account_id,
        campaign_group_name as name,
        cast(day as timestamp) as named_at
    from analytics_by_creative
    where campaign_group_name is not null

),

-- LinkedIn's campaign group is the campaign of other platforms. There are several versions; the newest one stands.
latest as (

    select
        -- ids
        'linkedin_ads' as source_system,
        max_by(ad_account_id, named_at) as ad_account_id,
        campaign_id,

        -- strings
        max_by(name, named_at) as name,
        cast(null as varchar) as campaign_type,
        cast(null as varchar) as channel
    from versions
    group by campaign_id

)

select * from latest
