with

source as (

    select * from {{ source('marketo', 'lead') }}

),

deletions as (

    select * from {{ source('marketo', 'activity_delete_lead') }}

),

lead_merges as (

    select * from {{ source('marketo', 'activity_merge_leads') }}

),

-- A connector keeps the row of a lead that is gone; only an activity tells that it was deleted or merged away.
gone as (

    select cast(lead_id as varchar) as lead_id
    from deletions

    union

    select trim(merged_ids.merged_id) as lead_id
    from lead_merges
    cross join {{ unnest_text(ids_in_text('lead_merges.merge_ids'), 'merged_ids', 'merged_id') }}

),

renamed as (

    select
        -- ids
        'marketo' as source_system,
        cast(source.id as varchar) as person_record_id,
        cast(null as varchar) as account_record_id,
        source.owner_id,
        cast(null as varchar) as converted_from_record_id,

        -- strings
        source.email,
        coalesce(source.phone, source.mobile_phone) as phone,
        source.first_name,
        source.last_name,
        source.company,
        source.website as company_domain,
        source.country,
        source.title as job_title,
        source.lead_source,
        case when source.lifecycle_stage is not null then 'lifecycle_stage' else 'lead_status' end as stage_field,
        coalesce(source.lifecycle_stage, source.lead_status) as stage_value,

        -- booleans: one who has not unsubscribed has not consented thereby
        case when source.unsubscribed then false end as has_marketing_consent,
        coalesce(source._fivetran_deleted, false) or gone.lead_id is not null as is_deleted,

        -- timestamps
        source.created_at,
        source.updated_at
    from source
    left join gone
        on cast(source.id as varchar) = gone.lead_id

)

select * from renamed
