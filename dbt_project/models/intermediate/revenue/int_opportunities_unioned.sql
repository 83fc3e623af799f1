with

unioned as (

-- A new CRM is one name in this list.
    {{ union_models([
        'stg_crm__opportunities',
        'stg_hubspot__opportunities',
        'stg_salesforce__opportunities',
        'stg_brevo__opportunities',
    ]) }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

final as (

    select
        unioned.*,
        unioned.source_system || ':' || unioned.opportunity_record_id as opportunity_id
    from unioned
    cross join clock
    where
        unioned.created_at <= clock.as_of_at
        or unioned.created_at is null

)

select * from final
