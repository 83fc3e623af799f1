{{ config(materialized='view') }}

with

-- A new billing source is one name in this list.
unioned as (

    {{ union_models([
        'stg_billing__invoices',
        'stg_stripe__invoices',
    ]) }}

)

select * from unioned
