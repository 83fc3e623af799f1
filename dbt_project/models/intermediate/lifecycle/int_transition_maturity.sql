{%- set transitions = [
    ('lead', 'mql'), ('mql', 'sql'), ('sql', 'opportunity'), ('opportunity', 'customer'), ('lead', 'customer')
] -%}

with

lifecycles as (

    select * from {{ ref('int_lead_lifecycles') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

-- How long each cycle was watched after entering the first stage: until it converted, else until the clock. A cycle that
-- left the funnel will not convert any more and stays among those watched, so that the curve is the share that converts.
watched as (

    {%- for from_stage, to_stage in transitions %}
    select
        '{{ from_stage }}_to_{{ to_stage }}' as transition,
        coalesce(
            lifecycles.days_{{ from_stage }}_to_{{ to_stage }},
            {{ dbt.datediff(reporting_date('lifecycles.' ~ from_stage ~ '_at'), 'clock.as_of_date', 'day') }}
        ) as days_watched,
        case when lifecycles.{{ to_stage }}_at is not null then 1 else 0 end as is_converted
    from lifecycles
    cross join clock
    where
        lifecycles.{{ from_stage }}_at is not null
        -- A skipped stage was reached at a time that nobody knows.
        and (lifecycles.{{ to_stage }}_at is not null or not lifecycles.reached_{{ to_stage }})
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

days as (

    select
        transition,
        days_watched,
        count(*) as ended,
        sum(is_converted) as converted
    from watched
    where days_watched >= 0
    group by transition, days_watched

),

at_risk as (

    select
        *,
        sum(ended) over (partition by transition order by days_watched desc rows unbounded preceding) as watched_still
    from days

),

-- Kaplan-Meier: the share still unconverted after a day is the product of the days' shares that did not convert.
curve as (

    select
        *,
        1 - exp(
            sum(ln(greatest(1 - converted * 1.0e0 / watched_still, 1.0e-300)))
                over (partition by transition order by days_watched rows unbounded preceding)
        ) as converted_share
    from at_risk

),

levels as (

    select
        transition,
        sum(converted) as conversions,
        max(converted_share) as final_share
    from curve
    group by transition

),

reached as (

    select
        curve.transition,
        min(curve.days_watched) as days_to_maturity
    from curve
    inner join levels
        on curve.transition = levels.transition
    -- The margin keeps rounding in the product from moving a day that reaches 90 % exactly.
    where curve.converted_share >= 0.9e0 * levels.final_share - 1.0e-9
    group by curve.transition

),

final as (

    select
        levels.transition,
        cast(levels.conversions as bigint) as conversions,
        -- Too few conversions make no curve.
        case when levels.conversions >= 30 then reached.days_to_maturity end as days_to_maturity
    from levels
    inner join reached
        on levels.transition = reached.transition

)

select * from final
