select
    tenant_id,
    plan_date,
    alert_number,
    severity
from {{ source('plans', 'alerts') }}
