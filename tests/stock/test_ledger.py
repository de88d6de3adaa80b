"""The ledger against a bookkeeper in plain Python, over random weeks of bakeries."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.stock.bookkeeper import Account, Bakery, Row
from tests.stock.random_bakeries import DAYS, KEYS, MONDAY, RECORD, cells_of, frames_of, histories
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


@st.composite
def kept_bakeries(draw: st.DrawFn) -> Bakery:
    """A bakery with a random week, seen at a random moment; one in three settles by the default alone."""
    is_plain = draw(st.integers(0, 2)) == 0
    fifo, limiting = (False, frozenset()) if is_plain else (draw(st.booleans()), draw(LIMITING))
    return Bakery(draw(histories()), draw(NOW), fifo=fifo, limiting=limiting)


def named(bakeries: Iterable[Bakery]) -> dict[str, Bakery]:
    return {f"b{number}": bakery for number, bakery in enumerate(bakeries)}


# Several bakeries to an example: a call of the ledger takes hardly longer for seven of them than for one.
@settings(max_examples=7, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.tuples(*[kept_bakeries()] * 7), st.randoms(use_true_random=False))
def test_the_ledger_says_what_the_bookkeeper_says(drawn: tuple[Bakery, ...], shuffler: Random) -> None:
    bakeries = named(drawn)
    tables = LEDGER.plan(cells_of(bakeries), frames_of(bakeries, shuffler))
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
            reported = account.unexplained if KIND[item] == "product" else account.sent_back_unseen
            assert abs(missing - reported) < CLOSE, (item, missing, reported)
        assert movements.filter((pl.col("tenant_id") == tenant) & (pl.col("happened_at") > bakery.now)).is_empty()
    # Stock is the sum of the movements, nothing was ever below zero, and nothing happened after the instant.
    lot = ["tenant_id", "item_kind", "item_id", "location_id", "lot_id"]
    sums = movements.group_by(lot).agg(pl.col("quantity").sum()).filter(pl.col("quantity").abs() > CLOSE)
    held = balances.filter(pl.col("quantity") > CLOSE).select(*lot, "quantity")
    assert_frame_equal(sums.sort(lot), held.sort(lot), check_exact=False, abs_tol=CLOSE)
    running = movements.sort("tenant_id", "movement_number").select(pl.col("quantity").cum_sum().over(lot).min())
    assert movements.is_empty() or running.item() > -CLOSE
    for bakery in drawn:
        shuffler.shuffle(bakery.facts["sales"])
    again = LEDGER.plan(cells_of(bakeries), frames_of(bakeries, shuffler))
    for name, table in tables.items():
        assert_frame_equal(table, again[name])


Life = tuple[dict[str, list[Row]], bool, frozenset[tuple[str, str]]]
LIVES = st.tuples(histories(), st.booleans(), LIMITING)


def assert_going_on_is_deriving_again(lives: Sequence[Life], shuffler: Random) -> None:
    kept: pl.DataFrame | None = None
    for day in range(DAYS + 1):
        now = datetime.combine(MONDAY, time(5), UTC) + timedelta(days=day)
        bakeries = named(Bakery(facts, now, fifo=fifo, limiting=limiting) for facts, fifo, limiting in lives)
        cells = cells_of(bakeries)
        again = LEDGER.plan(cells, frames_of(bakeries, shuffler))
        going_on = LEDGER.plan(cells, frames_of(bakeries, shuffler, kept))
        for name in ("stock_balances", "stock_closing_balances"):
            assert again[name].drop("quantity", strict=False).equals(going_on[name].drop("quantity", strict=False))
        assert_frame_equal(again["stock_balances"], going_on["stock_balances"], check_exact=False, abs_tol=CLOSE)
        rows = going_on["stock_closing_balances"]
        kept = rows if kept is None else pl.concat([kept, rows])


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.tuples(*[LIVES] * 6), st.randoms(use_true_random=False))
def test_going_on_from_a_closing_balance_is_deriving_it_again(lives: tuple[Life, ...], shuffler: Random) -> None:
    assert_going_on_is_deriving_again(lives, shuffler)


def test_a_batch_that_was_only_confirmed_and_never_planned_is_in_the_closing_balance() -> None:
    """Nothing says when it began; on Sunday the ledger begins on Thursday, and reads no hours of Monday."""
    confirmed = {"plan_date": MONDAY, "batch_number": "20260105-001", "product_id": "bread", "event": "confirmed",
                 "quantity": 16.0, "wasted_quantity": None, "happened_at": datetime(2026, 1, 5, 10, 49, tzinfo=UTC),
                 "recorded_at": datetime(2026, 1, 5, 10, 49, tzinfo=UTC)}  # fmt: skip
    facts: dict[str, list[Row]] = {name: [] for name in (*KEYS, "stock_lots", *RECORD)}
    assert_going_on_is_deriving_again([(facts | {"batch_events": [confirmed]}, False, frozenset())], Random(1))
