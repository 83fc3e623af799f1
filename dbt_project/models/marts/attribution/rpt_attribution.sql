{%- set models = attribution_models() -%}
{%- set grains = period_grains() -%}

-- The linter cannot settle on the indentation of loops over columns.
-- noqa: disable=LT02
with

credits as (

    select * from {{ ref('fct_attribution_credits') }}

),

credited_values as (

    select * from {{ ref('int_credited_values') }}

),

ad_spend as (

    select * from {{ ref('fct_ad_spend') }}

),

credits_by_day as (

    select
        conversion_type,
        {{ reporting_date('converted_at') }} as converted_on,
        channel
        {%- for model in models %},
        sum(cast(credit_{{ model }} as decimal(28, 15))) as credit_{{ model }}
    {%- endfor %}
    from credits
    group by conversion_type, {{ reporting_date('converted_at') }}, channel

),

conversions_by_day as (

    {%- for model in models %}
    select
        conversion_type,
        '{{ model }}' as model,
        converted_on,
        channel,
        credit_{{ model }} as conversions
    from credits_by_day
    where credit_{{ model }} <> 0
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

values_by_day as (

    select
        conversion_type,
        model,
        converted_on,
        channel,
        sum(value_reporting) as value_reporting
    from credited_values
    group by conversion_type, model, converted_on, channel

),

spend_by_day as (

    select
        date_day,
        channel,
        sum(spend_reporting) as spend_reporting
    from ad_spend
    group by date_day, channel

),

-- Both sides are brought to the report's grain first and meet only then: no spend is multiplied, none is lost.
conversions as (

    {%- for grain in grains %}
    select
        '{{ grain }}' as period_grain,
        cast(date_trunc('{{ grain }}', converted_on) as date) as period_start,
        conversion_type,
        model,
        channel,
        sum(conversions) as conversions
    from conversions_by_day
    group by cast(date_trunc('{{ grain }}', converted_on) as date), conversion_type, model, channel
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

credited as (

    {%- for grain in grains %}
    select
        '{{ grain }}' as period_grain,
        cast(date_trunc('{{ grain }}', converted_on) as date) as period_start,
        conversion_type,
        model,
        channel,
        sum(value_reporting) as value_reporting
    from values_by_day
    group by cast(date_trunc('{{ grain }}', converted_on) as date), conversion_type, model, channel
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

spend as (

    {%- for grain in grains %}
    select
        '{{ grain }}' as period_grain,
        cast(date_trunc('{{ grain }}', date_day) as date) as period_start,
        channel,
        sum(spend_reporting) as spend_reporting
    from spend_by_day
    group by cast(date_trunc('{{ grain }}', date_day) as date), channel
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

conversion_types as (

    {%- for type in ['lead', 'mql', 'sql', 'opportunity', 'won'] %}
    select '{{ type }}' as conversion_type
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

attribution_models as (

    {%- for model in models %}
    select '{{ model }}' as model
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

-- Spend stands beside every conversion type and model: rows are never added up across them.
spend_lines as (

    select
        spend.period_grain,
        spend.period_start,
        conversion_types.conversion_type,
        attribution_models.model,
        spend.channel,
        spend.spend_reporting
    from spend
    cross join conversion_types
    cross join attribution_models

),

met as (

    select
        coalesce(conversions.period_grain, spend_lines.period_grain) as period_grain,
        coalesce(conversions.period_start, spend_lines.period_start) as period_start,
        coalesce(conversions.conversion_type, spend_lines.conversion_type) as conversion_type,
        coalesce(conversions.model, spend_lines.model) as model,
        coalesce(conversions.channel, spend_lines.channel) as channel,
        coalesce(conversions.conversions, 0) as conversions,
        coalesce(spend_lines.spend_reporting, 0) as spend_reporting
    from conversions
    full outer join spend_lines
        on
            conversions.period_grain = spend_lines.period_grain
            and conversions.period_start = spend_lines.period_start
            and conversions.conversion_type = spend_lines.conversion_type
            and conversions.model = spend_lines.model
            and conversions.channel = spend_lines.channel

),

final as (

    select
        met.period_grain,
        met.period_start,
        met.conversion_type,
        met.model,
        met.channel,
        cast(met.conversions as double) as conversions,
        -- Leads, MQLs and SQLs carry no value of their own.
        case
            when met.conversion_type in ('opportunity', 'won')
                then cast(coalesce(credited.value_reporting, 0) as decimal(18, 2))
        end as value_reporting,
        cast(met.spend_reporting as decimal(18, 6)) as spend_reporting,
        cast(met.spend_reporting as double) / nullif(cast(met.conversions as double), 0) as cost_per_conversion,
        case
            when met.conversion_type in ('opportunity', 'won')
                then
                    cast(coalesce(credited.value_reporting, 0) as double)
                    / nullif(cast(met.spend_reporting as double), 0)
        end as roas
    from met
    left join credited
        on
            met.period_grain = credited.period_grain
            and met.period_start = credited.period_start
            and met.conversion_type = credited.conversion_type
            and met.model = credited.model
            and met.channel = credited.channel

)

select * from final
