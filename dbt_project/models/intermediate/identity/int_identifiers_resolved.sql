with

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

components as (

    select * from {{ ref('int_identity_components') }}

),

final as (

    select
        identifiers.identifier,
        identifiers.first_seen_at,
        components.person_number
    from identifiers
    inner join components
        on identifiers.identifier_number = components.identifier_number

)

select * from final
