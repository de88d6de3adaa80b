select
    tenant_id,
    plan_date,
    schedule_date,
    status,
    total_quantity,
    total_batches
from {{ source('plans', 'production_schedules') }}
