{{ config(materialized='view') }}

with

-- A new source of costs is one name in this list.
unioned as (

    {{ union_models(['stg_costs__costs']) }}

)

select * from unioned
