select
    tenant_id,
    plan_date,
    status,
    failed_stage,
    reason,
    planned_as_of
from {{ source('plans', 'planning_runs') }}
