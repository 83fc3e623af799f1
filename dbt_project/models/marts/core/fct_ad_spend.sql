with

ad_spend as (

    select * from {{ ref('int_ad_spend_levelled') }}

),

final as (

    select
        date_day,
        source_system,
        ad_account_id,
        campaign_id,
        ad_group_id,
        channel,
        currency,
        spend,
        spend_reporting,
        impressions,
        clicks,
        platform_conversions,
        platform_conversion_value
    from ad_spend

)

select * from final
