with

visits as (

    select * from {{ source('matomo', 'log_visit') }}

),

link_visit_actions as (

    select * from {{ source('matomo', 'log_link_visit_action') }}

),

actions as (

    select * from {{ source('matomo', 'log_action') }}

),

urls as (

    select
        idaction,
        case url_prefix
            when 0 then 'http://'
            when 1 then 'http://www.'
            when 2 then 'https://'
            when 3 then 'https://www.'
            else ''
        end || name as url
    from actions
    where type = 1

),

-- Downloads, outlinks and searches are actions too, and no page views.
page_views as (

    select
        link_visit_actions.idvisit,
        count(urls.idaction) as page_views
    from link_visit_actions
    left join urls
        on link_visit_actions.idaction_url = urls.idaction
    group by link_visit_actions.idvisit

),

landed as (

    select
        visits.*,
        urls.url as landing_url,
        page_views.page_views
    from visits
    left join urls
        on visits.visit_entry_idaction_url = urls.idaction
    left join page_views
        on visits.idvisit = page_views.idvisit

),

renamed as (

    select
        -- ids
        'matomo' as source_system,
        'matomo-' || idvisit as session_id,
        -- Without a cookie the id changes from day to day: such visits are counted and joined to nobody.
        case when coalesce(profilable, true) then regexp_replace(lower(idvisitor), '^0x', '') end as anonymous_id,

        -- strings
        landing_url,
        referer_url as referrer,
        coalesce(
            campaign_source,
            {{ url_parameter('landing_url', 'utm_source') }},
            -- Matomo knows the engine, network or assistant by name.
            case when referer_type in (2, 7, 8) then lower(referer_name) end
        ) as utm_source,
        coalesce(
            campaign_medium,
            {{ url_parameter('landing_url', 'utm_medium') }},
            -- A campaign whose medium is unknown is a campaign nevertheless, and not direct traffic.
            case referer_type when 2 then 'organic' when 6 then 'campaign' when 7 then 'social' end
        ) as utm_medium,
        coalesce(
            campaign_name,
            case when referer_type = 6 then referer_name end,
            {{ url_parameter('landing_url', 'utm_campaign') }}
        ) as utm_campaign,
        {{ click_id_platform('landing_url') }} as click_id_platform,

        -- numerics
        page_views,

        -- timestamps
        visit_first_action_time as started_at
    from landed

)

select * from renamed
