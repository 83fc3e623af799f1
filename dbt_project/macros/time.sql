{# The date of a UTC timestamp in the reporting zone. #}
{% macro reporting_date(timestamp) %}cast({{ reporting_time(timestamp) }} as date){% endmacro %}

{# The last second of a date in the reporting zone, as a UTC timestamp: a close that is only dated counts as the end of its day. #}
{% macro end_of_reporting_day(date) %}{{ utc_time("cast(" ~ date ~ " as timestamp) + interval 86399 second") }}{% endmacro %}
