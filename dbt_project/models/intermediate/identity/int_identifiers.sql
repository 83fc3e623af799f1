with

people as (

    select * from {{ ref('int_people_keyed') }}

),

form_submissions as (

    select * from {{ ref('int_form_submissions_unioned') }}

),

email_addresses as (

    select * from {{ ref('int_email_addresses') }}

),

attendance as (

    select * from {{ ref('stg_events__attendance') }}

),

edges as (

    select * from {{ ref('int_identity_edges') }}

),

sightings as (

    select
        record_identifier as identifier,
        created_at as seen_at
    from people

    union all

    select
        'email:' || email_key as identifier,
        created_at as seen_at
    from people
    where email_key is not null

    union all

    select
        'email:' || email_key as identifier,
        submitted_at as seen_at
    from form_submissions
    where email_key is not null

    union all

    select
        source_system || ':' || person_record_id as identifier,
        submitted_at as seen_at
    from form_submissions
    where person_record_id is not null

    union all

    select
        'email:' || email_key as identifier,
        first_seen_at as seen_at
    from email_addresses
    where email_key is not null

    union all

    select
        'email:' || {{ email_match_key('email') }} as identifier,
        attended_at as seen_at
    from attendance
    where {{ email_match_key('email') }} is not null

    union all

    -- A record that was merged away or converted may live on in an edge alone.
    select
        other_identifier as identifier,
        linked_at as seen_at
    from edges

),

aggregated as (

    select
        identifier,
        min(seen_at) as first_seen_at
    from sightings
    group by identifier

),

final as (

    select
        identifier,
        first_seen_at,
        cast(row_number() over (order by identifier) as integer) as identifier_number
    from aggregated

)

select * from final
