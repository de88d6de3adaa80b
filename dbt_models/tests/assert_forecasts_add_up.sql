{{ config(meta={'dagster': {'ref': {'name': 'mart_tenant_day'}}}) }}
-- Each bakery's forecasts summed over its days equal the sum of the forecast rows of these days, as far back as these
-- are kept; those of the last month always are.

with

kept as (

    select
        tenant_id,
        min(plan_date) as since
    from {{ ref('stg_demand_forecasts') }}
    group by tenant_id

),

days as (

    select
        mart.tenant_id,
        sum(mart.forecast_quantity) as forecast_quantity
    from {{ ref('mart_tenant_day') }} as mart
    left join kept
        on mart.tenant_id = kept.tenant_id
    where mart.plan_date >= least(kept.since, current_date - 30)
    group by mart.tenant_id

),

forecasts as (

    select
        tenant_id,
        sum(yhat) as yhat
    from {{ ref('stg_demand_forecasts') }}
    where target_date = plan_date
    group by tenant_id

)

select
    tenant_id,
    days.forecast_quantity,
    forecasts.yhat
from days
full outer join forecasts using (tenant_id)
where {{ differs('days.forecast_quantity', 'forecasts.yhat') }}
