with

source as (

    select * from {{ source('billing', 'subscriptions') }}

),

renamed as (

    select
        -- ids
        'billing' as source_system,
        subscription_id as subscription_record_id,
        account_id as account_record_id,

        -- strings
        email,
        upper(currency) as currency,
        lower(interval) as billing_interval,

        -- numerics
        amount,

        -- timestamps
        started_at,
        ended_at,
        updated_at
    from source

)

select * from renamed
