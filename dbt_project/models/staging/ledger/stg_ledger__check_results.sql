with

source as (

    select * from {{ source('ledger', 'check_results') }}

)

select * from source
