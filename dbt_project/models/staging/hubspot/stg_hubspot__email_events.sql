with

events as (

    select * from {{ source('hubspot', 'email_event') }}

),

campaigns as (

    select * from {{ source('hubspot', 'email_campaign') }}

),

renamed as (

    select
        -- ids
        'hubspot' as source_system,
        events.id as email_event_id,
        cast(events.email_campaign_id as varchar) as campaign_record_id,

        -- strings
        events.recipient as email,
        case upper(events.type)
            when 'SPAMREPORT' then 'complaint'
            when 'STATUSCHANGE' then 'unsubscribe'
            when 'CLICK' then case when events.filtered_event then 'bot_click' else 'click' end
            when 'OPEN' then case when events.filtered_event then 'proxy_open' else 'open' end
            else lower(events.type)
        end as event_type,
        coalesce(campaigns.name, campaigns.subject) as campaign_name,

        -- timestamps
        events.created as occurred_at
    from events
    left join campaigns
        on events.email_campaign_id = campaigns.id

)

select * from renamed
