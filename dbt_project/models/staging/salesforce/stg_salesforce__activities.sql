with

tasks as (

    select * from {{ source('salesforce', 'task') }}

),

events as (

    select * from {{ source('salesforce', 'event') }}

),

-- History mode, or two connectors, give several versions of an id: the newest one stands.
ranked_tasks as (

    select
        *,
        row_number() over (
            partition by substr(id, 1, 15)
            order by system_modstamp desc nulls last, _fivetran_start desc nulls last, id desc
        ) as recency
    from tasks

),

ranked_events as (

    select
        *,
        row_number() over (
            partition by substr(id, 1, 15)
            order by system_modstamp desc nulls last, _fivetran_start desc nulls last, id desc
        ) as recency
    from events

),

-- A to-do that is not done yet is no activity.
done_tasks as (

    select
        -- ids
        'salesforce' as source_system,
        substr(id, 1, 15) as activity_id,
        substr(who_id, 1, 15) as person_record_id,
        substr(owner_id, 1, 15) as owner_id,

        -- strings
        case
            when lower(task_subtype) = 'listemail' then 'list_email'
            when lower(call_type) = 'inbound' then 'inbound_call'
            when lower(task_subtype) in ('call', 'email') then lower(task_subtype)
            else lower(coalesce(type, task_subtype, 'task'))
        end as activity_type,

        -- timestamps
        coalesce(completed_date_time, activity_date, created_date) as occurred_at
    from ranked_tasks
    where
        recency = 1
        and not coalesce(is_deleted, false)
        and not coalesce(_fivetran_deleted, false)
        and coalesce(_fivetran_active, true)
        and not coalesce(is_recurrence, false)
        and coalesce(is_closed, lower(status) in ('completed', 'terminé', 'terminée'), true)

),

-- Each colleague who was invited holds a copy of the event: the organiser's alone counts.
held_events as (

    select
        -- ids
        'salesforce' as source_system,
        substr(id, 1, 15) as activity_id,
        substr(who_id, 1, 15) as person_record_id,
        substr(owner_id, 1, 15) as owner_id,

        -- strings
        lower(coalesce(type, 'meeting')) as activity_type,

        -- timestamps
        coalesce(activity_date_time, activity_date, created_date) as occurred_at
    from ranked_events
    where
        recency = 1
        and not coalesce(is_deleted, false)
        and not coalesce(_fivetran_deleted, false)
        and coalesce(_fivetran_active, true)
        and not coalesce(is_recurrence, false)
        and not coalesce(is_child, false)

),

combined as (

    select * from done_tasks
    union all
    select * from held_events

)

select * from combined
