select
    tenant_id,
    order_id,
    ingredient_id,
    supplier_id,
    quantity,
    expected_to,
    ordered_at,
    proposed_on,
    unit_price,
    currency
from (
    select distinct on (tenant_id, order_id, ingredient_id) *
    from {{ source('ops', 'purchase_orders') }}
    order by tenant_id, order_id, ingredient_id, recorded_at desc
) as latest
