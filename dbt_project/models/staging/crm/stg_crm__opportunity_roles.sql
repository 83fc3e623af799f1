with

source as (

    select * from {{ source('crm', 'opportunity_roles') }}

),

renamed as (

    select
        -- ids
        'crm' as source_system,
        opportunity_id as opportunity_record_id,
        person_id as person_record_id,

        -- strings
        role,

        -- timestamps
        created_at
    from source

)

select * from renamed
