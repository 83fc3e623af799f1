{# The attribution models that are built: a column `credit_<model>` each in fct_attribution_credits. #}
{% macro attribution_models() %}{{ return(['first_touch', 'last_touch', 'linear']) }}{% endmacro %}

{# The periods of every report. #}
{% macro period_grains() %}{{ return(['week', 'month', 'quarter']) }}{% endmacro %}
