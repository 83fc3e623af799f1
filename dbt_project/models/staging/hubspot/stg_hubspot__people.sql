with

source as (

    select * from {{ source('hubspot', 'contact') }}

),

renamed as (

    select
        -- ids
        'hubspot' as source_system,
        cast(id as varchar) as person_record_id,
        cast(property_associatedcompanyid as varchar) as account_record_id,
        cast(property_hubspot_owner_id as varchar) as owner_id,
        cast(null as varchar) as converted_from_record_id,

        -- strings
        property_email as email,
        property_phone as phone,
        property_firstname as first_name,
        property_lastname as last_name,
        property_company as company,
        property_website as company_domain,
        property_country as country,
        property_jobtitle as job_title,
        property_hs_analytics_source as lead_source,
        'lifecyclestage' as stage_field,
        property_lifecyclestage as stage_value,

        -- booleans
        cast(null as boolean) as has_marketing_consent,
        coalesce(_fivetran_deleted, false) as is_deleted,

        -- timestamps
        property_createdate as created_at,
        property_lastmodifieddate as updated_at
    from source

)

select * from renamed
