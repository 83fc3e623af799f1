with

conversions as (

    select * from {{ ref('int_conversions') }}

),

opportunity_people as (

    select * from {{ ref('int_opportunity_people') }}

),

people as (

    select * from {{ ref('int_people_golden') }}

),

own as (

    select
        conversion_number,
        person_number
    from conversions
    where conversion_type in ('lead', 'mql', 'sql')

),

-- The buying committee: the contact roles known by then.
committees as (

    select
        conversions.conversion_number,
        opportunity_people.person_number
    from conversions
    inner join opportunity_people
        on conversions.opportunity_id = opportunity_people.opportunity_id
    where opportunity_people.known_at <= conversions.converted_at

),

without_committee as (

    select
        conversions.conversion_number,
        conversions.account_id,
        conversions.converted_at
    from conversions
    left join committees
        on conversions.conversion_number = committees.conversion_number
    where
        conversions.opportunity_id is not null
        and committees.conversion_number is null

),

-- Without roles, the account's people that were seen by then.
account_people as (

    select
        without_committee.conversion_number,
        people.person_number
    from without_committee
    inner join people
        on without_committee.account_id = people.account_id
    where people.first_seen_at <= without_committee.converted_at

),

final as (

    select * from own
    union all
    select * from committees
    union all
    select * from account_people

)

select * from final
