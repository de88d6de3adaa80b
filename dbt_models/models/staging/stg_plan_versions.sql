select distinct on (tenant_id, plan_date)
    tenant_id,
    plan_date,
    version,
    planned_as_of
from {{ source('plans', 'plan_versions') }}
where published_at is not null
order by tenant_id, plan_date, version desc
