select
    tenant_id,
    plan_date,
    is_closed,
    forecast_quantity,
    forecast_revenue,
    planned_quantity,
    planned_batches,
    orders,
    order_cost
from {{ source('plans', 'daily_summaries') }}
