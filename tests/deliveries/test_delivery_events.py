"""Events about deliveries: written with what is loaded, and once for rows that others insert, however late they commit."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from resources.warehouse import Warehouse
from resources.warehouse.delivery_events import announce_since
from resources.warehouse.intake import load_folder
from tests.bakeries import bakery, insert, rows
from tests.conftest import TEMPLATE, copy_of, drop

EVENTS = (
    "SELECT type, subject, data #>> '{lines,0,quantity}', jsonb_array_length(data -> 'lines') FROM plans.events"
    " ORDER BY time, type, subject"
)
ORDER = (
    "INSERT INTO ops.purchase_orders (tenant_id, order_id, ingredient_id, supplier_id, quantity, expected_from,"
    " expected_to, ordered_at, recorded_at) VALUES ('b', '{number}', '{item}', 'mill', {quantity},"
    " '2026-03-03T08:00Z', '2026-03-03T10:00Z', '2026-03-01T08:00Z', '2026-03-01T08:00Z')"
)


@pytest.fixture
def alone(own_server: URL) -> Warehouse:
    """A warehouse on a server on which nothing else holds a transaction open."""
    name = copy_of(own_server, TEMPLATE)
    made = Warehouse(own_server.set(database=name).render_as_string(hide_password=False))
    yield made
    made.engine.dispose()
    drop(own_server, name)


def test_what_is_loaded_is_announced_with_it_and_never_twice(warehouse: Warehouse, tmp_path: Path) -> None:
    insert(warehouse, **bakery("b"))
    (tmp_path / "purchase_orders.csv").write_text(
        "tenant_id,order_id,ingredient_id,supplier_id,quantity,expected_from,expected_to,ordered_at\n"
        "b,P1,flour,mill,75,2026-03-03T08:00Z,2026-03-03T10:00Z,2026-03-01T08:00Z\n"
        "b,P1,salt,mill,900,2026-03-03T08:00Z,2026-03-03T10:00Z,2026-03-01T08:00Z\n"
    )
    (tmp_path / "stock_receipts.csv").write_text(
        "tenant_id,receipt_id,lot_id,ingredient_id,order_id,quantity,received_at,state\n"
        "b,r1,f1,flour,P1,75,2026-03-03T09:00Z,\n"
        "b,r2,s1,salt,P1,900,2026-03-03T09:00Z,draft\n"
    )
    for _ in range(2):
        load_folder(warehouse, tmp_path, now=datetime(2026, 3, 3, 12, tzinfo=UTC))
        announce_since(warehouse, None)
    assert rows(warehouse, EVENTS) == [
        ("delivery.scheduled", "P1", "75", 2), ("delivery.received", "P1", "75", 1),
    ]  # fmt: skip


def test_an_order_is_announced_as_cancelled_when_its_last_line_is(alone: Warehouse) -> None:
    insert(alone, **bakery("b"))
    header = ORDER.format(number="P1", item="{item}", quantity="{quantity}")
    for item, quantity, hour in (("flour", 75, 8), ("salt", 900, 8), ("salt", 0, 9), ("flour", 0, 10)):
        written = header.format(item=item, quantity=quantity).replace("01T08:00Z')", f"01T{hour:02}:00Z')")
        with alone.engine.begin() as connection:
            connection.execute(text(written))
    announce_since(alone, None)
    reported = rows(alone, "SELECT type, data #>> '{lines,0,ingredient_id}' FROM plans.events ORDER BY time, 2")
    assert reported == [
        ("delivery.scheduled", "flour"), ("delivery.scheduled", "salt"), ("delivery.scheduled", "salt"),
        ("delivery.cancelled", "flour"),
    ]  # fmt: skip


def test_no_row_is_missed_whose_transaction_commits_late(alone: Warehouse) -> None:
    insert(alone, **bakery("b"))
    cursor = announce_since(alone, None)
    with alone.engine.connect() as late, alone.engine.connect() as early:
        late.execute(text(ORDER.format(number="late", item="flour", quantity=1)))
        early.execute(text(ORDER.format(number="early", item="flour", quantity=2)))
        early.commit()
        cursor = announce_since(alone, cursor)
        late.commit()
    cursor = announce_since(alone, cursor)
    announce_since(alone, cursor)
    assert sorted(rows(alone, "SELECT subject FROM plans.events")) == [("early",), ("late",)]
    announce_since(alone, 10**15)
    assert rows(alone, "SELECT count(*) FROM plans.events") == [(2,)], "restored elsewhere: read again, reported once"
