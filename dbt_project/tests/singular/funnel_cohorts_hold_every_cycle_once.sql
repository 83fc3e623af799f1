-- Each cycle, and each customer, is in exactly one cohort of every period grain.
with

cycles as (

    select
        count(*) as leads,
        sum(case when reached_customer then 1 else 0 end) as customers
    from {{ ref('fct_lead_lifecycles') }}

),

cohorts as (

    select
        period_grain,
        sum(leads) as leads,
        sum(customers) as customers
    from {{ ref('rpt_funnel_cohorts') }}
    group by period_grain

)

select
    cohorts.period_grain,
    cohorts.leads,
    cycles.leads as expected_leads,
    cohorts.customers,
    cycles.customers as expected_customers
from cohorts
cross join cycles
where
    cohorts.leads <> cycles.leads
    or cohorts.customers <> cycles.customers
