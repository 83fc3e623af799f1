with

source as (

    select * from {{ source('hubspot', 'deal_contact') }}

),

renamed as (

    select
        -- ids
        'hubspot' as source_system,
        cast(deal_id as varchar) as opportunity_record_id,
        cast(contact_id as varchar) as person_record_id,

        -- strings
        cast(null as varchar) as role,

        -- timestamps
        cast(null as timestamp) as created_at
    from source

)

select * from renamed
