"""What a look at deliveries costs: 10,000 open orders of 500 bakeries with three months of received ones behind them.

One order in twenty is overdue and one in fifty arrives soon. Seconds are CPU of this process and of the server. The
first look opens all their alerts at once, which happens once; those that follow find nothing new.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.processor_time import ProcessorTime
from benchmarks.targets import below
from benchmarks.wave_floor import postmaster

TENANTS, OPEN, RECEIVED_DAYS = 500, 20, 90  # open orders and days of received ones, of each bakery
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MOST_SECONDS = 2.0
LOOKS = 5
_AT = f"TIMESTAMPTZ '{NOW.isoformat()}'"
# Windows of two hours: one order in twenty ended an hour ago, the next of fifty begins in an hour, others later.
_OPENS = (
    f"{_AT} + CASE WHEN n % 20 = 0 THEN interval '-3 hours' WHEN (n + t) % 50 = 1 THEN interval '1 hour'"
    " ELSE interval '1 day' * (1 + n % 6) END"
)
_ROWS = (
    "INSERT INTO ops.tenants (tenant_id, name, timezone, country)"
    f" SELECT 't' || t, 't', 'Europe/Berlin', 'DE' FROM generate_series(1, {TENANTS}) t",
    "INSERT INTO ops.locations (tenant_id, location_id) SELECT tenant_id, 'main' FROM ops.tenants",
    "INSERT INTO ops.suppliers (tenant_id, supplier_id, name) SELECT tenant_id, 'mill', 'Mill' FROM ops.tenants",
    "INSERT INTO ops.ingredients (tenant_id, ingredient_id, name)"
    " SELECT tenant_id, 'i' || n, 'Item ' || n FROM ops.tenants, generate_series(0, 4) n",
    "INSERT INTO ops.purchase_orders (tenant_id, order_id, ingredient_id, supplier_id, quantity, expected_from,"
    " expected_to, ordered_at, recorded_at)"
    f" SELECT 't' || t, 'open' || n, 'i' || n % 5, 'mill', 10, {_OPENS}, {_OPENS} + interval '2 hours',"
    f" {_AT} - interval '3 days', {_AT} - interval '3 days'"
    f" FROM generate_series(1, {TENANTS}) t, generate_series(1, {OPEN}) n",
    "INSERT INTO ops.purchase_orders (tenant_id, order_id, ingredient_id, supplier_id, quantity, expected_from,"
    " expected_to, ordered_at, recorded_at)"
    f" SELECT 't' || t, 'past' || d, 'i' || n, 'mill', 10, {_AT} - d * interval '1 day',"
    f" {_AT} - d * interval '1 day', {_AT} - (d + 3) * interval '1 day', {_AT} - (d + 3) * interval '1 day'"
    f" FROM generate_series(1, {TENANTS}) t, generate_series(1, {RECEIVED_DAYS}, 2) d, generate_series(0, 1) n",
    "INSERT INTO ops.stock_receipts (tenant_id, receipt_id, lot_id, ingredient_id, order_id, quantity, received_at,"
    " recorded_at) SELECT tenant_id, order_id, ingredient_id, ingredient_id, order_id, quantity, expected_to,"
    " expected_to FROM ops.purchase_orders WHERE order_id LIKE 'past%'",
    "ANALYZE",
)


def run() -> dict[str, object]:
    """CPU seconds of the first look and of a later one."""
    from resources.embedded import embedded_url, start_embedded
    from resources.postgres import create_database
    from resources.warehouse import Warehouse
    from resources.warehouse.deliveries import watch_deliveries
    from resources.warehouse.migrate import migrate

    server = start_embedded(Path(tempfile.mkdtemp(prefix="bakery-bench-")))
    try:
        url = embedded_url(server, "bench")
        create_database(url)
        warehouse = Warehouse(url.render_as_string(hide_password=False))
        migrate(warehouse.engine)
        with warehouse.bulk() as bulk:
            for statement in _ROWS:
                bulk.run(statement)
        spent = ProcessorTime(postmaster(warehouse))
        with spent.on("first"):
            opened = watch_deliveries(warehouse, NOW)
        with spent.on("later"):
            changed = sum(watch_deliveries(warehouse, NOW + timedelta(minutes=look)) for look in range(1, LOOKS + 1))
        warehouse.engine.dispose()
    finally:
        server.cleanup()
    first, later = (spent.python[phase] + spent.postgres[phase] for phase in ("first", "later"))
    return {
        "open_orders": TENANTS * OPEN,
        "alerts_opened": opened,
        "alerts_changed_later": changed,
        "cpu_seconds_first_look": round(first, 2),
        "cpu_seconds_later_look": round(later / LOOKS, 2),
        "targets": [below(f"CPU seconds of a look at {TENANTS * OPEN:,} open orders", later / LOOKS, MOST_SECONDS)],
    }
