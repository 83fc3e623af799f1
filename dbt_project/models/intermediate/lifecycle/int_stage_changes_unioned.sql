with

unioned as (

-- A new source of stage histories is one name in this list.
    {{ union_models([
        'stg_crm__stage_history',
        'stg_hubspot__stage_history',
        'stg_salesforce__stage_history',
        'stg_marketo__stage_history',
        'stg_brevo__stage_history',
    ]) }}

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
        unioned.source_system,
        unioned.stage_change_id,
        unioned.person_record_id,
        unioned.stage_field,
        unioned.stage_value,
        meanings.source_system is not null as is_mapped,
        meanings.stage,
        meanings.stage_rank,
        coalesce(meanings.is_exit, false) as is_exit,
        unioned.reason,
        unioned.entered_at
    from unioned
    inner join clock
        on unioned.entered_at <= clock.as_of_at
    left join meanings
        on
            unioned.source_system = meanings.source_system
            and unioned.stage_field = meanings.stage_field
            and lower(trim(unioned.stage_value)) = meanings.stage_value
    left join identifiers
        on unioned.source_system || ':' || unioned.person_record_id = identifiers.identifier

)

select * from final
