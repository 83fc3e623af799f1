with

source as (

    select * from {{ source('hubspot', 'contact_property_history') }}

),

renamed as (

    select
        -- ids
        'hubspot' as source_system,
        contact_id || '-' || name || '-' || epoch_ms(timestamp) as stage_change_id,
        cast(contact_id as varchar) as person_record_id,

        -- strings
        name as stage_field,
        value as stage_value,
        source as reason,

        -- timestamps
        timestamp as entered_at
    from source
    where
        name in ('lifecyclestage', 'hs_lead_status')
        and value is not null

)

select * from renamed
