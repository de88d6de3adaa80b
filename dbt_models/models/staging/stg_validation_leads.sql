select
    tenant_id,
    plan_date,
    validation_date,
    lead_days,
    forecasts_evaluated,
    sold_out_series,
    mae,
    mape,
    rmse,
    r2,
    accuracy_pct,
    wape,
    mase,
    bias,
    coverage_pct,
    pinball
from {{ source('plans', 'validation_leads') }}
