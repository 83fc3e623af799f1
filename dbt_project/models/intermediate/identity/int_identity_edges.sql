with

people as (

    select * from {{ ref('int_people_keyed') }}

),

form_submissions as (

    select * from {{ ref('int_form_submissions_unioned') }}

),

merged_people as (

    select * from {{ ref('int_merged_people_unioned') }}

),

record_emails as (

    select
        record_identifier as identifier,
        'email:' || email_key as other_identifier,
        'email' as link_method,
        created_at as linked_at
    from people
    where email_key is not null

),

converted_leads as (

    select
        record_identifier as identifier,
        source_system || ':' || converted_from_record_id as other_identifier,
        'converted_lead' as link_method,
        created_at as linked_at
    from people
    where converted_from_record_id is not null

    union all

    -- Several leads can be converted into one contact: then each lead holds the link.
    select
        record_identifier as identifier,
        source_system || ':' || converted_to_record_id as other_identifier,
        'converted_lead' as link_method,
        cast(null as timestamp) as linked_at
    from people
    where converted_to_record_id is not null

),

merged_records as (

    select
        source_system || ':' || person_record_id as identifier,
        source_system || ':' || merged_person_record_id as other_identifier,
        'merge' as link_method,
        merged_at as linked_at
    from merged_people

),

submitted_forms as (

    select
        source_system || ':' || person_record_id as identifier,
        'email:' || email_key as other_identifier,
        'form' as link_method,
        min(submitted_at) as linked_at
    from form_submissions
    where
        person_record_id is not null
        and email_key is not null
    group by source_system, person_record_id, email_key

),

final as (

    select * from record_emails
    union all
    select * from converted_leads
    union all
    select * from merged_records
    union all
    select * from submitted_forms

)

select * from final
