{%- set person_types = ['lead', 'mql', 'sql'] -%}

with

lifecycles as (

    select * from {{ ref('fct_lead_lifecycles') }}

),

people as (

    select * from {{ ref('int_people_golden') }}

),

opportunities as (

    select * from {{ ref('int_opportunities_resolved') }}

),

person_conversions as (

    {%- for type in person_types %}
    select
        '{{ type }}:' || lifecycles.person_id || ':' || cast(lifecycles.cycle_number as varchar) as conversion_id,
        '{{ type }}' as conversion_type,
        people.person_number,
        people.account_id,
        cast(null as varchar) as opportunity_id,
        cast(null as varchar) as opportunity_type,
        lifecycles.{{ type }}_at as converted_at,
        lifecycles.{{ type }}_at
        - interval {{ var('lookback_days')[type] }} day as journey_starts_at,
        cast(null as decimal(18, 2)) as value_reporting
    from lifecycles
    inner join people
        on lifecycles.person_id = people.person_id
    where lifecycles.{{ type }}_at is not null
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

opportunity_conversions as (

    select
        'opportunity:' || opportunity_id as conversion_id,
        'opportunity' as conversion_type,
        person_number,
        account_id,
        opportunity_id,
        opportunity_type,
        created_at as converted_at,
        created_at - interval {{ var('lookback_days')['opportunity'] }} day as journey_starts_at,
        coalesce(amount_reporting, 0) as value_reporting
    from opportunities
    where
        opportunity_type = 'new_business'
        and created_at is not null

),

won_conversions as (

    select
        'won:' || opportunity_id as conversion_id,
        'won' as conversion_type,
        person_number,
        account_id,
        opportunity_id,
        opportunity_type,
        won_at as converted_at,
        coalesce(created_at, won_at) - interval {{ var('lookback_days')['won'] }} day as journey_starts_at,
        coalesce(amount_reporting, 0) as value_reporting
    from opportunities
    where
        opportunity_type = 'new_business'
        and is_won
        and won_at is not null

),

final as (

    select * from person_conversions
    union all
    select * from opportunity_conversions
    union all
    select * from won_conversions

)

select
    *,
    cast(row_number() over (order by conversion_id) as integer) as conversion_number
from final
