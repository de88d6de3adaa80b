with

tenants as (

    select * from {{ ref('stg_tenants') }}

),

movements as (

    select
        stock_movements.tenant_id,
        stock_movements.plan_date,
        stock_movements.item_kind,
        stock_movements.item_id,
        stock_movements.kind,
        stock_movements.quantity,
        stock_movements.value,
        tenants.currency,
        (stock_movements.happened_at at time zone tenants.timezone)::date as loss_date
    from {{ ref('stg_stock_movements') }} as stock_movements
    inner join tenants on stock_movements.tenant_id = tenants.tenant_id

),

-- Each plan has the movements of a few days. The last plan that has a day counts for it: it knows the corrections.
plans as (

    select
        tenant_id,
        plan_date,
        min(min(loss_date)) over (
            partition by tenant_id
            order by plan_date
            rows between 1 following and unbounded following
        ) as later_plans_from
    from movements
    group by tenant_id, plan_date

)

select
    movements.tenant_id,
    movements.loss_date,
    movements.item_kind,
    movements.item_id,
    coalesce({{ total("case when movements.kind = 'expiry' then -movements.quantity end") }}, 0) as expired_quantity,
    coalesce({{ total("case when movements.kind = 'waste' then -movements.quantity end") }}, 0) as wasted_quantity,
    coalesce({{ total("case when movements.kind = 'adjustment' then -movements.quantity end") }}, 0) as missing_quantity,
    {{ total("case when movements.kind = 'expiry' then -movements.value end") }} as expired_value,
    {{ total("case when movements.kind = 'waste' then -movements.value end") }} as wasted_value,
    {{ total("case when movements.kind = 'adjustment' then -movements.value end") }} as missing_value,
    {{ total('-movements.value') }} as lost_value,
    movements.currency
from movements
inner join plans
    on
        movements.tenant_id = plans.tenant_id
        and movements.plan_date = plans.plan_date
where
    movements.kind in ('expiry', 'waste', 'adjustment')
    and (plans.later_plans_from is null or movements.loss_date < plans.later_plans_from)
group by
    movements.tenant_id,
    movements.loss_date,
    movements.item_kind,
    movements.item_id,
    movements.currency
