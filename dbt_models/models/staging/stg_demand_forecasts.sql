select
    tenant_id,
    plan_date,
    location_id,
    product_id,
    target_date,
    yhat
from {{ source('plans', 'demand_forecasts') }}
