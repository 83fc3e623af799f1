with

files as (

    select * from {{ ref('stg_ledger__files') }}

),

ordered as (

    select
        source,
        table_name,
        file,
        file_id,
        version,
        columns,
        lag(file) over (partition by source, table_name order by version, file, file_id) as previous_file,
        lag(file_id) over (partition by source, table_name order by version, file, file_id) as previous_file_id,
        lag(columns) over (partition by source, table_name order by version, file, file_id) as previous_columns
    from files
    -- A correction file has the columns that its steward needed: it has none noted and is passed over.
    where status = 'loaded' and columns is not null

),

changed as (

    select * from ordered
    where cast(columns as varchar) <> cast(previous_columns as varchar)

),

present as (

    select
        changed.file_id,
        changed.previous_file_id,
        listed.entry.name as column_name,
        listed.entry.type as column_type,
        listed.entry.column as contract_column
    from changed
    cross join {{ unnest_objects('changed.columns', ['name', 'type', 'column'], 'listed') }}

),

previous as (

    select
        changed.file_id,
        changed.previous_file_id,
        listed.entry.name as column_name,
        listed.entry.type as column_type,
        listed.entry.column as contract_column
    from changed
    cross join {{ unnest_objects('changed.previous_columns', ['name', 'type', 'column'], 'listed') }}

),

compared as (

    select
        coalesce(present.file_id, previous.file_id) as file_id,
        coalesce(present.previous_file_id, previous.previous_file_id) as previous_file_id,
        coalesce(present.column_name, previous.column_name) as column_name,
        coalesce(present.contract_column, previous.contract_column) as contract_column,
        case
            when previous.column_name is null then 'new'
            when present.column_name is null then 'gone'
            else 'retyped'
        end as change,
        previous.column_type as type_before,
        present.column_type as type_now
    from present
    full outer join previous
        on
            present.file_id = previous.file_id
            and present.previous_file_id = previous.previous_file_id
            and present.column_name = previous.column_name
    where
        present.column_type is null
        or previous.column_type is null
        or present.column_type <> previous.column_type

),

final as (

    select
        changed.source,
        changed.table_name,
        changed.file,
        changed.previous_file,
        changed.version,
        compared.column_name,
        compared.change,
        compared.type_before,
        compared.type_now,
        compared.contract_column
    from compared
    inner join changed
        on
            compared.file_id = changed.file_id
            and compared.previous_file_id = changed.previous_file_id

)

select * from final
