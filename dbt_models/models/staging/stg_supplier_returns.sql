select
    tenant_id,
    return_id,
    lot_id,
    order_id,
    ingredient_id,
    quantity,
    reason,
    returned_at
from (
    select distinct on (tenant_id, return_id, lot_id) *
    from {{ source('ops', 'supplier_returns') }}
    order by tenant_id, return_id, lot_id, recorded_at desc
) as latest
where quantity > 0
