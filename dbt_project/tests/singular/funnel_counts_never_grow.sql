-- Along the stages a cohort can only shrink, and what is counted in one cohort cannot be more than its cycles.
select
    period_grain,
    period_start,
    channel,
    lead_source
from {{ ref('rpt_funnel_cohorts') }}
where
    mqls > leads
    or sals > mqls
    or sqls > sals
    or opportunities > sqls
    or customers > opportunities
    or customer_accounts > opportunity_count
