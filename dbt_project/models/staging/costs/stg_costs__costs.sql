with

source as (

    select * from {{ source('costs', 'costs') }}

),

renamed as (

    select
        -- ids
        'costs' as source_system,
        campaign_id,

        -- strings
        lower(category) as category,
        lower(department) as department,
        channel,
        upper(currency) as currency,

        -- numerics
        amount,

        -- dates
        date as date_day
    from source

)

select * from renamed
