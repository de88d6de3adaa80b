select distinct on (tenant_id, validation_date)
    tenant_id,
    validation_date,
    plan_date,
    status,
    accuracy,
    wape,
    bias,
    lead_days,
    wape_7d,
    wape_7d_before,
    trend
from {{ source('plans', 'validation_runs') }}
order by tenant_id, validation_date, plan_date desc
