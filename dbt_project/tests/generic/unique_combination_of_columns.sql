{# A combination of columns identifies a row; its columns may be NULL, and NULLs are equal to each other. #}
{% test unique_combination_of_columns(model, columns) %}

select {{ columns | join(', ') }}
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
