"""Events are told once, whoever tells them and however often."""

from datetime import UTC, datetime

import polars as pl

from bakery_assets.schemas import conform
from bakery_assets.schemas.news import News
from resources.warehouse import Warehouse
from resources.warehouse.events import append_events
from tests.bakeries import bakery, insert, rows

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def told(warehouse: Warehouse, *occasions: str, tenant: str = "b") -> int:
    news = pl.DataFrame(
        [(tenant, "procurement.plan.approved", "plan/2026-03-03", each, NOON, '{"who": "Ada"}') for each in occasions],
        schema=pl.Schema(News),
        orient="row",
    )
    with warehouse.bulk() as bulk:
        return append_events(bulk, conform(News, news))


def test_an_event_that_is_told_again_is_not_written_again(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    insert(warehouse, **bakery("c"))
    assert told(warehouse, "d1", "d2", "d2") == 2
    assert told(warehouse, "d2", "d3") == 1
    assert told(warehouse, "d2", tenant="c") == 1
    assert told(warehouse) == 0
    query = "SELECT source, event_id, type, subject, time, data->>'who' FROM plans.events ORDER BY source, event_id"
    what = ("procurement.plan.approved", "plan/2026-03-03", NOON, "Ada")
    assert rows(warehouse, query) == [
        ("/bakery_assets/b", "procurement.plan.approved/plan/2026-03-03/d1", *what),
        ("/bakery_assets/b", "procurement.plan.approved/plan/2026-03-03/d2", *what),
        ("/bakery_assets/b", "procurement.plan.approved/plan/2026-03-03/d3", *what),
        ("/bakery_assets/c", "procurement.plan.approved/plan/2026-03-03/d2", *what),
    ]
