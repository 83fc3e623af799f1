with

subscriptions as (

    select * from {{ source('stripe', 'subscription') }}

),

subscription_history as (

    select * from {{ source('stripe', 'subscription_history') }}

),

subscription_items as (

    select * from {{ source('stripe', 'subscription_item') }}

),

prices as (

    select * from {{ source('stripe', 'price') }}

),

plans as (

    select * from {{ source('stripe', 'plan') }}

),

customers as (

    select * from {{ source('stripe', 'customer') }}

),

dashboard_subscriptions as (

    select * from {{ source('stripe', 'subscriptions') }}

),

versions as (

    select
        id,
        customer_id,
        status,
        created,
        start_date,
        ended_at,
        trial_end,
        livemode,
        not coalesce(is_deleted, false) as is_active,
        cast(null as timestamp) as version_started_at,
        1 as version_order
    from subscriptions

    union all

    select
        id,
        customer_id,
        status,
        created,
        start_date,
        ended_at,
        trial_end,
        livemode,
        coalesce(_fivetran_active, true) as is_active,
        _fivetran_start as version_started_at,
        2 as version_order
    from subscription_history

),

ranked as (

    select
        *,
        row_number() over (
            partition by id
            order by version_started_at desc nulls last, version_order asc
        ) as version_rank
    from versions
    where is_active

),

prices_and_plans as (

    select
        coalesce(prices.id, plans.id) as id,
        coalesce(prices.currency, plans.currency) as currency,
        coalesce(prices.unit_amount_decimal, prices.unit_amount, plans.amount) as unit_amount,
        lower(coalesce(prices.recurring_interval, plans.interval)) as price_interval,
        coalesce(prices.recurring_interval_count, plans.interval_count, 1) as interval_count,
        lower(coalesce(prices.recurring_usage_type, plans.usage_type, 'licensed')) as usage_type
    from prices
    full outer join plans
        on prices.id = plans.id

),

priced as (

    select
        coalesce(subscription_items.id, ranked.id) as subscription_record_id,
        ranked.customer_id,
        cast(null as varchar) as customer_email,
        ranked.status,
        prices_and_plans.currency,
        prices_and_plans.price_interval,
        prices_and_plans.interval_count,
        -- What is billed by use has no amount per interval.
        case
            when prices_and_plans.usage_type <> 'metered'
                then
                    {{ from_minor('prices_and_plans.unit_amount', 'prices_and_plans.currency') }}
                    * cast(coalesce(subscription_items.quantity, 1) as decimal(12, 0))
        end as amount,
        coalesce(ranked.start_date, ranked.created) as subscribed_at,
        ranked.trial_end,
        ranked.ended_at
    from ranked
    left join subscription_items
        on
            ranked.id = subscription_items.subscription_id
            and not coalesce(subscription_items.is_deleted, false)
    left join prices_and_plans
        on subscription_items.plan_id = prices_and_plans.id
    where
        ranked.version_rank = 1
        and coalesce(ranked.livemode, true)

),

dashboard_rows as (

    select
        dashboard_subscriptions.id as subscription_record_id,
        dashboard_subscriptions.customer_id,
        dashboard_subscriptions.customer_email,
        dashboard_subscriptions.status,
        dashboard_subscriptions.currency,
        lower(dashboard_subscriptions.interval) as price_interval,
        1 as interval_count,
        dashboard_subscriptions.amount * cast(coalesce(dashboard_subscriptions.quantity, 1) as decimal(12, 0)) as amount,
        coalesce(dashboard_subscriptions.started_at, dashboard_subscriptions.created_at) as subscribed_at,
        dashboard_subscriptions.trial_end,
        dashboard_subscriptions.ended_at
    from dashboard_subscriptions
    left join versions
        on dashboard_subscriptions.id = versions.id
    where versions.id is null

),

combined as (

    select * from priced
    union all
    select * from dashboard_rows

),

-- Only months and years can be stated: a year has 12 months, 52 weeks and 365 days, and several months or years
-- are shared out evenly.
per_interval as (

    select
        *,
        case
            when price_interval = 'year' or (price_interval = 'month' and mod(interval_count, 12) = 0) then 'year'
            when price_interval in ('day', 'week', 'month') then 'month'
        end as billing_interval,
        cast(
            case price_interval
                when 'year' then amount / interval_count
                when 'month'
                    then case when mod(interval_count, 12) = 0 then amount * 12 / interval_count else amount / interval_count end
                when 'week' then amount * 52 / 12 / interval_count
                when 'day' then amount * 365 / 12 / interval_count
            end as decimal(18, 6)
        ) as amount_per_interval,
        -- A trial is no subscription yet, and one that ended in its trial lasted no time.
        case
            when trial_end is null then subscribed_at
            else greatest(subscribed_at, least(trial_end, coalesce(ended_at, trial_end)))
        end as started_at
    from combined

),

renamed as (

    select
        -- ids
        'stripe' as source_system,
        per_interval.subscription_record_id,
        per_interval.customer_id as account_record_id,

        -- strings
        coalesce(per_interval.customer_email, customers.email) as email,
        upper(per_interval.currency) as currency,
        per_interval.billing_interval,
        lower(per_interval.status) as status,

        -- numerics
        per_interval.amount_per_interval as amount,

        -- timestamps
        per_interval.started_at,
        per_interval.ended_at,
        cast(null as timestamp) as updated_at
    from per_interval
    left join customers
        on per_interval.customer_id = customers.id
    -- The first payment of an incomplete subscription never came.
    where coalesce(lower(per_interval.status), 'active') not in ('incomplete', 'incomplete_expired')

)

select * from renamed
