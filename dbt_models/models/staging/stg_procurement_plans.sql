select distinct on (tenant_id, plan_date)
    tenant_id,
    plan_date,
    version,
    status,
    orders_14d,
    total_cost
from {{ source('plans', 'procurement_plans') }}
order by tenant_id, plan_date, version desc
