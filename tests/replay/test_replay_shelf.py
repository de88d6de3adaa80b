"""Days in a row against a baker's notebook: plain Python with a list of lots, which knows nothing of the replay's code."""

import math
from datetime import date, timedelta
from typing import Any, cast

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.newsvendor.critical_ratio import CriticalRatios
from bakery_assets.production.lot_values import DemandToCome
from bakery_assets.replay.shelf import ProductDays, ShelfDays, Targets, bake_and_sell, in_money
from bakery_assets.schemas import conform, ops
from tests.scenarios import filled

FIRST = date(2024, 1, 1)
POLICIES = ["last_same_weekday", "sample_quantile"]
# unit, days it keeps, smallest and largest batch, multiple
SIZES = [
    ("piece", 1, None, None, None),
    ("piece", 3, 5.0, 8.0, None),
    ("kg", 2, 1.5, None, 0.5),
    ("piece", 2, None, 24.0, 12.0),
]

quantities = st.sampled_from([0.0, 0.5, 1.0, 2.25, 7.0, 16.0, 40.0])
one_day = st.tuples(
    st.sampled_from([True, True, True, False]), quantities, quantities, st.sampled_from([0.0, 0.0, 9.0]), quantities
)
bakeries = st.lists(st.lists(one_day, min_size=6, max_size=6), min_size=len(SIZES), max_size=len(SIZES))


def lot(required: float, size: tuple[Any, ...]) -> float:
    """Whole batches for what is required: at least the smallest, in multiples, split where one is too large."""
    unit, _, smallest, largest, multiple = size
    step = multiple or (1.0 if unit == "piece" else 0.001)
    steps = math.ceil(round(required / step, 6))
    least = max(math.ceil(round((smallest or 0) / step, 6)), 1)
    if required <= 0:
        return 0.0
    steps = max(steps, least)
    batches = math.ceil(steps / math.floor(largest / step)) if largest else 1
    return max(steps, batches * least) * step


def in_pieces(rest: float, size: tuple[Any, ...]) -> float:
    """Whole pieces, half up; less than half of one only of what keeps long enough to sell half of one."""
    unit, keeps, *_ = size
    if unit != "piece":
        return rest
    return math.floor(rest + 0.5) if rest >= 0.5 else rest if rest * keeps >= 0.5 else 0.0


def notebook(
    days: list[tuple[bool, float, float, float, float]], size: tuple[Any, ...], which: int
) -> list[tuple[float, ...]]:
    """What is on the shelf, baked, lost, thrown away and kept, day by day, for the targets of one policy."""
    shelf: list[list[float]] = []  # evenings left and quantity, the oldest first
    noted = []
    for is_open, *targets, ordered, demand in days:
        wanted = ordered + in_pieces(max(targets[which] - ordered, 0.0), size) if is_open else 0.0
        there = sum(quantity for _, quantity in shelf)
        baked = lot(wanted - there, size) if wanted - there > 1e-9 else 0.0
        if baked:
            shelf.append([size[1], baked])
        missing = demand if is_open else 0.0
        for each in shelf:
            sold = min(each[1], missing)
            each[1] -= sold
            missing -= sold
        thrown_away = sum(quantity for evenings, quantity in shelf if evenings == 1)
        shelf = [[evenings - 1, quantity] for evenings, quantity in shelf if evenings > 1 and quantity > 1e-9]
        noted.append((there, baked, missing, thrown_away, sum(quantity for _, quantity in shelf)))
    return noted


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(bakeries)
def test_every_policy_bakes_sells_and_throws_away_as_noted(
    bakery: list[list[tuple[bool, float, float, float, float]]],
) -> None:
    products = [
        {"tenant_id": "a", "product_id": str(number), "unit": unit, "shelf_life_days": keeps, "batch_min": smallest,
         "batch_max": largest, "batch_multiple": multiple}
        for number, (unit, keeps, smallest, largest, multiple) in enumerate(SIZES)
    ]  # fmt: skip
    days, targets = [], []
    for number, each in enumerate(bakery):
        for back, (is_open, *both, ordered, demand) in enumerate(each):
            key = {"tenant_id": "a", "product_id": str(number), "date": FIRST + timedelta(days=back)}
            of_day = {"demand": demand, "ordered": ordered} if is_open else {}
            days.append({**key, "is_open": is_open, "is_known": True, **of_day})
            targets += [
                {**key, "policy": policy, "target": target} for policy, target in zip(POLICIES, both, strict=True)
            ]
    lived = bake_and_sell(
        conform(ProductDays, filled(ProductDays, days)),
        conform(Targets, filled(Targets, targets)),
        conform(ops.Products, filled(ops.Products, products)),
        DemandToCome.create_empty(),
    )
    for number, size in enumerate(SIZES):
        for which, policy in enumerate(POLICIES):
            own = lived.filter(pl.col("product_id") == str(number), pl.col("policy") == policy).sort("date")
            found = own.select("stock", "baked", "lost", "leftover", "kept").rows()
            for row, noted in zip(found, notebook(bakery[number], size, which), strict=True):
                assert row == pytest.approx(noted, abs=1e-4)


def test_the_system_leaves_out_a_lot_that_loses_more_than_it_earns_and_meets_what_was_ordered() -> None:
    """24 cakes for an expected sale of about one: 2 earned on what sells, 1 lost on each of the others.

    On the second day a customer has ordered one, on the third 20 are likely to be sold. Who bakes by a rule bakes each day.
    """
    key = {"tenant_id": "a", "product_id": "cake"}
    dates = [FIRST + timedelta(days=back) for back in range(3)]
    wanted = [(0.0, 1.0), (1.0, 1.0), (0.0, 22.0)]
    days = [
        {**key, "date": day, "is_open": True, "is_known": True, "ordered": ordered, "demand": ordered}
        for day, (ordered, _) in zip(dates, wanted, strict=True)
    ]
    targets = [
        {**key, "date": day, "policy": policy, "target": target}
        for day, (_, target) in zip(dates, wanted, strict=True)
        for policy in ("system", "sample_quantile")
    ]
    worth = [
        {
            **key,
            "schedule_date": day,
            "unit_gain": 2.0,
            "unit_loss": 1.0,
            **dict(zip(QUANTILE_LEVELS, sold, strict=True)),
        }
        for day, sold in zip(dates, [(0, 0, 1, 2, 3), (0, 0, 1, 2, 3), (15, 20, 22, 24, 26)], strict=True)
    ]
    sizes = [{**key, "unit": "piece", "shelf_life_days": 1, "batch_min": 24.0}]
    lived = bake_and_sell(
        conform(ProductDays, filled(ProductDays, days)),
        conform(Targets, filled(Targets, targets)),
        conform(ops.Products, filled(ops.Products, sizes)),
        conform(DemandToCome, filled(DemandToCome, worth)),
    )
    baked = {
        policy: lived.filter(pl.col("policy") == policy).sort("date")["baked"].to_list()
        for policy in ("system", "sample_quantile")
    }
    assert baked == {"system": [0.0, 24.0, 24.0], "sample_quantile": [24.0, 24.0, 24.0]}


@pytest.mark.parametrize(
    ("price", "cost", "salvage", "expected"),
    [
        (3.0, 1.0, 0.25, 2 * 2.0 + 4 * 0.75),
        (1.0, 2.0, 0.0, 4 * 2.0),  # sells below cost: what is lost costs nothing
        (3.0, 1.0, 1.5, 2 * 2.0),  # worth more than its cost when old: what is thrown away costs nothing
    ],
)  # fmt: skip
def test_costs_are_what_is_lost_and_what_is_thrown_away(
    price: float, cost: float, salvage: float, expected: float
) -> None:
    key = {"tenant_id": "a", "product_id": "rye", "policy": "sample_quantile"}
    row = {
        **key,
        "date": FIRST,
        "is_open": True,
        "is_known": True,
        "lost": 2.0,
        "leftover": 4.0,
        "baked": 4.0,
        "demand": 2.0,
    }
    unknown = {**row, "date": FIRST + timedelta(days=1), "is_known": False}
    ratio = {"tenant_id": "a", "product_id": "rye", "price": price, "unit_cost": cost, "salvage_value": salvage,
             "margin_from": "own"}  # fmt: skip
    days = in_money(
        cast(Any, filled(ShelfDays, [row, unknown])),
        cast(Any, filled(CriticalRatios, [ratio])),
        cast(Any, pl.DataFrame({"tenant_id": ["a"], "currency": ["EUR"]})),
    )
    assert days.select("currency", "days", "cost").rows() == [("EUR", 1, pytest.approx(expected))]
