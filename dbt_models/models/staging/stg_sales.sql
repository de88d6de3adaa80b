select
    tenant_id,
    sales_date,
    location_id,
    product_id,
    quantity
from (
    select distinct on (tenant_id, sales_date, location_id, product_id) *
    from {{ source('ops', 'sales') }}
    order by tenant_id, sales_date, location_id, product_id, recorded_at desc
) as latest
where is_withdrawn is not true
