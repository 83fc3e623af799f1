with

files as (

    select * from {{ ref('stg_ledger__files') }}

),

raw_rows as (
    {{ raw_row_counts() }}
),

-- Files: every row that was met is accounted for, and every row taken over stands in the raw table or was superseded.
accounted as (

    select
        'rows in files of ' || source || '.' || table_name as what,
        cast(sum(rows_in_file) as decimal(38, 6)) as expected,
        cast(sum(rows_loaded + rows_quarantined + rows_duplicate) as decimal(38, 6)) as actual,
        cast(0 as decimal(38, 6)) as explained,
        cast(null as varchar) as rule
    from files
    where table_name is not null
    group by source, table_name

),

taken_over as (

    select
        source,
        table_name,
        sum(rows_loaded) as rows_loaded,
        sum(rows_superseded) as rows_superseded
    from files
    where table_name is not null
    group by source, table_name

),

kept as (

    select
        'rows loaded into ' || raw_rows.source || '.' || raw_rows.table_name as what,
        cast(coalesce(taken_over.rows_loaded, 0) as decimal(38, 6)) as expected,
        cast(raw_rows.rows_now as decimal(38, 6)) as actual,
        cast(-coalesce(taken_over.rows_superseded, 0) as decimal(38, 6)) as explained,
        'rows superseded by a newer version' as rule
    from raw_rows
    left join taken_over
        on
            raw_rows.source = taken_over.source
            and raw_rows.table_name = taken_over.table_name

),

final as (

    select * from accounted
    union all
    select * from kept

)

select * from final
