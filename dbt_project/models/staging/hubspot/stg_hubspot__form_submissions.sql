with

source as (

    select * from {{ source('hubspot', 'contact_form_submission') }}

),

renamed as (

    select
        -- ids
        'hubspot' as source_system,
        'hubspot-' || contact_id || '-' || form_id || '-' || epoch_ms(timestamp) as submission_id,
        cast(null as varchar) as anonymous_id,
        cast(null as varchar) as session_id,
        cast(contact_id as varchar) as person_record_id,

        -- strings
        cast(null as varchar) as email,
        title as form_name,

        -- booleans
        cast(null as boolean) as has_marketing_consent,

        -- timestamps
        timestamp as submitted_at
    from source

)

select * from renamed
