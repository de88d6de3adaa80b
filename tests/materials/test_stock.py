"""Stock on hand by lot, and first expired, first out."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bakery_assets.cells import Frames
from bakery_assets.keys import ITEM
from bakery_assets.materials.stock import StockOnHand, first_expired_first_out, stock_on_hand
from tests.scenarios import frame_schema

Facts = Callable[..., Frames]
Cells = Callable[..., pl.DataFrame]
LOTS = frame_schema(StockOnHand)
FLOUR = {"item_kind": "ingredient", "item_id": "flour"}


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def lots_of(cells: pl.DataFrame, frames: Frames) -> list[tuple[str, str, float]]:
    return stock_on_hand(cells, frames).select("item_id", "lot_id", "quantity").rows()


def test_a_delivery_after_the_count_raises_its_lot_and_one_before_it_does_not(facts: Facts, cells: Cells) -> None:
    count = {"lot_id": "L1", "ingredient_id": "flour", "quantity": 10.0, "recorded_at": at(3)}
    receipt = {"lot_id": "L1", "ingredient_id": "flour", "recorded_at": at(4)}
    frames = facts(
        stock_lots=[count],
        stock_receipts=[
            receipt | {"receipt_id": "before", "quantity": 7.0, "received_at": at(2)},
            receipt | {"receipt_id": "after", "quantity": 5.0, "received_at": at(4)},
        ],
    )
    assert lots_of(cells(), frames) == [("flour", "L1", 15.0)]


def test_a_lot_never_counted_holds_all_its_receipts_and_expires_with_the_first(facts: Facts, cells: Cells) -> None:
    receipt = {"lot_id": "L9", "ingredient_id": "milk", "quantity": 4.0, "received_at": at(1), "recorded_at": at(1)}
    frames = facts(
        stock_receipts=[
            receipt | {"receipt_id": "a", "expires_on": date(2026, 1, 9)},
            receipt | {"receipt_id": "b", "expires_on": date(2026, 1, 7)},
        ]
    )
    stock = stock_on_hand(cells(), frames)
    assert stock.rows() == [("bakery", "ingredient", "milk", "L9", 2, 8.0)]


FLOUR_RECEIPT = {"receipt_id": "r", "lot_id": "L", "ingredient_id": "flour", "quantity": 100.0, "received_at": at(1),
                 "recorded_at": at(1)}  # fmt: skip
FLOUR_WASTE = {"waste_id": "w", "ingredient_id": "flour", "quantity": 5.0, "waste_date": date(2026, 1, 4)}


@pytest.mark.parametrize("lot", [{"lot_id": "L"}, {}])
@pytest.mark.parametrize(
    ("tables", "counted_at"),
    [
        pytest.param({"stock_receipts": [FLOUR_RECEIPT | {"quantity": 95.0, "recorded_at": at(4)}]}, at(2),
                     id="receipt corrected after the count"),
        pytest.param({"stock_receipts": [FLOUR_RECEIPT | {"recorded_at": at(4)}]}, at(2),
                     id="delivery note typed in after the count"),
        # Sunday 20:00 in Berlin; what Sunday throws away is known at midnight.
        pytest.param({"waste": [FLOUR_WASTE | {"recorded_at": at(4, 23)}]}, at(4, 19),
                     id="waste of the day of the count, recorded at midnight"),
        pytest.param({"waste": [FLOUR_WASTE | {"reason": "mould", "recorded_at": at(5, 1)}]}, at(4, 20),
                     id="reason of old waste corrected after the count"),
    ],
)  # fmt: skip
def test_what_happened_before_a_count_changes_nothing_however_late_it_is_written_down(
    tables: dict[str, list[dict[str, Any]]], counted_at: datetime, lot: dict[str, str], facts: Facts, cells: Cells
) -> None:
    count = {"lot_id": "L", "ingredient_id": "flour", "quantity": 90.0, "recorded_at": counted_at}
    if "waste" in tables:
        tables = {"waste": [row | lot for row in tables["waste"]]}
    assert lots_of(cells(), facts(stock_lots=[count], **tables)) == [("flour", "L", 90.0)]


@pytest.mark.parametrize(("zone", "left"), [("Europe/Berlin", 85.0), ("Asia/Tokyo", 90.0)])
def test_the_day_of_a_count_is_that_of_the_bakerys_clock(zone: str, left: float, facts: Facts, cells: Cells) -> None:
    # 16:00 UTC on Saturday is Sunday in Tokyo.
    count = {"lot_id": "L", "ingredient_id": "flour", "quantity": 90.0, "recorded_at": at(3, 16)}
    frames = facts(stock_lots=[count], waste=[FLOUR_WASTE | {"recorded_at": at(4, 23)}])
    assert lots_of(cells(zone=zone), frames) == [("flour", "L", left)]


def test_a_delivery_can_be_thrown_away_on_its_own_day(facts: Facts, cells: Cells) -> None:
    frames = facts(stock_receipts=[FLOUR_RECEIPT | {"received_at": at(4)}], waste=[FLOUR_WASTE])
    assert lots_of(cells(), frames) == [("flour", "L", 95.0)]


def test_waste_of_a_lot_counts_after_its_count_only_and_never_below_nothing(facts: Facts, cells: Cells) -> None:
    waste = {"ingredient_id": "flour", "recorded_at": at(4, 20)}
    frames = facts(
        stock_lots=[
            {"lot_id": "L1", "ingredient_id": "flour", "quantity": 10.0, "recorded_at": at(3)},
            {"lot_id": "L2", "ingredient_id": "flour", "quantity": 2.0, "recorded_at": at(3)},
        ],
        waste=[
            waste | {"waste_id": "a", "lot_id": "L1", "quantity": 1.0, "waste_date": date(2026, 1, 2)},
            waste | {"waste_id": "b", "lot_id": "L1", "quantity": 3.0, "waste_date": date(2026, 1, 4)},
            waste | {"waste_id": "c", "lot_id": "L2", "quantity": 9.0, "waste_date": date(2026, 1, 4)},
        ],
    )
    assert lots_of(cells(), frames) == [("flour", "L1", 7.0)]


def test_waste_without_a_lot_is_taken_first_expired_first_out_from_lots_known_by_then(
    facts: Facts, cells: Cells
) -> None:
    lot = {"ingredient_id": "milk", "quantity": 5.0}
    frames = facts(
        stock_lots=[
            lot | {"lot_id": "later", "expires_on": date(2026, 1, 9), "recorded_at": at(1)},
            lot | {"lot_id": "sooner", "expires_on": date(2026, 1, 8), "recorded_at": at(1)},
            lot | {"lot_id": "counted_since", "expires_on": date(2026, 1, 6), "recorded_at": at(4)},
        ],
        waste=[
            {"waste_id": "w", "ingredient_id": "milk", "waste_date": date(2026, 1, 3), "quantity": 6.0,
             "recorded_at": at(3)},
            {"waste_id": "x", "ingredient_id": "milk", "waste_date": date(2026, 1, 5), "quantity": 1.0,
             "recorded_at": at(5, 3)},
        ],
    )  # fmt: skip
    assert lots_of(cells(), frames) == [("milk", "counted_since", 4.0), ("milk", "later", 4.0)]


def test_a_lot_is_usable_on_its_last_day_and_gone_the_day_after(facts: Facts, cells: Cells) -> None:
    lot = {"product_id": "cake", "quantity": 1.0, "recorded_at": at(1)}
    frames = facts(
        stock_lots=[
            lot | {"lot_id": "today", "expires_on": date(2026, 1, 5)},
            lot | {"lot_id": "yesterday", "expires_on": date(2026, 1, 4)},
            lot | {"lot_id": "keeps"},
            {"lot_id": "dough", "recipe_id": "sourdough", "quantity": 3.0, "recorded_at": at(1)},
        ]
    )
    stock = stock_on_hand(cells(), frames)
    assert stock.select("item_kind", "lot_id").rows() == [
        ("intermediate", "dough"), ("product", "today"), ("product", "keeps")
    ]  # fmt: skip


def test_a_bakery_without_stock_has_none(facts: Facts, cells: Cells) -> None:
    stock = stock_on_hand(cells(), facts())
    assert stock.is_empty()
    assert dict(stock.schema) == LOTS


def test_what_keeps_is_used_last_and_what_is_missing_is_unmet() -> None:
    lots = pl.DataFrame(
        [
            ("bakery", "ingredient", "flour", "keeps", None, 5.0),
            ("bakery", "ingredient", "flour", "new", 4, 3.0),
            ("bakery", "ingredient", "flour", "old", 1, 2.0),
        ],
        schema=LOTS,
        orient="row",
    )
    demand = pl.DataFrame([{"tenant_id": "bakery", **FLOUR, "quantity": 4.0}])
    remaining, served = first_expired_first_out(lots, demand)
    assert remaining.select("lot_id", "quantity").rows() == [("new", 1.0), ("keeps", 5.0)]
    assert served.rows() == [("bakery", "ingredient", "flour", 4.0, 4.0, 0.0)]
    remaining, served = first_expired_first_out(remaining, demand.with_columns(quantity=pl.lit(7.5)))
    assert remaining.is_empty()
    assert served.select("required", "consumption", "unmet").row(0) == (7.5, 6.0, 1.5)


QUANTITIES = st.integers(0, 50_000).map(lambda thousandths: thousandths / 1000)
LOT_ROWS = st.lists(
    st.tuples(
        st.sampled_from(("a", "b")),
        st.sampled_from(("flour", "milk")),
        st.none() | st.integers(0, 9),
        QUANTITIES,
    ),
    max_size=12,
)
DEMAND_ROWS = st.lists(
    st.tuples(st.sampled_from(("a", "b")), st.sampled_from(("flour", "milk")), QUANTITIES), max_size=6
)


@settings(max_examples=60, deadline=None)
@given(LOT_ROWS, DEMAND_ROWS, st.randoms(use_true_random=False))
def test_stock_is_conserved_and_the_order_of_rows_is_irrelevant(
    lots: list[tuple[str, str, int | None, float]], demand: list[tuple[str, str, float]], shuffler: Random
) -> None:
    rows = [(t, "ingredient", i, f"L{n}", expires, q) for n, (t, i, expires, q) in enumerate(lots)]
    asked = [(t, "ingredient", i, q) for t, i, q in demand]
    schema = {**dict.fromkeys(ITEM, pl.String), "quantity": pl.Float64}

    def serve() -> tuple[pl.DataFrame, pl.DataFrame]:
        return first_expired_first_out(
            pl.DataFrame(rows, schema=LOTS, orient="row"), pl.DataFrame(asked, schema=schema, orient="row")
        )

    remaining, served = serve()
    had, left, used = sum(row[-1] for row in rows), sum(remaining["quantity"]), sum(served["consumption"])
    assert abs(had - left - used) < 1e-6
    assert abs(sum(served["required"]) - sum(row[-1] for row in asked)) < 1e-6
    assert ((served["required"] - served["consumption"] - served["unmet"]).abs() < 1e-9).all()
    assert (remaining["quantity"] > 0).all()
    # A requirement stays unmet only where no stock is left.
    short = served.filter(pl.col("unmet") > 0).join(remaining, on=ITEM)
    assert short.is_empty()
    shuffler.shuffle(rows)
    shuffler.shuffle(asked)
    again = serve()
    assert_frame_equal(remaining, again[0])
    assert_frame_equal(served, again[1])
