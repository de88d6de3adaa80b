"""Random facts of small bakeries, as rows for the bookkeeper and as frames for the ledger."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

import polars as pl
from hypothesis import strategies as st

from bakery_assets.cells import CELLS, Frames
from bakery_assets.schemas.ops import BATCH_EVENTS
from tests.scenarios import defaults_of, frame_schema
from tests.stock.bookkeeper import Bakery, Row
from tests.stock.whole_ledger import LEDGER

MONDAY = date(2026, 1, 5)
DAYS = 6
KEYS = {
    "sales": ("location_id", "sales_date"),
    "waste": ("waste_id",),
    "stock_receipts": ("receipt_id", "lot_id"),
    "supplier_returns": ("return_id", "lot_id"),
    "transfers": ("transfer_id",),
    "batch_events": ("plan_date", "batch_number", "event"),
}
RECORD = ("plan_versions", "published_batches", "published_distributions")
AMOUNT = st.integers(0, 400).map(lambda tenths: tenths / 10)
SOME = st.integers(1, 400).map(lambda tenths: tenths / 10)
DAY = st.integers(0, DAYS - 1).map(lambda day: MONDAY + timedelta(days=day))
PLACE = st.sampled_from(("main", "main", "shop"))
LOTS = {"bread": ("shelf", "tray"), "flour": ("sack", "bin"), "salt": ("box",), "dough": ("tub",)}
COLUMN = {"bread": "product_id", "flour": "ingredient_id", "salt": "ingredient_id", "dough": "recipe_id"}
MASTER: dict[str, list[Row]] = {
    "locations": [{"location_id": "main"}, {"location_id": "shop", "kitchen_id": "main"}],
    "products": [{"product_id": "bread", "name": "Bread", "shelf_life_days": 2}],
    "ingredients": [
        {"ingredient_id": "flour", "name": "Flour", "unit": "kg"},
        {"ingredient_id": "salt", "name": "Salt", "unit": "g"},
    ],
    "recipes": [
        {"recipe_id": "bread", "product_id": "bread", "yield_unit": "piece"},
        {"recipe_id": "dough", "yield_unit": "kg", "make_days": 1},
    ],
    "recipe_lines": [
        {"recipe_id": "bread", "line_number": 1, "component_recipe_id": "dough", "quantity": 0.5, "unit": "kg"},
        {"recipe_id": "bread", "line_number": 2, "ingredient_id": "salt", "quantity": 10.0, "unit": "g"},
        {"recipe_id": "dough", "line_number": 1, "ingredient_id": "flour", "quantity": 0.6, "unit": "kg"},
    ],
}


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    day, minute = draw(DAY), draw(st.integers(0, 24 * 12 - 1)) * 5
    return datetime.combine(day, time(), UTC) + timedelta(minutes=minute)


@st.composite
def late(draw: st.DrawFn, since: datetime) -> datetime:
    """When something is recorded: mostly at once, at times days later."""
    return since + timedelta(hours=draw(st.sampled_from((0, 0, 0, 1, 14, 30, 60))))


@st.composite
def histories(draw: st.DrawFn) -> dict[str, list[Row]]:
    """A bakery's facts of a week; every sale is reported by the end of its day."""
    facts: dict[str, list[Row]] = {name: [] for name in (*KEYS, "stock_lots", *RECORD)}
    for day in (MONDAY + timedelta(days=number) for number in range(DAYS)):
        evening = datetime.combine(day, time(20), UTC)
        for place in ("main", "shop"):
            row = {"product_id": "bread", "sales_date": day, "location_id": place, "recorded_at": evening}
            facts["sales"].append(row | {"quantity": draw(AMOUNT)})
            if draw(st.integers(0, 5)) == 0:
                facts["sales"].append(
                    row | {"quantity": draw(AMOUNT) - 5.0, "recorded_at": draw(late(evening + timedelta(minutes=1)))}
                )
        if draw(st.booleans()):
            facts["plan_versions"].append(
                {"plan_date": day, "version": 1, "published_at": datetime.combine(day, time(1), UTC)}
            )
            for number in range(draw(st.integers(0, 2))):
                start = datetime.combine(day, time(3), UTC) + timedelta(minutes=draw(st.integers(0, 90)) * 10)
                facts["published_batches"].append(
                    {"plan_date": day, "schedule_date": day, "version": 1, "batch_number": f"{day:%Y%m%d}-{number:03}",
                     "product_id": "bread", "recipe_id": "bread", "quantity_planned": draw(SOME), "priority": 1,
                     "begins_at": draw(st.sampled_from((None, start - timedelta(days=1)))),
                     "start_at": start, "end_at": start + timedelta(minutes=90), "reasoning": "{}",
                     "planned_since": datetime.combine(day, time(draw(st.sampled_from((1, 1, 5)))), UTC)}
                )  # fmt: skip
            if draw(st.integers(0, 2)) == 0:
                again = datetime.combine(day, time(draw(st.sampled_from((5, 9)))), UTC)
                facts["plan_versions"].append({"plan_date": day, "version": 2, "published_at": again})
                own = [row for row in facts["published_batches"] if row["plan_date"] == day]
                facts["published_batches"] += [row | {"version": 2} for row in own]
            for version in {row["version"] for row in facts["plan_versions"] if row["plan_date"] == day}:
                for trip in range(1, 1 + draw(st.sampled_from((0, 1, 1, 2)))):
                    leaves = datetime.combine(day, time(), UTC) + timedelta(minutes=draw(st.integers(0, 60)) * 15)
                    facts["published_distributions"].append(
                        {"plan_date": day, "version": version, "location_id": "shop", "product_id": "bread",
                         "trip": trip, "kitchen_id": "main", "target_quantity": 0.0, "stock_usable": 0.0, "need": 0.0,
                         "available": 0.0, "quantity": draw(SOME), "leaves_at": leaves,
                         "arrives_at": leaves + timedelta(minutes=draw(st.sampled_from((0, 20, 90))))}
                    )  # fmt: skip
    for _ in range(draw(st.integers(0, 6))):
        item, at = draw(st.sampled_from(tuple(LOTS))), draw(moments())
        recorded = draw(late(at))
        lot = draw(st.none() | st.sampled_from(LOTS[item]))
        facts["stock_lots"].append(
            {"product_id": None, "ingredient_id": None, "recipe_id": None, COLUMN[item]: item, "lot_id": lot,
             "location_id": draw(PLACE), "quantity": draw(AMOUNT), "counted_at": draw(st.sampled_from((at, None))),
             "expires_on": draw(st.none() | DAY) if lot else None, "recorded_at": recorded}
        )  # fmt: skip
    for number in range(draw(st.integers(0, 4))):
        item, at = draw(st.sampled_from(("flour", "salt"))), draw(moments())
        facts["stock_receipts"].append(
            {"receipt_id": f"r{number}", "lot_id": draw(st.sampled_from(LOTS[item])), "ingredient_id": item,
             "location_id": draw(PLACE), "quantity": draw(AMOUNT) * 10, "expires_on": draw(st.none() | DAY),
             "received_at": at, "recorded_at": draw(late(at))}
        )  # fmt: skip
    for number in range(draw(st.integers(0, 3))):
        item, at = draw(st.sampled_from(("flour", "salt"))), draw(moments())
        facts["supplier_returns"].append(
            {"return_id": f"b{number}", "lot_id": draw(st.sampled_from(LOTS[item])), "ingredient_id": item,
             "location_id": draw(PLACE), "quantity": draw(AMOUNT) * 5, "returned_at": at, "recorded_at": draw(late(at))}
        )  # fmt: skip
    for number in range(draw(st.integers(0, 4))):
        item, day = draw(st.sampled_from(("bread", "flour", "salt", "dough"))), draw(DAY)
        # Known in the evening, or at once: before the day's counts or between them.
        known = datetime.combine(day, time(draw(st.sampled_from((19, 19, 6, 11)))), UTC)
        hour = draw(st.none() | st.integers(0, 30).map(lambda hours: timedelta(hours=hours)))  # after midnight, too
        facts["waste"].append(
            {"waste_id": f"w{number}", "product_id": None, "ingredient_id": None, "recipe_id": None, COLUMN[item]: item,
             "waste_date": day,
             "location_id": draw(PLACE), "lot_id": draw(st.none() | st.sampled_from(LOTS[item])), "quantity": draw(SOME),
             "wasted_at": None if hour is None else datetime.combine(day, time(), UTC) + hour,
             "recorded_at": draw(late(known if hour is None else datetime.combine(day, time(), UTC) + hour))}
        )  # fmt: skip
    for number in range(draw(st.integers(0, 3))):
        at = draw(moments())
        way = draw(st.sampled_from((("main", "shop"), ("main", "shop"), ("shop", "main"))))
        facts["transfers"].append(
            {"transfer_id": f"t{number}", "from_location_id": way[0], "to_location_id": way[1], "product_id": "bread",
             "lot_id": None, "quantity": draw(SOME), "transferred_at": at, "recorded_at": draw(late(at))}
        )  # fmt: skip
    for _ in range(draw(st.integers(0, 4))):
        day = draw(DAY)
        at = datetime.combine(day, time(4), UTC) + timedelta(minutes=draw(st.integers(0, 600)))
        facts["batch_events"].append(
            {"plan_date": day, "batch_number": f"{day:%Y%m%d}-{draw(st.integers(0, 2)):03}", "product_id": "bread",
             "event": draw(st.sampled_from(BATCH_EVENTS)),
             "quantity": draw(st.none() | SOME), "wasted_quantity": draw(st.none() | AMOUNT), "happened_at": at,
             "recorded_at": draw(late(at))}
        )  # fmt: skip
    return facts


def cells_of(bakeries: Mapping[str, Bakery]) -> pl.DataFrame:
    rows = [(tenant, bakery.now.date(), "UTC", bakery.now) for tenant, bakery in bakeries.items()]
    return pl.DataFrame(rows, schema=dict[str, Any](CELLS), orient="row")


def frames_of(bakeries: Mapping[str, Bakery], shuffler: Random, closing_balances: pl.DataFrame | None = None) -> Frames:
    """What the ledger reads of the bakeries, rows in any order."""
    tables: dict[str, list[Row]] = {name: [] for name in LEDGER.reads}
    for tenant, bakery in bakeries.items():
        known = {name: bakery.known(name, *key) for name, key in KEYS.items()}
        counts = [{name: value for name, value in row.items() if name != "when"} for row in bakery.all_counts()]
        record = {
            "plan_versions": [row for row in bakery.facts["plan_versions"] if row["published_at"] <= bakery.now],
            "published_batches": bakery.facts["published_batches"],
            "published_distributions": bakery.facts["published_distributions"],
        }
        settings = [{"key": "issuing", "value": "fifo", "valid_from": date(2025, 1, 1)}] if bakery.fifo else []
        lines = [
            line | {"limits_expiry": (line["recipe_id"], component) in bakery.limiting or None}
            for line in MASTER["recipe_lines"]
            for component in (line.get("ingredient_id") or line.get("component_recipe_id"),)
        ]
        own = {**MASTER, "recipe_lines": lines, **known, **record, "stock_lots": counts, "tenant_settings": settings}
        for name, rows in own.items():
            tables[name] += [{"tenant_id": tenant} | row for row in rows]
    frames = {}
    for name, rows in tables.items():
        schema = LEDGER.reads[name]
        shuffler.shuffle(rows)
        frames[name] = pl.DataFrame([defaults_of(schema) | row for row in rows], schema=frame_schema(schema))
    if closing_balances is not None:
        frames["closing_balances"] = closing_balances
    return frames
