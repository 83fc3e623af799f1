{{ config(materialized='view') }}

with

unioned as (

-- A new CRM or marketing-automation source is one name in this list.
    {{ union_models([
        'stg_crm__people',
        'stg_hubspot__people',
        'stg_salesforce__people',
        'stg_marketo__people',
        'stg_brevo__people',
    ]) }}

),

merged_people as (

    select * from {{ ref('int_merged_people_unioned') }}

),

merged_away as (

    select distinct
        source_system,
        merged_person_record_id
    from merged_people

),

-- A deleted record is gone, but for one that was merged away: its address still leads to the person.
final as (

    select
        unioned.*,
        not unioned.is_deleted as is_current,
        unioned.source_system || ':' || unioned.person_record_id as record_identifier,
        {{ email_match_key('unioned.email') }} as email_key
    from unioned
    left join merged_away
        on
            unioned.source_system = merged_away.source_system
            and unioned.person_record_id = merged_away.merged_person_record_id
    where
        not unioned.is_deleted
        or merged_away.merged_person_record_id is not null

)

select * from final
