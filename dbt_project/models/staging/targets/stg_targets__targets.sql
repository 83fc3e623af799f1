with

source as (

    select * from {{ source('targets', 'targets') }}

),

renamed as (

    select
        -- ids
        'targets' as source_system,

        -- strings
        lower(metric) as metric,
        channel,

        -- numerics
        value as target_value,

        -- dates
        cast(date_trunc('month', month) as date) as month_start
    from source

)

select * from renamed
