with

source as (

    select * from {{ source('billing', 'invoices') }}

),

renamed as (

    select
        -- ids
        'billing' as source_system,
        invoice_id as invoice_record_id,
        account_id as account_record_id,

        -- strings
        email,
        upper(currency) as currency,
        lower(status) as status,

        -- numerics
        amount,

        -- booleans
        coalesce(is_recurring, false) as is_recurring,

        -- timestamps
        invoiced_at,
        period_start,
        period_end
    from source

)

select * from renamed
