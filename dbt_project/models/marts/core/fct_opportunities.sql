with

opportunities as (

    select * from {{ ref('int_opportunities_resolved') }}

),

people as (

    select * from {{ ref('int_people_golden') }}

),

final as (

    select
        opportunities.opportunity_id,
        opportunities.account_id,
        people.person_id,
        opportunities.name,
        opportunities.opportunity_type,
        opportunities.stage,
        opportunities.expected_close_on,
        opportunities.loss_reason,
        cast(opportunities.amount as decimal(18, 2)) as amount,
        opportunities.currency,
        opportunities.amount_reporting,
        opportunities.created_at,
        opportunities.closed_at,
        opportunities.won_at,
        opportunities.is_closed,
        opportunities.is_won,
        {{ reporting_date('coalesce(opportunities.won_at, opportunities.closed_at)') }}
        - {{ reporting_date('opportunities.created_at') }} as cycle_days,
        opportunities.owner_id,
        opportunities.lead_source,
        opportunities.source_system
    from opportunities
    left join people
        on opportunities.person_number = people.person_number

)

select * from final
