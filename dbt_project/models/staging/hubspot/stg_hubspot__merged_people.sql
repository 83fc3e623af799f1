with

contacts as (

    select * from {{ source('hubspot', 'contact') }}

),

merge_audit as (

    select * from {{ source('hubspot', 'contact_merge_audit') }}

),

-- Newer portals keep merges on the contact, older ones in an audit table; a merge met in both is one.
combined as (

    select
        cast(canonical_vid as varchar) as person_record_id,
        cast(vid_to_merge as varchar) as merged_person_record_id,
        timestamp as merged_at
    from merge_audit

    union all

    select
        cast(id as varchar) as person_record_id,
        trim(merged_id) as merged_person_record_id,
        cast(null as timestamp) as merged_at
    from contacts
    cross join {{ unnest_text("string_split(contacts.property_hs_merged_object_ids, ';')", 'merged_ids', 'merged_id') }}
    where contacts.property_hs_merged_object_ids is not null

),

deduplicated as (

    select
        -- ids
        'hubspot' as source_system,
        person_record_id,
        merged_person_record_id,

        -- timestamps
        min(merged_at) as merged_at
    from combined
    where merged_person_record_id <> ''
    group by person_record_id, merged_person_record_id

)

select * from deduplicated
