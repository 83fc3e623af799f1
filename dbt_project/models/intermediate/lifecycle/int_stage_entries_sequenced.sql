with

ordered as (

    select * from {{ ref('int_stage_proofs_ordered') }}

),

-- Numbers alone go through the windows; what the records say is joined at the end.
moves as (

    select
        person_number,
        proof_number,
        stage,
        is_exit,
        is_implied,
        proof = 'creation' as is_creation,
        lag(is_exit) over (partition by person_number order by proof_number) as is_after_exit
    from ordered
    where
        stage_rank > 0
        or is_exit

),

-- A cycle starts with the first stage ever and with the first after an exit.
cycles as (

    select
        *,
        not is_exit and coalesce(is_after_exit, true) as starts_cycle,
        cast(
            sum(case when not is_exit and coalesce(is_after_exit, true) then 1 else 0 end)
                over (partition by person_number order by proof_number rows unbounded preceding)
            as integer
        ) as cycle_number
    from moves

),

recorded_leads as (

    select distinct
        person_number,
        cycle_number
    from cycles
    where
        stage = 'lead'
        and not is_implied

),

-- A creation proves `lead` only where its cycle's history has none.
proven_moves as (

    select cycles.*
    from cycles
    left join recorded_leads
        on
            cycles.person_number = recorded_leads.person_number
            and cycles.cycle_number = recorded_leads.cycle_number
    where not (cycles.is_creation and recorded_leads.person_number is not null)

),

counted as (

    select
        *,
        row_number() over (partition by person_number, cycle_number, stage order by proof_number) as nth_proof_of_stage
    from proven_moves

),

-- Further proofs of a stage within a cycle, and all else that is needed to judge them: few.
doubtful_cycles as (

    select distinct
        person_number,
        cycle_number
    from counted
    where
        nth_proof_of_stage > 1
        and not is_implied
        and not is_exit

),

judged as (

    select
        counted.person_number,
        counted.proof_number,
        counted.nth_proof_of_stage,
        ordered.is_implied,
        ordered.is_exit,
        ordered.stage_rank,
        row_number() over (
            partition by
                counted.person_number, counted.cycle_number, ordered.stage,
                ordered.source_system, ordered.person_record_id, ordered.stage_field
            order by counted.proof_number
        ) as nth_proof_in_track,
        lag(ordered.stage_rank) over (
            partition by
                counted.person_number, ordered.source_system, ordered.person_record_id, ordered.stage_field
            order by counted.proof_number
        ) as track_rank_before,
        max(ordered.stage_rank) over (
            partition by counted.person_number, counted.cycle_number
            order by counted.proof_number
            rows unbounded preceding
        ) as highest_rank
    from counted
    inner join doubtful_cycles
        on
            counted.person_number = doubtful_cycles.person_number
            and counted.cycle_number = doubtful_cycles.cycle_number
    inner join ordered
        on
            counted.person_number = ordered.person_number
            and counted.proof_number = ordered.proof_number

),

-- A second record (another system's, another field's, a duplicate's) tells later what the first had told: it moves forward in
-- its own history, so this is no step back.
echoes as (

    select
        person_number,
        proof_number
    from judged
    where
        not is_implied
        and not is_exit
        and nth_proof_of_stage > 1
        and nth_proof_in_track = 1
        and coalesce(track_rank_before, 0) < stage_rank
        and stage_rank < highest_rank

),

-- One stage proven by two records is one entry, the earliest.
proven_once as (

    select
        counted.person_number,
        counted.proof_number,
        counted.cycle_number,
        counted.starts_cycle
    from counted
    left join echoes
        on
            counted.person_number = echoes.person_number
            and counted.proof_number = echoes.proof_number
    where
        echoes.person_number is null
        and (not counted.is_implied or counted.is_exit or counted.nth_proof_of_stage = 1)

),

-- Subscribers stand outside the cycles: with the one before them, and with 0 before the first.
subscriptions as (

    select
        ordered.person_number,
        ordered.proof_number,
        coalesce(max(cycles.cycle_number), 0) as cycle_number,
        false as starts_cycle
    from ordered
    left join cycles
        on
            ordered.person_number = cycles.person_number
            and ordered.proof_number > cycles.proof_number
    where ordered.stage_rank = 0
    group by ordered.person_number, ordered.proof_number

),

proven as (

    select * from proven_once
    union all
    select * from subscriptions

),

with_neighbours as (

    select
        proven.cycle_number,
        proven.starts_cycle,
        ordered.*,
        lag(ordered.stage) over (partition by ordered.person_number order by ordered.proof_number) as stage_before,
        lag(ordered.stage_rank) over (partition by ordered.person_number order by ordered.proof_number) as rank_before,
        lag(ordered.is_exit) over (partition by ordered.person_number order by ordered.proof_number) as is_after_exit
    from proven
    inner join ordered
        on
            proven.person_number = ordered.person_number
            and proven.proof_number = ordered.proof_number

),

without_repeats as (

    select * from with_neighbours
    where
        coalesce(stage_before <> stage, true)
        -- Who has left already is not lost again.
        and not (is_implied and is_exit and coalesce(is_after_exit, false))

),

final as (

    select
        person_number,
        cycle_number,
        cast(row_number() over (partition by person_number order by proof_number) as integer) as entry_number,
        stage,
        stage_rank,
        is_exit,
        case
            when is_exit then 'exit'
            when starts_cycle and cycle_number > 1 then 'recycle'
            when is_after_exit and not starts_cycle then 'regression'
            when stage_rank > coalesce(rank_before, 0) + 1 then 'skip'
            when stage_rank < rank_before then 'regression'
            else 'forward'
        end as direction,
        reason,
        proof,
        source_system,
        source_record_id,
        entered_at,
        lead(entered_at) over (partition by person_number order by proof_number) as exited_at
    from without_repeats

)

select * from final
