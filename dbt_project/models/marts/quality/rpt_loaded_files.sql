with

files as (

    select * from {{ ref('stg_ledger__files') }}

),

final as (

    select
        source,
        table_name,
        file,
        sha256,
        loaded_at,
        rows_in_file,
        rows_loaded,
        rows_quarantined,
        rows_duplicate,
        rows_superseded,
        status,
        error
    from files

)

select * from final
