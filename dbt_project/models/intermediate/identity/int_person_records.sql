with

people as (

    select * from {{ ref('int_people_keyed') }}

),

identifiers as (

    select * from {{ ref('int_identifiers_resolved') }}

),

final as (

    select
        identifiers.person_number,
        people.*
    from people
    inner join identifiers
        on people.record_identifier = identifiers.identifier
    where people.is_current

)

select * from final
