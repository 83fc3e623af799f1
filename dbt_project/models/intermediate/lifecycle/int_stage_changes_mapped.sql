with

stage_changes as (

    select * from {{ ref('int_stage_changes_unioned') }}

),

stage_map as (

    select * from {{ ref('lifecycle_stage_map') }}

),

stages as (

    select * from {{ ref('lifecycle_stages') }}

),

identifiers as (

    select * from {{ ref('int_identifiers_resolved') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

meanings as (

    select
        stage_map.source_system,
        stage_map.stage_field,
        stage_map.stage_value,
        stages.stage,
        stages.stage_rank,
        stages.is_exit
    from stage_map
    left join stages
        on stage_map.stage = stages.stage

),

final as (

    select
        identifiers.person_number,
        stage_changes.source_system,
        stage_changes.stage_change_id,
        stage_changes.person_record_id,
        stage_changes.stage_field,
        stage_changes.stage_value,
        meanings.source_system is not null as is_mapped,
        meanings.stage,
        meanings.stage_rank,
        coalesce(meanings.is_exit, false) as is_exit,
        stage_changes.reason,
        stage_changes.entered_at
    from stage_changes
    inner join clock
        on stage_changes.entered_at <= clock.as_of_at
    left join meanings
        on
            stage_changes.source_system = meanings.source_system
            and stage_changes.stage_field = meanings.stage_field
            and lower(trim(stage_changes.stage_value)) = meanings.stage_value
    left join identifiers
        on stage_changes.source_system || ':' || stage_changes.person_record_id = identifiers.identifier

)

select * from final
