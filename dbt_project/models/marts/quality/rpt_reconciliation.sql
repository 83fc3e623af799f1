{%- set models = ['first_touch', 'last_touch', 'linear'] -%}
{%- set grains = ['week', 'month', 'quarter'] -%}

with

files as (

    select * from {{ ref('stg_ledger__files') }}

),

ad_reports as (

    select * from {{ ref('int_ad_reports_unioned') }}

),

ad_spend as (

    select * from {{ ref('fct_ad_spend') }}

),

person_records as (

    select * from {{ ref('int_people_unioned') }}

),

people as (

    select * from {{ ref('dim_people') }}

),

staged_opportunities as (

    select * from {{ ref('int_opportunities_unioned') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

sessions as (

    select * from {{ ref('stg_web__sessions') }}

),

email_events as (

    select * from {{ ref('int_email_events_unioned') }}

),

touches as (

    select * from {{ ref('fct_touches') }}

),

folded_clicks as (

    select * from {{ ref('int_email_click_touches') }}

),

lifecycles as (

    select * from {{ ref('fct_lead_lifecycles') }}

),

funnel as (

    select * from {{ ref('rpt_funnel_cohorts') }}

),

conversions as (

    select * from {{ ref('fct_conversions') }}

),

credits as (

    select * from {{ ref('fct_attribution_credits') }}

),

attribution as (

    select * from {{ ref('rpt_attribution') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

raw_rows as (
{{ raw_row_counts() }}
),

-- Files: every row that was met is accounted for, and every row taken over stands in the raw table or was superseded.
accounted as (

    select
        'rows in files of ' || source || '.' || table_name as what,
        cast(sum(rows_in_file) as decimal(38, 6)) as expected,
        cast(sum(rows_loaded + rows_quarantined + rows_duplicate) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from files
    where table_name is not null
    group by source, table_name

),

taken_over as (

    select
        source,
        table_name,
        sum(rows_loaded) as rows_loaded,
        sum(rows_superseded) as rows_superseded
    from files
    where table_name is not null
    group by source, table_name

),

kept as (

    select
        'rows loaded into ' || raw_rows.source || '.' || raw_rows.table_name as what,
        cast(coalesce(taken_over.rows_loaded, 0) as decimal(38, 6)) as expected,
        cast(raw_rows.rows_now as decimal(38, 6)) as actual,
        cast(-coalesce(taken_over.rows_superseded, 0) as decimal(38, 6)) as explained,
        'rows superseded by a newer version' as rule
    from raw_rows
    left join taken_over
        on
            raw_rows.source = taken_over.source
            and raw_rows.table_name = taken_over.table_name

),

-- Ads: a plain sum of the coarsest report per account and day is what the fact must hold.
coarsest as (

    select
        source_system,
        currency,
        spend,
        clicks,
        impressions,
        level_rank = min(level_rank) over (partition by source_system, ad_account_id, date_day) as is_total
    from ad_reports

),

ad_expected as (

    select
        source_system,
        currency,
        sum(spend) as spend,
        sum(clicks) as clicks,
        sum(impressions) as impressions
    from coarsest
    where is_total
    group by source_system, currency

),

ad_actual as (

    select
        source_system,
        currency,
        sum(spend) as spend,
        sum(clicks) as clicks,
        sum(impressions) as impressions
    from ad_spend
    group by source_system, currency

),

ads as (

    {%- for measure in ['spend', 'clicks', 'impressions'] %}
    select
        '{{ measure }} of ' || coalesce(ad_expected.source_system, ad_actual.source_system)
        || ' in ' || coalesce(ad_expected.currency, ad_actual.currency, 'no currency') as what,
        cast(coalesce(ad_expected.{{ measure }}, 0) as decimal(38, 6)) as expected,
        cast(coalesce(ad_actual.{{ measure }}, 0) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from ad_expected
    full outer join ad_actual
        on
            ad_expected.source_system = ad_actual.source_system
            and ad_expected.currency is not distinct from ad_actual.currency
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

-- People and opportunities.
people_records as (

    select
        'CRM records carried by people' as what,
        cast((select count(*) from person_records) as decimal(38, 6)) as expected,
        cast(coalesce(sum(crm_records), 0) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from people

),

opportunity_counts as (

    select
        'opportunities' as what,
        cast((select count(*) from staged_opportunities) as decimal(38, 6)) as expected,
        cast(count(*) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from opportunities

),

won_expected as (

    select
        currency,
        sum(amount) as amount
    from staged_opportunities
    where is_won
    group by currency

),

won_actual as (

    select
        currency,
        sum(amount) as amount
    from opportunities
    where is_won
    group by currency

),

won_amounts as (

    select
        'won amount in ' || coalesce(won_expected.currency, won_actual.currency, 'no currency') as what,
        cast(coalesce(won_expected.amount, 0) as decimal(38, 6)) as expected,
        cast(coalesce(won_actual.amount, 0) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from won_expected
    full outer join won_actual
        on won_expected.currency is not distinct from won_actual.currency

),

new_business_wins as (

    select
        'won opportunities as conversions' as what,
        cast(
            (
                select count(*) from opportunities
                where is_won
            ) as decimal(38, 6)
        ) as expected,
        cast(count(*) as decimal(38, 6)) as actual,
        -cast(
            (
                select count(*) from opportunities
                where
                    is_won
                    and (opportunity_type <> 'new_business' or won_at is null)
            ) as decimal(38, 6)
        ) as explained,
        'expansions, renewals and wins without a date are no new-business conversions' as rule
    from conversions
    where conversion_type = 'won'

),

-- Touches.
session_touches as (

    select
        'web sessions as touches' as what,
        cast(
            (
                select count(*) from sessions
                inner join clock
                    on sessions.started_at <= clock.as_of_at
            ) as decimal(38, 6)
        ) as expected,
        cast(count(*) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from touches
    where
        source_system = 'web'
        and touch_type in ('session', 'email_click')

),

click_touches as (

    select
        'e-mail clicks as touches' as what,
        cast(
            (
                select count(*) from email_events
                inner join clock
                    on email_events.occurred_at <= clock.as_of_at
                where email_events.event_type = 'click'
            ) as decimal(38, 6)
        ) as expected,
        cast(
            (
                select count(*) from touches
                where
                    touch_type = 'email_click'
                    and source_system <> 'web'
            ) as decimal(38, 6)
        ) as actual,
        -cast(
            (
                select count(*) from folded_clicks
                where session_id is not null
            )
            + (
                select count(*) from email_events
                inner join clock
                    on email_events.occurred_at <= clock.as_of_at
                where
                    email_events.event_type = 'click'
                    and email_events.email_key is null
            ) as decimal(38, 6)
        ) as explained,
        'clicks folded into the session that they started, and clicks without a usable address' as rule

),

-- Funnel and attribution.
funnel_leads as (

    {%- for grain in grains %}
    select
        'lifecycles in the funnel by {{ grain }}' as what,
        cast((select count(*) from lifecycles) as decimal(38, 6)) as expected,
        cast(coalesce(sum(leads), 0) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from funnel
    where period_grain = '{{ grain }}'
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

conversion_totals as (

    select
        conversion_type,
        count(*) as conversions,
        coalesce(sum(value_reporting), 0) as value_reporting
    from conversions
    group by conversion_type

),

credited as (

    {%- for model in models %}
    select
        'conversions of type ' || conversion_totals.conversion_type || ' credited by {{ model }}' as what,
        cast(conversion_totals.conversions as decimal(38, 6)) as expected,
        cast(coalesce(sum(cast(credits.credit_{{ model }} as decimal(28, 15))), 0) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from conversion_totals
    left join credits
        on conversion_totals.conversion_type = credits.conversion_type
    group by conversion_totals.conversion_type, conversion_totals.conversions
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

report_values as (

    select
        'value of type ' || attribution.conversion_type || ' credited by ' || attribution.model
        || ' by ' || attribution.period_grain as what,
        cast(max(coalesce(conversion_totals.value_reporting, 0)) as decimal(38, 6)) as expected,
        cast(sum(attribution.value_reporting) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from attribution
    left join conversion_totals
        on attribution.conversion_type = conversion_totals.conversion_type
    where attribution.conversion_type in ('opportunity', 'won')
    group by attribution.conversion_type, attribution.model, attribution.period_grain

),

spend_total as (

    select cast(coalesce(sum(spend_reporting), 0) as decimal(38, 6)) as spend_reporting
    from ad_spend

),

report_spend as (

    select
        'spend beside type ' || attribution.conversion_type || ' in ' || attribution.model
        || ' by ' || attribution.period_grain as what,
        max(spend_total.spend_reporting) as expected,
        cast(sum(attribution.spend_reporting) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from attribution
    cross join spend_total
    group by attribution.conversion_type, attribution.model, attribution.period_grain

),

combined as (

    select * from accounted
    union all
    select * from kept
    union all
    select * from ads
    union all
    select * from people_records
    union all
    select * from opportunity_counts
    union all
    select * from won_amounts
    union all
    select * from new_business_wins
    union all
    select * from session_touches
    union all
    select * from click_touches
    union all
    select * from funnel_leads
    union all
    select * from credited
    union all
    select * from report_values
    union all
    select * from report_spend

),

final as (

    select
        '{{ var("run_id", "manual") }}' as run_id,
        what,
        expected,
        actual,
        actual - expected as difference,
        case
            when actual - expected <> 0 and actual - expected = explained then rule
        end as explanation,
        actual - expected = 0 or actual - expected = explained as is_reconciled
    from combined

)

select * from final
