{%- set order_of_proofs = "placed_at, coalesce(stage_rank, 99), is_implied, source_system, source_record_id, stage" -%}

with

changes as (

    select * from {{ ref('int_stage_changes_mapped') }}

),

implied as (

    select * from {{ ref('int_stage_proofs_implied') }}

),

proofs as (

    select
        person_number,
        stage,
        stage_rank,
        is_exit,
        'history' as proof,
        false as is_implied,
        reason,
        source_system,
        stage_change_id as source_record_id,
        person_record_id,
        stage_field,
        entered_at
    from changes
    where
        stage is not null
        and person_number is not null

    union all

    select
        person_number,
        stage,
        stage_rank,
        is_exit,
        proof,
        true as is_implied,
        reason,
        source_system,
        source_record_id,
        cast(null as varchar) as person_record_id,
        cast(null as varchar) as stage_field,
        entered_at
    from implied

),

first_moves as (

    select
        person_number,
        min(entered_at) as first_moved_at
    from proofs
    where
        proof <> 'creation'
        and (stage_rank > 0 or is_exit)
    group by person_number

),

-- A record's creation opens its person's first cycle, even when the CRM dates it after something that came of it: the
-- date is kept and the cycle flagged.
placed as (

    select
        proofs.*,
        case
            when proofs.proof = 'creation'
                then least(proofs.entered_at, coalesce(first_moves.first_moved_at, proofs.entered_at))
            else proofs.entered_at
        end as placed_at
    from proofs
    left join first_moves
        on proofs.person_number = first_moves.person_number

),

-- A lost opportunity does not take a customer away: only a recorded exit does.
comings_and_goings as (

    select
        person_number,
        source_system,
        source_record_id,
        is_implied and is_exit as is_loss,
        max(case when stage = 'customer' then entered_at end) over earlier as last_won_at,
        max(case when is_exit and not is_implied then entered_at end) over earlier as last_recorded_exit_at
    from placed
    where
        stage = 'customer'
        or is_exit
    window earlier as (
        partition by person_number
        order by {{ order_of_proofs }}
        rows between unbounded preceding and 1 preceding
    )

),

losses_of_customers as (

    select
        person_number,
        source_system,
        source_record_id,
        true as is_kept_customer
    from comings_and_goings
    where
        is_loss
        and last_won_at is not null
        and (last_recorded_exit_at is null or last_won_at > last_recorded_exit_at)

),

kept as (

    select placed.*
    from placed
    left join losses_of_customers
        on
            placed.person_number = losses_of_customers.person_number
            and placed.source_system = losses_of_customers.source_system
            and placed.source_record_id = losses_of_customers.source_record_id
    where not (
        placed.is_implied
        and placed.is_exit
        and coalesce(losses_of_customers.is_kept_customer, false)
    )

),

final as (

    select
        person_number,
        -- Ties in time: along the stages, exits last, recorded before implied, then by record.
        cast(row_number() over (partition by person_number order by {{ order_of_proofs }}) as integer) as proof_number,
        stage,
        stage_rank,
        is_exit,
        is_implied,
        proof,
        reason,
        source_system,
        source_record_id,
        person_record_id,
        stage_field,
        entered_at
    from kept

)

select * from final
order by person_number, proof_number
