{#- Connectors land ids bare or as URNs (urn:li:sponsoredCampaign:123). -#}
{%- set bare = "regexp_replace(%s, '^urn:li:[A-Za-z]+:', '')" -%}

with

analytics_by_campaign as (

    select * from {{ source('linkedin_ads', 'ad_analytics_by_campaign') }}

),

analytics_by_creative as (

    select * from {{ source('linkedin_ads', 'ad_analytics_by_creative') }}

),

account_history as (

    select * from {{ source('linkedin_ads', 'ad_account_history') }}

),

campaign_history as (

    select * from {{ source('linkedin_ads', 'ad_campaign_history') }}

),

creative_history as (

    select * from {{ source('linkedin_ads', 'ad_creative_history') }}

),

-- The histories hold several versions of an id; the newest one stands.
accounts as (

    select
        {{ bare % 'id' }} as ad_account_id,
        upper(max_by(currency, last_modified_time)) as currency
    from account_history
    group by {{ bare % 'id' }}

),

-- Where there is one account, what names none is its.
only_account as (

    select case when count(*) = 1 then max(ad_account_id) end as ad_account_id
    from accounts

),

campaigns as (

    select
        {{ bare % 'id' }} as campaign_id,
        max_by({{ bare % 'account_id' }}, last_modified_time) as ad_account_id,
        max_by({{ bare % 'campaign_group_id' }}, last_modified_time) as campaign_group_id
    from campaign_history
    group by {{ bare % 'id' }}

),

creatives as (

    select
        {{ bare % 'id' }} as creative_id,
        max_by(
            {{ bare % 'campaign_id' }}, coalesce(last_modified_at, created_time, timestamp '1970-01-01 00:00:00')
        ) as campaign_id
    from creative_history
    group by {{ bare % 'id' }}

),

-- LinkedIn's campaign is the ad group of other platforms, and its campaign group their campaign.
reports as (

    select
        day,
        cast(null as varchar) as creative_id,
        {{ bare % 'account_id' }} as ad_account_id,
        upper(currency) as currency,
        {{ bare % 'campaign_group_id' }} as campaign_group_id,
        campaign_group_name,
        {{ bare % 'campaign_id' }} as campaign_id,
        campaign_name,
        impressions,
        clicks,
        cost_in_local_currency,
        cost_in_usd,
        external_website_conversions,
        one_click_leads,
        conversion_value_in_local_currency,
        case
            when coalesce(campaign_id, campaign_name) is not null then 'ad_group'
            when coalesce(campaign_group_id, campaign_group_name) is not null then 'campaign'
            else 'account'
        end as report_level
    from analytics_by_campaign

    union all

    select
        day,
        {{ bare % 'creative_id' }} as creative_id,
        {{ bare % 'account_id' }} as ad_account_id,
        upper(currency) as currency,
        {{ bare % 'campaign_group_id' }} as campaign_group_id,
        campaign_group_name,
        {{ bare % 'campaign_id' }} as campaign_id,
        campaign_name,
        impressions,
        clicks,
        cost_in_local_currency,
        cost_in_usd,
        external_website_conversions,
        one_click_leads,
        conversion_value_in_local_currency,
        'ad' as report_level
    from analytics_by_creative

),

-- A deleted campaign or creative has no history: it keeps its spend, without a campaign group.
located as (

    select
        reports.day,
        reports.report_level,
        coalesce(reports.ad_account_id, campaigns.ad_account_id, only_account.ad_account_id) as known_account_id,
        reports.currency as reported_currency,
        coalesce(
            reports.campaign_group_id, campaigns.campaign_group_id, reports.campaign_group_name
        ) as campaign_id,
        coalesce(reports.campaign_id, creatives.campaign_id, reports.campaign_name) as ad_group_id,
        reports.impressions,
        reports.clicks,
        reports.cost_in_local_currency,
        reports.cost_in_usd,
        reports.external_website_conversions,
        reports.one_click_leads,
        reports.conversion_value_in_local_currency
    from reports
    left join creatives
        on reports.creative_id = creatives.creative_id
    left join campaigns
        on coalesce(reports.campaign_id, creatives.campaign_id) = campaigns.campaign_id
    cross join only_account

),

campaign_days as (

    select distinct day
    from reports
    where report_level <> 'ad'

),

-- The campaign report covers all accounts of a connector. So a creative of no known account is in it already, and
-- as an account of its own it would count twice.
counted as (

    select
        located.*,
        -- Without any account, exports in one currency are one account, since two currencies never add up.
        coalesce(located.known_account_id, 'unknown_' || lower(located.reported_currency), 'unknown') as ad_account_id
    from located
    left join campaign_days
        on located.day = campaign_days.day
    where
        located.report_level <> 'ad'
        or located.known_account_id is not null
        or campaign_days.day is null

),

-- One currency per account: the newest that its reports state, else that of its history, else unknown.
reported_currencies as (

    select
        ad_account_id,
        max_by(reported_currency, day) as currency
    from counted
    where reported_currency is not null
    group by ad_account_id

),

costs as (

    select
        counted.*,
        coalesce(reported_currencies.currency, accounts.currency) as account_currency,
        -- No cost is no cost in any currency, and an account in dollars has one cost under two names.
        coalesce(
            counted.cost_in_local_currency,
            case
                when
                    counted.cost_in_usd = 0 or coalesce(reported_currencies.currency, accounts.currency) = 'USD'
                    then counted.cost_in_usd
            end
        ) as local_cost,
        coalesce(
            counted.cost_in_usd, case when counted.cost_in_local_currency = 0 then counted.cost_in_local_currency end
        ) as usd_cost
    from counted
    left join reported_currencies
        on counted.ad_account_id = reported_currencies.ad_account_id
    left join accounts
        on counted.ad_account_id = accounts.ad_account_id

),

-- An account's day is in one currency: its own, or US dollars where its own cost or its currency is not known.
completeness as (

    select
        ad_account_id,
        day,
        max(case when usd_cost is not null and local_cost is null then 1 else 0 end) as lacks_local_cost,
        max(case when local_cost is not null and usd_cost is null then 1 else 0 end) as lacks_usd_cost,
        count(cost_in_usd) as usd_costs
    from costs
    group by ad_account_id, day

),

settled as (

    select
        costs.*,
        completeness.usd_costs > 0
        and completeness.lacks_usd_cost = 0
        and (completeness.lacks_local_cost = 1 or costs.account_currency is null) as is_in_usd
    from costs
    inner join completeness
        on
            costs.ad_account_id = completeness.ad_account_id
            and costs.day = completeness.day

),

renamed as (

    select
        -- ids
        'linkedin_ads' as source_system,
        ad_account_id,
        campaign_id,
        ad_group_id,

        -- strings
        report_level,
        case when is_in_usd then 'USD' else account_currency end as currency,

        -- numerics
        cast(sum(case when is_in_usd then usd_cost else local_cost end) as decimal(18, 6)) as spend,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(cast(external_website_conversions as decimal(18, 6))) as double) as platform_website_conversions,
        cast(sum(cast(one_click_leads as decimal(18, 6))) as double) as platform_leads,
        cast(
            sum(cast(coalesce(
                external_website_conversions + one_click_leads, external_website_conversions, one_click_leads
            ) as decimal(18, 6))) as double
        ) as platform_conversions,
        -- LinkedIn gives the value in the account's currency only: beside a cost in dollars it would mislead.
        cast(
            sum(case when not is_in_usd then conversion_value_in_local_currency end) as decimal(18, 6)
        ) as platform_conversion_value,

        -- dates
        day as date_day
    from settled
    group by
        ad_account_id,
        campaign_id,
        ad_group_id,
        report_level,
        is_in_usd,
        account_currency,
        day

)

select * from renamed
