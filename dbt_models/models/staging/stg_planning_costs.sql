-- Lists of a row are unpacked together, the n-th of each with the n-th of the others.
select
    tenant_id,
    plan_date,
    finished_at,
    unnest(phases) as phase,
    unnest(cpu_ms) as cpu_ms,
    unnest(row_counts) as row_count,
    unnest(byte_counts) as byte_count
from {{ source('plans', 'planning_costs') }}
