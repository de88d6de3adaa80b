"""A morning reads only the facts about stock that the ledger's closing balances do not hold, and plans the same."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import text

from bakery_assets.cells import Cell, Frames
from bakery_assets.planning_day import STAGES, TRAINED_DAYS, PlanningRound, facts_and_plans_read
from resources.warehouse import Warehouse, facts, read_plans, read_snapshot
from resources.warehouse.model_registry import add_booster
from resources.warehouse.stock_history import NO_STOCK_HISTORY, STOCK_FACTS
from tests.bakeries import DAY, bakery, insert
from tests.publishing import plan
from tests.resources.test_models import booster, train

LIVED = 13  # days, the last of which is planned in two ways
TODAY = DAY + timedelta(days=LIVED)


def at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def lived_on(tenant: str, day: date) -> dict[str, list[dict[str, Any]]]:
    """What a bakery records of a day: sales, waste, a delivery, a count each fourth day, what was made of a batch."""
    number, evening = (day - DAY).days, at(day, 20)
    thrown = {"tenant_id": tenant, "waste_id": "moved", "product_id": "baguette", "location_id": "main",
              "quantity": 30.0}  # fmt: skip
    own = {"tenant_id": tenant, "location_id": "main", "recorded_at": evening}
    return {
        "sales": [{**own, "product_id": "baguette", "sales_date": day, "quantity": 90.0 + 3 * number}],
        "waste": [{**own, "waste_id": f"w{number}", "product_id": "baguette", "waste_date": day, "quantity": 2.0}]
        # Written down as of today, and then as of the first day: the first record must not come back.
        + ([{**thrown, "waste_date": day, "recorded_at": evening},
            {**thrown, "waste_date": DAY, "recorded_at": at(day, 21)}] if number == LIVED - 7 else []),
        "stock_receipts": [
            {**own, "receipt_id": f"r{number}", "lot_id": f"sack{number}", "ingredient_id": "flour", "quantity": 25.0,
             "received_at": at(day, 9)}
        ],
        "stock_lots": [{**own, "ingredient_id": "flour", "quantity": 70.0 + number}] if number % 4 == 0 else [],
        "batch_events": [
            {"tenant_id": tenant, "plan_date": day, "batch_number": f"{day:%Y%m%d}-001", "event": "finished",
             "quantity": 80.0, "happened_at": at(day, 6), "recorded_at": at(day, 6)}
        ],
        "batch_consumption": [
            {"tenant_id": tenant, "plan_date": day, "batch_number": f"{day:%Y%m%d}-001", "ingredient_id": "salt",
             "quantity": 900.0, "recorded_at": evening}
        ],
    }  # fmt: skip


def live(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    for day in (DAY + timedelta(days=number) for number in range(LIVED)):
        plan(warehouse, Cell("b", day), at(day, 5))
        insert(warehouse, **lived_on("b", day))


pytestmark = pytest.mark.filled(by=live)


@pytest.fixture
def lived(warehouse: Warehouse) -> Warehouse:
    return warehouse


def read(warehouse: Warehouse, trained_days: int | None = None) -> tuple[Frames, Frames]:
    """The facts that today's cell reads, and what its stages make of them."""
    wanted, plans = facts_and_plans_read(STAGES)
    snapshot = read_snapshot(warehouse, [Cell("b", TODAY)], wanted, 1_200, trained_days=trained_days)
    cells, known = snapshot.of([Cell("b", TODAY)])
    planned = PlanningRound.start(cells, known, read_plans(warehouse, cells, plans))
    for stage in STAGES:
        planned = planned.run(stage)
    assert not planned.failed, planned.failed
    return known, planned.output_tables()


def everything(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> tuple[Frames, Frames]:
    """As ``read``, with all of history."""
    with monkeypatch.context() as patch:
        patch.setattr(facts, "stock_history", lambda *_: NO_STOCK_HISTORY)
        return read(warehouse)


def same(one: Frames, other: Frames) -> None:
    assert one.keys() == other.keys()
    for name, frame in one.items():
        assert_frame_equal(frame, other[name], check_exact=True)


def test_the_plan_from_the_balance_is_the_plan_from_all_facts_and_needs_them_no_more(
    lived: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    some, plan_of_some = read(lived)
    every, plan_of_every = everything(lived, monkeypatch)
    same(plan_of_some, plan_of_every)
    assert 0 < some["waste"].height < every["waste"].height
    assert 0 < some["batch_events"].height < every["batch_events"].height
    moved = some["waste"].filter(pl.col("waste_id") == "moved")["waste_date"].to_list()
    assert moved == [DAY], "the record before its correction came back"
    with lived.engine.begin() as connection:
        for table, column in (("waste", "waste_date"), ("batch_events", "plan_date")):
            connection.execute(
                text(f"DELETE FROM ops.{table} WHERE {column} < :kept"), {"kept": DAY + timedelta(days=1)}
            )
    same(read(lived)[1], plan_of_every)


def test_a_fact_that_comes_late_reads_as_far_back_as_it_reaches(
    lived: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = {"tenant_id": "b", "ingredient_id": "salt", "location_id": "main", "quantity": 400.0}
    insert(lived, stock_lots=[{**count, "counted_at": at(DAY, 8), "recorded_at": at(TODAY, 1)}])
    some, plan_of_some = read(lived)
    every, plan_of_every = everything(lived, monkeypatch)
    same(plan_of_some, plan_of_every)
    same({name: some[name] for name in STOCK_FACTS}, {name: every[name] for name in STOCK_FACTS})


def trained(warehouse: Warehouse) -> None:
    add_booster(warehouse, booster(), at(DAY, 1))
    train(warehouse, at(DAY, 1), b="v1")
    with warehouse.engine.begin() as connection:
        connection.execute(text("UPDATE plans.series_models SET error_quantiles = '[]'"))
        connection.execute(text("UPDATE plans.model_versions SET booster_id = NULL"))


def test_sales_of_longer_ago_are_left_to_the_models_that_were_trained_on_them(lived: Warehouse) -> None:
    own = {"tenant_id": "b", "product_id": "baguette", "location_id": "main", "quantity": 70.0}
    days = [TODAY - timedelta(days=back) for back in (TRAINED_DAYS, TRAINED_DAYS + 1, 900)]
    insert(lived, sales=[{**own, "sales_date": day, "recorded_at": at(day, 20)} for day in days])
    untrained, _ = read(lived, TRAINED_DAYS)
    assert set(days) < set(untrained["sales"]["sales_date"])
    trained(lived)
    some, plan_of_some = read(lived, TRAINED_DAYS)
    every, plan_of_every = read(lived)
    assert some["sales"]["sales_date"].min() == days[0]
    assert every["sales"]["sales_date"].min() == days[2]
    same(plan_of_some, plan_of_every)


def test_sales_of_longer_ago_that_were_recorded_since_the_balance_are_read_with_all_others(lived: Warehouse) -> None:
    trained(lived)
    long_ago = TODAY - timedelta(days=400)
    late = {"tenant_id": "b", "product_id": "baguette", "location_id": "main", "sales_date": long_ago, "quantity": 70.0}
    insert(lived, sales=[{**late, "recorded_at": at(TODAY, 1)}])
    some, plan_of_some = read(lived, TRAINED_DAYS)
    assert some["sales"]["sales_date"].min() == long_ago
    same(plan_of_some, read(lived)[1])


def test_a_bakery_that_has_long_sold_nothing_is_reported_since_when(lived: Warehouse) -> None:
    """Its last sale is older than what its models leave to be read."""
    trained(lived)
    shift = timedelta(days=TRAINED_DAYS + 30)
    with lived.engine.begin() as connection:
        connection.execute(
            text("UPDATE ops.sales SET sales_date = sales_date - :days, recorded_at = recorded_at - :shift"),
            {"days": shift.days, "shift": shift},
        )
    some, plan_of_some = read(lived, TRAINED_DAYS)
    every, plan_of_every = read(lived)
    assert some["sales"].height == every["sales"].height > 0
    assert "sales_ended" in plan_of_some["findings"]["kind"].to_list()
    same(plan_of_some, plan_of_every)
