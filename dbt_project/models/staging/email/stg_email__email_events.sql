with

source as (

    select * from {{ source('email', 'events') }}

),

renamed as (

    select
        -- ids
        'email' as source_system,
        event_id as email_event_id,
        campaign_id as campaign_record_id,

        -- strings
        email,
        lower(event_type) as event_type,
        campaign_name,

        -- timestamps
        occurred_at
    from source

)

select * from renamed
