with

entries as (

    select * from {{ ref('int_stage_entries_sequenced') }}

),

people as (

    select * from {{ ref('int_people_golden') }}

),

final as (

    select
        -- ids
        md5(
            people.person_id || '|' || entries.stage || '|' || entries.proof
            || '|' || entries.source_system || '|' || entries.source_record_id
        ) as stage_entry_id,
        people.person_id,

        -- numerics
        entries.cycle_number,
        entries.entry_number,

        -- strings
        entries.stage,
        cast(entries.stage_rank as integer) as stage_rank,
        entries.direction,
        entries.reason,
        entries.proof,
        entries.source_system,
        entries.source_record_id,

        -- timestamps
        entries.entered_at,
        entries.exited_at,
        cast({{ dbt.datediff(reporting_date('entries.entered_at'), reporting_date('entries.exited_at'), 'day') }} as integer)
            as days_in_stage
    from entries
    inner join people
        on entries.person_number = people.person_number

)

select * from final
