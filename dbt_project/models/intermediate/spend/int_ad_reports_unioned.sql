{{ config(materialized='view') }}

with

unioned as (

-- A new ad platform is one name in this list.
    {{ union_models([
        'stg_ads__ad_performance',
        'stg_facebook_ads__ad_performance',
        'stg_google_ads__ad_performance',
        'stg_linkedin_ads__ad_performance',
        'stg_microsoft_ads__ad_performance',
    ]) }}

),

final as (

    select
        source_system,
        ad_account_id,
        campaign_id,
        -- A campaign that the platform does not split has one ad group, `none`.
        case when report_level not in ('account', 'campaign') then coalesce(ad_group_id, 'none') end as ad_group_id,
        report_level,
        case report_level
            when 'account' then 1
            when 'campaign' then 2
            when 'ad_group' then 3
            when 'ad' then 4
        end as level_rank,
        date_day,
        currency,
        cast(coalesce(spend, 0) as decimal(18, 6)) as spend,
        coalesce(impressions, 0) as impressions,
        coalesce(clicks, 0) as clicks,
        cast(coalesce(platform_conversions, 0) as decimal(18, 6)) as platform_conversions,
        cast(coalesce(platform_conversion_value, 0) as decimal(18, 6)) as platform_conversion_value
    from unioned

)

select * from final
