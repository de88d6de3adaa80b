{{ config(meta={'dagster': {'ref': {'name': 'mart_tenant_day'}}}) }}
-- The quantity and the number of batches planned for a day are those of its batches. One that had failed or been
-- cancelled before the plan keeps its number there, and nothing of it is planned. Days from before the first that a
-- bakery's batches are kept of have none any more; those of the last month are always kept.

with

kept as (

    select
        tenant_id,
        min(plan_date) as since
    from {{ ref('stg_production_batches') }}
    group by tenant_id

),

batches as (

    select
        tenant_id,
        plan_date,
        sum(quantity_planned) as quantity_planned,
        count(*) as batches
    from {{ ref('stg_production_batches') }}
    where
        schedule_date = plan_date
        and state not in ('failed', 'cancelled')
    group by tenant_id, plan_date

)

select
    days.tenant_id,
    days.plan_date,
    days.planned_quantity,
    batches.quantity_planned,
    days.planned_batches,
    batches.batches
from {{ ref('mart_tenant_day') }} as days
left join kept
    on days.tenant_id = kept.tenant_id
left join batches
    on
        days.tenant_id = batches.tenant_id
        and days.plan_date = batches.plan_date
where
    days.plan_date >= least(kept.since, current_date - 30)
    and (
        {{ differs('days.planned_quantity', 'batches.quantity_planned') }}
        or coalesce(days.planned_batches, 0) <> coalesce(batches.batches, 0)
    )
