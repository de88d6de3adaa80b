{#- dbt would put the profile's schema before the model's own and make marts_marts of it. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
