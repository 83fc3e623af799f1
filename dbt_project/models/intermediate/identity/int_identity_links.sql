with

edges as (

    select * from {{ ref('int_identity_edges') }}

),

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

final as (

    select
        identifiers.identifier_number,
        other_identifiers.identifier_number as other_identifier_number
    from edges
    inner join identifiers
        on edges.identifier = identifiers.identifier
    inner join identifiers as other_identifiers
        on edges.other_identifier = other_identifiers.identifier

)

select * from final
