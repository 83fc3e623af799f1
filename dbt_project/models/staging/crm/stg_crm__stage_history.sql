with

source as (

    select * from {{ source('crm', 'stage_history') }}

),

renamed as (

    select
        -- ids
        'crm' as source_system,
        id as stage_change_id,
        person_id as person_record_id,

        -- strings
        'stage' as stage_field,
        stage as stage_value,
        reason,

        -- timestamps
        entered_at
    from source

)

select * from renamed
