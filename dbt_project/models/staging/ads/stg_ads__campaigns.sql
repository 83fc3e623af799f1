with

source as (

    select * from {{ source('ads', 'performance_daily') }}

),

-- The canonical extract names a campaign on each of its days: the newest day's name and channel stand.
aggregated as (

    select
        -- ids
        platform as source_system,
        account_id as ad_account_id,
        campaign_id,

        -- strings
        max_by(campaign_name, date) as name,
        cast(null as varchar) as campaign_type,
        max_by(channel, date) as channel
    from source
    group by platform, account_id, campaign_id

)

select * from aggregated
