with

source as (

    select * from {{ source('brevo', 'crm_deals') }}

),

linked as (

    select distinct
        source.id as deal_id,
        linked_contacts.contact_id
    from source
    cross join {{ unnest_text(json_list('source.linked_contacts_ids'), 'linked_contacts', 'contact_id') }}
    where not coalesce(source._fivetran_deleted, false)

),

renamed as (

    select
        -- ids
        'brevo' as source_system,
        deal_id as opportunity_record_id,
        contact_id as person_record_id,

        -- strings
        cast(null as varchar) as role,

        -- timestamps
        cast(null as timestamp) as created_at
    from linked

)

select * from renamed
