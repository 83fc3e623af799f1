with

source as (

    select * from {{ source('ads', 'performance_daily') }}

),

renamed as (

    select
        -- ids
        platform as source_system,
        account_id as ad_account_id,
        campaign_id,
        ad_group_id,

        -- strings
        'ad_group' as report_level,
        upper(currency) as currency,

        -- numerics
        spend,
        impressions,
        clicks,
        conversions as platform_conversions,
        conversion_value as platform_conversion_value,

        -- dates
        date as date_day
    from source

)

select * from renamed
