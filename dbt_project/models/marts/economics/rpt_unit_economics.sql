with

cac as (

    select * from {{ ref('rpt_cac') }}
    where
        method = 'blended'
        and timing = 'same_period'

),

ltv as (

    select * from {{ ref('rpt_ltv_cohorts') }}
    where is_complete

),

-- The oldest complete month of a cohort tells what its customers brought so far.
latest as (

    select
        cohort_month,
        channel,
        segment,
        max_by(customers, months_since) as customers,
        max_by(cumulative_margin, months_since) as cumulative_margin,
        max_by(ltv_observed, months_since) as ltv,
        max(months_since) as complete_months
    from ltv
    group by cohort_month, channel, segment

),

-- First month in which the margin of all customers of the cohort covers what each of them cost.
paybacks as (

    select
        ltv.cohort_month,
        ltv.channel,
        ltv.segment,
        min(ltv.months_since) as payback_months
    from ltv
    inner join cac
        on
            ltv.cohort_month = cac.month_start
            and ltv.channel = cac.channel
            and ltv.segment = cac.segment
            and ltv.cumulative_margin * cac.new_customers >= cac.cost * ltv.customers
    where cac.new_customers > 0
    group by ltv.cohort_month, ltv.channel, ltv.segment

),

joined as (

    select
        coalesce(cac.month_start, latest.cohort_month) as month_start,
        coalesce(cac.channel, latest.channel) as channel,
        coalesce(cac.segment, latest.segment) as segment,
        cac.cost,
        cac.new_customers,
        cac.cac,
        latest.customers,
        latest.cumulative_margin,
        latest.ltv,
        coalesce(latest.complete_months, 0) >= {{ var('ltv_maturity_months') }} as is_mature
    from cac
    full outer join latest
        on
            cac.month_start = latest.cohort_month
            and cac.channel = latest.channel
            and cac.segment = latest.segment

),

final as (

    select
        joined.month_start,
        joined.channel,
        joined.segment,
        joined.cac,
        case when joined.is_mature then joined.ltv end as ltv,
        -- From the summed parts: margin per customer over cost per new customer.
        case
            when joined.is_mature
                then
                    cast(joined.cumulative_margin as double) * joined.new_customers
                    / nullif(cast(joined.cost as double) * joined.customers, 0)
        end as ltv_to_cac,
        case when joined.is_mature then paybacks.payback_months end as payback_months,
        joined.is_mature
    from joined
    left join paybacks
        on
            joined.month_start = paybacks.cohort_month
            and joined.channel = paybacks.channel
            and joined.segment = paybacks.segment

)

select * from final
