"""What holds for every distribution, checked in plain Python over random bakeries that share nothing with the planner."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from random import Random
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bakery_assets.cells import CELLS
from bakery_assets.distribution import plan_distribution
from bakery_assets.stages import Stage
from tests.scenarios import as_forecast, filled

STAGE = Stage.of(plan_distribution)
MONDAY = date(2026, 1, 5)
SHOPS = ("east", "north", "south")
PRODUCTS = {"bread": "piece", "roll": "piece", "seeds": "kg"}
SHELF_LIVES = {"bread": 1, "roll": 2, "seeds": 1}
LEVELS = (0.1, 0.5, 0.8, 0.9, 0.95)
DUST = Fraction(1, 10**5)
Row = dict[str, Any]
Tables = dict[str, list[Row]]
AMOUNT = st.integers(0, 60) | st.integers(0, 600).map(lambda tenths: tenths / 10)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime.combine(MONDAY, time(hour, minute), UTC)


def exactly(value: float) -> Fraction:
    return Fraction(str(round(value, 6)))


@st.composite
def bakeries(draw: st.DrawFn) -> Tables:
    """A kitchen and up to three shops, forecasts, orders, what is in stock and what is baked until when."""
    shops = draw(st.lists(st.sampled_from(SHOPS), unique=True, max_size=3))
    found: Tables = {"locations": [{"location_id": "main"}], "opening_hours": [], "demand_forecasts": [],
                     "customer_orders": [], "stock_balances": [], "production_batches": []}  # fmt: skip
    for shop in ("main", *shops):
        if shop != "main":
            found["locations"].append(
                {"location_id": shop, "name": shop, "minutes_from_kitchen": draw(st.sampled_from((None, 0, 15, 40)))}
            )
        weekday = draw(st.sampled_from((1, 1, 1, 1, 2)))  # with hours on Tuesdays only it is closed
        opens, closes = draw(st.sampled_from((6, 7, 7, 9))), draw(st.sampled_from((12, 18)))
        found["opening_hours"].append(
            {"location_id": shop, "weekday": weekday, "opens": time(opens), "closes": time(closes)}
        )
        for product in PRODUCTS:
            if draw(st.integers(0, 4)):
                row = {"location_id": shop, "product_id": product, "target_date": MONDAY, "plan_date": MONDAY}
                yhat, spread = float(draw(AMOUNT)), draw(st.sampled_from((0.0, 0.2, 0.6)))
                band = {"q10": yhat * (1 - spread), "q50": yhat, "q80": yhat * (1 + spread / 2),
                        "q90": yhat * (1 + spread), "q95": yhat * (1 + 1.5 * spread)}  # fmt: skip
                found["demand_forecasts"].append(row | {"yhat": yhat, **band})
            for life in draw(st.lists(st.integers(-1, 2), unique=True, max_size=2)):
                found["stock_balances"].append(
                    {"item_kind": "product", "item_id": product, "location_id": shop, "lot_id": f"{life}",
                     "quantity": float(draw(AMOUNT)), "expires_on": MONDAY + timedelta(days=life),
                     "plan_date": MONDAY, "is_known": True}
                )  # fmt: skip
    for product in PRODUCTS:
        if draw(st.integers(0, 3)) == 0:
            row = {"order_id": product, "product_id": product, "due_date": MONDAY, "quantity": float(draw(AMOUNT))}
            found["customer_orders"].append(row | {"ordered_at": at(0), "recorded_at": at(0)})
        for number in range(draw(st.integers(0, 3))):
            end = draw(st.none() | st.sampled_from((300, 380, 400, 430, 500)) | st.integers(4 * 60, 19 * 60))
            found["production_batches"].append(
                {"batch_number": f"{product}{number}", "schedule_date": MONDAY, "plan_date": MONDAY,
                 "product_id": product, "quantity_planned": float(draw(st.integers(1, 60))), "priority": 1,
                 "end_at": None if end is None else at(0) + timedelta(minutes=end), "begins_on": MONDAY,
                 "state": "planned", "is_in_stock": draw(st.sampled_from((False, False, True)))}
            )  # fmt: skip
    return found


def handed_out(
    whole: dict[str, int], fractions: dict[str, Fraction], weights: dict[str, Fraction], total: int
) -> dict[str, int]:
    """What is left of a total goes out one by one: largest fraction first, then the larger weight, then by name."""
    order = sorted(whole, key=lambda place: (-fractions[place], -weights[place], place))
    left = total - sum(whole.values())
    return {place: whole[place] + (order.index(place) < left) for place in whole}


def rounded(wanted: dict[str, Fraction]) -> dict[str, int]:
    whole = {place: floor(quantity) for place, quantity in wanted.items()}
    fractions = {place: quantity - whole[place] for place, quantity in wanted.items()}
    return handed_out(whole, fractions, wanted, floor(sum(wanted.values(), Fraction(0)) + Fraction(1, 2)))


def hamilton(needs: dict[str, Fraction], total: int) -> dict[str, int]:
    given = min(Fraction(total), sum(needs.values()))
    exact = {place: need * given / max(sum(needs.values()), Fraction(1)) for place, need in needs.items()}
    whole = {place: floor(share) for place, share in exact.items()}
    return handed_out(whole, {place: exact[place] - whole[place] for place in exact}, needs, int(given))


def frames_of(tenants: dict[str, Tables], shuffler: Random) -> dict[str, pl.DataFrame]:
    products = [
        {"product_id": key, "name": key, "unit": unit, "shelf_life_days": SHELF_LIVES[key]}
        for key, unit in PRODUCTS.items()
    ]
    frames = {}
    for name, schema in STAGE.reads.items():
        own = {tenant: {**tables, "products": products}.get(name, []) for tenant, tables in tenants.items()}
        rows = [{"tenant_id": tenant} | row for tenant, some in own.items() for row in some]
        shuffler.shuffle(rows)
        frames[name] = pl.DataFrame(filled(schema, rows))
    return as_forecast(pl.DataFrame(cells_of(*tenants)), frames)


def cells_of(*tenants: str, hour: int = 3) -> pl.DataFrame:
    rows = [(key, MONDAY, "UTC", at(hour)) for key in tenants]
    return pl.DataFrame(rows, schema=dict[str, Any](CELLS), orient="row")


def expected_sales(quantiles: list[float], quantity: float) -> float:
    """E[min(demand, quantity)]: demand spread evenly between its quantiles, the outermost standing for what is beyond."""
    sold = LEVELS[0] * min(quantiles[0], quantity) + (1 - LEVELS[-1]) * min(quantiles[-1], quantity)
    for low, high, share in zip(quantiles, quantiles[1:], (b - a for a, b in pairwise(LEVELS)), strict=False):
        steps = [low + (high - low) * (step + 0.5) / 200 for step in range(200)]
        sold += share * sum(min(step, quantity) for step in steps) / 200
    return sold


def best_gain(places: dict[str, tuple[list[float], float]], pieces: int) -> float:
    """The most that so many pieces can add to expected sales: one by one to where the next is worth most."""
    there = {place: start for place, (_, start) in places.items()}
    total = 0.0
    for _ in range(pieces):
        gains = {
            place: expected_sales(quantiles, there[place] + 1) - expected_sales(quantiles, there[place])
            for place, (quantiles, _) in places.items()
        }
        best = max(gains, key=lambda place: gains[place])
        total += gains[best]
        there[best] += 1
    return total


def rows_by_product(table: pl.DataFrame, tenant: str) -> Iterator[tuple[str, list[Row]]]:
    for product in PRODUCTS:
        yield product, table.filter(tenant_id=tenant, product_id=product).to_dicts()


def open_places(bakery: Tables, now: datetime) -> dict[str, tuple[datetime, datetime, timedelta]]:
    """Places that sell on Monday: when goods leave for them, when they close, how long the way is."""
    ways = {row["location_id"]: timedelta(minutes=row.get("minutes_from_kitchen") or 0) for row in bakery["locations"]}
    found = {}
    for row in bakery["opening_hours"]:
        way = ways[row["location_id"]]
        leaves = max(at(row["opens"].hour) - way, now)
        if row["weekday"] == 1 and leaves + way < at(row["closes"].hour):
            found[row["location_id"]] = leaves, at(row["closes"].hour), way
    return found


def verify(bakery: Tables, table: pl.DataFrame, tenant: str, now: datetime) -> None:
    places = open_places(bakery, now)
    for product, rows in rows_by_product(table, tenant):
        is_piece = PRODUCTS[product] == "piece"
        stock = {place: Fraction(0) for place in ("main", *SHOPS)}
        for lot in bakery["stock_balances"]:
            if lot["item_id"] == product and lot["expires_on"] >= MONDAY:
                stock[lot["location_id"]] += exactly(lot["quantity"])
        batches = [
            (row["end_at"], exactly(row["quantity_planned"])) for row in bakery["production_batches"]
            if row["product_id"] == product and not row["is_in_stock"]
        ]  # fmt: skip
        orders = sum(exactly(row["quantity"]) for row in bakery["customer_orders"] if row["product_id"] == product)
        wanted = {place: Fraction(0) for place in places}
        for row in bakery["demand_forecasts"]:
            if row["product_id"] == product and row["location_id"] in places:
                wanted[row["location_id"]] = exactly(row["yhat"])
        if orders and "main" in places:
            wanted["main"] = max(wanted["main"], orders)

        def ready(when: datetime, stock: Any = stock, batches: Any = batches) -> Fraction:
            return stock["main"] + sum(quantity for end, quantity in batches if end is None or end <= when)

        brought: dict[str, Fraction] = {}
        for row in rows:
            place, quantity = row["location_id"], exactly(row["quantity"])
            leaves, closes, way = places[place]  # a shop that is closed has no row
            assert place != "main"
            assert not is_piece or quantity.denominator == 1
            assert row["leaves_at"] >= leaves
            assert row["trip"] > 1 or row["leaves_at"] == leaves or quantity > 0
            assert leaves + way <= row["arrives_at"]
            assert row["leaves_at"] + way < closes
            assert exactly(row["stock_usable"]) == stock[place]
            target, need = exactly(row["target_quantity"]), exactly(row["need"])
            assert target == (rounded(wanted)[place] if is_piece else wanted[place])
            left_open = max(target - stock[place], Fraction(0))
            assert need == (ceil(left_open) if is_piece else left_open)
            brought[place] = brought.get(place, Fraction(0)) + quantity
            assert brought[place] <= need + exactly(row["extra"])
            assert SHELF_LIVES[product] == 1 or not row["extra"], "what keeps stays in the kitchen"
            # What has left by then was ready, and leaves what the others are owed.
            left_by_then = sum(exactly(each["quantity"]) for each in rows if each["leaves_at"] <= row["leaves_at"])
            assert left_by_then <= ready(row["leaves_at"])
            assert (row["consequence"] is not None) == (
                row["trip"] == 1
                and sum(exactly(each["quantity"]) for each in rows if each["location_id"] == place) < need
            )
        # Who is expected to sell something has a row.
        expected = {place for place, quantity in wanted.items() if quantity >= (1 if is_piece else DUST)}
        assert expected - {"main"} <= brought.keys()
        if not brought:
            continue
        # All is ready in time and nothing is ordered: the exact share by need, pieces by largest remainder.
        last = max(closes - way for _, closes, way in places.values())
        day = stock["main"] + sum(quantity for end, quantity in batches if end is None or end < last)
        first = min(leaves for leaves, _, _ in places.values())
        if not orders and ready(first) == day:
            needs = {row["location_id"]: exactly(row["need"]) for row in rows}
            if "main" in places:
                needs["main"] = Fraction(rounded(wanted)["main"]) if is_piece else wanted["main"]
            extra = {row["location_id"]: exactly(row["extra"]) for row in rows}
            terms = json.loads(rows[0]["reasoning"])
            own = exactly(terms["kitchen_share"])
            if is_piece:
                shares = hamilton(needs, floor(day))
                assert brought == {place: shares[place] + extra[place] for place in brought}
                if "main" in needs:
                    extra["main"] = own - shares["main"]
                left = floor(day) - sum(shares.values())
                assert 0 <= sum(extra.values()) <= left
                if SHELF_LIVES[product] == 1 and left:
                    verify_extra(bakery, product, {place: shares[place] + (stock[place] if place != "main" else 0)
                                                   for place in extra}, extra, left)  # fmt: skip
                exact = min(Fraction(floor(day)), sum(needs.values())) / max(sum(needs.values()), Fraction(1))
                assert all(abs(shares[place] - need * exact) < 1 for place, need in needs.items())
            else:
                given = min(day, sum(needs.values()))
                assert all(
                    0 <= needs[place] * given / sum(needs.values()) + extra[place] - quantity < DUST
                    for place, quantity in brought.items() if needs[place]
                )  # fmt: skip
                assert sum(brought.values()) + own <= day + DUST


def verify_extra(
    bakery: Tables, product: str, there: Mapping[str, Fraction], extra: dict[str, Fraction], left: int
) -> None:
    """All of what is left over is where it adds as much to expected sales as it can, but for what no place would sell."""
    quantiles = {
        row["location_id"]: [row[name] for name in ("q10", "q50", "q80", "q90", "q95")]
        for row in bakery["demand_forecasts"] if row["product_id"] == product
    }  # fmt: skip
    if "main" in extra:
        # What goes to no shop stays in the kitchen, which sells it; one that expects less than a piece has no line.
        elsewhere = sum((each for place, each in extra.items() if place != "main"), Fraction(0))
        extra = {**extra, "main": left - elsewhere}
    known = {place: (quantiles.get(place, [0.0] * 5), float(there[place])) for place in extra}
    gained = sum(
        expected_sales(of, start + float(extra[place])) - expected_sales(of, start)
        for place, (of, start) in known.items()
    )
    assert gained >= best_gain(known, left) - 0.02
    if sum(extra.values()) < left:
        assert all(of[-1] <= start + float(extra[place]) + 1e-6 for place, (of, start) in known.items())


# Eight bakeries to an example: a call takes hardly longer than for two.
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.tuples(*[bakeries()] * 8), st.integers(0, 9), st.randoms(use_true_random=False))
def test_distributions_keep_what_they_promise(drawn: tuple[Tables, ...], hour: int, shuffler: Random) -> None:
    now = at(hour)
    tenants = {f"b{number}": made for number, made in enumerate(drawn)}
    cells = cells_of(*tenants, hour=hour)
    table = STAGE.plan(cells, frames_of(tenants, shuffler))["distribution_plans"]
    for tenant, bakery in tenants.items():
        verify(bakery, table, tenant, now)
    assert_frame_equal(table, STAGE.plan(cells, frames_of(tenants, shuffler))["distribution_plans"])
    alone = STAGE.plan(cells.head(1), frames_of({"b0": drawn[0]}, shuffler))["distribution_plans"]
    assert_frame_equal(table.filter(tenant_id="b0"), alone)


def test_a_kitchen_without_shops_distributes_nothing() -> None:
    cells = cells_of("a")
    bakery: Tables = {
        "locations": [{"location_id": "main"}],
        "demand_forecasts": [
            {"location_id": "main", "product_id": "bread", "target_date": MONDAY, "plan_date": MONDAY, "yhat": 9.0}
        ],
    }
    assert STAGE.plan(cells, frames_of({"a": bakery}, Random(1)))["distribution_plans"].is_empty()
