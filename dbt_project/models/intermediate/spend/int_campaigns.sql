with

campaigns as (

    select * from {{ ref('int_campaigns_unioned') }}

),

ad_channels as (

    select * from {{ ref('ad_channels') }}

),

final as (

    select
        campaigns.source_system,
        campaigns.campaign_id,
        max(campaigns.ad_account_id) as ad_account_id,
        max(campaigns.name) as name,
        -- The company's word, else the campaign's type, else the platform.
        coalesce(max(campaigns.channel), max(by_type.channel), max(by_platform.channel), 'paid_other') as channel
    from campaigns
    left join ad_channels as by_type
        on
            campaigns.source_system = by_type.source_system
            and upper(campaigns.campaign_type) = by_type.campaign_type
    left join ad_channels as by_platform
        on
            campaigns.source_system = by_platform.source_system
            and by_platform.campaign_type is null
    group by campaigns.source_system, campaigns.campaign_id

)

select * from final
