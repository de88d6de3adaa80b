select
    tenant_id,
    plan_date,
    item_kind,
    item_id,
    happened_at,
    kind,
    quantity,
    value
from {{ source('plans', 'stock_movements') }}
