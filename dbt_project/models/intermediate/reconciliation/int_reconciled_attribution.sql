{%- set models = attribution_models() -%}
{%- set grains = period_grains() -%}

with

lifecycles as (

    select * from {{ ref('fct_lead_lifecycles') }}

),

funnel as (

    select * from {{ ref('rpt_funnel_cohorts') }}

),

conversions as (

    select * from {{ ref('fct_conversions') }}

),

credits as (

    select * from {{ ref('fct_attribution_credits') }}

),

attribution as (

    select * from {{ ref('rpt_attribution') }}

),

ad_spend as (

    select * from {{ ref('fct_ad_spend') }}

),

-- Funnel and attribution.
funnel_leads as (

    {%- for grain in grains %}
    select
        'lifecycles in the funnel by {{ grain }}' as what,
        cast((select count(*) from lifecycles) as decimal(38, 6)) as expected,
        cast(coalesce(sum(leads), 0) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from funnel
    where period_grain = '{{ grain }}'
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

conversion_totals as (

    select
        conversion_type,
        count(*) as conversions,
        coalesce(sum(value_reporting), 0) as value_reporting
    from conversions
    group by conversion_type

),

credited as (

    {%- for model in models %}
    select
        'conversions of type ' || conversion_totals.conversion_type || ' credited by {{ model }}' as what,
        cast(conversion_totals.conversions as decimal(38, 6)) as expected,
        cast(coalesce(sum(cast(credits.credit_{{ model }} as decimal(28, 15))), 0) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from conversion_totals
    left join credits
        on conversion_totals.conversion_type = credits.conversion_type
    group by conversion_totals.conversion_type, conversion_totals.conversions
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

report_values as (

    select
        'value of type ' || attribution.conversion_type || ' credited by ' || attribution.model
        || ' by ' || attribution.period_grain as what,
        cast(max(coalesce(conversion_totals.value_reporting, 0)) as decimal(38, 6)) as expected,
        cast(sum(attribution.value_reporting) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from attribution
    left join conversion_totals
        on attribution.conversion_type = conversion_totals.conversion_type
    where attribution.conversion_type in ('opportunity', 'won')
    group by attribution.conversion_type, attribution.model, attribution.period_grain

),

spend_total as (

    select cast(coalesce(sum(spend_reporting), 0) as decimal(38, 6)) as spend_reporting
    from ad_spend

),

report_spend as (

    select
        'spend beside type ' || attribution.conversion_type || ' in ' || attribution.model
        || ' by ' || attribution.period_grain as what,
        max(spend_total.spend_reporting) as expected,
        cast(sum(attribution.spend_reporting) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from attribution
    cross join spend_total
    group by attribution.conversion_type, attribution.model, attribution.period_grain

),

final as (

    select * from funnel_leads
    union all
    select * from credited
    union all
    select * from report_values
    union all
    select * from report_spend

)

select * from final
