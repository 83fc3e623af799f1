with

unioned as (

-- A new form source is one name in this list.
    {{ union_models([
        'stg_web__form_submissions',
        'stg_hubspot__form_submissions',
        'stg_marketo__form_submissions',
        'stg_ga4__form_submissions',
        'stg_matomo__form_submissions',
    ]) }}

),

final as (

    select
        source_system,
        submission_id,
        anonymous_id,
        session_id,
        person_record_id,
        form_name,
        has_marketing_consent,
        submitted_at,
        {{ email_match_key('email') }} as email_key
    from unioned

)

select * from final
