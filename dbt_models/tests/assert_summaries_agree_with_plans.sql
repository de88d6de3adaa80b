{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'mart_tenant_day'}}}) }}
-- A day's summary has the figures of its plans. A warning, because planning a single stage again from the Dagster UI
-- leaves the summary as it was until that stage is planned again, too.

select
    days.tenant_id,
    days.plan_date
from {{ ref('mart_tenant_day') }} as days
inner join {{ ref('stg_daily_summaries') }} as summaries
    on
        days.tenant_id = summaries.tenant_id
        and days.plan_date = summaries.plan_date
where
    {{ differs('days.forecast_quantity', 'summaries.forecast_quantity') }}
    or {{ differs('days.planned_quantity', 'summaries.planned_quantity') }}
    or coalesce(days.planned_batches, 0) <> summaries.planned_batches
