with

source as (

    select * from {{ source('google_ads', 'campaign_history') }}

),

-- The history holds several versions of a campaign; the newest one stands.
latest as (

    select
        -- ids
        'google_ads' as source_system,
        cast(max_by(customer_id, updated_at) as varchar) as ad_account_id,
        cast(id as varchar) as campaign_id,

        -- strings
        max_by(name, updated_at) as name,
        max_by(advertising_channel_type, updated_at) as campaign_type,
        cast(null as varchar) as channel
    from source
    group by id

)

select * from latest
