with

costs as (

    select * from {{ ref('int_costs_unioned') }}

),

-- Equal rows are kept while loading, so a booked cost has no key; its day and labels together have one.
daily as (

    select
        date_day,
        source_system,
        category,
        department,
        channel,
        campaign_id,
        currency,
        sum(amount) as amount
    from costs
    group by date_day, source_system, category, department, channel, campaign_id, currency

),

fx_rates as (

    select * from {{ ref('int_fx_rates_filled') }}

),

final as (

    select
        daily.date_day,
        daily.source_system,
        daily.category,
        daily.department,
        daily.channel,
        daily.campaign_id,
        daily.currency,
        cast(daily.amount as decimal(18, 6)) as amount,
        cast(daily.amount * fx_rates.rate_to_reporting as decimal(18, 6)) as amount_reporting
    from daily
    left join fx_rates
        on
            daily.currency = fx_rates.currency
            and daily.date_day = fx_rates.date_day

)

select * from final
