select distinct on (tenant_id, validation_date)
    tenant_id,
    validation_date,
    plan_date,
    status,
    accuracy_pct,
    wape,
    bias
from {{ source('plans', 'validation_runs') }}
order by tenant_id, validation_date, plan_date desc
