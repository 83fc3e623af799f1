with

source as (

    select * from {{ source('hubspot', 'company') }}

),

renamed as (

    select
        -- ids
        'hubspot' as source_system,
        cast(id as varchar) as account_record_id,

        -- strings
        property_name as name,
        property_domain as domain,
        property_industry as industry,
        property_country as country,

        -- numerics
        property_numberofemployees as employees,

        -- timestamps
        property_createdate as created_at
    from source
    where not coalesce(is_deleted, false)

)

select * from renamed
