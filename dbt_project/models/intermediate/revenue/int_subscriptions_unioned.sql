with

unioned as (

-- A new source of subscriptions is one name in this list.
    {{ union_models([
        'stg_billing__subscriptions',
        'stg_stripe__subscriptions',
    ]) }}

),

final as (

    select
        source_system || ':' || subscription_record_id as subscription_id,
        source_system,
        account_record_id,
        {{ email_match_key('email') }} as email_key,
        currency,
        billing_interval,
        status,
        cast(amount as decimal(18, 6)) as amount,
        started_at,
        ended_at
    from unioned

)

select * from final
