{#
    The credited value of each conversion, model and channel, settled to the cent: whole cents first, then the cents
    that are left over to the largest remainders, so that the parts add up to the conversion's value.
#}
{%- set models = attribution_models() -%}

-- The linter cannot settle on the indentation of loops over columns.
-- noqa: disable=LT02
with

credits as (

    select * from {{ ref('fct_attribution_credits') }}

),

-- Exact decimals, so that no sum depends on the order of rows.
by_channel as (

    select
        conversion_id,
        conversion_type,
        {{ reporting_date('converted_at') }} as converted_on,
        channel,
        value_reporting
        {%- for model in models %},
        sum(cast(credit_{{ model }} as decimal(28, 15))) as credit_{{ model }}
    {%- endfor %}
    from credits
    where value_reporting <> 0
    group by conversion_id, conversion_type, converted_at, channel, value_reporting

),

by_model as (

    {%- for model in models %}
    select
        conversion_id,
        conversion_type,
        converted_on,
        '{{ model }}' as model,
        channel,
        value_reporting,
        cast(credit_{{ model }} as double) * cast(value_reporting as double) * 100 as exact_cents
    from by_channel
    where credit_{{ model }} <> 0
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

floored as (

    select
        *,
        cast(floor(exact_cents) as bigint) as whole_cents,
        exact_cents - floor(exact_cents) as remainder
    from by_model

),

ranked as (

    select
        *,
        cast(value_reporting * 100 as bigint)
        - cast(sum(whole_cents) over (partition by conversion_id, model) as bigint) as cents_left,
        row_number() over (
            partition by conversion_id, model order by remainder desc, channel asc
        ) as remainder_rank
    from floored

),

final as (

    select
        conversion_id,
        conversion_type,
        converted_on,
        model,
        channel,
        cast(
            (whole_cents + case when remainder_rank <= cents_left then 1 else 0 end)
            * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
        ) as value_reporting
    from ranked

)

select * from final
