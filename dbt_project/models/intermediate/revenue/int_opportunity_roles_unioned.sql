{{ config(materialized='view') }}

with

-- A new source of contact roles is one name in this list.
unioned as (

    {{ union_models([
        'stg_crm__opportunity_roles',
        'stg_hubspot__opportunity_roles',
        'stg_salesforce__opportunity_roles',
        'stg_brevo__opportunity_roles',
    ]) }}

)

select * from unioned
