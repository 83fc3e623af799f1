with

source as (

    select * from {{ source('crm', 'accounts') }}

),

renamed as (

    select
        -- ids
        'crm' as source_system,
        id as account_record_id,

        -- strings
        name,
        domain,
        industry,
        country,

        -- numerics
        employees,

        -- timestamps
        created_at
    from source

)

select * from renamed
