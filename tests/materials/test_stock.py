"""Stock on hand by lot, and first expired, first out."""

from collections.abc import Callable
from datetime import date
from random import Random

import polars as pl
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


def test_a_lot_is_usable_on_its_last_day_and_gone_the_day_after(facts: Facts, cells: Cells) -> None:
    frames = facts(
        stock_balances=[
            {"product_id": "cake", "lot_id": "today", "quantity": 1.0, "expires_on": date(2026, 1, 5)},
            {"product_id": "cake", "lot_id": "yesterday", "quantity": 1.0, "expires_on": date(2026, 1, 4)},
            {"product_id": "cake", "lot_id": "keeps", "quantity": 1.0},
            {"recipe_id": "sourdough", "lot_id": "dough", "quantity": 3.0},
            {"ingredient_id": "flour", "lot_id": "unknown", "quantity": 0.0, "is_known": False},
        ]
    )
    stock = stock_on_hand(cells(), frames)
    assert stock.select("item_kind", "lot_id").rows() == [
        ("intermediate", "dough"), ("product", "today"), ("product", "keeps")
    ]  # fmt: skip


def test_a_lot_in_two_locations_is_one_and_lasts_until_the_first_of_its_last_days(facts: Facts, cells: Cells) -> None:
    lot = {"ingredient_id": "milk", "lot_id": "L"}
    frames = facts(
        stock_balances=[
            lot | {"location_id": "main", "quantity": 3.0, "expires_on": date(2026, 1, 9)},
            lot | {"location_id": "shop", "quantity": 2.0, "expires_on": date(2026, 1, 7)},
        ]
    )
    assert stock_on_hand(cells(), frames).rows() == [("bakery", "ingredient", "milk", "L", 2, 5.0)]


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
