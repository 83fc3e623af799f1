with

source as (

    select * from {{ source('events', 'attendance') }}

),

renamed as (

    select
        -- ids
        'events' as source_system,
        id as attendance_id,
        campaign_id as campaign_record_id,

        -- strings
        email,
        event_name,

        -- timestamps
        attended_at
    from source

)

select * from renamed
