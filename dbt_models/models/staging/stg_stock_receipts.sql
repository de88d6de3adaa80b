select
    tenant_id,
    receipt_id,
    lot_id,
    order_id,
    ingredient_id,
    quantity,
    received_at,
    rejected_quantity,
    complaint
from (
    select distinct on (tenant_id, receipt_id, lot_id) *
    from {{ source('ops', 'stock_receipts') }}
    order by tenant_id, receipt_id, lot_id, recorded_at desc
) as latest
where state = 'confirmed'
