with

opportunities as (

    select * from {{ ref('int_opportunities_resolved') }}

),

invoices as (

    select * from {{ ref('int_invoices_converted') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

first_wins as (

    select
        opportunities.account_id,
        {{ first_by('opportunities.opportunity_id', ['opportunities.won_at', 'opportunities.opportunity_id']) }}
            as opportunity_id,
        {{ first_by('opportunities.person_number', ['opportunities.won_at', 'opportunities.opportunity_id']) }}
            as person_number,
        min(opportunities.won_at) as first_won_at
    from opportunities
    inner join clock
        on opportunities.won_at <= clock.as_of_at
    where
        opportunities.is_won
        and opportunities.opportunity_type = 'new_business'
    group by opportunities.account_id

),

first_invoices as (

    select
        account_id,
        min(invoiced_on) as first_invoiced_on
    from invoices
    where is_revenue
    group by account_id

),

final as (

    select
        coalesce(first_wins.account_id, first_invoices.account_id) as account_id,
        first_wins.opportunity_id,
        first_wins.person_number,
        first_wins.first_won_at,
        first_wins.account_id is not null as is_new_logo,
        -- Customers whom billing alone knows were acquired with their first invoice.
        cast({{ dbt.date_trunc('month', "coalesce(" ~ reporting_date('first_wins.first_won_at') ~ ", first_invoices.first_invoiced_on)") }} as date)
            as cohort_month
    from first_wins
    full outer join first_invoices
        on first_wins.account_id = first_invoices.account_id

)

select * from final
