with

source as (

    select * from {{ source('marketo', 'activity_fill_out_form') }}

),

renamed as (

    select
        -- ids
        'marketo' as source_system,
        id as submission_id,
        cast(null as varchar) as anonymous_id,
        cast(null as varchar) as session_id,
        cast(lead_id as varchar) as person_record_id,

        -- strings
        cast(null as varchar) as email,
        primary_attribute_value as form_name,

        -- booleans
        cast(null as boolean) as has_marketing_consent,

        -- timestamps
        activity_date as submitted_at
    from source

)

select * from renamed
