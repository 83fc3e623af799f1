with

source as (

    select * from {{ source('marketo', 'activity_merge_leads') }}

),

-- The merged ids stand in one text, such as [1, 2].
merged_ids as (

    select
        cast(source.lead_id as varchar) as person_record_id,
        trim(split_ids.merged_id) as merged_person_record_id,
        source.activity_date as merged_at
    from source
    cross join {{ unnest_text(ids_in_text('source.merge_ids'), 'split_ids', 'merged_id') }}

),

renamed as (

    select
        -- ids
        'marketo' as source_system,
        person_record_id,
        merged_person_record_id,

        -- timestamps
        min(merged_at) as merged_at
    from merged_ids
    where merged_person_record_id <> ''
    group by person_record_id, merged_person_record_id

)

select * from renamed
