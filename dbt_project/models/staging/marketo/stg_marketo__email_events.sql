with

sends as (

    select * from {{ source('marketo', 'activity_send_email') }}

),

deliveries as (

    select * from {{ source('marketo', 'activity_email_delivered') }}

),

opens as (

    select * from {{ source('marketo', 'activity_open_email') }}

),

clicks as (

    select * from {{ source('marketo', 'activity_click_email') }}

),

bounces as (

    select * from {{ source('marketo', 'activity_email_bounced') }}

),

soft_bounces as (

    select * from {{ source('marketo', 'activity_email_bounced_soft') }}

),

unsubscriptions as (

    select * from {{ source('marketo', 'activity_unsubscribe_email') }}

),

leads as (

    select * from {{ source('marketo', 'lead') }}

),

lead_merges as (

    select * from {{ source('marketo', 'activity_merge_leads') }}

),

campaigns as (

    select * from {{ source('marketo', 'campaign') }}

),

templates as (

    select * from {{ source('marketo', 'email_template_history') }}

),

-- A history table has several versions of an e-mail: the newest is the current one.
current_templates as (

    select
        id,
        max_by(name, updated_at) as name
    from templates
    group by id

),

-- An activity keeps the id of a lead that was merged away later, whose own address may be gone with it.
survivors as (

    select
        trim(merged_ids.merged_id) as merged_lead_id,
        max_by(lead_merges.lead_id, lead_merges.activity_date) as lead_id
    from lead_merges
    cross join {{ unnest_text(ids_in_text('lead_merges.merge_ids'), 'merged_ids', 'merged_id') }}
    group by trim(merged_ids.merged_id)

),

resolved_sends as (

    select
        sends.*,
        coalesce(survivors.lead_id, sends.lead_id) as surviving_lead_id
    from sends
    left join survivors
        on cast(sends.lead_id as varchar) = survivors.merged_lead_id

),

-- A run of a campaign sends an e-mail to a lead once: an id that comes twice for that is one send (landed again after
-- a merge), an id that comes twice for more is as many sends.
distinct_sends as (

    select
        id,
        primary_attribute_value_id,
        campaign_id,
        campaign_run_id,
        surviving_lead_id as lead_id,
        max(primary_attribute_value) as primary_attribute_value,
        max(lower(action_result)) as action_result,
        min(activity_date) as activity_date,
        count(*) over (partition by id) as sends_with_id
    from resolved_sends
    group by id, primary_attribute_value_id, campaign_id, campaign_run_id, surviving_lead_id

),

activities as (

    select
        case
            when sends_with_id = 1 then id
            else
                concat_ws(
                    '-', id, coalesce(primary_attribute_value_id, 0), coalesce(campaign_id, 0), coalesce(campaign_run_id, 0), lead_id
                )
        end as email_event_id,
        lead_id,
        campaign_id,
        primary_attribute_value_id,
        primary_attribute_value,
        cast(null as varchar) as event_email,
        -- A skipped or failed step of a flow sent nothing; it keeps its own name and is counted nowhere.
        case when coalesce(action_result, 'succeeded') = 'succeeded' then 'sent' else action_result end as event_type,
        activity_date
    from distinct_sends

    union all

    select
        id as email_event_id,
        lead_id,
        campaign_id,
        primary_attribute_value_id,
        primary_attribute_value,
        cast(null as varchar) as event_email,
        'delivered' as event_type,
        activity_date
    from deliveries

    union all

    select
        id as email_event_id,
        lead_id,
        campaign_id,
        primary_attribute_value_id,
        primary_attribute_value,
        cast(null as varchar) as event_email,
        -- Apple Mail Privacy Protection loads pictures by itself and calls itself by this bare name.
        case when is_bot_activity or trim(user_agent) = 'Mozilla/5.0' then 'proxy_open' else 'open' end as event_type,
        activity_date
    from opens

    union all

    select
        id as email_event_id,
        lead_id,
        campaign_id,
        primary_attribute_value_id,
        primary_attribute_value,
        cast(null as varchar) as event_email,
        case when is_bot_activity then 'bot_click' else 'click' end as event_type,
        activity_date
    from clicks

    union all

    select
        id as email_event_id,
        lead_id,
        campaign_id,
        primary_attribute_value_id,
        primary_attribute_value,
        email as event_email,
        'bounce' as event_type,
        activity_date
    from bounces

    union all

    select
        id as email_event_id,
        lead_id,
        campaign_id,
        primary_attribute_value_id,
        primary_attribute_value,
        email as event_email,
        'bounce' as event_type,
        activity_date
    from soft_bounces

    union all

    select
        id as email_event_id,
        lead_id,
        campaign_id,
        primary_attribute_value_id,
        primary_attribute_value,
        cast(null as varchar) as event_email,
        'unsubscribe' as event_type,
        activity_date
    from unsubscriptions

),

renamed as (

    select
        -- ids
        'marketo' as source_system,
        activities.email_event_id,
        cast(activities.campaign_id as varchar) as campaign_record_id,

        -- strings
        coalesce(activities.event_email, leads.email, surviving_leads.email) as email,
        activities.event_type,
        coalesce(campaigns.name, current_templates.name, activities.primary_attribute_value) as campaign_name,

        -- timestamps
        activities.activity_date as occurred_at
    from activities
    left join leads
        on activities.lead_id = leads.id
    left join survivors
        on cast(activities.lead_id as varchar) = survivors.merged_lead_id
    left join leads as surviving_leads
        on survivors.lead_id = surviving_leads.id
    left join campaigns
        on activities.campaign_id = campaigns.id
    left join current_templates
        on activities.primary_attribute_value_id = current_templates.id

)

select * from renamed
