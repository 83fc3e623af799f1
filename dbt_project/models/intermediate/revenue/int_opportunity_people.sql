with

opportunities as (

    select * from {{ ref('int_opportunities_unioned') }}

),

roles as (

    select * from {{ ref('int_opportunity_roles_unioned') }}

),

identifiers as (

    select * from {{ ref('int_identifiers_resolved') }}

),

from_roles as (

    select
        opportunities.opportunity_id,
        identifiers.person_number,
        min(roles.role) as role,
        -- A role without a date was known from the opportunity's creation.
        min(coalesce(roles.created_at, opportunities.created_at)) as known_at,
        max(case when opportunities.primary_person_record_id = roles.person_record_id then 1 else 0 end) = 1 as is_primary
    from roles
    inner join opportunities
        on
            roles.source_system = opportunities.source_system
            and roles.opportunity_record_id = opportunities.opportunity_record_id
    inner join identifiers
        on roles.source_system || ':' || roles.person_record_id = identifiers.identifier
    group by opportunities.opportunity_id, identifiers.person_number

),

-- The primary contact belongs to the committee, with or without a role.
primary_contacts as (

    select
        opportunities.opportunity_id,
        identifiers.person_number,
        'primary' as role,
        opportunities.created_at as known_at,
        true as is_primary
    from opportunities
    inner join identifiers
        on
            opportunities.source_system || ':' || opportunities.primary_person_record_id
            = identifiers.identifier

),

combined as (

    select * from from_roles
    union all
    select * from primary_contacts

),

final as (

    select
        opportunity_id,
        person_number,
        min(role) as role,
        min(known_at) as known_at,
        max(case when is_primary then 1 else 0 end) = 1 as is_primary
    from combined
    group by opportunity_id, person_number

)

select * from final
