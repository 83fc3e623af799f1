{%- set stages = ['lead', 'mql', 'sal', 'sql', 'opportunity', 'customer'] -%}
{%- set transitions = [
    ('lead', 'mql'), ('mql', 'sql'), ('sql', 'opportunity'), ('opportunity', 'customer'), ('lead', 'customer')
] -%}

with

entries as (

    select * from {{ ref('int_stage_entries_sequenced') }}
    where cycle_number > 0

),

cycles as (

    select
        person_number,
        cycle_number,
        min(case when stage_rank > 0 then entered_at end) as cycle_started_at,
        {%- for stage in stages %}
        min(case when stage = '{{ stage }}' then entered_at end) as {{ stage }}_at,
        {%- endfor %}
        min_by(entered_at, entry_number) filter (where is_exit) as exit_at,
        min_by(stage, entry_number) filter (where is_exit) as exit_stage,
        min_by(coalesce(reason, stage), entry_number) filter (where is_exit) as exit_reason,
        max(stage_rank) as highest_rank,
        max_by(stage, entry_number) as current_stage,
        max_by(entered_at, entry_number) as current_stage_entered_at
    from entries
    group by person_number, cycle_number

),

final as (

    select
        person_number,
        cycle_number,
        cycle_number = 1 as is_first_cycle,
        cycle_started_at,
        -- A stage dated before an earlier stage of its cycle; an exit comes after all of them.
        {%- for stage in stages %}
        {% if not loop.first %}or {% endif -%}
        coalesce({{ stage }}_at > least({{ (stages[loop.index:] + ['exit']) | join('_at, ') }}_at), false)
        {%- endfor %} as has_date_conflict,
        {%- for stage in stages %}
        {{ stage }}_at,
        {%- endfor %}
        exit_at,
        exit_stage,
        exit_reason,
        -- A skipped stage counts as reached.
        {%- for stage in stages[1:] %}
        highest_rank >= {{ loop.index + 1 }} as reached_{{ stage }},
        {%- endfor %}
        {%- for from_stage, to_stage in transitions %}
        {{ dbt.datediff(reporting_date(from_stage ~ '_at'), reporting_date(to_stage ~ '_at'), 'day') }}
            as days_{{ from_stage }}_to_{{ to_stage }},
        {%- endfor %}
        current_stage,
        current_stage_entered_at
    from cycles

)

select * from final
