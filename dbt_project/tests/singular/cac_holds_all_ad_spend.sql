-- CAC counts every cent of ad spend, and the agency and event costs that could be converted, once.
with

spent as (

    select coalesce(sum(spend_reporting), 0) as cost
    from {{ ref('int_ad_spend_levelled') }}

),

invoiced as (

    select coalesce(sum(cast(costs.amount * fx_rates.rate_to_reporting as decimal(18, 6))), 0) as cost
    from {{ ref('stg_costs__costs') }} as costs
    inner join {{ ref('int_fx_rates_filled') }} as fx_rates
        on
            costs.currency = fx_rates.currency
            and costs.date_day = fx_rates.date_day
    where costs.category in ('agency', 'events')

),

reported as (

    select
        count(*) as months,
        coalesce(sum(cost), 0) as cost
    from {{ ref('rpt_cac') }}
    where
        method = 'blended'
        and timing = 'same_period'

)

select
    reported.cost,
    spent.cost + invoiced.cost as expected_cost
from reported
cross join spent
cross join invoiced
where abs(reported.cost - spent.cost - invoiced.cost) > 0.005 * reported.months
