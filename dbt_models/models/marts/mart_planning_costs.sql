with

costs as (

    select * from {{ ref('stg_planning_costs') }}

),

-- All planning is paid for, also what was planned again. Of the rows the last ones are stored: those before were replaced.
computed as (

    select
        tenant_id,
        date_trunc('month', plan_date)::date as month,
        count(distinct plan_date)::integer as planned_days,
        (count(distinct (plan_date, finished_at)) filter (where phase <> 'unchanged'))::integer as plannings,
        (count(distinct (plan_date, finished_at)) filter (where phase = 'unchanged'))::integer as unchanged_plannings,
        {{ total('cpu_ms::double precision') }} / 1000 as cpu_seconds
    from costs
    group by tenant_id, date_trunc('month', plan_date)

),

last_rows as (

    select distinct on (tenant_id, plan_date, phase)
        tenant_id,
        plan_date,
        row_count,
        byte_count
    from costs
    where phase <> 'reads'
    order by tenant_id, plan_date, phase, finished_at desc

),

stored as (

    select
        tenant_id,
        date_trunc('month', plan_date)::date as month,
        sum(row_count)::bigint as stored_rows,
        sum(byte_count)::bigint as stored_bytes
    from last_rows
    group by tenant_id, date_trunc('month', plan_date)

),

prices as (

    select
        {{ env_var('DBT_BAKERY_PRICE_CPU_HOUR', '0.05') }}::double precision as price_cpu_hour,
        {{ env_var('DBT_BAKERY_PRICE_GB_MONTH', '0.12') }}::double precision as price_gb_month,
        {{ env_var('DBT_BAKERY_STORAGE_MONTHS', '2') }}::double precision as storage_months

),

priced as (

    select
        computed.tenant_id,
        computed.month,
        computed.planned_days,
        computed.plannings,
        computed.unchanged_plannings,
        computed.cpu_seconds,
        stored.stored_rows,
        stored.stored_bytes,
        computed.cpu_seconds / 3600 * prices.price_cpu_hour as cpu_cost,
        stored.stored_bytes / 1e9 * prices.price_gb_month * prices.storage_months as storage_cost
    from computed
    inner join stored
        on
            computed.tenant_id = stored.tenant_id
            and computed.month = stored.month
    cross join prices

)

select
    tenant_id,
    month,
    planned_days,
    plannings,
    unchanged_plannings,
    case
        when unchanged_plannings + plannings > planned_days
            then
                round(
                    unchanged_plannings::numeric / (unchanged_plannings + plannings - planned_days), 6
                )::double precision
    end as unchanged_fraction,
    cpu_seconds,
    stored_rows,
    stored_bytes,
    round(cpu_cost::numeric, 9)::double precision as cpu_cost,
    round(storage_cost::numeric, 9)::double precision as storage_cost,
    round((cpu_cost + storage_cost)::numeric, 9)::double precision as total_cost,
    round(((cpu_cost + storage_cost) / planned_days)::numeric, 9)::double precision as day_cost
from priced
