-- The cohorts' revenue at their last age is all that was invoiced, to the cent of each cohort.
with

invoiced as (

    select coalesce(sum(amount_reporting), 0) as revenue
    from {{ ref('int_invoices_converted') }}
    where is_revenue

),

latest as (

    select
        cohort_month,
        max_by(cumulative_revenue, months_since) as revenue
    from {{ ref('rpt_ltv_cohorts') }}
    group by cohort_month

),

cohorts as (

    select
        count(*) as cohorts,
        coalesce(sum(revenue), 0) as revenue
    from latest

)

select
    cohorts.revenue,
    invoiced.revenue as expected_revenue
from cohorts
cross join invoiced
where abs(cohorts.revenue - invoiced.revenue) > 0.005 * cohorts.cohorts
