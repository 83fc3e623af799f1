with

account_stats as (

    select * from {{ source('google_ads', 'account_stats') }}

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

account_history as (

    select * from {{ source('google_ads', 'account_history') }}

),

currencies as (

    select
        id as customer_id,
        max_by(currency_code, updated_at) as currency
    from account_history
    where currency_code is not null
    group by id

),

-- Every report carries its level; which of them is added up is decided once for all platforms, downstream.
reports as (

    select
        'account' as report_level,
        customer_id,
        cast(null as bigint) as campaign_id,
        cast(null as bigint) as ad_group_id,
        date,
        cost_micros,
        impressions,
        clicks,
        conversions,
        conversions_value
    from account_stats

    union all

    select
        'campaign' as report_level,
        customer_id,
        id as campaign_id,
        cast(null as bigint) as ad_group_id,
        date,
        cost_micros,
        impressions,
        clicks,
        conversions,
        conversions_value
    from campaign_stats

    union all

    select
        'ad_group' as report_level,
        customer_id,
        campaign_id,
        id as ad_group_id,
        date,
        cost_micros,
        impressions,
        clicks,
        conversions,
        conversions_value
    from ad_group_stats

    union all

    select
        'ad' as report_level,
        customer_id,
        campaign_id,
        coalesce(ad_group_id, try_cast(regexp_extract(ad_group, 'adGroups/([0-9]+)', 1) as bigint)) as ad_group_id,
        date,
        cost_micros,
        impressions,
        clicks,
        conversions,
        conversions_value
    from ad_stats

),

renamed as (

    select
        -- ids
        'google_ads' as source_system,
        cast(reports.customer_id as varchar) as ad_account_id,
        cast(reports.campaign_id as varchar) as campaign_id,
        cast(reports.ad_group_id as varchar) as ad_group_id,

        -- strings
        reports.report_level,
        upper(currencies.currency) as currency,

        -- numerics
        {{ from_micros('sum(reports.cost_micros)') }} as spend,
        cast(sum(reports.impressions) as bigint) as impressions,
        cast(sum(reports.clicks) as bigint) as clicks,
        cast(sum(cast(reports.conversions as decimal(18, 6))) as double) as platform_conversions,
        cast(sum(cast(reports.conversions_value as decimal(18, 6))) as decimal(18, 6)) as platform_conversion_value,

        -- dates
        reports.date as date_day
    from reports
    left join currencies
        on reports.customer_id = currencies.customer_id
    group by
        reports.customer_id,
        reports.campaign_id,
        reports.ad_group_id,
        reports.report_level,
        currencies.currency,
        reports.date

)

select * from renamed
