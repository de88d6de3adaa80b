"""What it costs to know that a plan would come out the same: a second morning as a share of the first, and each load.

100 bakeries with 20 products and 200 days of sales are planned by a wave in this process, with Dagster's storage in
PostgreSQL, and then by another with nothing changed. Seconds are CPU of this process and of the server. Their models
are not trained, so that the first morning costs less than that of others. Loads are the same rows with and without the
triggers that note what has changed, in turn, and rolled back.
"""

import os
import tempfile
from datetime import timedelta
from typing import TYPE_CHECKING

import psutil

from bakery_assets.cells import Cell
from benchmarks.targets import at_most

if TYPE_CHECKING:
    from resources.warehouse import Warehouse

TENANTS, PRODUCTS, DAYS = 100, 20, 200
LOADED_DAYS, LOADS, SINGLE_ROWS = 50, 6, 1_000
MOST_OF_A_MORNING, MOST_OF_A_LOAD = 0.1, 1.03
_MASTER_DATA = (
    "INSERT INTO ops.tenants (tenant_id, name, timezone, country)"
    f" SELECT 't' || n, 't', 'Europe/Berlin', 'DE' FROM generate_series(1, {TENANTS}) n",
    "INSERT INTO ops.locations (tenant_id, location_id) SELECT tenant_id, 'main' FROM ops.tenants",
    "INSERT INTO ops.products (tenant_id, product_id, name, price)"
    f" SELECT tenant_id, 'p' || n, 'Product ' || n, 2 FROM ops.tenants, generate_series(1, {PRODUCTS}) n",
)
_SALES = (
    "INSERT INTO ops.sales (tenant_id, product_id, location_id, sales_date, quantity, recorded_at)"
    " SELECT tenant_id, product_id, 'main', d::date, 30 + length(product_id) * 7 + extract(isodow FROM d) * 4,"
    " d + interval '20 hours' FROM ops.products,"
    " generate_series({day} - {days}, {day} - 1, interval '1 day') d"
)
_SINGLE = _SALES.replace("FROM ops.products", "FROM (SELECT * FROM ops.products LIMIT 1) p")


def run() -> dict[str, object]:
    """CPU of both mornings, and of loads with and without triggers."""
    with tempfile.TemporaryDirectory(prefix="bakery-bench-") as folder:
        os.environ["BAKERY_HOME"] = folder
        return _figures()


def _figures() -> dict[str, object]:
    from bakery_assets.assets.dbt_project import build_manifest
    from bakery_assets.commands.plan import run_wave
    from bakery_assets.instance import prepare
    from bakery_assets.settings import Settings
    from benchmarks.processor_time import ProcessorTime
    from benchmarks.wave_floor import postmaster
    from resources.clock import utc_now
    from resources.warehouse import Warehouse

    build_manifest()
    prepare(Settings())
    warehouse, today = Warehouse(), utc_now().date()
    with warehouse.bulk() as bulk:
        for statement in (*_MASTER_DATA, _SALES.format(day=f"DATE '{today}'", days=DAYS), "ANALYZE"):
            bulk.run(statement)
    cells = [Cell(f"t{number}", today) for number in range(1, TENANTS + 1)]
    run_wave([Cell(cell.tenant_id, today - timedelta(days=1)) for cell in cells[:2]])  # nothing is imported later
    spent = ProcessorTime(postmaster(warehouse))
    for morning in ("first", "second"):
        with spent.on(morning):
            done = run_wave(cells)
        assert (done.failed, done.unchanged) == ({}, len(cells) if morning == "second" else 0)
    costs = spent.milliseconds(len(cells))
    share = sum(costs["second"]) / sum(costs["first"])
    load, single = _of_loads(warehouse, whole=True), _of_loads(warehouse, whole=False)
    warehouse.engine.dispose()
    return {
        "first_morning_ms_a_cell": costs["first"],
        "second_morning_ms_a_cell": costs["second"],
        "share": round(share, 3),
        "rows_of_a_load": TENANTS * PRODUCTS * LOADED_DAYS,
        "load_with_triggers_of_without": round(load, 3),
        "single_rows_with_triggers_of_without": round(single, 3),
        "targets": [
            at_most("second morning with nothing changed, of the first", share, MOST_OF_A_MORNING),
            at_most("CPU of a load with triggers, of one without", load, MOST_OF_A_LOAD),
        ],
    }


def _of_loads(warehouse: "Warehouse", *, whole: bool) -> float:
    """The server's CPU for a load with triggers as a share of one without: the least of each, as others disturb both.

    Args:
        whole: in one statement; else a statement for each row.
    """
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number in range(LOADS):
        for watched in (True, False) if number % 2 else (False, True):
            seconds[watched].append(_load_seconds(warehouse, whole=whole, watched=watched))
    return min(seconds[True]) / min(seconds[False])


def _load_seconds(warehouse: "Warehouse", *, whole: bool, watched: bool) -> float:
    from sqlalchemy import text

    from resources.warehouse.input_changes import TRIGGERS

    with warehouse.engine.connect() as connection:
        server = psutil.Process(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
        if not watched:
            for name in TRIGGERS:
                table, _, trigger = name.rpartition(".")
                if table == "ops.sales":  # one that is disabled still has PostgreSQL collect the rows
                    connection.execute(text(f"DROP TRIGGER {trigger} ON {table}"))
        spent = sum(server.cpu_times()[:2])
        if whole:
            connection.execute(text(_SALES.format(day="DATE '2010-01-01'", days=LOADED_DAYS)))
        else:
            for number in range(SINGLE_ROWS):
                connection.exec_driver_sql(_SINGLE.format(day=f"DATE '2010-01-01' - {number}", days=1))
        seconds = sum(server.cpu_times()[:2]) - spent
        connection.rollback()
    return float(seconds)
