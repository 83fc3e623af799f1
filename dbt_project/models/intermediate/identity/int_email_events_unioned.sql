{{ config(materialized='view') }}

with

unioned as (

-- A new e-mail source is one name in this list.
    {{ union_models([
        'stg_email__email_events',
        'stg_hubspot__email_events',
        'stg_marketo__email_events',
        'stg_brevo__email_events',
    ]) }}

),

final as (

    select
        source_system,
        email_event_id,
        event_type,
        campaign_record_id,
        campaign_name,
        occurred_at,
        email
    from unioned

)

select * from final
