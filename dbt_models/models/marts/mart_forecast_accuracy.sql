with

checks as (

    select * from {{ ref('stg_validation_runs') }}
    where status = 'validated'

),

leads as (

    select * from {{ ref('stg_validation_leads') }}

)

select
    checks.tenant_id,
    checks.validation_date,
    leads.lead_days,
    leads.lead_days = checks.lead_days as is_headline,
    checks.plan_date as checked_by,
    leads.forecasts_evaluated,
    leads.sold_out_series,
    leads.mae,
    leads.mape,
    leads.rmse,
    leads.r2,
    leads.accuracy,
    leads.wape,
    leads.mase,
    leads.bias,
    leads.coverage,
    leads.pinball,
    checks.wape_7d,
    checks.wape_7d_before,
    checks.trend
from checks
inner join leads
    on
        checks.tenant_id = leads.tenant_id
        and checks.plan_date = leads.plan_date
        and checks.validation_date = leads.validation_date
