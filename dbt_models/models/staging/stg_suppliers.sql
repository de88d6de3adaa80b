select
    tenant_id,
    supplier_id,
    name
from {{ source('ops', 'suppliers') }}
