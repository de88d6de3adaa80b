{{ config(meta={'dagster': {'ref': {'name': 'mart_tenant_day'}}}) }}
-- Every cell, failed ones included, is one row of the mart, and there are no other rows.

select
    coalesce(cells.tenant_id, days.tenant_id) as tenant_id,
    coalesce(cells.plan_date, days.plan_date) as plan_date
from {{ ref('stg_planning_runs') }} as cells
full outer join {{ ref('mart_tenant_day') }} as days
    on
        cells.tenant_id = days.tenant_id
        and cells.plan_date = days.plan_date
where
    cells.tenant_id is null
    or days.tenant_id is null
