with

cells as (

    select * from {{ ref('stg_planning_runs') }}

),

tenants as (

    select * from {{ ref('stg_tenants') }}

),

summaries as (

    select * from {{ ref('stg_daily_summaries') }}

),

schedules as (

    select * from {{ ref('stg_production_schedules') }}

),

procurement_plans as (

    select * from {{ ref('stg_procurement_plans') }}

),

validations as (

    select * from {{ ref('stg_validation_runs') }}

),

forecasts as (

    select
        tenant_id,
        plan_date,
        {{ total('yhat') }} as forecast_quantity
    from {{ ref('stg_demand_forecasts') }}
    where target_date = plan_date
    group by tenant_id, plan_date

),

sold as (

    select
        tenant_id,
        sales_date,
        {{ total('quantity') }} as sold_quantity
    from {{ ref('stg_sales') }}
    group by tenant_id, sales_date

),

alerts as (

    select
        tenant_id,
        plan_date,
        count(*) as alerts,
        count(*) filter (where severity = 'critical') as critical_alerts
    from {{ ref('stg_findings') }}
    group by tenant_id, plan_date

)

select
    cells.tenant_id,
    cells.plan_date,
    tenants.tenant_name,
    tenants.timezone,
    tenants.currency,
    cells.status,
    cells.failed_stage,
    cells.reason,
    cells.planned_as_of,
    summaries.is_closed,
    coalesce(forecasts.forecast_quantity, summaries.forecast_quantity) as forecast_quantity,
    summaries.forecast_revenue,
    schedules.status as production_status,
    schedules.total_quantity as planned_quantity,
    schedules.total_batches as planned_batches,
    procurement_plans.status as procurement_status,
    procurement_plans.orders_14d,
    procurement_plans.total_cost as order_cost_14d,
    sold.sold_quantity,
    validations.status as validation_status,
    validations.accuracy,
    validations.wape,
    validations.bias,
    coalesce(alerts.alerts, 0) as alerts,
    coalesce(alerts.critical_alerts, 0) as critical_alerts
from cells
inner join tenants
    on cells.tenant_id = tenants.tenant_id
left join forecasts
    on
        cells.tenant_id = forecasts.tenant_id
        and cells.plan_date = forecasts.plan_date
left join summaries
    on
        cells.tenant_id = summaries.tenant_id
        and cells.plan_date = summaries.plan_date
left join schedules
    on
        cells.tenant_id = schedules.tenant_id
        and cells.plan_date = schedules.plan_date
        and cells.plan_date = schedules.schedule_date
left join procurement_plans
    on
        cells.tenant_id = procurement_plans.tenant_id
        and cells.plan_date = procurement_plans.plan_date
left join sold
    on
        cells.tenant_id = sold.tenant_id
        and cells.plan_date = sold.sales_date
left join validations
    on
        cells.tenant_id = validations.tenant_id
        and cells.plan_date = validations.validation_date
left join alerts
    on
        cells.tenant_id = alerts.tenant_id
        and cells.plan_date = alerts.plan_date
