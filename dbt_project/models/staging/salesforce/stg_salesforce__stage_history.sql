with

leads as (

    select * from {{ source('salesforce', 'lead') }}

),

contacts as (

    select * from {{ source('salesforce', 'contact') }}

),

opportunities as (

    select * from {{ source('salesforce', 'opportunity') }}

),

lead_history as (

    select * from {{ source('salesforce', 'lead_history') }}

),

contact_history as (

    select * from {{ source('salesforce', 'contact_history') }}

),

field_changes as (

    select
        lead_id as record_id,
        field,
        old_value,
        new_value,
        created_date
    from lead_history
    where not coalesce(is_deleted, false)

    union all

    select
        contact_id as record_id,
        field,
        old_value,
        new_value,
        created_date
    from contact_history
    where
        not coalesce(is_deleted, false)
        and contact_id is not null

),

-- In history mode a change of status stands between two versions; the first one does not say since when it held.
lead_versions as (

    select
        substr(id, 1, 15) as record_id,
        status,
        lag(status) over (partition by substr(id, 1, 15) order by _fivetran_start) as old_status,
        _fivetran_start
    from leads
    where _fivetran_start is not null

),

-- Connectors hold a field's API name, reports its label.
status_changes as (

    select
        substr(record_id, 1, 15) as person_record_id,
        old_value,
        new_value as stage_value,
        created_date as entered_at
    from field_changes
    where
        lower(field) in (
            'status', 'lead status', 'statut', 'statut de la piste', 'statut de piste',
            'contact_status__c', 'contact_status_c', 'contact status', 'statut du contact'
        )

    union all

    select
        record_id as person_record_id,
        old_status as old_value,
        status as stage_value,
        _fivetran_start as entered_at
    from lead_versions
    where
        old_status is not null
        and status <> old_status

),

creations as (

    select
        substr(id, 1, 15) as person_record_id,
        min(created_date) as created_at
    from leads
    group by substr(id, 1, 15)

    union all

    select
        substr(id, 1, 15) as person_record_id,
        min(created_date) as created_at
    from contacts
    group by substr(id, 1, 15)

),

first_changes as (

    select
        person_record_id,
        {{ first_by('old_value', ['entered_at', 'stage_value']) }} as stage_value,
        min(entered_at) as first_changed_at
    from status_changes
    group by person_record_id

),

-- Salesforce writes no change for the status with which a record is made: the first change's old value is it.
first_statuses as (

    select
        first_changes.person_record_id,
        first_changes.stage_value,
        creations.created_at as entered_at
    from first_changes
    inner join creations
        on first_changes.person_record_id = creations.person_record_id
    where creations.created_at <= first_changes.first_changed_at

),

opportunity_creations as (

    select
        substr(id, 1, 15) as opportunity_record_id,
        min(created_date) as created_at
    from opportunities
    group by substr(id, 1, 15)

),

-- Salesforce dates a conversion by the day alone; the records that it made have its time.
conversions as (

    select
        substr(leads.id, 1, 15) as person_record_id,
        min(case
            when leads.converted_date <> cast(cast(leads.converted_date as date) as timestamp) then leads.converted_date
            when
                {{ reporting_date('opportunity_creations.created_at') }} = cast(leads.converted_date as date)
                then opportunity_creations.created_at
            when
                {{ reporting_date('creations.created_at') }} = cast(leads.converted_date as date)
                then creations.created_at
            else {{ end_of_reporting_day('cast(leads.converted_date as date)') }}
        end) as entered_at
    from leads
    left join opportunity_creations
        on substr(leads.converted_opportunity_id, 1, 15) = opportunity_creations.opportunity_record_id
    left join creations
        on substr(leads.converted_contact_id, 1, 15) = creations.person_record_id
    where
        leads.converted_date is not null
        and coalesce(leads.is_converted, true)
    group by substr(leads.id, 1, 15)

),

combined as (

    select
        person_record_id,
        'status' as stage_field,
        stage_value,
        entered_at
    from status_changes

    union all

    select
        person_record_id,
        'status' as stage_field,
        stage_value,
        entered_at
    from first_statuses

    union all

    select
        person_record_id,
        'is_converted' as stage_field,
        'true' as stage_value,
        entered_at
    from conversions

),

-- One change can come from a report and from a connector.
deduplicated as (

    select
        -- ids
        'salesforce' as source_system,
        person_record_id || '-' || stage_field || '-' || epoch_ms(entered_at) || '-' || stage_value as stage_change_id,
        person_record_id,

        -- strings
        stage_field,
        stage_value,
        cast(null as varchar) as reason,

        -- timestamps
        entered_at
    from combined
    where
        stage_value is not null
        and entered_at is not null
    group by person_record_id, stage_field, stage_value, entered_at

)

select * from deduplicated
