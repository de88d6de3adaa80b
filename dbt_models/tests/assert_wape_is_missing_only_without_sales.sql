{{ config(meta={'dagster': {'ref': {'name': 'mart_tenant_day'}}}) }}
-- A day has a WAPE exactly when it was validated and, by the sales that the validation used, a series that did not
-- sell out has sales or returns.

with

validations as (

    select
        tenant_id,
        plan_date,
        validation_date
    from {{ ref('stg_validation_runs') }}
    where status = 'validated'

),

evaluated as (

    select
        validations.tenant_id,
        validations.validation_date
    from validations
    inner join {{ ref('stg_validation_results') }} as results
        on
            validations.tenant_id = results.tenant_id
            and validations.plan_date = results.plan_date
            and validations.validation_date = results.validation_date
    where not results.is_sold_out
    group by validations.tenant_id, validations.validation_date
    having sum(abs(results.actual)) > 0

)

select
    days.tenant_id,
    days.plan_date,
    days.validation_status,
    days.wape
from {{ ref('mart_tenant_day') }} as days
left join evaluated
    on
        days.tenant_id = evaluated.tenant_id
        and days.plan_date = evaluated.validation_date
where (days.wape is not null) <> (evaluated.tenant_id is not null)
