with

source as (

    select * from {{ source('brevo', 'crm_deals') }}

),

pipeline_stages as (

    select * from {{ source('brevo', 'crm_pipeline_stages') }}

),

deals as (

    select
        id,
        coalesce(deal_stage, {{ json_text('attributes', 'deal_stage') }}) as stage_id,
        coalesce(stage_updated_at, {{ instant_to_utc(json_text('attributes', 'stage_updated_at')) }}) as stage_updated_at,
        linked_contacts_ids
    from source
    where not coalesce(_fivetran_deleted, false)

),

-- Brevo keeps no history of a deal's stages: the entry to the present one is all that is known.
linked as (

    select distinct
        deals.id as deal_id,
        linked_contacts.contact_id,
        deals.stage_id,
        deals.stage_updated_at
    from deals
    cross join {{ unnest_text(json_list('deals.linked_contacts_ids'), 'linked_contacts', 'contact_id') }}
    where
        deals.stage_id is not null
        and deals.stage_updated_at is not null

),

renamed as (

    select
        -- ids
        'brevo' as source_system,
        linked.deal_id || '-' || linked.contact_id as stage_change_id,
        linked.contact_id as person_record_id,

        -- strings
        'deal_stage' as stage_field,
        coalesce(pipeline_stages.name, linked.stage_id) as stage_value,
        cast(null as varchar) as reason,

        -- timestamps
        linked.stage_updated_at as entered_at
    from linked
    left join pipeline_stages
        on linked.stage_id = pipeline_stages.id

)

select * from renamed
