{{ config(materialized='view') }}

with

people as (

    select * from {{ ref('int_people_unioned') }}

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
        people.*,
        not people.is_deleted as is_current,
        people.source_system || ':' || people.person_record_id as record_identifier,
        {{ email_match_key('people.email') }} as email_key
    from people
    left join merged_away
        on
            people.source_system = merged_away.source_system
            and people.person_record_id = merged_away.merged_person_record_id
    where
        not people.is_deleted
        or merged_away.merged_person_record_id is not null

)

select * from final
