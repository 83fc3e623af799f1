with

ad_spend as (

    select * from {{ ref('int_ad_spend_levelled') }}

),

costs as (

    select * from {{ ref('int_costs_converted') }}

),

accounts as (

    select * from {{ ref('int_accounts_acquired') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

acquisition_costs as (

    select
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start,
        spend_reporting as cost
    from ad_spend

    union all

    select
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start,
        amount_reporting as cost
    from costs
    where category in ('agency', 'events')

),

monthly_costs as (

    select
        month_start,
        sum(cost) as cost
    from acquisition_costs
    group by month_start

),

monthly_customers as (

    select
        cohort_month as month_start,
        count(*) as new_customers
    from accounts
    where is_new_logo
    group by cohort_month

),

known_months as (

    select
        month_start,
        month_start as cost_month
    from monthly_costs

    union all

    select
        month_start,
        cast(null as date) as cost_month
    from monthly_customers

),

bounds as (

    select
        min(known_months.month_start) as first_month,
        min(known_months.cost_month) as first_cost_month,
        max(cast({{ dbt.date_trunc('month', 'clock.as_of_date') }} as date)) as last_month
    from known_months
    cross join clock

),

months as (

    select
        cast(series.day_in_month as date) as month_start,
        bounds.first_cost_month
    from bounds
    cross join {{ days_between('bounds.first_month', 'bounds.last_month', 'series', 'day_in_month') }}
    where cast(series.day_in_month as date) = cast({{ dbt.date_trunc('month', 'series.day_in_month') }} as date)

),

final as (

    select
        months.month_start,
        'blended' as method,
        'same_period' as timing,
        'all' as channel,
        'all' as segment,
        -- Before the first cost on record the cost is unknown; after it a month without costs had none.
        case
            when months.month_start >= months.first_cost_month then {{ money('coalesce(monthly_costs.cost, 0)') }}
        end as cost,
        coalesce(monthly_customers.new_customers, 0) as new_customers,
        case
            when months.month_start >= months.first_cost_month
                then {{ money('coalesce(monthly_costs.cost, 0) / nullif(monthly_customers.new_customers, 0)') }}
        end as cac
    from months
    left join monthly_costs
        on months.month_start = monthly_costs.month_start
    left join monthly_customers
        on months.month_start = monthly_customers.month_start

)

select * from final
