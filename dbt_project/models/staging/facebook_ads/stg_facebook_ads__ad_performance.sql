{#-
    Meta reports one event under several action types: `purchase` is the total of the website's pixel, the app and
    Facebook itself, and `omni_purchase` adds shops. Per ad, day and kind the first type of these lists that is there
    stands alone (Marketing API, Ads Action Stats). All other actions (clicks, views, carts) are no conversions.
-#}
{%- set action_types = {
    'purchase': [
        'omni_purchase',
        'purchase',
        'offsite_conversion.fb_pixel_purchase',
        'onsite_web_purchase',
        'onsite_conversion.purchase',
        'app_custom_event.fb_mobile_purchase',
        'offline_conversion.purchase',
    ],
    'lead': [
        'lead',
        'offsite_conversion.fb_pixel_lead',
        'onsite_web_lead',
        'onsite_conversion.lead_grouped',
        'leadgen_grouped',
        'offline_conversion.lead',
    ],
} -%}

with

insights as (

    select * from {{ source('facebook_ads', 'basic_ad') }}

),

actions as (

    select * from {{ source('facebook_ads', 'basic_ad_actions') }}

),

action_values as (

    select * from {{ source('facebook_ads', 'basic_ad_action_values') }}

),

account_history as (

    select * from {{ source('facebook_ads', 'account_history') }}

),

ad_set_history as (

    select * from {{ source('facebook_ads', 'ad_set_history') }}

),

ad_history as (

    select * from {{ source('facebook_ads', 'ad_history') }}

),

accounts as (

    select
        replace(id, 'act_', '') as ad_account_id,
        max(upper(currency)) as currency
    from account_history
    group by replace(id, 'act_', '')

),

-- Where there is one account, what names none is its.
only_account as (

    select case when count(*) = 1 then max(ad_account_id) end as ad_account_id
    from accounts

),

-- The histories hold several versions of an id; the newest one stands.
ad_sets as (

    select
        id as ad_set_id,
        max_by(campaign_id, updated_time) as campaign_id
    from ad_set_history
    group by id

),

ads as (

    select
        id as ad_id,
        max_by(replace(account_id, 'act_', ''), updated_time) as ad_account_id,
        max_by(campaign_id, updated_time) as campaign_id,
        max_by(ad_set_id, updated_time) as ad_set_id
    from ad_history
    group by id

),

conversion_types as (

    {%- for conversion_type, types in action_types.items() %}
    {%- set is_last_type = loop.last %}
    {%- for action_type in types %}
    select
        '{{ conversion_type }}' as conversion_type,
        '{{ action_type }}' as action_type,
        {{ loop.index }} as preference
    {%- if not (loop.last and is_last_type) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

-- Actions are rows of their own, many to a report row: they are added to the reports, never joined to them.
counted_actions as (

    select
        actions.ad_id,
        actions.date,
        conversion_types.conversion_type,
        conversion_types.preference,
        sum(cast(actions.value as decimal(18, 6))) as conversions
    from actions
    inner join conversion_types
        on actions.action_type = conversion_types.action_type
    group by actions.ad_id, actions.date, conversion_types.conversion_type, conversion_types.preference

),

chosen_actions as (

    select
        ad_id,
        date,
        conversion_type,
        min_by(conversions, preference) as conversions
    from counted_actions
    group by ad_id, date, conversion_type

),

-- Only purchases have a value: a company puts any figure on a lead.
counted_values as (

    select
        action_values.ad_id,
        action_values.date,
        conversion_types.preference,
        sum(cast(action_values.value as decimal(18, 6))) as purchase_value
    from action_values
    inner join conversion_types
        on action_values.action_type = conversion_types.action_type
    where conversion_types.conversion_type = 'purchase'
    group by action_values.ad_id, action_values.date, conversion_types.preference

),

chosen_values as (

    select
        ad_id,
        date,
        min_by(purchase_value, preference) as purchase_value
    from counted_values
    group by ad_id, date

),

rows_combined as (

    select
        date,
        replace(account_id, 'act_', '') as ad_account_id,
        upper(account_currency) as currency,
        campaign_id,
        campaign_name,
        ad_set_id,
        ad_set_name,
        ad_id,
        ad_name,
        spend,
        impressions,
        inline_link_clicks,
        cast(purchases as decimal(18, 6)) as purchases,
        cast(leads as decimal(18, 6)) as leads,
        purchase_value
    from insights

    union all

    select
        date,
        null as ad_account_id,
        null as currency,
        null as campaign_id,
        null as campaign_name,
        null as ad_set_id,
        null as ad_set_name,
        ad_id,
        null as ad_name,
        null as spend,
        null as impressions,
        null as inline_link_clicks,
        case when conversion_type = 'purchase' then conversions end as purchases,
        case when conversion_type = 'lead' then conversions end as leads,
        null as purchase_value
    from chosen_actions

    union all

    select
        date,
        null as ad_account_id,
        null as currency,
        null as campaign_id,
        null as campaign_name,
        null as ad_set_id,
        null as ad_set_name,
        ad_id,
        null as ad_name,
        null as spend,
        null as impressions,
        null as inline_link_clicks,
        null as purchases,
        null as leads,
        purchase_value
    from chosen_values

),

-- An ad's account, campaign and ad set as its reports name them, for its actions, which name none.
reported_ads as (

    select
        ad_id,
        max_by(replace(account_id, 'act_', ''), date) as ad_account_id,
        max_by(campaign_id, date) as campaign_id,
        max_by(ad_set_id, date) as ad_set_id
    from insights
    where ad_id is not null
    group by ad_id

),

-- A deleted ad has no history: it keeps its spend, without a campaign.
located as (

    select
        rows_combined.date,
        -- Without any account, exports in one currency are one account, since two currencies never add up.
        coalesce(
            rows_combined.ad_account_id,
            reported_ads.ad_account_id,
            ads.ad_account_id,
            only_account.ad_account_id,
            'unknown_' || lower(rows_combined.currency),
            'unknown'
        ) as ad_account_id,
        rows_combined.currency,
        coalesce(
            rows_combined.campaign_id,
            reported_ads.campaign_id,
            ads.campaign_id,
            ad_sets.campaign_id,
            rows_combined.campaign_name
        ) as campaign_id,
        coalesce(
            rows_combined.ad_set_id, reported_ads.ad_set_id, ads.ad_set_id, rows_combined.ad_set_name
        ) as ad_group_id,
        coalesce(rows_combined.ad_id, rows_combined.ad_name) as ad_id,
        rows_combined.spend,
        rows_combined.impressions,
        rows_combined.inline_link_clicks,
        rows_combined.purchases,
        rows_combined.leads,
        rows_combined.purchase_value
    from rows_combined
    left join reported_ads
        on rows_combined.ad_id = reported_ads.ad_id
    left join ads
        on rows_combined.ad_id = ads.ad_id
    left join ad_sets
        on coalesce(rows_combined.ad_set_id, reported_ads.ad_set_id, ads.ad_set_id) = ad_sets.ad_set_id
    cross join only_account

),

-- One currency per account: the newest that its reports state, else that of its history, else unknown.
reported_currencies as (

    select
        ad_account_id,
        max_by(currency, date) as currency
    from located
    where currency is not null
    group by ad_account_id

),

levelled as (

    select
        *,
        case
            when ad_id is not null then 'ad'
            when ad_group_id is not null then 'ad_group'
            when campaign_id is not null then 'campaign'
            else 'account'
        end as report_level
    from located

),

renamed as (

    select
        -- ids
        'facebook_ads' as source_system,
        levelled.ad_account_id,
        levelled.campaign_id,
        levelled.ad_group_id,

        -- strings
        levelled.report_level,
        coalesce(max(reported_currencies.currency), max(accounts.currency)) as currency,

        -- numerics
        cast(sum(levelled.spend) as decimal(18, 6)) as spend,
        cast(sum(levelled.impressions) as bigint) as impressions,
        cast(sum(levelled.inline_link_clicks) as bigint) as clicks,
        cast(sum(levelled.purchases) as double) as platform_purchases,
        cast(sum(levelled.leads) as double) as platform_leads,
        cast(sum(coalesce(levelled.purchases + levelled.leads, levelled.purchases, levelled.leads)) as double)
            as platform_conversions,
        cast(sum(levelled.purchase_value) as decimal(18, 6)) as platform_conversion_value,

        -- dates
        levelled.date as date_day
    from levelled
    left join reported_currencies
        on levelled.ad_account_id = reported_currencies.ad_account_id
    left join accounts
        on levelled.ad_account_id = accounts.ad_account_id
    group by
        levelled.ad_account_id,
        levelled.campaign_id,
        levelled.ad_group_id,
        levelled.report_level,
        levelled.date

)

select * from renamed
