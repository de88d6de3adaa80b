"""What reading facts about stock costs: 100 bakeries with 200 days of them, all, and what closing balances leave.

Seconds differ from machine to machine; the ratio of rows and of seconds within one run is the claim.
"""

import tempfile
import time
from datetime import date
from pathlib import Path
from unittest.mock import patch

from bakery_assets.cells import Cell
from benchmarks.targets import at_most

TENANTS, DAYS, LAST = 100, 200, date(2026, 3, 1)
MOST_OF_ALL = 0.2  # rows that a morning reads, as a share of all
_EACH_DAY = f"generate_series(DATE '{LAST}' - {DAYS}, DATE '{LAST}' - 1, interval '1 day') d"
_EMPTY = (
    '{"kind":[],"item":[],"lot":[],"place":[],"quantity":[],"expires":[],"age":[],"places":[],"begun":[],'
    '"promised":[],"known":["ingredient"]}'
)
# 20 products, thrown away and finished every day; 20 ingredients, delivered and counted every week.
_ROWS = (
    "INSERT INTO ops.tenants (tenant_id, name, timezone, country)"
    f" SELECT 't' || n, 't', 'Europe/Berlin', 'DE' FROM generate_series(1, {TENANTS}) n",
    "INSERT INTO ops.locations (tenant_id, location_id) SELECT tenant_id, 'main' FROM ops.tenants",
    "INSERT INTO ops.products (tenant_id, product_id, name)"
    " SELECT tenant_id, 'p' || n, 'p' FROM ops.tenants, generate_series(1, 20) n",
    "INSERT INTO ops.ingredients (tenant_id, ingredient_id, name)"
    " SELECT tenant_id, 'i' || n, 'i' FROM ops.tenants, generate_series(1, 20) n",
    "INSERT INTO ops.waste (tenant_id, waste_id, product_id, waste_date, quantity, recorded_at)"
    f" SELECT tenant_id, product_id || d::date, product_id, d::date, 2, d + interval '20 hours'"
    f" FROM ops.products, {_EACH_DAY}",
    "INSERT INTO ops.batch_events (tenant_id, plan_date, batch_number, event, happened_at, recorded_at)"
    f" SELECT tenant_id, d::date, product_id, 'finished', d + interval '6 hours', d + interval '6 hours'"
    f" FROM ops.products, {_EACH_DAY}",
    "INSERT INTO ops.stock_receipts (tenant_id, receipt_id, lot_id, ingredient_id, quantity, received_at, recorded_at)"
    f" SELECT tenant_id, ingredient_id || d::date, 'l' || d::date, ingredient_id, 2, d + interval '9 hours',"
    f" d + interval '9 hours' FROM ops.ingredients, {_EACH_DAY} WHERE extract(isodow FROM d) = 1",
    "INSERT INTO ops.stock_lots (tenant_id, ingredient_id, quantity, recorded_at)"
    f" SELECT tenant_id, ingredient_id, 2, d + interval '20 hours' FROM ops.ingredients, {_EACH_DAY}"
    " WHERE extract(isodow FROM d) = 1",
    "INSERT INTO plans.planning_runs"
    " (tenant_id, plan_date, status, planned_as_of, attempts, claimed_at, claimed_by)"
    f" SELECT tenant_id, d::date, 'planned', d + interval '4 hours', 1, d, 'run' FROM ops.tenants, {_EACH_DAY}"
    f" WHERE d >= DATE '{LAST}' - 6",
    "INSERT INTO plans.stock_closing_balances (tenant_id, plan_date, starts_on, planned_as_of, reach_days, lots)"
    f" SELECT tenant_id, plan_date, plan_date - 1, planned_as_of, 1, '{_EMPTY}' FROM plans.planning_runs",
    "ANALYZE",
)


def run() -> dict[str, object]:
    """Rows and seconds of a morning's reading, with and without closing balances."""
    from resources.embedded import embedded_url, start_embedded
    from resources.postgres import create_database
    from resources.warehouse import Warehouse, facts
    from resources.warehouse.migrate import migrate
    from resources.warehouse.stock_history import NO_STOCK_HISTORY

    server = start_embedded(Path(tempfile.mkdtemp(prefix="bakery-bench-")))
    try:
        url = embedded_url(server, "bench")
        create_database(url)
        warehouse = Warehouse(url.render_as_string(hide_password=False))
        migrate(warehouse.engine)
        with warehouse.bulk() as bulk:
            for statement in _ROWS:
                bulk.run(statement)
        with patch.object(facts, "stock_history", lambda *_: NO_STOCK_HISTORY):
            every, seconds_every = _measured(warehouse)
        some, seconds_some = _measured(warehouse)
    finally:
        server.cleanup()
    return {
        "rows_of_all_history": every,
        "rows_that_balances_leave": some,
        "seconds_of_all_history": round(seconds_every, 2),
        "seconds_that_balances_leave": round(seconds_some, 2),
        "targets": [at_most("share of the rows of all history", some / every, MOST_OF_ALL)],
    }


def _measured(warehouse: object) -> tuple[int, float]:
    from resources.warehouse import Warehouse, read_snapshot
    from resources.warehouse.stock_history import FACTS_OF_THE_LEDGER, MASTER_DATA_OF_BALANCES

    assert isinstance(warehouse, Warehouse)
    cells = [Cell(f"t{number}", LAST) for number in range(1, TENANTS + 1)]
    began = time.perf_counter()
    snapshot = read_snapshot(warehouse, cells, {*FACTS_OF_THE_LEDGER, *MASTER_DATA_OF_BALANCES}, DAYS)
    snapshot.of(cells)
    seconds = time.perf_counter() - began
    return sum(frame.height for frame in snapshot.tables.values()), seconds
