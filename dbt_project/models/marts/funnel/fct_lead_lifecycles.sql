with

lifecycles as (

    select * from {{ ref('int_lead_lifecycles') }}

),

people as (

    select * from {{ ref('int_people_golden') }}

),

touches as (

    select
        person_number,
        touched_at,
        touch_order,
        channel
    from {{ ref('int_touches_sorted') }}
    where
        is_marketing
        and person_number is not null

),

-- The touch that made the lead: the last marketing touch at or before the lead entry, else before the cycle's start.
creation_channels as (

    select
        lifecycles.person_number,
        lifecycles.cycle_number,
        max_by(touches.channel, touches.touch_order) as channel
    from lifecycles
    inner join touches
        on
            lifecycles.person_number = touches.person_number
            and touches.touched_at <= coalesce(lifecycles.lead_at, lifecycles.cycle_started_at)
    group by lifecycles.person_number, lifecycles.cycle_number

),

final as (

    select
        -- ids
        people.person_id,
        lifecycles.cycle_number,
        people.owner_id,

        -- strings
        coalesce(creation_channels.channel, 'unattributed') as channel,
        people.lead_source,
        lifecycles.current_stage,
        lifecycles.exit_stage,
        lifecycles.exit_reason,

        -- numerics: calendar days in the reporting zone
        {%- for transition in [
            'lead_to_mql', 'mql_to_sql', 'sql_to_opportunity', 'opportunity_to_customer', 'lead_to_customer'
        ] %}
        cast(lifecycles.days_{{ transition }} as integer) as days_{{ transition }},
        {%- endfor %}

        -- booleans
        lifecycles.is_first_cycle,
        lifecycles.has_date_conflict,
        lifecycles.reached_mql,
        lifecycles.reached_sal,
        lifecycles.reached_sql,
        lifecycles.reached_opportunity,
        lifecycles.reached_customer,

        -- timestamps
        lifecycles.cycle_started_at,
        lifecycles.lead_at,
        lifecycles.mql_at,
        lifecycles.sal_at,
        lifecycles.sql_at,
        lifecycles.opportunity_at,
        lifecycles.customer_at,
        lifecycles.exit_at
    from lifecycles
    inner join people
        on lifecycles.person_number = people.person_number
    left join creation_channels
        on
            lifecycles.person_number = creation_channels.person_number
            and lifecycles.cycle_number = creation_channels.cycle_number

)

select * from final
