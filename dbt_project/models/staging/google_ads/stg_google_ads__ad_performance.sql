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

account_currencies as (

    select
        cast(id as varchar) as ad_account_id,
        upper(max_by(currency_code, updated_at)) as currency
    from account_history
    where currency_code is not null
    group by id

),

-- Every report carries its level; which of them is added up is decided once for all platforms, downstream.
reports as (

    select
        'account' as report_level,
        customer_id,
        currency_code,
        cast(null as varchar) as campaign_id,
        cast(null as varchar) as ad_group_id,
        date,
        cost_micros,
        cost,
        impressions,
        clicks,
        conversions,
        conversions_value
    from account_stats

    union all

    select
        'campaign' as report_level,
        customer_id,
        currency_code,
        coalesce(cast(id as varchar), campaign_name) as campaign_id,
        cast(null as varchar) as ad_group_id,
        date,
        cost_micros,
        cost,
        impressions,
        clicks,
        conversions,
        conversions_value
    from campaign_stats

    union all

    select
        'ad_group' as report_level,
        customer_id,
        currency_code,
        coalesce(cast(campaign_id as varchar), campaign_name) as campaign_id,
        coalesce(cast(id as varchar), ad_group_name) as ad_group_id,
        date,
        cost_micros,
        cost,
        impressions,
        clicks,
        conversions,
        conversions_value
    from ad_group_stats

    union all

    select
        'ad' as report_level,
        customer_id,
        currency_code,
        coalesce(cast(campaign_id as varchar), campaign_name) as campaign_id,
        coalesce(
            cast(ad_group_id as varchar), nullif(regexp_extract(ad_group, 'adGroups/([0-9]+)', 1), ''), ad_group
        ) as ad_group_id,
        date,
        cost_micros,
        cost,
        impressions,
        clicks,
        conversions,
        conversions_value
    from ad_stats

),

-- An export may name no account: then what it holds in one currency is one account, since two never add up.
located as (

    select
        *,
        coalesce(
            replace(customer_id, '-', ''), 'unknown_' || lower(currency_code), 'unknown'
        ) as ad_account_id
    from reports

),

-- One currency per account: the newest that its reports state, else that of its history, else unknown.
reported_currencies as (

    select
        ad_account_id,
        upper(max_by(currency_code, date)) as currency
    from located
    where currency_code is not null
    group by ad_account_id

),

renamed as (

    select
        -- ids
        'google_ads' as source_system,
        located.ad_account_id,
        located.campaign_id,
        located.ad_group_id,

        -- strings
        located.report_level,
        coalesce(max(reported_currencies.currency), max(account_currencies.currency)) as currency,

        -- numerics
        cast(
            coalesce({{ from_micros('sum(located.cost_micros)') }}, 0)
            + coalesce(sum(case when located.cost_micros is null then located.cost end), 0)
            as decimal(18, 6)
        ) as spend,
        cast(sum(located.impressions) as bigint) as impressions,
        cast(sum(located.clicks) as bigint) as clicks,
        cast(sum(cast(located.conversions as decimal(18, 6))) as double) as platform_conversions,
        cast(sum(cast(located.conversions_value as decimal(18, 6))) as decimal(18, 6)) as platform_conversion_value,

        -- dates
        located.date as date_day
    from located
    left join reported_currencies
        on located.ad_account_id = reported_currencies.ad_account_id
    left join account_currencies
        on located.ad_account_id = account_currencies.ad_account_id
    group by
        located.ad_account_id,
        located.campaign_id,
        located.ad_group_id,
        located.report_level,
        located.date

)

select * from renamed
