with

source as (

    select * from {{ source('crm', 'people') }}

),

renamed as (

    select
        -- ids
        'crm' as source_system,
        id as person_record_id,
        account_id as account_record_id,
        owner_id,
        converted_from_id as converted_from_record_id,

        -- strings
        email,
        phone,
        first_name,
        last_name,
        company,
        company_domain,
        country,
        job_title,
        lead_source,
        'stage' as stage_field,
        stage as stage_value,

        -- booleans
        {{ parse_consent('consent') }} as has_marketing_consent,
        false as is_deleted,

        -- timestamps
        created_at,
        updated_at
    from source

)

select * from renamed
