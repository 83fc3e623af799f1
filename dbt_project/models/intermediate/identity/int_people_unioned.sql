with

unioned as (

    -- A new CRM or marketing-automation source is one name in this list.
    {{ union_models([
        'stg_crm__people',
        'stg_hubspot__people',
    ]) }}

),

final as (

    select
        *,
        source_system || ':' || person_record_id as record_identifier,
        {{ email_match_key('email') }} as email_key
    from unioned

)

select * from final
