with

deal_contacts as (

    select * from {{ source('hubspot', 'deal_contact') }}

),

deals as (

    select * from {{ source('hubspot', 'deal') }}

),

-- HubSpot's own export lists the contacts in the deal's row; an association met in both is one.
combined as (

    select
        deal_id,
        contact_id
    from deal_contacts

    union

    select
        deal_id,
        try_cast(trim(listed_id) as bigint) as contact_id
    from deals
    cross join {{ unnest_text("string_split(deals.associated_contact_ids, ';')", 'listed_ids', 'listed_id') }}
    where trim(listed_id) <> ''

),

renamed as (

    select
        -- ids
        'hubspot' as source_system,
        cast(deal_id as varchar) as opportunity_record_id,
        cast(contact_id as varchar) as person_record_id,

        -- strings
        cast(null as varchar) as role,

        -- timestamps
        cast(null as timestamp) as created_at
    from combined

)

select * from renamed
