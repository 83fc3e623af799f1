with

rates as (

    select * from {{ ref('stg_fx_rates__fx_rates') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

-- The euro is the base of all rates; without any rates it still converts to itself.
with_euro as (

    select
        date_day,
        currency,
        units_per_euro
    from rates
    where
        units_per_euro > 0
        and currency <> 'EUR'

    union all

    select
        coalesce(min(rates.date_day), cast('1999-01-04' as date)) as date_day,
        'EUR' as currency,
        1 as units_per_euro
    from rates

),

-- A day without a rate takes the latest before it.
spans as (

    select
        with_euro.currency,
        with_euro.units_per_euro,
        with_euro.date_day as first_day,
        coalesce(
            lead(with_euro.date_day) over (partition by with_euro.currency order by with_euro.date_day)
            - interval 1 day,
            greatest(clock.as_of_date, with_euro.date_day)
        ) as last_day
    from with_euro
    cross join clock

),

days as (

    select
        spans.currency,
        spans.units_per_euro,
        cast(series.day_in_span as date) as date_day
    from spans
    cross join {{ days_between('spans.first_day', 'spans.last_day', 'series', 'day_in_span') }}

),

reporting as (

    select
        date_day,
        units_per_euro
    from days
    where currency = '{{ var("reporting_currency") }}'

),

final as (

    select
        days.date_day,
        days.currency,
        case
            when days.currency = '{{ var("reporting_currency") }}' then 1
            else reporting.units_per_euro / days.units_per_euro
        end as rate_to_reporting
    from days
    inner join reporting
        on days.date_day = reporting.date_day

)

select * from final
