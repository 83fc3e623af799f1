with

source as (

    select * from {{ source('budgets', 'budgets') }}

),

renamed as (

    select
        -- ids
        'budgets' as source_system,

        -- strings
        channel,
        upper(currency) as currency,

        -- numerics
        amount,

        -- dates
        cast(date_trunc('month', month) as date) as month_start
    from source

)

select * from renamed
