select
    tenant_id,
    plan_date,
    validation_date,
    location_id,
    product_id,
    actual
from {{ source('plans', 'validation_results') }}
