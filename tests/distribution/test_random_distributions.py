"""What holds for every distribution, checked in plain Python over random bakeries that share nothing with the planner."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
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
from tests.scenarios import filled

STAGE = Stage.of(plan_distribution)
MONDAY = date(2026, 1, 5)
SHOPS = ("east", "north", "south")
PRODUCTS = {"bread": "piece", "roll": "piece", "seeds": "kg"}
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
                found["demand_forecasts"].append(row | {"yhat": float(draw(AMOUNT))})
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
    products = [{"product_id": key, "name": key, "unit": unit, "shelf_life_days": 1} for key, unit in PRODUCTS.items()]
    frames = {}
    for name, schema in STAGE.reads.items():
        own = {tenant: {**tables, "products": products}.get(name, []) for tenant, tables in tenants.items()}
        rows = [{"tenant_id": tenant} | row for tenant, some in own.items() for row in some]
        shuffler.shuffle(rows)
        frames[name] = pl.DataFrame(filled(schema, rows))
    return frames


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
            demand, need = exactly(row["demand"]), exactly(row["need"])
            assert demand == (rounded(wanted)[place] if is_piece else wanted[place])
            left_open = max(demand - stock[place], Fraction(0))
            assert need == (ceil(left_open) if is_piece else left_open)
            brought[place] = brought.get(place, Fraction(0)) + quantity
            assert brought[place] <= need
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
            if is_piece:
                shares = hamilton(needs, floor(day))
                assert brought == {place: shares[place] for place in brought}
                exact = min(Fraction(floor(day)), sum(needs.values())) / max(sum(needs.values()), Fraction(1))
                assert all(abs(shares[place] - need * exact) < 1 for place, need in needs.items())
            else:
                given = min(day, sum(needs.values()))
                assert all(
                    0 <= needs[place] * given / sum(needs.values()) - quantity < DUST
                    for place, quantity in brought.items() if needs[place]
                )  # fmt: skip


# Eight bakeries to an example: a call takes hardly longer than for two.
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.tuples(*[bakeries()] * 8), st.integers(0, 9), st.randoms(use_true_random=False))
def test_distributions_keep_what_they_promise(drawn: tuple[Tables, ...], hour: int, shuffler: Random) -> None:
    now = at(hour)
    tenants = {f"b{number}": made for number, made in enumerate(drawn)}
    cells = pl.DataFrame([(key, MONDAY, "UTC", now) for key in tenants], schema=dict[str, Any](CELLS), orient="row")
    table = STAGE.plan(cells, frames_of(tenants, shuffler))["distribution_plans"]
    for tenant, bakery in tenants.items():
        verify(bakery, table, tenant, now)
    assert_frame_equal(table, STAGE.plan(cells, frames_of(tenants, shuffler))["distribution_plans"])
    alone = STAGE.plan(cells.head(1), frames_of({"b0": drawn[0]}, shuffler))["distribution_plans"]
    assert_frame_equal(table.filter(tenant_id="b0"), alone)


def test_a_kitchen_without_shops_distributes_nothing() -> None:
    cells = pl.DataFrame([("a", MONDAY, "UTC", at(3))], schema=dict[str, Any](CELLS), orient="row")
    bakery: Tables = {
        "locations": [{"location_id": "main"}],
        "demand_forecasts": [
            {"location_id": "main", "product_id": "bread", "target_date": MONDAY, "plan_date": MONDAY, "yhat": 9.0}
        ],
    }
    assert STAGE.plan(cells, frames_of({"a": bakery}, Random(1)))["distribution_plans"].is_empty()
