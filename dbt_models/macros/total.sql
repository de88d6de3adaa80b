{#- A sum of quantities without floating point noise, to six decimals as in plans. -#}
{% macro total(column) -%}
    round(sum({{ column }})::numeric, 6)::double precision
{%- endmacro %}


{#- Whether two totals differ by more than rounding and the order of summation explain; an empty one counts as 0. -#}
{% macro differs(left, right) -%}
    abs(coalesce({{ left }}, 0) - coalesce({{ right }}, 0))
    > 0.00001 + 0.000000001 * abs(coalesce({{ right }}, 0))
{%- endmacro %}
