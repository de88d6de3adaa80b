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
    accuracy,
    wape,
    mase,
    bias,
    coverage,
    pinball
from {{ source('plans', 'validation_leads') }}
