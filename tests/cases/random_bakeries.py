"""Random small bakeries as facts: doughs on two levels, closed days, shifts by day or by night, suppliers' calendars."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import strategies as st

from bakery_assets.cells import CELLS, Frames
from bakery_assets.inventory import project_inventory
from bakery_assets.procurement import plan_procurement
from bakery_assets.production import plan_production
from bakery_assets.stages import Stage
from bakery_assets.stock import keep_ledger
from tests.scenarios import defaults_of, frame_schema

MONDAY = date(2026, 1, 5)
BERLIN = ZoneInfo("Europe/Berlin")
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STAGES = tuple(Stage.of(plan) for plan in (keep_ledger, plan_production, plan_procurement, project_inventory))
Rows = dict[str, list[dict[str, Any]]]

HOURS = st.sampled_from(
    [(None, None), (None, None), (time(1), time(3)), (time(10), time(12)), (time(21), time(23)), (time(22), time(2))]
)
DAYS = st.sets(st.integers(0, 6), min_size=1)
TENTHS = st.integers(1, 50).map(lambda tenths: tenths / 10)


def instant(day: int, hour: int, minute: int = 0) -> datetime:
    """Wall time of a day of the plan, as an instant."""
    return datetime.combine(MONDAY + timedelta(days=day), time(hour, minute), BERLIN).astimezone(UTC)


def weekdays(draw: st.DrawFn) -> str | None:
    chosen = draw(st.none() | DAYS)
    return None if chosen is None else ",".join(NAMES[day] for day in chosen)


@st.composite
def bakeries(draw: st.DrawFn, *, suppliers: int = 1) -> Rows:
    """Facts of one bakery, planned on Monday at 02:00, whose ingredients one supplier sells, or some of them two."""
    some = st.integers(0, 2)
    night = draw(st.booleans())
    hours = {"starts_at": time(22), "ends_at": time(6)} if night else {"starts_at": time(4), "ends_at": time(12)}
    sizes = {"batch_min": 4.0, "batch_max": draw(st.sampled_from([None, 10.0, 25.0])), "batch_multiple": 2.0}
    takes = {"unit": "kg"}
    mill_comes, shop_comes = (
        {"delivers_from": begins, "delivers_until": ends} for begins, ends in (draw(HOURS), draw(HOURS))
    )
    orders = st.tuples(st.sampled_from(["loaf", "roll"]), st.integers(0, 13), st.integers(1, 60))
    before = st.dictionaries(st.tuples(st.sampled_from(["flour", "milk"]), st.integers(0, 13)), st.integers(1, 8))
    coming = st.tuples(st.sampled_from(["flour", "milk"]), st.integers(-1, 12), st.integers(0, 23), TENTHS)
    return {
        "tenants": [{"name": "B", "timezone": "Europe/Berlin", "country": "XX", "currency": "EUR"}],
        "products": [
            {"product_id": name, "name": name, "shelf_life_days": draw(st.integers(1, 3)), **sizes}
            for name in ("loaf", "roll")
        ],
        "ingredients": [
            {"ingredient_id": "flour", "name": "Flour", "shelf_life_days": draw(st.none() | st.integers(2, 5)),
             "storage_limit": draw(st.sampled_from([None, None, 20.0, 45.0]))},
            {"ingredient_id": "milk", "name": "Milk", "shelf_life_days": draw(st.none() | st.integers(1, 4))},
            {"ingredient_id": "salt", "name": "Salt"},
        ],
        # The bakery records what comes, so no order is taken to have come unseen.
        "stock_receipts": [
            {"receipt_id": "r", "lot_id": "salt", "ingredient_id": "salt", "quantity": 1.0, "received_at": instant(-2, 9)},
        ],
        "recipes": [
            {"recipe_id": "loaf", "product_id": "loaf", "make_days": draw(some)},
            {"recipe_id": "roll", "product_id": "roll", "make_days": draw(some)},
            {"recipe_id": "dough", "yield_unit": "kg", "make_days": draw(some)},
            {"recipe_id": "sour", "yield_unit": "kg", "make_days": draw(some)},
        ],
        "recipe_lines": [
            takes | {"recipe_id": "loaf", "line_number": 1, "component_recipe_id": "dough", "quantity": 0.5},
            takes | {"recipe_id": "loaf", "line_number": 2, "ingredient_id": "flour", "quantity": 0.25},
            takes | {"recipe_id": "roll", "line_number": 1, "ingredient_id": "milk", "quantity": 0.5},
            takes | {"recipe_id": "roll", "line_number": 2, "component_recipe_id": "sour", "quantity": 0.125},
            takes | {"recipe_id": "dough", "line_number": 1, "component_recipe_id": "sour", "quantity": 0.5},
            takes | {"recipe_id": "dough", "line_number": 2, "ingredient_id": "milk", "quantity": 0.25},
            takes | {"recipe_id": "sour", "line_number": 1, "ingredient_id": "flour", "quantity": 0.5},
        ],
        "customer_orders": [
            {"order_id": str(number), "product_id": product, "due_date": MONDAY + timedelta(days=day),
             "quantity": float(quantity), "ordered_at": instant(-1, 12)}
            for number, (product, day, quantity) in enumerate(draw(st.lists(orders, min_size=1, max_size=8)))
        ],
        "calendar": [
            {"date": MONDAY + timedelta(days=day), "kind": kind}
            for kind, days in (("closed", draw(st.sets(st.integers(-3, 20), max_size=6))),
                               ("holiday", draw(st.sets(st.integers(0, 20), max_size=2))))
            for day in days
        ],
        "shifts": [
            {"shift_id": "shift", "weekday": day + 1, **hours} for day in draw(st.sets(st.integers(0, 6)))
        ],
        "stock_lots": [
            {"lot_id": name, "ingredient_id": name, "quantity": draw(st.integers(0, 30)) / 2, "recorded_at": instant(-1, 20)}
            for name in ("flour", "milk")
        ],
        "purchase_orders": [
            {"order_id": str(number), "ingredient_id": name, "supplier_id": "mill", "quantity": quantity,
             "expected_from": instant(day, hour), "expected_to": instant(day, hour, 30), "ordered_at": instant(-3, 9)}
            for number, (name, day, hour, quantity) in enumerate(draw(st.lists(coming, max_size=5)))
        ],
        "plan_versions": [
            {"plan_date": MONDAY + timedelta(days=-1), "version": 1, "planned_as_of": instant(-1, 2),
             "requested_at": instant(-1, 2), "published_at": instant(-1, 3), "cause": "planning_time"}
        ],
        "published_orders": [
            {"plan_date": MONDAY + timedelta(days=-1), "version": 1, "requirement_number": f"{name}{day}",
             "ingredient_id": name, "supplier_id": "mill", "planned_order_quantity": 2.5 * times,
             "deliver_on": MONDAY + timedelta(days=day), "reasoning": "{}", "proposal_number": f"P{day}"}
            for (name, day), times in draw(before).items()
        ],
        "suppliers": [
            mill_comes | {"supplier_id": "mill", "name": "Mill", "lead_time_days": draw(st.integers(0, 4)),
             "lead_time_unit": draw(st.sampled_from(["calendar_days", "working_days"])),
             "delivery_weekdays": weekdays(draw), "working_weekdays": weekdays(draw),
             "minimum_order_value": draw(st.sampled_from([0.0, 15.0, 40.0, 300.0]))},
            shop_comes | {"supplier_id": "shop", "name": "Shop", "lead_time_days": draw(st.integers(0, 4)),
             "delivery_weekdays": weekdays(draw)},
        ],
        "supplier_items": [
            {"supplier_id": "mill", "ingredient_id": name, "price": 1.0, "pack_size": pack,
             "minimum_quantity": draw(st.sampled_from([0.0, 0.0, 7.5])),
             "maximum_quantity": draw(st.sampled_from([None, None, 12.0]))}
            for name, pack in (("flour", 5.0), ("milk", None))
        ] + [
            {"supplier_id": "shop", "ingredient_id": name, "price": 1.25, "pack_size": draw(st.sampled_from([None, 2.0])),
             "maximum_quantity": draw(st.sampled_from([None, 6.0]))}
            for name in sorted(draw(st.sets(st.sampled_from(["flour", "milk"]))))
            if suppliers > 1
        ],
    }  # fmt: skip


def planned(*facts: Rows) -> list[Frames]:
    """For each bakery the tables that the ledger, production, procurement and inventory make of its facts."""
    names = [f"b{number}" for number in range(len(facts))]
    cells = pl.DataFrame(
        [(name, MONDAY, "Europe/Berlin", instant(0, 2)) for name in names], schema=dict(CELLS), orient="row"
    )
    frames: dict[str, pl.DataFrame] = {}
    for stage in STAGES:
        for name, schema in stage.reads.items():
            if name not in frames:
                rows = [
                    defaults_of(schema) | {"tenant_id": tenant, "recorded_at": instant(-1, 21)} | row
                    for tenant, of_tenant in zip(names, facts, strict=True)
                    for row in of_tenant.get(name, [])
                ]
                frames[name] = pl.DataFrame(rows, schema=frame_schema(schema))
        frames |= stage.plan(cells, frames)
    return [{name: frame.filter(tenant_id=tenant) for name, frame in frames.items()} for tenant in names]
