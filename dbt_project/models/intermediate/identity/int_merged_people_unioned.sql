{{ config(materialized='view') }}

with

-- A new source of merges is one name in this list.
unioned as (

    {{ union_models([
        'stg_hubspot__merged_people',
        'stg_salesforce__merged_people',
        'stg_marketo__merged_people',
    ]) }}

)

select * from unioned
