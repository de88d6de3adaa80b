select distinct on (tenant_id, sales_date, location_id, product_id)
    tenant_id,
    sales_date,
    location_id,
    product_id,
    quantity
from {{ source('ops', 'sales') }}
order by tenant_id, sales_date, location_id, product_id, recorded_at desc
