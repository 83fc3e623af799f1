with

source as (

    select * from {{ source('web', 'sessions') }}

),

renamed as (

    select
        -- ids
        'web' as source_system,
        session_id,
        anonymous_id,

        -- strings
        landing_url,
        referrer,
        utm_source,
        utm_medium,
        utm_campaign,
        case
            when coalesce(gclid, gbraid, wbraid) is not null then 'google'
            when msclkid is not null then 'microsoft'
            when li_fat_id is not null then 'linkedin'
            when ttclid is not null then 'tiktok'
        end as click_id_platform,

        -- numerics
        page_views,

        -- timestamps
        started_at
    from source

)

select * from renamed
