{# Folder = layer = schema: a model's schema is exactly the one configured for its folder. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name if custom_schema_name else target.schema }}
{%- endmacro %}
