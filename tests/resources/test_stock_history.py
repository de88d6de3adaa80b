"""A morning reads only the facts about stock that the ledger's closing balances do not hold, and plans the same."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import text

from bakery_assets.cells import Cell, Frames
from bakery_assets.planning_day import STAGES, PlanningRound, facts_and_plans_read
from resources.warehouse import Warehouse, facts, read_plans, read_snapshot
from resources.warehouse.stock_history import NO_STOCK_HISTORY, STOCK_FACTS
from tests.bakeries import DAY, bakery, insert
from tests.publishing import plan

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


def a_bakery_that_lived(warehouse: Warehouse) -> None:
    """Planned each morning, and each evening it recorded its day."""
    insert(warehouse, **bakery("b"))
    for day in (DAY + timedelta(days=number) for number in range(LIVED)):
        plan(warehouse, Cell("b", day), at(day, 5))
        insert(warehouse, **lived_on("b", day))


def read(warehouse: Warehouse) -> tuple[Frames, Frames]:
    """The facts that today's cell reads, and what its stages make of them."""
    wanted, plans = facts_and_plans_read(STAGES)
    cells, known = read_snapshot(warehouse, [Cell("b", TODAY)], wanted, 1_200).of([Cell("b", TODAY)])
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


@pytest.mark.filled(by=a_bakery_that_lived)
def test_the_plan_from_the_balance_is_the_plan_from_all_facts_and_needs_them_no_more(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    some, plan_of_some = read(warehouse)
    every, plan_of_every = everything(warehouse, monkeypatch)
    same(plan_of_some, plan_of_every)
    assert 0 < some["waste"].height < every["waste"].height
    assert 0 < some["batch_events"].height < every["batch_events"].height
    moved = some["waste"].filter(pl.col("waste_id") == "moved")["waste_date"].to_list()
    assert moved == [DAY], "the record before its correction came back"
    with warehouse.engine.begin() as connection:
        for table, column in (("waste", "waste_date"), ("batch_events", "plan_date")):
            connection.execute(
                text(f"DELETE FROM ops.{table} WHERE {column} < :kept"), {"kept": DAY + timedelta(days=1)}
            )
    same(read(warehouse)[1], plan_of_every)


@pytest.mark.filled(by=a_bakery_that_lived)
def test_a_fact_that_comes_late_reads_as_far_back_as_it_reaches(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = {"tenant_id": "b", "ingredient_id": "salt", "location_id": "main", "quantity": 400.0}
    insert(warehouse, stock_lots=[{**count, "counted_at": at(DAY, 8), "recorded_at": at(TODAY, 1)}])
    some, plan_of_some = read(warehouse)
    every, plan_of_every = everything(warehouse, monkeypatch)
    same(plan_of_some, plan_of_every)
    same({name: some[name] for name in STOCK_FACTS}, {name: every[name] for name in STOCK_FACTS})
