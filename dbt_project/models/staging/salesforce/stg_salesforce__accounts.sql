with

source as (

    select * from {{ source('salesforce', 'account') }}

),

-- History mode, or two connectors, give several versions of an id: the newest one stands.
ranked as (

    select
        *,
        row_number() over (
            partition by substr(id, 1, 15)
            order by system_modstamp desc nulls last, _fivetran_start desc nulls last, id desc
        ) as recency
    from source

),

renamed as (

    select
        -- ids
        'salesforce' as source_system,
        substr(id, 1, 15) as account_record_id,

        -- strings
        name,
        website as domain,
        industry,
        coalesce(billing_country_code, billing_country) as country,

        -- numerics
        number_of_employees as employees,

        -- timestamps
        created_date as created_at
    from ranked
    where
        recency = 1
        and not coalesce(is_deleted, false)
        and not coalesce(_fivetran_deleted, false)
        and coalesce(_fivetran_active, true)

)

select * from renamed
