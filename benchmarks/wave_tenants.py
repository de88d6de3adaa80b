"""The tenants of the benchmark ``wave``: demo bakeries that have lived some days, cloned by SQL.

Clones have the demo's facts, its trained models and what mornings read back of the plans of its past days, and sales of
as many years as are wanted: earlier ones are those of the demo's eighteen months again. Rows are inserted in the order
of their days, as they lie where bakeries have written them day by day.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, text

from bakery_assets.cells import Cell
from bakery_assets.planning_day import MODELS, PRIOR_CELL_INPUTS, RECORD
from resources.schema import metadata, ops
from resources.schema.packed import PREFIX, stored
from resources.warehouse import Warehouse

PLANNED, SPARE = "morning", "spare"  # begin the names of clones that schedules plan, and of those that they leave
DAYS_LIVED = 15
REPEATED_DAYS = 546  # the demo's history in whole weeks, so that weekdays stay
# Days that nothing has validated would be validated again, which is no part of a morning.
_READ_BACK = {*RECORD, *MODELS, "planning_runs", "validation_runs", *PRIOR_CELL_INPUTS.values()} - {"stock_movements"}
_ALSO_READ_BACK = {"stock_movements": " OR t.kind = 'adjustment'"}
# Sales of exactly so many days, so that none is repeated twice.
_REPEATED = f" WHERE t.sales_date > c.today - {REPEATED_DAYS} AND t.sales_date <= c.today"
_DAYS = ("sales_date", "plan_date", "waste_date", "date", "recorded_at")  # a row's day: the first that its table has


def live_as_the_demo(warehouse: Warehouse, now: datetime) -> None:
    """Load, train and let live the demo bakeries up to ``now``, as ``bakery demo --days`` does."""
    from bakery_assets.commands.demo_days import Spent, begin_lives, live
    from bakery_assets.commands.train import run_training
    from bakery_assets.demo.catalogue import demo_bakeries
    from bakery_assets.demo.folder import SEED
    from bakery_assets.local_time import local_date
    from resources.warehouse.planning_facts import planning_instants_of

    began = now - timedelta(days=DAYS_LIVED)
    bakeries = demo_bakeries()
    first_day = {each.tenant.tenant_id: local_date(began, each.tenant.timezone) for each in bakeries}
    lives = begin_lives(warehouse, bakeries, first_day, DAYS_LIVED, SEED)
    before = [Cell(name, day - timedelta(days=1)) for name, day in first_day.items()]
    run_training(planning_instants_of(warehouse, before), began, backdated=True)
    live(warehouse, lives, lambda *_: None, Spent())


def clone(superuser: Warehouse, planned: int, spare: int, years: float, now: datetime) -> dict[str, list[Cell]]:
    """Clone the demo bakeries whose plan of today was due by ``now``, without that plan.

    Args:
        superuser: may leave foreign keys unchecked, which the clones' templates have passed.
        planned: clones that schedules plan.
        spare: clones that are suspended.
        years: of sales, at least the demo's one and a half.

    Returns:
        the cells of their next morning, those ``PLANNED`` and those ``SPARE``.
    """
    with superuser.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        connection.execute(
            text(
                "CREATE TEMPORARY TABLE clones ON COMMIT DROP AS WITH templates AS (SELECT tenant_id AS template,"
                " max(r.plan_date) AS today, row_number() OVER (ORDER BY tenant_id) AS number, count(*) OVER () AS of"
                " FROM plans.planning_runs r JOIN ops.tenants t USING (tenant_id)"
                " WHERE r.plan_date = (CAST(:now AS timestamptz) AT TIME ZONE t.timezone)::date"
                " AND r.planned_as_of <= :now AND r.status = 'planned' GROUP BY tenant_id),"
                " names AS (SELECT prefix, n FROM (VALUES (:planned, CAST(:many AS int)), (:spare, :few))"
                " v (prefix, many), generate_series(1, many) n)"
                " SELECT prefix || '-' || lpad(n::text, 5, '0') AS tenant_id, template, today,"
                " CASE prefix WHEN :planned THEN 'active' ELSE 'suspended' END AS status"
                " FROM names JOIN templates ON n % of = number - 1"
            ),
            {"now": now, "planned": PLANNED, "many": planned, "spare": SPARE, "few": spare},
        )
        for table in metadata.sorted_tables:
            if "tenant_id" in table.columns and table.name != "quarantine":  # no plan reads what was refused
                _clone(connection, table)
        for repeated in range(1, round(years * 365 / REPEATED_DAYS)):
            _repeat_sales(connection, repeated)
        connection.execute(
            text("UPDATE ops.tenants t SET status = c.status FROM clones c WHERE c.tenant_id = t.tenant_id")
        )
        # As if the schedule had retrained them this week, else it begins with that.
        connection.execute(
            text(
                "UPDATE plans.retraining_runs r SET requested_by = 'schedule', requested_at = :now FROM clones c"
                " WHERE c.tenant_id = r.tenant_id"
            ),
            {"now": now},
        )
        cells = connection.execute(text("SELECT tenant_id, today FROM clones ORDER BY 1")).all()
    with superuser.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))
    made = [Cell(tenant, day) for tenant, day in cells]
    return {kind: [cell for cell in made if cell.tenant_id.startswith(kind)] for kind in (PLANNED, SPARE)}


def sizes(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """Rows stored so far and bytes, indexes included, of each table of plans."""
    table = f"regexp_replace(relname, '^{PREFIX}', '')"
    query = (
        f"SELECT {table}, n_tup_ins, pg_total_relation_size(relid) FROM pg_stat_user_tables WHERE schemaname = 'plans'"
    )
    with warehouse.engine.connect() as connection:
        return {name: (rows, size) for name, rows, size in connection.execute(text(query))}


def written_ahead(warehouse: Warehouse) -> int:
    """Bytes of the server's write-ahead log so far."""
    with warehouse.engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")).scalar_one())


def count_planned(warehouse: Warehouse, since: datetime) -> int:
    """Cells of ``PLANNED`` that have been planned since an instant; days that were only validated again are none."""
    query = (
        "SELECT count(DISTINCT (tenant_id, plan_date)) FROM plans.plan_versions"
        " WHERE starts_with(tenant_id, :prefix) AND published_at > :since"
    )
    with warehouse.engine.connect() as connection:
        return int(connection.execute(text(query), {"prefix": PLANNED, "since": since}).scalar_one())


def _clone(connection: Connection, table: Table) -> None:
    columns = [column.name for column in table.columns if column.name != "tenant_id"]
    past = _REPEATED if table is ops.sales else ""
    if table.schema == "plans" and "plan_date" in columns:
        # Of the morning that is measured nothing is known yet, and of what none reads back one day is enough.
        past = " WHERE t.plan_date < c.today"
        if table.name not in _READ_BACK:
            past += f" AND (t.plan_date >= c.today - 1{_ALSO_READ_BACK.get(table.name, '')})"
    _insert(connection, stored(table), columns, {}, past)


def _repeat_sales(connection: Connection, times: int) -> None:
    days = REPEATED_DAYS * times
    shifted = {
        "sales_date": f"t.sales_date - {days}",
        "recorded_at": f"t.recorded_at - interval '{days} days'",
    }
    columns = [column.name for column in ops.sales.columns if column.name != "tenant_id"]
    _insert(connection, ops.sales, columns, shifted, _REPEATED)


def _insert(connection: Connection, table: Table, columns: Sequence[str], changed: dict[str, Any], where: str) -> None:
    values = ", ".join(changed.get(name, f"t.{name}") for name in columns)
    day = next((name for name in _DAYS if name in columns), None)
    order = f" ORDER BY t.{day}, c.tenant_id" if day else ""
    connection.execute(
        text(
            f"INSERT INTO {table.fullname} (tenant_id, {', '.join(columns)}) SELECT c.tenant_id, {values}"
            f" FROM clones c JOIN {table.fullname} t ON t.tenant_id = c.template{where}{order}"
        )
    )
