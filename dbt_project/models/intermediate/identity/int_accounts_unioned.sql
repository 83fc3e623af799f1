{{ config(materialized='view') }}

with

-- A new source of accounts is one name in this list.
unioned as (

    {{ union_models([
        'stg_crm__accounts',
        'stg_hubspot__accounts',
        'stg_salesforce__accounts',
        'stg_brevo__accounts',
    ]) }}

)

select * from unioned
