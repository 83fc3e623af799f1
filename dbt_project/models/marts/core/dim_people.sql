with

people as (

    select * from {{ ref('int_people_golden') }}

),

records as (

    select * from {{ ref('int_person_records') }}

),

touches as (

    select * from {{ ref('int_touches_sorted') }}

),

stage_entries as (

    select * from {{ ref('fct_stage_entries') }}

),

record_counts as (

    select
        person_number,
        count(*) as crm_records
    from records
    group by person_number

),

first_touches as (

    select
        person_number,
        min_by(channel, touch_order) as first_touch_channel,
        min(touched_at) as first_touch_at
    from touches
    where
        person_number is not null
        and is_marketing
    group by person_number

),

current_stages as (

    select
        person_id,
        stage,
        entered_at
    from stage_entries
    where exited_at is null

),

customers as (

    select distinct person_id
    from stage_entries
    where stage = 'customer'

),

final as (

    select
        people.person_id,
        people.email,
        people.email_domain,
        people.phone,
        people.first_name,
        people.last_name,
        people.company,
        people.account_id,
        people.country,
        people.job_title,
        people.lead_source,
        first_touches.first_touch_at,
        first_touches.first_touch_channel,
        current_stages.stage as lifecycle_stage,
        current_stages.entered_at as lifecycle_stage_entered_at,
        people.owner_id,
        customers.person_id is not null as is_customer,
        people.has_marketing_consent,
        people.source_systems,
        coalesce(record_counts.crm_records, 0) as crm_records
    from people
    left join record_counts
        on people.person_number = record_counts.person_number
    left join first_touches
        on people.person_number = first_touches.person_number
    left join current_stages
        on people.person_id = current_stages.person_id
    left join customers
        on people.person_id = customers.person_id

)

select * from final
