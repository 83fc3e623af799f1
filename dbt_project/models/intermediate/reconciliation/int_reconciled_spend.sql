with

ad_reports as (

    select * from {{ ref('int_ad_reports_unioned') }}

),

ad_spend as (

    select * from {{ ref('fct_ad_spend') }}

),

-- Ads: a plain sum of the coarsest report per account and day is what the fact must hold.
coarsest as (

    select
        source_system,
        currency,
        spend,
        clicks,
        impressions,
        level_rank = min(level_rank) over (partition by source_system, ad_account_id, date_day) as is_total
    from ad_reports

),

ad_expected as (

    select
        source_system,
        currency,
        sum(spend) as spend,
        sum(clicks) as clicks,
        sum(impressions) as impressions
    from coarsest
    where is_total
    group by source_system, currency

),

ad_actual as (

    select
        source_system,
        currency,
        sum(spend) as spend,
        sum(clicks) as clicks,
        sum(impressions) as impressions
    from ad_spend
    group by source_system, currency

),

ads as (

    {%- for measure in ['spend', 'clicks', 'impressions'] %}
    select
        '{{ measure }} of ' || coalesce(ad_expected.source_system, ad_actual.source_system)
        || ' in ' || coalesce(ad_expected.currency, ad_actual.currency, 'no currency') as what,
        cast(coalesce(ad_expected.{{ measure }}, 0) as decimal(38, 6)) as expected,
        cast(coalesce(ad_actual.{{ measure }}, 0) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from ad_expected
    full outer join ad_actual
        on
            ad_expected.source_system = ad_actual.source_system
            and ad_expected.currency is not distinct from ad_actual.currency
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

final as (

    select * from ads

)

select * from final
