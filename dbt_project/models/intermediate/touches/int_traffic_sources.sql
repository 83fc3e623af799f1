with

sessions as (

    select * from {{ ref('int_sessions_unioned') }}

),

channel_rules as (

    select * from {{ ref('channel_rules') }}

),

channels as (

    select * from {{ ref('channels') }}

),

campaigns as (

    select * from {{ ref('int_campaigns') }}

),

-- The rules run once per distinct combination, not once per session.
combinations as (

    select distinct
        utm_source,
        utm_medium,
        utm_campaign,
        referrer_host,
        click_id_platform
    from sessions

),

normalised as (

    select
        *,
        nullif(nullif(nullif(lower(trim(utm_source)), ''), '(direct)'), '(not set)') as source_name,
        nullif(nullif(nullif(lower(trim(utm_medium)), ''), '(none)'), '(not set)') as medium_name,
        nullif(nullif(lower(trim(utm_campaign)), ''), '(not set)') as campaign_name
    from combinations

),

-- A UTM campaign is an ad campaign where it spells exactly one campaign's id or name.
campaign_spellings as (

    select
        lower(trim(campaign_id)) as spelling,
        campaign_id,
        channel
    from campaigns

    union

    select
        lower(trim(name)) as spelling,
        campaign_id,
        channel
    from campaigns
    where name is not null

),

unique_spellings as (

    select
        spelling,
        min(campaign_id) as campaign_id,
        min(channel) as channel
    from campaign_spellings
    group by spelling
    having count(distinct campaign_id) = 1

),

ruled as (

    select
        normalised.utm_source,
        normalised.utm_medium,
        normalised.utm_campaign,
        normalised.referrer_host,
        normalised.click_id_platform,
        min(channel_rules.rule_order) as rule_order
    from normalised
    inner join channel_rules
        on
            (
                channel_rules.source_pattern is null
                or {{ matches('normalised.source_name', 'channel_rules.source_pattern') }}
            )
            and (
                channel_rules.medium_pattern is null
                or {{ matches('normalised.medium_name', 'channel_rules.medium_pattern') }}
            )
            and (
                channel_rules.campaign_pattern is null
                or {{ matches('normalised.campaign_name', 'channel_rules.campaign_pattern') }}
            )
            and (
                channel_rules.referrer_pattern is null
                or (
                    normalised.source_name is null
                    and normalised.medium_name is null
                    and {{ matches('normalised.referrer_host', 'channel_rules.referrer_pattern') }}
                )
            )
            and (
                channel_rules.click_id_platform is null
                or normalised.click_id_platform = channel_rules.click_id_platform
            )
            and (
                channel_rules.is_direct is null
                or (
                    normalised.source_name is null
                    and normalised.medium_name is null
                    and normalised.referrer_host is null
                    and normalised.click_id_platform is null
                )
            )
    group by
        normalised.utm_source,
        normalised.utm_medium,
        normalised.utm_campaign,
        normalised.referrer_host,
        normalised.click_id_platform

),

channelled as (

    select
        normalised.utm_source,
        normalised.utm_medium,
        normalised.utm_campaign,
        normalised.referrer_host,
        normalised.click_id_platform,
        unique_spellings.campaign_id,
        -- A touch matched to an ad campaign takes that campaign's channel, which also channels its spend.
        coalesce(unique_spellings.channel, channel_rules.channel, 'unassigned') as channel
    from normalised
    left join unique_spellings
        on normalised.campaign_name = unique_spellings.spelling
    left join ruled
        on
            normalised.utm_source is not distinct from ruled.utm_source
            and normalised.utm_medium is not distinct from ruled.utm_medium
            and normalised.utm_campaign is not distinct from ruled.utm_campaign
            and normalised.referrer_host is not distinct from ruled.referrer_host
            and normalised.click_id_platform is not distinct from ruled.click_id_platform
    left join channel_rules
        on ruled.rule_order = channel_rules.rule_order

),

final as (

    select
        channelled.*,
        channels.channel_code
    from channelled
    inner join channels
        on channelled.channel = channels.channel

)

select * from final
