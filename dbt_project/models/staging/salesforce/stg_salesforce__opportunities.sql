{%- set texts_of_type = ['ranked.type', 'record_types.name'] -%}

with

opportunities as (

    select * from {{ source('salesforce', 'opportunity') }}

),

opportunity_history as (

    select * from {{ source('salesforce', 'opportunity_history') }}

),

opportunity_field_history as (

    select * from {{ source('salesforce', 'opportunity_field_history') }}

),

opportunity_stages as (

    select * from {{ source('salesforce', 'opportunity_stage') }}

),

record_types as (

    select * from {{ source('salesforce', 'record_type') }}

),

contact_roles as (

    select * from {{ source('salesforce', 'opportunity_contact_role') }}

),

leads as (

    select * from {{ source('salesforce', 'lead') }}

),

-- History mode, or two connectors, give several versions of an id: the newest one stands.
ranked as (

    select
        *,
        row_number() over (
            partition by substr(id, 1, 15)
            order by system_modstamp desc nulls last, _fivetran_start desc nulls last, id desc
        ) as recency
    from opportunities

),

stages as (

    select
        lower(coalesce(api_name, master_label)) as stage_key,
        max(case when is_closed then 1 when not is_closed then 0 end) = 1 as is_closed,
        max(case when is_won then 1 when not is_won then 0 end) = 1 as is_won
    from opportunity_stages
    group by lower(coalesce(api_name, master_label))

),

-- Versions of history mode, from the table itself or from one of its own.
versions as (

    select
        id,
        stage_name,
        _fivetran_start
    from opportunities
    where _fivetran_start is not null

    union all

    select
        id,
        stage_name,
        _fivetran_start
    from opportunity_history
    where
        opportunity_id is null
        and _fivetran_start is not null

),

version_changes as (

    select
        substr(id, 1, 15) as opportunity_record_id,
        stage_name,
        lag(stage_name) over (partition by substr(id, 1, 15) order by _fivetran_start) as old_stage_name,
        _fivetran_start
    from versions

),

stage_entries as (

    select
        substr(opportunity_id, 1, 15) as opportunity_record_id,
        stage_name,
        created_date as entered_at
    from opportunity_history
    where
        opportunity_id is not null
        and not coalesce(is_deleted, false)

    union all

    select
        substr(opportunity_id, 1, 15) as opportunity_record_id,
        new_value as stage_name,
        created_date as entered_at
    from opportunity_field_history
    where
        lower(field) in ('stagename', 'stage_name', 'stage', 'étape')
        and not coalesce(is_deleted, false)

    union all

    select
        opportunity_record_id,
        stage_name,
        _fivetran_start as entered_at
    from version_changes
    where stage_name <> old_stage_name

),

first_entries as (

    select
        opportunity_record_id,
        lower(stage_name) as stage_key,
        min(entered_at) as first_entered_at
    from stage_entries
    group by opportunity_record_id, lower(stage_name)

),

-- The contact flagged as primary, else the first one.
primary_contacts as (

    select
        substr(opportunity_id, 1, 15) as opportunity_record_id,
        max(case when is_primary then 1 else 0 end) = 1 as has_primary_flag,
        {{ first_by('substr(contact_id, 1, 15)', ['not coalesce(is_primary, false)', 'created_date', 'contact_id']) }}
            as person_record_id
    from contact_roles
    where
        not coalesce(is_deleted, false)
        and not coalesce(_fivetran_deleted, false)
    group by substr(opportunity_id, 1, 15)

),

converted_contacts as (

    select
        substr(converted_opportunity_id, 1, 15) as opportunity_record_id,
        min(substr(converted_contact_id, 1, 15)) as person_record_id
    from leads
    where
        converted_opportunity_id is not null
        and converted_contact_id is not null
        and not coalesce(is_deleted, false)
    group by substr(converted_opportunity_id, 1, 15)

),

current_opportunities as (

    select
        substr(ranked.id, 1, 15) as opportunity_record_id,
        ranked.*,
        -- Reports can lack both flags: then the stage's own settings, else Salesforce's default names tell.
        coalesce(
            ranked.is_won,
            stages.is_won,
            lower(ranked.stage_name) in (
                'closed won', 'fermée/gagnée', 'fermé/gagné', 'fermé gagné', 'fermée gagnée',
                'clôturé gagné', 'clôturée gagnée', 'clôturée/gagnée'
            ),
            false
        ) as has_won,
        coalesce(
            ranked.is_closed,
            nullif(ranked.is_won, false),
            stages.is_closed,
            lower(ranked.stage_name) in (
                'closed won', 'fermée/gagnée', 'fermé/gagné', 'fermé gagné', 'fermée gagnée',
                'clôturé gagné', 'clôturée gagnée', 'clôturée/gagnée',
                'closed lost', 'fermée/perdue', 'fermé/perdu', 'fermé perdu', 'fermée perdue',
                'clôturé perdu', 'clôturée perdue', 'clôturée/perdue'
            ),
            false
        ) as has_closed,
        case
            {%- for text in texts_of_type %}
            when lower({{ text }}) like '%renew%' or lower({{ text }}) like '%renouvel%' then 'renewal'
            when
                lower({{ text }}) like '%existing%' or lower({{ text }}) like '%existant%'
                or lower({{ text }}) like '%upsell%' or lower({{ text }}) like '%expansion%'
                or lower({{ text }}) like '%cross-sell%' or lower({{ text }}) like '%add-on%'
                then 'expansion'
            when
                lower({{ text }}) like 'new%' or lower({{ text }}) like 'nouveau%' or lower({{ text }}) like 'nouvelle%'
                then 'new_business'
            {%- endfor %}
        end as opportunity_type
    from ranked
    left join stages
        on lower(ranked.stage_name) = stages.stage_key
    left join record_types
        on substr(ranked.record_type_id, 1, 15) = substr(record_types.id, 1, 15)
    where
        ranked.recency = 1
        and not coalesce(ranked.is_deleted, false)
        and not coalesce(ranked._fivetran_deleted, false)
        and coalesce(ranked._fivetran_active, true)

),

-- A close has a date only and counts as the end of that day, yet not after the change that closed the record.
closes as (

    select
        current_opportunities.*,
        case
            when current_opportunities.system_modstamp < {{ end_of_reporting_day('current_opportunities.close_date') }}
                then current_opportunities.system_modstamp
            else {{ end_of_reporting_day('current_opportunities.close_date') }}
        end as end_of_close
    from current_opportunities

),

renamed as (

    select
        -- ids
        'salesforce' as source_system,
        closes.opportunity_record_id,
        substr(closes.account_id, 1, 15) as account_record_id,
        case
            when primary_contacts.has_primary_flag then primary_contacts.person_record_id
            else coalesce(
                substr(closes.contact_id, 1, 15),
                primary_contacts.person_record_id,
                converted_contacts.person_record_id
            )
        end as primary_person_record_id,
        substr(closes.owner_id, 1, 15) as owner_id,

        -- strings
        closes.name,
        closes.opportunity_type,
        closes.stage_name as stage,
        closes.loss_reason_c as loss_reason,
        upper(closes.currency_iso_code) as currency,

        -- numerics
        closes.amount,
        closes.probability / 100 as probability,

        -- booleans
        closes.has_closed as is_closed,
        closes.has_won as is_won,

        -- timestamps
        closes.created_date as created_at,
        case when closes.has_closed then closes.end_of_close end as closed_at,
        case when closes.has_won then coalesce(first_entries.first_entered_at, closes.end_of_close) end as won_at,
        case when not closes.has_closed then closes.close_date end as expected_close_on,
        closes.system_modstamp as updated_at
    from closes
    left join first_entries
        on
            closes.opportunity_record_id = first_entries.opportunity_record_id
            and lower(closes.stage_name) = first_entries.stage_key
    left join primary_contacts
        on closes.opportunity_record_id = primary_contacts.opportunity_record_id
    left join converted_contacts
        on closes.opportunity_record_id = converted_contacts.opportunity_record_id

)

select * from renamed
