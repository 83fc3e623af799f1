with

changes as (

    select * from {{ source('marketo', 'activity_change_data_value') }}

),

fields as (

    select * from {{ source('marketo', 'lead_describe') }}

),

-- A change names its field by the id in lead_describe; where that is missing, by the name that users see.
named as (

    select
        changes.*,
        lower(regexp_replace(coalesce(fields.restname, changes.primary_attribute_value), '[^A-Za-z]', '', 'g')) as field_name,
        coalesce(lower(fields.data_type) in ('date', 'datetime'), false) as is_date
    from changes
    left join fields
        on changes.primary_attribute_value_id = fields.id

),

renamed as (

    select
        -- ids
        'marketo' as source_system,
        id as stage_change_id,
        cast(lead_id as varchar) as person_record_id,

        -- strings: lifecycle fields are custom ones, so they are told by their name
        case
            when field_name in ('leadstatus', 'personstatus') then 'lead_status'
            else 'lifecycle_stage'
        end as stage_field,
        new_value as stage_value,
        reason,

        -- timestamps
        activity_date as entered_at
    from named
    where
        new_value is not null
        and not is_date
        and (
            field_name in ('leadstatus', 'personstatus')
            or field_name like '%lifecyclestage%'
            or field_name like '%lifecyclestatus%'
        )
        and field_name not like '%date%'

)

select * from renamed
