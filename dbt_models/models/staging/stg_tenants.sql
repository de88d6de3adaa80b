select
    tenant_id,
    name as tenant_name,
    timezone,
    currency
from {{ source('ops', 'tenants') }}
