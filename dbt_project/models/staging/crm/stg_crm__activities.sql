with

source as (

    select * from {{ source('crm', 'activities') }}

),

renamed as (

    select
        -- ids
        'crm' as source_system,
        id as activity_id,
        person_id as person_record_id,
        owner_id,

        -- strings
        activity_type,

        -- timestamps
        occurred_at
    from source

)

select * from renamed
