with

validations as (

    select * from {{ ref('stg_validation_runs') }}
    where status = 'validated'

),

leads as (

    select * from {{ ref('stg_validation_leads') }}

)

select
    validations.tenant_id,
    validations.validation_date,
    leads.lead_days,
    leads.lead_days = validations.lead_days as is_headline,
    validations.plan_date as validated_by_plan_date,
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
    validations.wape_7d,
    validations.wape_7d_before,
    validations.trend
from validations
inner join leads
    on
        validations.tenant_id = leads.tenant_id
        and validations.plan_date = leads.plan_date
        and validations.validation_date = leads.validation_date
