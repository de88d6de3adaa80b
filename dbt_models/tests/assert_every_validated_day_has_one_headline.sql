{{ config(meta={'dagster': {'ref': {'name': 'mart_forecast_accuracy'}}}) }}
-- Exactly one forecast of a validated day is its headline, and its WAPE is the day's.

with

headlines as (

    select
        tenant_id,
        validation_date,
        count(*) as headlines,
        min(wape) as wape
    from {{ ref('mart_forecast_accuracy') }}
    where is_headline
    group by tenant_id, validation_date

)

select
    days.tenant_id,
    days.validation_date,
    headlines.headlines,
    headlines.wape
from {{ ref('stg_validation_runs') }} as days
left join headlines
    on
        days.tenant_id = headlines.tenant_id
        and days.validation_date = headlines.validation_date
where
    days.status = 'validated'
    -- Validations from before leads were measured have no lead.
    and days.lead_days is not null
    and (
        coalesce(headlines.headlines, 0) <> 1
        or {{ differs('days.wape', 'headlines.wape') }}
    )
