{# One row per source table with the rows that stand in its raw table now, for every declared source.
   The list comes from the declarations, so that no table can be forgotten. #}
{% macro raw_row_counts() %}
    {%- set tables = [] -%}
    {%- if execute -%}
        {%- for source in graph.sources.values() if source.schema == 'raw' -%}
            {%- do tables.append(source) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for table in tables | sort(attribute='unique_id') %}
    select
        '{{ table.source_name }}' as source,
        '{{ table.name }}' as table_name,
        count(*) as rows_now
    from {{ api.Relation.create(database=table.database, schema=table.schema, identifier=table.identifier) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select cast(null as varchar) as source, cast(null as varchar) as table_name, 0 as rows_now where false
    {%- endfor %}
{% endmacro %}
