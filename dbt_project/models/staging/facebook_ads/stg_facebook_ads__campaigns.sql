with

campaign_history as (

    select * from {{ source('facebook_ads', 'campaign_history') }}

),

insights as (

    select * from {{ source('facebook_ads', 'basic_ad') }}

),

-- Exports of Ads Manager name their campaigns in the report and have no history.
versions as (

    select
        id as campaign_id,
        account_id,
        name,
        objective,
        updated_time as named_at
    from campaign_history

    union all

    select
        coalesce(campaign_id, campaign_name) as campaign_id,
        account_id,
        campaign_name as name,
        null as objective,
        cast(date as timestamp) as named_at
    from insights
    where campaign_name is not null

),

-- There are several versions of a campaign; the newest one stands.
latest as (

    select
        -- ids
        'facebook_ads' as source_system,
        max_by(replace(account_id, 'act_', ''), named_at) as ad_account_id,
        campaign_id,

        -- strings
        max_by(name, named_at) as name,
        upper(max_by(objective, named_at)) as campaign_type,
        cast(null as varchar) as channel
    from versions
    group by campaign_id

)

select * from latest
