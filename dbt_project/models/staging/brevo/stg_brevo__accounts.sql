with

source as (

    select * from {{ source('brevo', 'companies') }}

),

renamed as (

    select
        -- ids
        'brevo' as source_system,
        id as account_record_id,

        -- strings
        coalesce(name, {{ json_text('attributes', 'name') }}) as name,
        coalesce(domain, {{ json_text('attributes', 'domain') }}) as domain,
        coalesce(industry, {{ json_text('attributes', 'industry') }}) as industry,
        coalesce(country, {{ json_text('attributes', 'country') }}) as country,

        -- numerics
        coalesce(employees, {{ safe_cast(json_text('attributes', 'number_of_employees'), 'bigint') }}) as employees,

        -- timestamps
        coalesce(created_at, {{ instant_to_utc(json_text('attributes', 'created_at')) }}) as created_at
    from source
    where not coalesce(_fivetran_deleted, false)

)

select * from renamed
