with

conversions as (

    select * from {{ ref('int_conversions') }}

),

journeys as (

    select * from {{ ref('int_journeys') }}

),

people as (

    select * from {{ ref('int_people_golden') }}

),

-- First touches alone tell who sourced; any marketing touch influences.
sourcing as (

    select
        conversion_number,
        max(case when position = 1 and is_marketing then 1 else 0 end) = 1 as is_sourced,
        max(case when is_marketing then 1 else 0 end) = 1 as is_influenced
    from journeys
    group by conversion_number

),

final as (

    select
        conversions.conversion_id,
        conversions.conversion_type,
        people.person_id,
        conversions.account_id,
        conversions.opportunity_id,
        conversions.converted_at,
        conversions.value_reporting,
        conversions.opportunity_type,
        coalesce(sourcing.is_sourced, false) as is_sourced,
        coalesce(sourcing.is_influenced, false) as is_influenced
    from conversions
    left join people
        on conversions.person_number = people.person_number
    left join sourcing
        on conversions.conversion_number = sourcing.conversion_number

)

select * from final
