select
    tenant_id,
    plan_date,
    cause,
    severity
from {{ source('plans', 'findings') }}
