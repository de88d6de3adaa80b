{#-
    dbt's own materialization creates a new view, swaps names and drops the old view together with every view that
    depends on it, so that after a failed test in staging there would be no mart. Replacing in place keeps them.
-#}
{% materialization view, adapter='postgres' %}
    {%- set built = create_or_replace_view() -%}
    {%- do persist_docs(this.incorporate(type='view'), model) -%}
    {%- do adapter.commit() -%}
    {{ return(built) }}
{% endmaterialization %}


{#-
    PostgreSQL replaces a view only if its columns are unchanged and new ones come last; for any other change the
    view is dropped first. With security_invoker a view shows a role no more rows than the tables that it reads.
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
