{#- Exports put ids in square brackets, so that spreadsheets do not round them. -#}
{%- set bare = "replace(replace(%s, '[', ''), ']', '')" -%}

with

account_reports as (

    select * from {{ source('microsoft_ads', 'account_performance_daily_report') }}

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

account_history as (

    select * from {{ source('microsoft_ads', 'account_history') }}

),

account_currencies as (

    select
        id as ad_account_id,
        upper(max_by(currency_code, last_modified_time)) as currency
    from account_history
    where currency_code is not null
    group by id

),

-- Every report carries its level; which of them is added up is decided once for all platforms, downstream.
reports as (

    select
        'account' as report_level,
        account_id,
        currency_code,
        cast(null as varchar) as campaign_id,
        cast(null as varchar) as ad_group_id,
        date,
        impressions,
        clicks,
        spend,
        coalesce(conversions_qualified, conversions) as conversions,
        revenue
    from account_reports

    union all

    select
        'campaign' as report_level,
        account_id,
        currency_code,
        coalesce({{ bare % 'campaign_id' }}, campaign_name) as campaign_id,
        cast(null as varchar) as ad_group_id,
        date,
        impressions,
        clicks,
        spend,
        coalesce(conversions_qualified, conversions) as conversions,
        revenue
    from campaign_reports

    union all

    select
        'ad_group' as report_level,
        account_id,
        currency_code,
        coalesce({{ bare % 'campaign_id' }}, campaign_name) as campaign_id,
        coalesce({{ bare % 'ad_group_id' }}, ad_group_name) as ad_group_id,
        date,
        impressions,
        clicks,
        spend,
        coalesce(conversions_qualified, conversions) as conversions,
        revenue
    from ad_group_reports

    union all

    select
        'ad' as report_level,
        account_id,
        currency_code,
        coalesce({{ bare % 'campaign_id' }}, campaign_name) as campaign_id,
        coalesce({{ bare % 'ad_group_id' }}, ad_group_name) as ad_group_id,
        date,
        impressions,
        clicks,
        spend,
        coalesce(conversions_qualified, conversions) as conversions,
        revenue
    from ad_reports

),

-- An export may name no account: then what it holds in one currency is one account, since two never add up.
located as (

    select
        *,
        coalesce({{ bare % 'account_id' }}, 'unknown_' || lower(currency_code), 'unknown') as ad_account_id
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
        'microsoft_ads' as source_system,
        located.ad_account_id,
        located.campaign_id,
        located.ad_group_id,

        -- strings
        located.report_level,
        coalesce(max(reported_currencies.currency), max(account_currencies.currency)) as currency,

        -- numerics
        cast(sum(located.spend) as decimal(18, 6)) as spend,
        cast(sum(located.impressions) as bigint) as impressions,
        cast(sum(located.clicks) as bigint) as clicks,
        cast(sum(cast(located.conversions as decimal(18, 6))) as double) as platform_conversions,
        cast(sum(cast(located.revenue as decimal(18, 6))) as decimal(18, 6)) as platform_conversion_value,

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
