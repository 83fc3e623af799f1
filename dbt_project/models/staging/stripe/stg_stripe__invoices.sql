with

invoices as (

    select * from {{ source('stripe', 'invoice') }}

),

invoice_line_items as (

    select * from {{ source('stripe', 'invoice_line_item') }}

),

credit_notes as (

    select * from {{ source('stripe', 'credit_note') }}

),

customers as (

    select * from {{ source('stripe', 'customer') }}

),

dashboard_invoices as (

    select * from {{ source('stripe', 'invoices') }}

),

-- The service period stands on the lines; an invoice's own period is the one in which its items were collected.
billed_periods as (

    select
        invoice_id,
        min(period_start) as period_start,
        max(period_end) as period_end,
        max(case when subscription_id is not null or type = 'subscription' then 1 else 0 end) = 1 as bills_a_subscription
    from invoice_line_items
    where not coalesce(proration, false)
    group by invoice_id

),

issued_notes as (

    select *
    from credit_notes
    where
        coalesce(livemode, true)
        and coalesce(status, 'issued') <> 'void'

),

noted_invoices as (

    select distinct invoice_id
    from issued_notes

),

with_net_amount as (

    select
        *,
        coalesce(total_excluding_tax, total - coalesce(tax, 0)) as net_minor,
        coalesce(pre_payment_credit_notes_amount, 0) + coalesce(post_payment_credit_notes_amount, 0) as credited_minor
    from invoices
    where
        coalesce(livemode, true)
        and not coalesce(is_deleted, false)

),

-- Credit notes are rows of their own, dated when they were issued. Where their table is not exported, the invoice's
-- own sums of them (including tax) lower the invoice, in proportion to its tax.
invoice_rows as (

    select
        with_net_amount.id as invoice_record_id,
        with_net_amount.customer_id,
        with_net_amount.customer_email,
        with_net_amount.currency,
        with_net_amount.status,
        {{ from_minor(
            'case when noted_invoices.invoice_id is null and with_net_amount.credited_minor <> 0 '
            'then with_net_amount.net_minor - cast(round(1.0 * with_net_amount.credited_minor '
            '* with_net_amount.net_minor / nullif(with_net_amount.total, 0)) as bigint) '
            'else with_net_amount.net_minor end',
            'with_net_amount.currency'
        ) }} as amount,
        with_net_amount.subscription_id is not null
        or coalesce(with_net_amount.billing_reason like 'subscription%', false)
        or coalesce(billed_periods.bills_a_subscription, false) as is_recurring,
        coalesce(with_net_amount.finalized_at, with_net_amount.created, with_net_amount.period_end) as invoiced_at,
        coalesce(billed_periods.period_start, with_net_amount.period_start) as period_started_at,
        coalesce(billed_periods.period_end, with_net_amount.period_end) as period_ended_at
    from with_net_amount
    left join noted_invoices
        on with_net_amount.id = noted_invoices.invoice_id
    left join billed_periods
        on with_net_amount.id = billed_periods.invoice_id

),

credit_note_rows as (

    select
        issued_notes.id as invoice_record_id,
        coalesce(issued_notes.customer_id, invoice_rows.customer_id) as customer_id,
        invoice_rows.customer_email,
        issued_notes.currency,
        -- What is no revenue cannot be lowered: the note of an invoice that was given up follows it.
        case
            when invoice_rows.status in ('draft', 'void', 'uncollectible') then invoice_rows.status
            else 'issued'
        end as status,
        -{{ from_minor(
            'coalesce(issued_notes.total_excluding_tax, '
            'issued_notes.subtotal - coalesce(issued_notes.discount_amount, 0), issued_notes.total)',
            'issued_notes.currency'
        ) }} as amount,
        coalesce(invoice_rows.is_recurring, false) as is_recurring,
        issued_notes.created as invoiced_at,
        invoice_rows.period_started_at,
        invoice_rows.period_ended_at
    from issued_notes
    left join invoice_rows
        on issued_notes.invoice_id = invoice_rows.invoice_record_id

),

dashboard_rows as (

    select
        dashboard_invoices.id as invoice_record_id,
        dashboard_invoices.customer_id,
        dashboard_invoices.customer_email,
        dashboard_invoices.currency,
        dashboard_invoices.status,
        cast(
            coalesce(dashboard_invoices.total, dashboard_invoices.amount_due) - coalesce(dashboard_invoices.tax, 0)
            as decimal(18, 6)
        ) as amount,
        dashboard_invoices.subscription_id is not null as is_recurring,
        coalesce(dashboard_invoices.finalized_at, dashboard_invoices.invoiced_at) as invoiced_at,
        dashboard_invoices.period_start as period_started_at,
        dashboard_invoices.period_end as period_ended_at
    from dashboard_invoices
    -- A connector's row knows more than an export by hand.
    left join invoices
        on dashboard_invoices.id = invoices.id
    where invoices.id is null

),

combined as (

    select * from invoice_rows
    union all
    select * from credit_note_rows
    union all
    select * from dashboard_rows

),

renamed as (

    select
        -- ids
        'stripe' as source_system,
        combined.invoice_record_id,
        combined.customer_id as account_record_id,

        -- strings
        coalesce(combined.customer_email, customers.email) as email,
        upper(combined.currency) as currency,
        lower(combined.status) as status,

        -- numerics
        combined.amount,

        -- booleans
        combined.is_recurring,

        -- timestamps
        combined.invoiced_at,
        cast(combined.period_started_at as date) as period_start,
        -- Stripe's periods end where the next one begins.
        greatest(
            cast({{ dbt.dateadd('day', -1, 'combined.period_ended_at') }} as date),
            cast(combined.period_started_at as date)
        ) as period_end
    from combined
    left join customers
        on combined.customer_id = customers.id

)

select * from renamed
