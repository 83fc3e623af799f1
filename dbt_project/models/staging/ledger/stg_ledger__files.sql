with

source as (

    select * from {{ source('ledger', 'files') }}

)

select * from source
