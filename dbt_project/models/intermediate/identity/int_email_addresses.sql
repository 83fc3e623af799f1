with

email_events as (

    select * from {{ ref('int_email_events_unioned') }}

),

-- The match key is worked out once per spelling, not once per event.
addresses as (

    select
        email,
        min(occurred_at) as first_seen_at
    from email_events
    where email is not null
    group by email

),

final as (

    select
        email,
        {{ email_match_key('email') }} as email_key,
        first_seen_at
    from addresses

)

select * from final
