{%- set measures = ['spend', 'impressions', 'clicks', 'platform_conversions', 'platform_conversion_value'] -%}

-- The linter cannot settle on the indentation of loops over columns.
-- noqa: disable=LT02
with

reports as (

    select * from {{ ref('int_ad_reports_unioned') }}

),

campaigns as (

    select * from {{ ref('int_campaigns') }}

),

ad_channels as (

    select * from {{ ref('ad_channels') }}

),

fx_rates as (

    select * from {{ ref('int_fx_rates_filled') }}

),

-- Platforms report one spend at several levels. Per account and day the coarsest report is the total; below it, the
-- coarsest report that knows campaigns splits it, and the coarsest that knows ad groups splits those.
levels as (

    select
        source_system,
        ad_account_id,
        date_day,
        min(level_rank) as total_level,
        min(case when level_rank >= 2 then level_rank end) as campaign_level,
        min(case when level_rank >= 3 then level_rank end) as ad_group_level
    from reports
    group by source_system, ad_account_id, date_day

),

levelled as (

    select
        reports.*,
        levels.total_level,
        levels.campaign_level,
        levels.ad_group_level
    from reports
    inner join levels
        on
            reports.source_system = levels.source_system
            and reports.ad_account_id = levels.ad_account_id
            and reports.date_day = levels.date_day

),

account_totals as (

    select
        source_system,
        ad_account_id,
        date_day,
        max(currency) as currency
        {%- for measure in measures %},
        sum({{ measure }}) as {{ measure }}
    {%- endfor %}
    from levelled
    where level_rank = total_level
    group by source_system, ad_account_id, date_day

),

campaign_totals as (

    select
        source_system,
        ad_account_id,
        date_day,
        coalesce(campaign_id, 'none') as campaign_id,
        max(currency) as currency
        {%- for measure in measures %},
        sum({{ measure }}) as {{ measure }}
    {%- endfor %}
    from levelled
    where level_rank = campaign_level
    group by source_system, ad_account_id, date_day, coalesce(campaign_id, 'none')

),

ad_groups as (

    select
        source_system,
        ad_account_id,
        date_day,
        coalesce(campaign_id, 'none') as campaign_id,
        ad_group_id,
        max(currency) as currency
        {%- for measure in measures %},
        sum({{ measure }}) as {{ measure }}
    {%- endfor %}
    from levelled
    where level_rank = ad_group_level
    group by source_system, ad_account_id, date_day, coalesce(campaign_id, 'none'), ad_group_id

),

-- What the finer report misses (Performance Max, deleted ads) is a row of its own, so that the coarser total holds.
campaign_differences as (

    select
        source_system,
        ad_account_id,
        date_day,
        campaign_id,
        currency
        {%- for measure in measures %},
        {{ measure }}
    {%- endfor %}
    from campaign_totals

    union all

    select
        source_system,
        ad_account_id,
        date_day,
        campaign_id,
        currency
        {%- for measure in measures %},
        -{{ measure }} as {{ measure }}
    {%- endfor %}
    from ad_groups

),

account_differences as (

    select
        source_system,
        ad_account_id,
        date_day,
        currency
        {%- for measure in measures %},
        {{ measure }}
    {%- endfor %}
    from account_totals

    union all

    select
        source_system,
        ad_account_id,
        date_day,
        currency
        {%- for measure in measures %},
        -{{ measure }} as {{ measure }}
    {%- endfor %}
    from campaign_totals

),

campaign_remainders as (

    select
        source_system,
        ad_account_id,
        date_day,
        campaign_id,
        'remainder' as ad_group_id,
        max(currency) as currency
        {%- for measure in measures %},
        sum({{ measure }}) as {{ measure }}
    {%- endfor %}
    from campaign_differences
    group by source_system, ad_account_id, date_day, campaign_id

),

account_remainders as (

    select
        source_system,
        ad_account_id,
        date_day,
        'remainder' as campaign_id,
        'remainder' as ad_group_id,
        max(currency) as currency
        {%- for measure in measures %},
        sum({{ measure }}) as {{ measure }}
    {%- endfor %}
    from account_differences
    group by source_system, ad_account_id, date_day

),

remainders as (

    select * from campaign_remainders
    union all
    select * from account_remainders

),

combined as (

    select * from ad_groups

    union all

    select *
    from remainders
    where {% for measure in measures %}{{ measure }} <> 0{{ ' or ' if not loop.last }}{% endfor %}

),

final as (

    select
        combined.date_day,
        combined.source_system,
        combined.ad_account_id,
        combined.campaign_id,
        combined.ad_group_id,
        coalesce(campaigns.channel, by_platform.channel, 'paid_other') as channel,
        combined.currency,
        cast(combined.spend as decimal(18, 6)) as spend,
        cast(combined.spend * fx_rates.rate_to_reporting as decimal(18, 6)) as spend_reporting,
        cast(combined.impressions as bigint) as impressions,
        cast(combined.clicks as bigint) as clicks,
        cast(combined.platform_conversions as double) as platform_conversions,
        cast(combined.platform_conversion_value as decimal(18, 6)) as platform_conversion_value
    from combined
    left join campaigns
        on
            combined.source_system = campaigns.source_system
            and combined.campaign_id = campaigns.campaign_id
    left join ad_channels as by_platform
        on
            combined.source_system = by_platform.source_system
            and by_platform.campaign_type is null
    left join fx_rates
        on
            combined.date_day = fx_rates.date_day
            and combined.currency = fx_rates.currency

)

select * from final
