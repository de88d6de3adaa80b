"""The ledger against a bookkeeper in plain Python, over random weeks of bakeries."""

from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.stock.bookkeeper import Account, Bakery, Row
from tests.stock.random_bakeries import DAYS, MONDAY, cells_of, frames_of, histories
from tests.stock.whole_ledger import LEDGER

CLOSE = 1e-4
KIND = {"bread": "product", "dough": "intermediate", "flour": "ingredient", "salt": "ingredient"}
# What is made, and of what it keeps no longer than.
LIMITING = st.frozensets(st.sampled_from((("bread", "dough"), ("bread", "salt"), ("dough", "flour"))))
NOW = st.integers(0, DAYS * 24 * 4).map(
    lambda quarter: datetime.combine(MONDAY, time(), UTC) + timedelta(minutes=15 * quarter)
)


def as_books(balances: pl.DataFrame, tenant: str, item: str) -> dict[tuple[str, str], tuple[float, Any]]:
    own = balances.filter((pl.col("tenant_id") == tenant) & (pl.col("item_id") == item) & pl.col("is_known"))
    rows = own.select("location_id", "lot_id", "quantity", "expires_on").iter_rows()
    return {(place, lot): (quantity, last) for place, lot, quantity, last in rows}


def assert_same(account: Account, book: dict[tuple[str, str], tuple[float, Any]]) -> None:
    expected = {key: (lot.quantity, lot.last_day) for key, lot in account.lots.items()}
    large = {key for key, (quantity, _) in {**expected, **book}.items() if quantity > CLOSE}
    assert large & expected.keys() == large & book.keys(), (expected, book)
    for key in large:
        assert abs(expected[key][0] - book[key][0]) < CLOSE, (key, expected, book)
        assert expected[key][1] == book[key][1], (key, expected, book)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), histories(), NOW, st.booleans(), LIMITING, st.randoms(use_true_random=False))
def test_the_ledger_says_what_the_bookkeeper_says(
    one: dict[str, list[Row]],
    other: dict[str, list[Row]],
    now: datetime,
    fifo: bool,
    limiting: frozenset[tuple[str, str]],
    shuffler: Random,
) -> None:
    bakeries = {"a": Bakery(one, now, fifo=fifo, limiting=limiting), "b": Bakery(other, now)}
    tables = LEDGER.plan(cells_of(bakeries, now), frames_of(bakeries, shuffler))
    movements, balances = tables["stock_movements"], tables["stock_balances"]
    unexplained = tables["unexplained_usage"]
    for tenant, bakery in bakeries.items():
        for item, account in bakery.stock().items():
            assert_same(account, as_books(balances, tenant, item))
            missing = unexplained.filter((pl.col("tenant_id") == tenant) & (pl.col("item_id") == item))[
                "quantity"
            ].sum()
            thrown = movements.filter(
                (pl.col("tenant_id") == tenant) & (pl.col("item_id") == item) & (pl.col("kind") == "waste")
            )
            of_batches = -thrown.filter(pl.col("source").str.starts_with("batch "))["quantity"].sum()
            assert abs(of_batches - account.scrapped) < CLOSE, (of_batches, account.scrapped)
            is_same = abs(missing - account.unexplained) < CLOSE
            assert KIND[item] != "product" or is_same, (missing, account.unexplained)
    # Stock is the sum of the movements, nothing was ever below zero, and nothing happened after the instant.
    lot = ["tenant_id", "item_kind", "item_id", "location_id", "lot_id"]
    sums = movements.group_by(lot).agg(pl.col("quantity").sum()).filter(pl.col("quantity").abs() > CLOSE)
    held = balances.filter(pl.col("quantity") > CLOSE).select(*lot, "quantity")
    assert_frame_equal(sums.sort(lot), held.sort(lot), check_exact=False, abs_tol=CLOSE)
    running = movements.sort("tenant_id", "movement_number").select(pl.col("quantity").cum_sum().over(lot).min())
    assert movements.is_empty() or running.item() > -CLOSE
    assert movements.filter(pl.col("happened_at") > now).is_empty()
    shuffler.shuffle(one["sales"])
    again = LEDGER.plan(cells_of(bakeries, now), frames_of(bakeries, shuffler))
    for name, table in tables.items():
        assert_frame_equal(table, again[name])


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), st.booleans(), LIMITING, st.randoms(use_true_random=False))
def test_going_on_from_a_closing_balance_is_deriving_it_anew(
    facts: dict[str, list[Row]], fifo: bool, limiting: frozenset[tuple[str, str]], shuffler: Random
) -> None:
    kept: pl.DataFrame | None = None
    for day in range(DAYS + 1):
        now = datetime.combine(MONDAY, time(5), UTC) + timedelta(days=day)
        bakeries = {"a": Bakery(facts, now, fifo=fifo, limiting=limiting)}
        cells = cells_of(bakeries, now)
        anew = LEDGER.plan(cells, frames_of(bakeries, shuffler))
        going_on = LEDGER.plan(cells, frames_of(bakeries, shuffler, kept))
        for name in ("stock_balances", "stock_closing_balances"):
            assert anew[name].drop("quantity", strict=False).equals(going_on[name].drop("quantity", strict=False))
        assert_frame_equal(anew["stock_balances"], going_on["stock_balances"], check_exact=False, abs_tol=CLOSE)
        rows = going_on["stock_closing_balances"]
        kept = rows if kept is None else pl.concat([kept, rows])
