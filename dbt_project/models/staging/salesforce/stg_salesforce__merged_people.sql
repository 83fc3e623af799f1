with

leads as (

    select * from {{ source('salesforce', 'lead') }}

),

contacts as (

    select * from {{ source('salesforce', 'contact') }}

),

-- Salesforce deletes the record that was merged away and writes the id of the one that stayed on it.
combined as (

    select
        master_record_id,
        id,
        system_modstamp
    from leads
    where master_record_id is not null

    union all

    select
        master_record_id,
        id,
        system_modstamp
    from contacts
    where master_record_id is not null

),

deduplicated as (

    select
        -- ids
        'salesforce' as source_system,
        substr(master_record_id, 1, 15) as person_record_id,
        substr(id, 1, 15) as merged_person_record_id,

        -- timestamps
        min(system_modstamp) as merged_at
    from combined
    group by substr(master_record_id, 1, 15), substr(id, 1, 15)

)

select * from deduplicated
