with

quarantine as (

    select * from {{ ref('stg_ledger__quarantine') }}

),

final as (

    select
        source,
        table_name,
        file,
        line,
        column_name,
        value,
        reason,
        first_seen_at,
        cast(row as varchar) as row,
        resolved_at,
        resolved_by
    from quarantine

)

select * from final
