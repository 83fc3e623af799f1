{{ config(materialized='view') }}

with

-- A new CRM or marketing-automation source is one name in this list.
unioned as (

    {{ union_models([
        'stg_crm__people',
        'stg_hubspot__people',
        'stg_salesforce__people',
        'stg_marketo__people',
        'stg_brevo__people',
    ]) }}

)

select * from unioned
