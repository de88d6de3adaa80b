with

-- The last published version of each day, and the day planned before it.
plans as (

    select
        tenant_id,
        plan_date,
        version,
        planned_as_of,
        lag(plan_date) over (partition by tenant_id order by plan_date) as plan_date_before,
        lag(version) over (partition by tenant_id order by plan_date) as version_before
    from {{ ref('stg_plan_versions') }}

),

orders as (

    select
        tenant_id,
        plan_date,
        version,
        ingredient_id,
        supplier_id,
        deliver_on,
        min(order_by) as order_by,
        sum(planned_order_quantity) as quantity,
        sum(planned_order_quantity * coalesce(unit_price, 0)) as order_value
    from {{ ref('stg_published_orders') }}
    where supplier_id is not null and deliver_on is not null
    group by tenant_id, plan_date, version, ingredient_id, supplier_id, deliver_on

),

placed as (

    select distinct
        tenant_id,
        proposed_on,
        ingredient_id,
        supplier_id
    from {{ ref('stg_purchase_orders') }}
    where proposed_on is not null

),

-- What the plan before proposed and could still wait: its deadline had not passed, and it was not ordered.
orders_before as (

    select
        plans.tenant_id,
        plans.plan_date,
        orders.ingredient_id,
        orders.supplier_id,
        orders.deliver_on,
        orders.quantity,
        orders.order_value
    from plans
    inner join orders
        on
            plans.tenant_id = orders.tenant_id
            and plans.plan_date_before = orders.plan_date
            and plans.version_before = orders.version
            and plans.planned_as_of < orders.order_by
    left join placed
        on
            orders.tenant_id = placed.tenant_id
            and orders.plan_date = placed.proposed_on
            and orders.ingredient_id = placed.ingredient_id
            and orders.supplier_id = placed.supplier_id
    where placed.tenant_id is null

),

-- What this plan proposes for days that the plan before looked at, too: 14 of them.
orders_after as (

    select
        plans.tenant_id,
        plans.plan_date,
        orders.ingredient_id,
        orders.supplier_id,
        orders.deliver_on,
        orders.quantity,
        orders.order_value
    from plans
    inner join orders
        on
            plans.tenant_id = orders.tenant_id
            and plans.plan_date = orders.plan_date
            and plans.version = orders.version
    where plans.plan_date_before is not null and orders.deliver_on < plans.plan_date_before + 14

),

pairs as (

    select
        coalesce(orders_before.tenant_id, orders_after.tenant_id) as tenant_id,
        coalesce(orders_before.plan_date, orders_after.plan_date) as plan_date,
        coalesce(orders_before.order_value, 0) as value_before,
        abs(coalesce(orders_after.order_value, 0) - coalesce(orders_before.order_value, 0)) as value_changed,
        orders_before.quantity as quantity_before,
        orders_after.quantity as quantity_after
    from orders_before
    full join orders_after
        on
            orders_before.tenant_id = orders_after.tenant_id
            and orders_before.plan_date = orders_after.plan_date
            and orders_before.ingredient_id = orders_after.ingredient_id
            and orders_before.supplier_id = orders_after.supplier_id
            and orders_before.deliver_on = orders_after.deliver_on

)

select
    plans.tenant_id,
    plans.plan_date,
    plans.plan_date_before,
    count(pairs.quantity_before)::integer as orders_before,
    (count(*) filter (where abs(pairs.quantity_before - pairs.quantity_after) <= 0.00001))::integer as orders_kept,
    (count(*) filter (where abs(pairs.quantity_before - pairs.quantity_after) > 0.00001))::integer as orders_changed,
    (count(*) filter (where pairs.quantity_after is null and pairs.quantity_before is not null))::integer as orders_removed,
    (count(*) filter (where pairs.quantity_before is null and pairs.quantity_after is not null))::integer as orders_added,
    case
        when sum(pairs.value_before) > 0
            then round((sum(pairs.value_changed) / sum(pairs.value_before))::numeric, 6)::double precision
    end as changed_value_fraction
from plans
left join pairs
    on
        plans.tenant_id = pairs.tenant_id
        and plans.plan_date = pairs.plan_date
where plans.plan_date_before is not null
group by
    plans.tenant_id,
    plans.plan_date,
    plans.plan_date_before
