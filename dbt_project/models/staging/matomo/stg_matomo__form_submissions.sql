with

conversions as (

    select * from {{ source('matomo', 'log_conversion') }}

),

visits as (

    select * from {{ source('matomo', 'log_visit') }}

),

renamed as (

    select
        -- ids
        'matomo' as source_system,
        'matomo-' || conversions.idvisit || '-' || conversions.idgoal || '-' || coalesce(conversions.buster, 0) as submission_id,
        case
            when coalesce(visits.profilable, true) then regexp_replace(lower(visits.idvisitor), '^0x', '')
        end as anonymous_id,
        'matomo-' || conversions.idvisit as session_id,
        cast(null as varchar) as person_record_id,

        -- strings
        visits.user_id as email,
        'goal ' || conversions.idgoal as form_name,

        -- booleans
        cast(null as boolean) as has_marketing_consent,

        -- timestamps
        conversions.server_time as submitted_at
    from conversions
    inner join visits
        on conversions.idvisit = visits.idvisit
    where
        -- Orders and carts that were left are no forms, and only an address says who it was.
        conversions.idgoal > 0
        and visits.user_id like '%_@_%._%'

)

select * from renamed
