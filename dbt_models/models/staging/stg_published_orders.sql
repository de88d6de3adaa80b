select
    tenant_id,
    plan_date,
    version,
    requirement_number,
    ingredient_id,
    supplier_id,
    planned_order_quantity,
    order_by,
    deliver_on,
    unit_price
from {{ source('plans', 'published_orders') }}
