select
    tenant_id,
    plan_date,
    batch_number,
    schedule_date,
    product_id,
    quantity_planned,
    state
from {{ source('plans', 'production_batches') }}
