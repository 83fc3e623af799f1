with

roles as (

    select * from {{ source('salesforce', 'opportunity_contact_role') }}

),

leads as (

    select * from {{ source('salesforce', 'lead') }}

),

-- A lead's conversion puts its contact into the opportunity, and says so where the roles are not exported.
combined as (

    select
        opportunity_id,
        contact_id,
        role,
        created_date
    from roles
    where
        not coalesce(is_deleted, false)
        and not coalesce(_fivetran_deleted, false)

    union all

    select
        converted_opportunity_id,
        converted_contact_id,
        cast(null as varchar) as role,
        cast(null as timestamp) as created_date
    from leads
    where
        converted_opportunity_id is not null
        and converted_contact_id is not null
        and not coalesce(is_deleted, false)

),

deduplicated as (

    select
        -- ids
        'salesforce' as source_system,
        substr(opportunity_id, 1, 15) as opportunity_record_id,
        substr(contact_id, 1, 15) as person_record_id,

        -- strings
        min(role) as role,

        -- timestamps
        min(created_date) as created_at
    from combined
    group by substr(opportunity_id, 1, 15), substr(contact_id, 1, 15)

)

select * from deduplicated
