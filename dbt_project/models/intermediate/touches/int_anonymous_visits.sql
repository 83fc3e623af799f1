with

form_submissions as (

    select * from {{ ref('int_form_submissions_unioned') }}

),

identifiers as (

    select * from {{ ref('int_identifiers_resolved') }}

),

submissions as (

    select
        form_submissions.anonymous_id,
        form_submissions.submitted_at,
        -- Two submissions in one instant: the smaller number, so that the order of rows never matters.
        min(identifiers.person_number) as person_number
    from form_submissions
    inner join identifiers
        on 'email:' || form_submissions.email_key = identifiers.identifier
    where form_submissions.anonymous_id is not null
    group by form_submissions.anonymous_id, form_submissions.submitted_at

),

ordered as (

    select
        *,
        lag(submitted_at) over (partition by anonymous_id order by submitted_at) as previous_submitted_at,
        lead(submitted_at) over (partition by anonymous_id order by submitted_at) as next_submitted_at
    from submissions

),

-- A session belongs to the next submitter on its browser, else to the last one: a shared device is never one person.
final as (

    select
        anonymous_id,
        person_number,
        coalesce(previous_submitted_at, cast('0001-01-01 00:00:00' as timestamp)) as after_at,
        case
            when next_submitted_at is null then cast('9999-12-31 00:00:00' as timestamp)
            else submitted_at
        end as until_at
    from ordered

)

select * from final
