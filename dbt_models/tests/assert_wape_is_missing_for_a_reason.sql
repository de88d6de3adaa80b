{{ config(meta={'dagster': {'ref': {'name': 'mart_tenant_day'}}}) }}
-- A day has a WAPE exactly when it was validated and something sold or came back without selling out, as the check
-- knew it.

with

checks as (

    select
        tenant_id,
        plan_date,
        validation_date
    from {{ ref('stg_validation_runs') }}
    where status = 'validated'

),

judged as (

    select
        checks.tenant_id,
        checks.validation_date
    from checks
    inner join {{ ref('stg_validation_results') }} as results
        on
            checks.tenant_id = results.tenant_id
            and checks.plan_date = results.plan_date
            and checks.validation_date = results.validation_date
    where not results.is_sold_out
    group by checks.tenant_id, checks.validation_date
    having sum(abs(results.actual)) > 0

)

select
    days.tenant_id,
    days.plan_date,
    days.validation_status,
    days.wape
from {{ ref('mart_tenant_day') }} as days
left join judged
    on
        days.tenant_id = judged.tenant_id
        and days.plan_date = judged.validation_date
where (days.wape is not null) <> (judged.tenant_id is not null)
