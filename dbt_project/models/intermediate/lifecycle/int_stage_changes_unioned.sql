{{ config(materialized='view') }}

with

-- A new source of stage histories is one name in this list.
unioned as (

    {{ union_models([
        'stg_crm__stage_history',
        'stg_hubspot__stage_history',
        'stg_salesforce__stage_history',
        'stg_marketo__stage_history',
        'stg_brevo__stage_history',
    ]) }}

)

select * from unioned
