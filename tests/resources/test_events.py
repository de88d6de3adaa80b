"""Events are reported once, whoever tells them and however often."""

from datetime import UTC, datetime

import polars as pl

from bakery_assets.schemas import conform
from bakery_assets.schemas.new_events import NewEvents
from resources.warehouse import Warehouse
from resources.warehouse.events import append_events
from tests.bakeries import bakery, insert, rows

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def reported(warehouse: Warehouse, *occasions: str, tenant: str = "b") -> int:
    new_events = pl.DataFrame(
        [(tenant, "procurement.plan.approved", "plan/2026-03-03", each, NOON, '{"who": "Ada"}') for each in occasions],
        schema=pl.Schema(NewEvents),
        orient="row",
    )
    with warehouse.bulk() as bulk:
        return append_events(bulk, conform(NewEvents, new_events))


def test_an_event_that_is_reported_again_is_not_written_again(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    insert(warehouse, **bakery("c"))
    assert reported(warehouse, "d1", "d2", "d2") == 2
    assert reported(warehouse, "d2", "d3") == 1
    assert reported(warehouse, "d2", tenant="c") == 1
    assert reported(warehouse) == 0
    query = "SELECT source, event_id, type, subject, time, data->>'who' FROM plans.events ORDER BY source, event_id"
    what = ("procurement.plan.approved", "plan/2026-03-03", NOON, "Ada")
    assert rows(warehouse, query) == [
        ("/bakery_assets/b", "procurement.plan.approved/plan/2026-03-03/d1", *what),
        ("/bakery_assets/b", "procurement.plan.approved/plan/2026-03-03/d2", *what),
        ("/bakery_assets/b", "procurement.plan.approved/plan/2026-03-03/d3", *what),
        ("/bakery_assets/c", "procurement.plan.approved/plan/2026-03-03/d2", *what),
    ]
