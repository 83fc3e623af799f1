{# An amount of money to the cent; halves are rounded away from zero. #}
{% macro money(expression) %}cast({{ expression }} as decimal(18, 2)){% endmacro %}

{# Millionths of a currency unit (Google Ads) as an exact decimal. #}
{% macro from_micros(expression) %}cast(cast({{ expression }} as bigint) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)){% endmacro %}

{# An amount in a currency's smallest unit as an exact decimal of the currency. Most currencies have two decimals; these
   lists are Stripe's ("Supported currencies", docs.stripe.com/currencies), the only home of that knowledge. Stripe's
   ISK and UGX have two decimals for its backward compatibility, and MGA none, unlike ISO 4217. #}
{% macro from_minor(expression, currency) %}
    {%- set without_decimals = [
        'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
    ] -%}
    {%- set with_three_decimals = ['BHD', 'JOD', 'KWD', 'OMR', 'TND'] -%}
    cast({{ expression }} * case
        when upper({{ currency }}) in ('{{ without_decimals | join("', '") }}') then cast(1 as decimal(4, 3))
        when upper({{ currency }}) in ('{{ with_three_decimals | join("', '") }}') then cast(0.001 as decimal(4, 3))
        else cast(0.01 as decimal(4, 3))
    end as decimal(18, 6))
{%- endmacro %}
