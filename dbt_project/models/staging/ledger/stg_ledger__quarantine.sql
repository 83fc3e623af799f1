with

source as (

    select * from {{ source('ledger', 'quarantine') }}

)

select * from source
