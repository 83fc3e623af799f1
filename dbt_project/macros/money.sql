{# An amount of money to the cent; halves are rounded away from zero. #}
{% macro money(expression) %}cast({{ expression }} as decimal(18, 2)){% endmacro %}

{# Millionths of a currency unit (Google Ads) as an exact decimal. #}
{% macro from_micros(expression) %}cast(cast({{ expression }} as bigint) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)){% endmacro %}
