{#
    What only DuckDB has, behind one name each. A second engine adds `<engine>__<name>` here and nowhere else.
#}

{# HMAC-SHA-256 (RFC 2104) of a text with the PII key, as 64 hexadecimal digits; NULL stays NULL.
   The key's pads live in session variables, so they are in no manifest, no compiled file and no log. #}
{% macro keyed_hash(expression) %}{{ return(adapter.dispatch('keyed_hash', 'funnelhouse')(expression)) }}{% endmacro %}
{% macro duckdb__keyed_hash(expression) %}main.keyed_hash({{ expression }}){% endmacro %}

{% macro create_keyed_hash() %}{{ return(adapter.dispatch('create_keyed_hash', 'funnelhouse')()) }}{% endmacro %}
{% macro duckdb__create_keyed_hash() %}
create or replace macro main.keyed_hash(message) as
    sha256(unhex(getvariable('pii_outer')) || unhex(sha256(unhex(getvariable('pii_inner')) || encode(message))))
{% endmacro %}

{# One select over several models, columns matched by name: what a new vendor adds is one name in the list. #}
{% macro union_models(models) %}{{ return(adapter.dispatch('union_models', 'funnelhouse')(models)) }}{% endmacro %}
{% macro duckdb__union_models(models) %}
    {%- for model in models %}
    select * from {{ ref(model) }}
    {%- if not loop.last %}
    union all by name
    {%- endif %}
    {%- endfor %}
{% endmacro %}

{# The rows of a list, for a cross join: `alias(column)`. #}
{% macro unnest_text(list_expression, alias, column) %}{{ return(adapter.dispatch('unnest_text', 'funnelhouse')(list_expression, alias, column)) }}{% endmacro %}
{% macro duckdb__unnest_text(list_expression, alias, column) %}unnest({{ list_expression }}) as {{ alias }} ({{ column }}){% endmacro %}

{# The objects of a JSON list as rows, for a cross join: `alias.entry.<field>`, every field a text. #}
{% macro unnest_objects(json, fields, alias) %}{{ return(adapter.dispatch('unnest_objects', 'funnelhouse')(json, fields, alias)) }}{% endmacro %}
{% macro duckdb__unnest_objects(json, fields, alias) %}unnest(from_json({{ json }}, '[{ {%- for field in fields %}"{{ field }}": "VARCHAR"{{ ', ' if not loop.last }}{% endfor -%} }]')) as {{ alias }} (entry){% endmacro %}

{# The days from one date to another, both included, for a cross join: `alias(column)`. #}
{% macro days_between(first_day, last_day, alias, column) %}{{ return(adapter.dispatch('days_between', 'funnelhouse')(first_day, last_day, alias, column)) }}{% endmacro %}
{% macro duckdb__days_between(first_day, last_day, alias, column) %}unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as {{ alias }} ({{ column }}){% endmacro %}

{# A UTC timestamp as local time of the reporting zone. #}
{% macro reporting_time(timestamp) %}{{ return(adapter.dispatch('reporting_time', 'funnelhouse')(timestamp)) }}{% endmacro %}
{% macro duckdb__reporting_time(timestamp) %}timezone('{{ var("reporting_timezone") }}', timezone('UTC', {{ timestamp }})){% endmacro %}

{# Local time of the reporting zone as a UTC timestamp. #}
{% macro utc_time(local_timestamp) %}{{ return(adapter.dispatch('utc_time', 'funnelhouse')(local_timestamp)) }}{% endmacro %}
{% macro duckdb__utc_time(local_timestamp) %}timezone('UTC', timezone('{{ var("reporting_timezone") }}', {{ local_timestamp }})){% endmacro %}

{# A text in Unicode normal form C (one spelling for an accented letter). #}
{% macro nfc(text) %}{{ return(adapter.dispatch('nfc', 'funnelhouse')(text)) }}{% endmacro %}
{% macro duckdb__nfc(text) %}
    {#- A text with as many bytes as characters is ASCII and normal already; normalising costs a hundred times more. -#}
    case when strlen({{ text }}) = length({{ text }}) then {{ text }} else nfc_normalize({{ text }}) end
{%- endmacro %}

{# A text without accents. #}
{% macro without_accents(text) %}{{ return(adapter.dispatch('without_accents', 'funnelhouse')(text)) }}{% endmacro %}
{% macro duckdb__without_accents(text) %}strip_accents({{ text }}){% endmacro %}

{# Whether a text holds a match of a regular expression (RE2 and Java agree on what the seeds use). #}
{% macro matches(text, pattern) %}{{ return(adapter.dispatch('matches', 'funnelhouse')(text, pattern)) }}{% endmacro %}
{% macro duckdb__matches(text, pattern) %}regexp_matches({{ text }}, {{ pattern }}){% endmacro %}

{# Distinct values of a group as a sorted list. #}
{% macro sorted_values(expression) %}{{ return(adapter.dispatch('sorted_values', 'funnelhouse')(expression)) }}{% endmacro %}
{% macro duckdb__sorted_values(expression) %}list_sort(list(distinct {{ expression }})){% endmacro %}

{# Of a group, the value of the row that comes first by several expressions. #}
{% macro first_by(value, ordering) %}{{ return(adapter.dispatch('first_by', 'funnelhouse')(value, ordering)) }}{% endmacro %}
{% macro duckdb__first_by(value, ordering) %}min_by({{ value }}, ({{ ordering | join(', ') }})){% endmacro %}

{# A list that holds one value. #}
{% macro single_list_of(expression) %}{{ return(adapter.dispatch('single_list_of', 'funnelhouse')(expression)) }}{% endmacro %}
{% macro duckdb__single_list_of(expression) %}[{{ expression }}]{% endmacro %}

{# The position of a row in a table that was stored in order. DuckDB keeps the order of `create table as ... order by`;
   an engine that does not numbers the rows with a window. #}
{% macro stored_position() %}{{ return(adapter.dispatch('stored_position', 'funnelhouse')()) }}{% endmacro %}
{% macro duckdb__stored_position() %}rowid{% endmacro %}

{# A JSON list of scalars as a list of texts; NULL where it is no valid JSON. #}
{% macro json_list(json) %}{{ return(adapter.dispatch('json_list', 'funnelhouse')(json)) }}{% endmacro %}
{% macro duckdb__json_list(json) %}from_json(try_cast({{ json }} as json), '["VARCHAR"]'){% endmacro %}

{# A text as a number, a timestamp or the like; NULL where it is none. #}
{% macro safe_cast(text, data_type) %}{{ return(adapter.dispatch('safe_cast', 'funnelhouse')(text, data_type)) }}{% endmacro %}
{% macro duckdb__safe_cast(text, data_type) %}try_cast({{ text }} as {{ data_type }}){% endmacro %}

{# A timestamp in local time of a zone, as UTC. Of an hour that clocks run through twice, the second (standard time) stands. #}
{% macro local_to_utc(timestamp, zone) %}{{ return(adapter.dispatch('local_to_utc', 'funnelhouse')(timestamp, zone)) }}{% endmacro %}
{% macro duckdb__local_to_utc(timestamp, zone) %}timezone('UTC', timezone('{{ zone }}', {{ timestamp }})){% endmacro %}

{# A text that names an instant with its offset (or Z), as a timestamp in UTC; NULL where it is none. #}
{% macro instant_to_utc(text) %}{{ return(adapter.dispatch('instant_to_utc', 'funnelhouse')(text)) }}{% endmacro %}
{% macro duckdb__instant_to_utc(text) %}timezone('UTC', try_cast({{ text }} as timestamp with time zone)){% endmacro %}
{# A value inside a JSON object as text, the path written `parent.child`; NULL where there is none, or no valid JSON. #}
{% macro json_text(json, path) %}{{ return(adapter.dispatch('json_text', 'funnelhouse')(json, path)) }}{% endmacro %}
{% macro duckdb__json_text(json, path) %}json_extract_string(try_cast({{ json }} as json), '$."{{ path.split('.') | join('"."') }}"'){% endmacro %}

{# A JSON list of `{key, value: {string_value | int_value}}`, read once; `keyed_text` takes single values out of it. #}
{% macro keyed_list(column) %}{{ return(adapter.dispatch('keyed_list', 'funnelhouse')(column)) }}{% endmacro %}
{% macro duckdb__keyed_list(column) %}from_json({{ column }}, '[{"key": "VARCHAR", "value": {"string_value": "VARCHAR", "int_value": "VARCHAR"}}]'){% endmacro %}

{% macro keyed_text(keyed_list, key) %}{{ return(adapter.dispatch('keyed_text', 'funnelhouse')(keyed_list, key)) }}{% endmacro %}
{% macro duckdb__keyed_text(keyed_list, key) %}list_extract(
            list_transform({{ keyed_list }}, lambda entry: coalesce(entry['value']['string_value'], entry['value']['int_value'])),
            list_position(list_transform({{ keyed_list }}, lambda entry: entry['key']), '{{ key }}')
        ){% endmacro %}

{# A decoded parameter of a URL's query string; NULL where it is missing or empty. #}
{% macro url_parameter(url, name) %}{{ return(adapter.dispatch('url_parameter', 'funnelhouse')(url, name)) }}{% endmacro %}
{% macro duckdb__url_parameter(url, name) %}nullif(url_decode(replace(regexp_extract({{ url }}, '[?&]{{ name }}=([^&#]*)', 1), '+', ' ')), ''){% endmacro %}
