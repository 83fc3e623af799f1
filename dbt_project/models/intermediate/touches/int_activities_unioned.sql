{{ config(materialized='view') }}

with

-- A new source of sales activities is one name in this list.
unioned as (

    {{ union_models([
        'stg_crm__activities',
        'stg_salesforce__activities',
    ]) }}

)

select * from unioned
