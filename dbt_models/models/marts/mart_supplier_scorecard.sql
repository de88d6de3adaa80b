with

tenants as (

    select * from {{ ref('stg_tenants') }}

),

suppliers as (

    select * from {{ ref('stg_suppliers') }}

),

receipts as (

    select * from {{ ref('stg_stock_receipts') }}
    where order_id is not null

),

returned as (

    select
        tenant_id,
        order_id,
        ingredient_id,
        sum(quantity) as returned_quantity,
        bool_or(reason is not null) as has_reason
    from {{ ref('stg_supplier_returns') }}
    where order_id is not null
    group by tenant_id, order_id, ingredient_id

),

-- Of a bakery whose receipts name no order it is not known what came of its orders.
naming as (

    select distinct tenant_id from receipts

),

priced as (

    select
        orders.*,
        lag(orders.unit_price) over (
            partition by orders.tenant_id, orders.supplier_id, orders.ingredient_id, orders.currency
            order by orders.ordered_at, orders.order_id
        ) as last_price
    from {{ ref('stg_purchase_orders') }} as orders
    where orders.quantity > 0

),

-- Six hours after the end of its window a delivery is late, and 99% of what was ordered is all of it: as plans choose
-- suppliers by.
lines as (

    select
        priced.tenant_id,
        priced.supplier_id,
        priced.order_id,
        priced.ingredient_id,
        date_trunc('month', priced.expected_to at time zone tenants.timezone)::date as delivery_month,
        coalesce(min(receipts.received_at) <= priced.expected_to + interval '6 hours', false) as is_on_time,
        coalesce(sum(receipts.quantity), 0) >= 0.99 * priced.quantity as is_in_full,
        -- Of a line that no receipt names these are empty, and count in no mean.
        bool_or(
            receipts.rejected_quantity > 0 or receipts.complaint is not null or coalesce(returned.has_reason, false)
        ) as is_disputed,
        sum(receipts.rejected_quantity)
        / nullif(sum(receipts.quantity + receipts.rejected_quantity), 0) as rejected_share,
        coalesce(max(returned.returned_quantity), 0) / nullif(sum(receipts.quantity), 0) as returned_share,
        coalesce(
            sum(receipts.quantity) filter (where receipts.received_at <= priced.expected_to + interval '6 hours'), 0
        ) >= 0.99 * priced.quantity as is_on_time_in_full,
        case when priced.last_price > 0 then priced.unit_price / priced.last_price - 1 end as price_change
    from priced
    inner join tenants on priced.tenant_id = tenants.tenant_id
    inner join naming on priced.tenant_id = naming.tenant_id
    left join receipts
        on
            priced.tenant_id = receipts.tenant_id
            and priced.order_id = receipts.order_id
            and priced.ingredient_id = receipts.ingredient_id
    left join returned
        on
            priced.tenant_id = returned.tenant_id
            and priced.order_id = returned.order_id
            and priced.ingredient_id = returned.ingredient_id
    where priced.expected_to <= now() - interval '1 day'
    group by
        priced.tenant_id,
        priced.supplier_id,
        priced.order_id,
        priced.ingredient_id,
        priced.expected_to,
        priced.quantity,
        priced.unit_price,
        priced.last_price,
        tenants.timezone

)

select
    lines.tenant_id,
    lines.supplier_id,
    lines.delivery_month,
    suppliers.name as supplier_name,
    count(*)::integer as order_lines,
    round(avg(lines.is_on_time::integer), 6)::double precision as on_time_fraction,
    round(avg(lines.is_in_full::integer), 6)::double precision as in_full_fraction,
    round(avg(lines.is_on_time_in_full::integer), 6)::double precision as on_time_in_full_fraction,
    round(avg(lines.price_change)::numeric, 6)::double precision as price_change_fraction,
    (count(*) filter (where lines.is_disputed))::integer as complaint_lines,
    round(avg(lines.is_disputed::integer), 6)::double precision as complaint_fraction,
    round(avg(lines.rejected_share)::numeric, 6)::double precision as rejected_fraction,
    round(avg(lines.returned_share)::numeric, 6)::double precision as returned_fraction
from lines
left join suppliers
    on
        lines.tenant_id = suppliers.tenant_id
        and lines.supplier_id = suppliers.supplier_id
group by
    lines.tenant_id,
    lines.supplier_id,
    lines.delivery_month,
    suppliers.name
