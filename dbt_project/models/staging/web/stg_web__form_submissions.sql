with

source as (

    select * from {{ source('web', 'form_submissions') }}

),

renamed as (

    select
        -- ids
        'web' as source_system,
        submission_id,
        anonymous_id,
        session_id,
        cast(null as varchar) as person_record_id,

        -- strings
        email,
        form_name,

        -- booleans
        {{ parse_consent('consent') }} as has_marketing_consent,

        -- timestamps
        submitted_at
    from source

)

select * from renamed
