with

accounts as (

    select * from {{ ref('int_accounts_acquired') }}

),

invoices as (

    select * from {{ ref('int_invoices_converted') }}
    where is_revenue

),

clock as (

    select
        as_of_date,
        cast({{ dbt.date_trunc('month', 'as_of_date') }} as date) as as_of_month
    from {{ ref('int_clock') }}

),

cohorts as (

    select
        accounts.cohort_month,
        count(*) as customers
    from accounts
    inner join clock
        on accounts.cohort_month <= clock.as_of_month
    group by accounts.cohort_month

),

ages as (

    select
        cohorts.cohort_month,
        cohorts.customers,
        cast(series.day_in_month as date) as month_start,
        {{ dbt.datediff('cohorts.cohort_month', 'series.day_in_month', 'month') }} + 1 as months_since,
        cast({{ dbt.last_day('series.day_in_month', 'month') }} as date) as month_end,
        clock.as_of_date
    from cohorts
    cross join clock
    cross join {{ days_between('cohorts.cohort_month', 'clock.as_of_month', 'series', 'day_in_month') }}
    where cast(series.day_in_month as date) = cast({{ dbt.date_trunc('month', 'series.day_in_month') }} as date)

),

-- What is invoiced before the win (a deposit, a pilot) counts in the first month.
dated_invoices as (

    select
        accounts.account_id,
        accounts.cohort_month,
        greatest(cast({{ dbt.date_trunc('month', 'invoices.invoiced_on') }} as date), accounts.cohort_month) as month_start,
        invoices.amount,
        invoices.amount_reporting,
        invoices.period_start,
        invoices.period_end
    from invoices
    inner join accounts
        on invoices.account_id = accounts.account_id

),

revenues as (

    select
        cohort_month,
        month_start,
        sum(amount_reporting) as revenue
    from dated_invoices
    group by cohort_month, month_start

),

-- Retained: something was invoiced in the month, or an invoiced period goes on at its end.
active_months as (

    select
        cohort_month,
        month_start,
        account_id
    from dated_invoices
    where amount > 0

    union

    select
        ages.cohort_month,
        ages.month_start,
        dated_invoices.account_id
    from dated_invoices
    inner join ages
        on
            dated_invoices.cohort_month = ages.cohort_month
            and dated_invoices.period_start <= ages.month_end
            and dated_invoices.period_end >= ages.month_end
    where dated_invoices.amount > 0

),

retained as (

    select
        cohort_month,
        month_start,
        count(*) as retained_customers
    from active_months
    group by cohort_month, month_start

),

-- Without any invoice the revenue is unknown, and not zero.
known as (

    select case when count(*) > 0 then 0 end as nothing
    from invoices

),

cumulated as (

    select
        ages.cohort_month,
        ages.months_since,
        ages.customers,
        ages.month_end <= ages.as_of_date as is_complete,
        coalesce(retained.retained_customers, 0) as retained_customers,
        cast(coalesce(
            sum(revenues.revenue) over (
                partition by ages.cohort_month order by ages.months_since rows unbounded preceding
            ), known.nothing
        ) as decimal(18, 6)) as cumulative_revenue
    from ages
    cross join known
    left join revenues
        on
            ages.cohort_month = revenues.cohort_month
            and ages.month_start = revenues.month_start
    left join retained
        on
            ages.cohort_month = retained.cohort_month
            and ages.month_start = retained.month_start

),

with_margin as (

    select
        *,
        {{ money("cast(cumulative_revenue as decimal(28, 6)) * cast(" ~ var('gross_margin') ~ " as decimal(9, 6))") }} as cumulative_margin
    from cumulated

),

final as (

    select
        cohort_month,
        cast(months_since as integer) as months_since,
        'all' as channel,
        'all' as segment,
        customers,
        retained_customers,
        {{ money('cumulative_revenue') }} as cumulative_revenue,
        cumulative_margin,
        case when is_complete then {{ money('cumulative_margin / customers') }} end as ltv_observed,
        is_complete,
        is_complete and months_since >= {{ var('ltv_maturity_months') }} as is_mature
    from with_margin

)

select * from final
