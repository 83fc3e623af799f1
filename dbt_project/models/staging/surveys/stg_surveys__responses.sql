with

source as (

    select * from {{ source('surveys', 'responses') }}

),

renamed as (

    select
        -- ids
        'surveys' as source_system,
        id as response_id,

        -- strings
        email,
        lower(survey) as survey,

        -- numerics
        score,

        -- timestamps
        responded_at
    from source

)

select * from renamed
