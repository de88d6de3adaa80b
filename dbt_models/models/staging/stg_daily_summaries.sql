select
    tenant_id,
    plan_date,
    is_closed,
    forecast_quantity,
    forecast_revenue,
    planned_quantity,
    planned_batches,
    orders_14d,
    order_cost_14d
from {{ source('plans', 'daily_summaries') }}
