select
    tenant_id,
    plan_date,
    validation_date,
    location_id,
    product_id,
    actual,
    is_sold_out
from {{ source('plans', 'validation_results') }}
