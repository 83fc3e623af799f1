{%- set stages = ['lead', 'mql', 'sal', 'sql', 'opportunity', 'customer'] -%}
{%- set transitions = [
    'lead_to_mql', 'mql_to_sql', 'sql_to_opportunity', 'opportunity_to_customer', 'lead_to_customer'
] -%}
{%- set period_grains = period_grains() -%}

with

lifecycles as (

    select * from {{ ref('fct_lead_lifecycles') }}

),

people as (

    select * from {{ ref('int_people_golden') }}

),

opportunities as (

    select * from {{ ref('int_opportunities_resolved') }}
    where
        opportunity_type = 'new_business'
        and created_at is not null

),

accounts as (

    select * from {{ ref('int_accounts_acquired') }}

),

maturity as (

    select * from {{ ref('int_transition_maturity') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

cycles as (

    select
        *,
        coalesce(lead_source, '(none)') as lead_source_group,
        -- Negative days stay in the fact and out of medians and percentiles.
        {%- for transition in transitions %}
        cast(case when days_{{ transition }} >= 0 then days_{{ transition }} end as double) as {{ transition }},
        {%- endfor %}
        {{ reporting_date('cycle_started_at') }} as started_on
    from lifecycles

),

-- An opportunity is counted once, in the cycle in which its primary contact was when it was created.
opportunities_placed as (

    select
        opportunities.opportunity_id,
        people.person_id,
        max(cycles.cycle_number) as cycle_number
    from opportunities
    inner join clock
        on opportunities.created_at <= clock.as_of_at
    inner join people
        on opportunities.person_number = people.person_number
    inner join cycles
        on people.person_id = cycles.person_id
    where
        cycles.is_first_cycle
        or cycles.cycle_started_at <= opportunities.created_at
    group by opportunities.opportunity_id, people.person_id

),

cycle_opportunities as (

    select
        opportunities_placed.person_id,
        opportunities_placed.cycle_number,
        count(*) as opportunity_count,
        count(accounts.account_id) as customer_accounts
    from opportunities_placed
    left join accounts
        on opportunities_placed.opportunity_id = accounts.opportunity_id
    group by opportunities_placed.person_id, opportunities_placed.cycle_number

),

cohorts as (

    {%- for period_grain in period_grains %}
    select
        '{{ period_grain }}' as period_grain,
        cast({{ dbt.date_trunc(period_grain, 'cycles.started_on') }} as date) as period_start,
        cycles.channel,
        cycles.lead_source_group as lead_source,
        count(*) as leads,
        {%- for transition in transitions %}
        percentile_cont(0.5) within group (order by cycles.{{ transition }}) as median_days_{{ transition }},
        percentile_cont(0.9) within group (order by cycles.{{ transition }}) as p90_days_{{ transition }},
        {%- endfor %}
        {%- for stage in stages[1:] %}
        sum(case when cycles.reached_{{ stage }} then 1 else 0 end) as reached_{{ stage }},
        {%- endfor %}
        coalesce(sum(cycle_opportunities.opportunity_count), 0) as opportunity_count,
        coalesce(sum(cycle_opportunities.customer_accounts), 0) as customer_accounts
    from cycles
    left join cycle_opportunities
        on
            cycles.person_id = cycle_opportunities.person_id
            and cycles.cycle_number = cycle_opportunities.cycle_number
    group by 1, 2, 3, 4
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

-- One row: the age in days at which each transition is mature, NULL while it never is.
maturity_days as (

    select
        {%- for transition in transitions[:-1] %}
        max(case when transition = '{{ transition }}' then days_to_maturity end) as {{ transition }},
        {%- endfor %}
        max(case when transition = 'lead_to_customer' then days_to_maturity end) as lead_to_customer
    from maturity

),

with_age as (

    select
        cohorts.*,
        {{ dbt.datediff(
            "case cohorts.period_grain"
            ~ " when 'week' then " ~ dbt.dateadd('day', 6, 'cohorts.period_start')
            ~ " when 'month' then " ~ dbt.last_day('cohorts.period_start', 'month')
            ~ " else " ~ dbt.last_day('cohorts.period_start', 'quarter') ~ " end",
            'clock.as_of_date',
            'day'
        ) }} as age_days
    from cohorts
    cross join clock

),

final as (

    select
        -- dimensions
        with_age.period_grain,
        with_age.period_start,
        with_age.channel,
        with_age.lead_source,

        -- counts
        with_age.leads,
        {%- for stage in stages[1:] %}
        cast(with_age.reached_{{ stage }} as bigint) as {{ 'opportunities' if stage == 'opportunity' else stage ~ 's' }},
        {%- endfor %}
        cast(with_age.opportunity_count as bigint) as opportunity_count,
        cast(with_age.customer_accounts as bigint) as customer_accounts,

        -- rates
        {%- for from_stage in stages[:-1] %}
        {%- set to_stage = stages[loop.index] %}
        cast(with_age.reached_{{ to_stage }} as double)
        / nullif({{ 'with_age.leads' if from_stage == 'lead' else 'with_age.reached_' ~ from_stage }}, 0)
            as {{ from_stage }}_to_{{ to_stage }}_rate,
        {%- endfor %}
        cast(with_age.reached_customer as double) / with_age.leads as lead_to_customer_rate,

        -- days
        {%- for transition in transitions %}
        with_age.median_days_{{ transition }},
        with_age.p90_days_{{ transition }},
        {%- endfor %}

        -- maturity
        {%- for transition in transitions[:-1] %}
        coalesce(with_age.age_days >= maturity_days.{{ transition }}, false) as is_mature_{{ transition }},
        {%- endfor %}
        coalesce(with_age.age_days >= maturity_days.lead_to_customer, false) as is_mature
    from with_age
    cross join maturity_days

)

select * from final
