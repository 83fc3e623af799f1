with

records as (

    select * from {{ ref('int_person_records') }}

),

changes as (

    select * from {{ ref('int_stage_changes_mapped') }}

),

stage_map as (

    select * from {{ ref('lifecycle_stage_map') }}

),

stages as (

    select * from {{ ref('lifecycle_stages') }}

),

opportunities as (

    select * from {{ ref('int_opportunities_resolved') }}

),

opportunity_people as (

    select * from {{ ref('int_opportunity_people') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

first_changes as (

    select
        source_system,
        person_record_id,
        min(entered_at) as first_entered_at,
        min(case when stage_rank = 0 then entered_at end) as first_subscribed_at
    from changes
    where stage is not null
    group by source_system, person_record_id

),

-- A record that begins as a subscriber or a list import was no lead when it was made.
lead_records as (

    select
        records.person_number,
        records.source_system,
        records.person_record_id,
        records.created_at
    from records
    inner join clock
        on records.created_at <= clock.as_of_at
    left join first_changes
        on
            records.source_system = first_changes.source_system
            and records.person_record_id = first_changes.person_record_id
    left join stage_map
        on
            records.source_system = stage_map.source_system
            and records.stage_field = stage_map.stage_field
            and lower(trim(records.stage_value)) = stage_map.stage_value
    left join stages
        on stage_map.stage = stages.stage
    where
        case
            when first_changes.first_entered_at is not null
                then coalesce(first_changes.first_subscribed_at > first_changes.first_entered_at, true)
            else coalesce(stages.stage_rank, 1) > 0
        end

),

creations as (

    select
        person_number,
        {{ first_by('source_system', ['created_at', 'source_system', 'person_record_id']) }} as source_system,
        {{ first_by('person_record_id', ['created_at', 'source_system', 'person_record_id']) }} as source_record_id,
        min(created_at) as entered_at
    from lead_records
    group by person_number

),

new_business as (

    select
        opportunity_people.person_number,
        opportunities.opportunity_id,
        opportunities.source_system,
        opportunities.opportunity_record_id,
        opportunities.loss_reason,
        opportunities.created_at,
        case
            when opportunities.is_won then coalesce(opportunities.won_at, opportunities.closed_at)
        end as won_at,
        -- A close dated before the opportunity's own creation counts at its creation.
        case
            when opportunities.is_closed and not opportunities.is_won
                then greatest(opportunities.closed_at, coalesce(opportunities.created_at, opportunities.closed_at))
        end as lost_at
    from opportunities
    inner join opportunity_people
        on opportunities.opportunity_id = opportunity_people.opportunity_id
    where opportunities.opportunity_type = 'new_business'

),

-- A person is lost with the last open opportunity: one that is still open, or won at that moment, keeps them.
openings as (

    select
        person_number,
        created_at as happened_at,
        1 as change
    from new_business
    where created_at is not null

    union all

    select
        person_number,
        coalesce(won_at, lost_at) as happened_at,
        -1 as change
    from new_business
    where
        created_at is not null
        and coalesce(won_at, lost_at) is not null

),

open_counts as (

    select
        person_number,
        happened_at,
        sum(sum(change)) over (partition by person_number order by happened_at) as open_opportunities
    from openings
    group by person_number, happened_at

),

losses as (

    select new_business.*
    from new_business
    left join open_counts
        on
            new_business.person_number = open_counts.person_number
            and new_business.lost_at = open_counts.happened_at
    where
        new_business.lost_at is not null
        and coalesce(open_counts.open_opportunities, 0) <= 0

),

proofs as (

    select
        person_number,
        'lead' as stage,
        'creation' as proof,
        source_system,
        source_record_id,
        cast(null as varchar) as reason,
        entered_at
    from creations

    union all

    select
        person_number,
        'opportunity' as stage,
        'opportunity' as proof,
        source_system,
        opportunity_record_id as source_record_id,
        cast(null as varchar) as reason,
        created_at as entered_at
    from new_business
    where created_at is not null

    union all

    select
        person_number,
        'customer' as stage,
        'opportunity' as proof,
        source_system,
        opportunity_record_id as source_record_id,
        cast(null as varchar) as reason,
        won_at as entered_at
    from new_business
    where won_at is not null

    union all

    select
        person_number,
        'lost' as stage,
        'opportunity' as proof,
        source_system,
        opportunity_record_id as source_record_id,
        loss_reason as reason,
        lost_at as entered_at
    from losses

),

final as (

    select
        proofs.person_number,
        proofs.stage,
        stages.stage_rank,
        stages.is_exit,
        proofs.proof,
        proofs.reason,
        proofs.source_system,
        proofs.source_record_id,
        proofs.entered_at
    from proofs
    inner join clock
        on proofs.entered_at <= clock.as_of_at
    inner join stages
        on proofs.stage = stages.stage

)

select * from final
