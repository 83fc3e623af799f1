{# The date of a UTC timestamp in the reporting zone. #}
{% macro reporting_date(timestamp) %}cast({{ reporting_time(timestamp) }} as date){% endmacro %}
