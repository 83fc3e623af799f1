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

both_sides as (

    select
        file_id,
        previous_file_id,
        'now' as side,
        columns
    from changed

    union all

    select
        file_id,
        previous_file_id,
        'before' as side,
        previous_columns as columns
    from changed

),

listed_columns as (

    select
        both_sides.file_id,
        both_sides.previous_file_id,
        both_sides.side,
        {{ field_of('listed.entry', 'name') }} as column_name,
        {{ field_of('listed.entry', 'type') }} as column_type,
        {{ field_of('listed.entry', 'column') }} as contract_column
    from both_sides
    cross join {{ unnest_objects('both_sides.columns', ['name', 'type', 'column'], 'listed') }}

),

paired as (

    select
        file_id,
        previous_file_id,
        column_name,
        coalesce(
            max(case when side = 'now' then contract_column end), max(case when side = 'before' then contract_column end)
        ) as contract_column,
        max(case when side = 'before' then column_type end) as type_before,
        max(case when side = 'now' then column_type end) as type_now
    from listed_columns
    group by file_id, previous_file_id, column_name

),

compared as (

    select
        *,
        case
            when type_before is null then 'new'
            when type_now is null then 'gone'
            else 'retyped'
        end as change
    from paired
    where type_before is null or type_now is null or type_before <> type_now

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
