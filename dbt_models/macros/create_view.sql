{#-
    dbt makes a new view, swaps names and drops the old view with whatever is built on it. A test that fails in
    staging would then leave no mart behind. Replacing in place keeps what is built on a view.
-#}
{% materialization view, adapter='postgres' %}
    {%- set built = create_or_replace_view() -%}
    {%- do persist_docs(this.incorporate(type='view'), model) -%}
    {%- do adapter.commit() -%}
    {{ return(built) }}
{% endmaterialization %}


{#-
    PostgreSQL replaces a view only if its columns stay as they are and new ones come last; any other change
    drops it first. With security_invoker a view shows nobody more than the tables below it do.
-#}
{% macro postgres__get_create_view_as_sql(relation, sql) %}
    do $build$
    begin
        create or replace {{ view_as(relation, sql) }}
    exception when invalid_table_definition then
        drop view {{ relation }} cascade;
        create {{ view_as(relation, sql) }}
    end
    $build$
{% endmacro %}


{% macro view_as(relation, sql) -%}
    view {{ relation }} with (security_invoker = true)
    {%- if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %} as (
        {{ sql }}
    );
{%- endmacro %}
