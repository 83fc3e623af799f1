with

company_rates as (

    select * from {{ source('fx_rates', 'fx_rates') }}

),

ecb_history as (

    select * from {{ source('fx_rates', 'ecb_history') }}

),

-- The company's own rate wins over the bank's, day by day and currency by currency.
combined as (

    select
        date as date_day,
        upper(currency) as currency,
        rate as units_per_euro,
        'fx_rates' as rate_source
    from company_rates

    union all

    select
        ecb_history.date as date_day,
        upper(ecb_history.currency) as currency,
        ecb_history.rate as units_per_euro,
        'ecb_history' as rate_source
    from ecb_history
    left join company_rates
        on
            ecb_history.date = company_rates.date
            and upper(ecb_history.currency) = upper(company_rates.currency)
    where company_rates.date is null

)

select * from combined
