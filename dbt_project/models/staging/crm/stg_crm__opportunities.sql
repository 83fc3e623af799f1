with

source as (

    select * from {{ source('crm', 'opportunities') }}

),

renamed as (

    select
        -- ids
        'crm' as source_system,
        id as opportunity_record_id,
        account_id as account_record_id,
        primary_person_id as primary_person_record_id,
        owner_id,

        -- strings
        name,
        opportunity_type,
        stage,
        loss_reason,
        upper(currency) as currency,

        -- numerics
        amount,
        probability,

        -- booleans
        coalesce(is_closed, is_won, false) as is_closed,
        coalesce(is_won, false) as is_won,

        -- timestamps
        created_at,
        case when coalesce(is_closed, is_won, false) then closed_at end as closed_at,
        case when is_won then closed_at end as won_at,
        expected_close_on,
        updated_at
    from source

)

select * from renamed
