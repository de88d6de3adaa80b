"""Verifiers: what must hold for every plan, in plain Python that shares nothing with the planners.

Each takes the facts of a random bakery and its plan. Days are counted from Monday, the plan date, which is day 0.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from math import ceil, inf, isclose
from typing import Any

import polars as pl

from bakery_assets.cells import Frames
from tests.cases.random_bakeries import BERLIN, MONDAY, NAMES, Rows

TOLERANCE = 1e-5


def day_of(when: date) -> int:
    return (when - MONDAY).days


def off_days(facts: Rows, kind: str) -> set[int]:
    return {day_of(row["date"]) for row in facts["calendar"] if row["kind"] == kind}


def someone_works(facts: Rows, day: int) -> bool:
    """The bakery is not closed, and if it has shifts one of them begins or ends on the day."""
    worked = set()
    for shift in facts["shifts"]:
        worked |= {shift["weekday"] - 1} | ({shift["weekday"] % 7} if shift["ends_at"] <= shift["starts_at"] else set())
    return day not in off_days(facts, "closed") and (not worked or day % 7 in worked)


def make_day(facts: Rows, day: int, lead: int) -> int:
    """The day on which work is done that has to start ``lead`` days before ``day``."""
    day -= lead
    if lead:
        while not someone_works(facts, day):
            day -= 1
    return day


def needs(facts: Rows, recipe: str, day: int, quantity: float) -> Iterator[tuple[str, int, float]]:
    """What ``quantity`` of a recipe that is ready on a day takes, on all levels: item, day and quantity."""
    [lead] = [row["make_days"] for row in facts["recipes"] if row["recipe_id"] == recipe]
    begun = make_day(facts, day, lead)
    yield recipe, begun, quantity
    for line in facts["recipe_lines"]:
        if line["recipe_id"] == recipe and "ingredient_id" in line:
            yield line["ingredient_id"], begun, quantity * line["quantity"]
        elif line["recipe_id"] == recipe:
            yield from needs(facts, line["component_recipe_id"], begun, quantity * line["quantity"])


def verify_production(facts: Rows, tables: Frames) -> None:
    """Batches keep their limits, make up their days, are for days that are open, and begin when someone works."""
    batches = tables["production_batches"].to_dicts()
    limits = {row["product_id"]: row for row in facts["products"]}
    for batch in batches:
        limit = limits[batch["product_id"]]
        size = batch["quantity_planned"]
        assert limit["batch_min"] <= size <= (limit["batch_max"] or size)
        assert size % limit["batch_multiple"] == 0
        day = day_of(batch["schedule_date"])
        assert day not in off_days(facts, "closed")
        works = [
            begun for item, begun, _ in needs(facts, batch["recipe_id"], day, size) if item not in ("flour", "milk")
        ]
        assert day_of(batch["begins_on"]) == min(works)
    for schedule in tables["production_schedules"].to_dicts():
        own = [batch["quantity_planned"] for batch in batches if batch["schedule_date"] == schedule["schedule_date"]]
        assert (schedule["total_batches"], schedule["total_quantity"]) == (len(own), sum(own))


def verify_procurement(facts: Rows, tables: Frames) -> None:
    """No order is placed or delivered on a day on which one of both does not work, and orders cover what is required."""
    suppliers = {supplier["supplier_id"]: supplier for supplier in facts["suppliers"]}
    off = off_days(facts, "closed") | off_days(facts, "holiday")
    for row in tables["procurement_requirements"].to_dicts():
        if row["planned_order_quantity"] > 0:
            works, delivers = weekdays_of(suppliers[row["supplier_id"]])
            ordered = day_of(row["order_by"].astimezone(BERLIN).date())
            delivered = day_of(row["deliver_on"])
            assert 0 <= ordered <= delivered
            assert not {ordered, delivered} & off
            assert {ordered % 7, delivered % 7} <= works
            assert not delivers or delivered % 7 in delivers
            verify_terms(facts, json.loads(row["reasoning"]), row)
    for supplier in suppliers.values():
        verify_minimum_values(supplier, tables)
    verify_largest_orders(facts, tables)
    verify_splits(tables)
    verify_storage(facts, tables)
    verify_proposals(suppliers, tables)


def weekdays_of(supplier: dict[str, Any]) -> tuple[set[int], set[int]]:
    """On which weekdays a supplier works and delivers; none of the latter: on all of the former."""
    named = {NAMES.index(name) for name in (supplier.get("working_weekdays") or "").split(",") if name}
    delivers = {NAMES.index(name) for name in (supplier["delivery_weekdays"] or "").split(",") if name}
    usual = set(range(5 if supplier.get("lead_time_unit") == "working_days" else 7)) | delivers
    return named or usual, delivers


def verify_terms(facts: Rows, terms: dict[str, Any], row: dict[str, Any]) -> None:
    """An order's sums can be done again from its terms, with the supplier's minimum, pack and largest order."""
    offers = {
        item["supplier_id"]: {"minimum_quantity": 0.0, **item}
        for item in facts["supplier_items"]
        if item["ingredient_id"] == row["ingredient_id"]
    }
    item = offers[row["supplier_id"]]
    cheapest = min(offer["price"] for offer in offers.values())
    # All have delivered as they say, and without complaint.
    assert isclose(terms["score"], (0.7 * cheapest / item["price"] + 0.3 + 0.2) / 1.2, abs_tol=TOLERANCE)
    net = terms["gross_requirement"] + terms["safety_stock"] - terms["on_hand"] - terms["scheduled_receipts"]
    assert isclose(net, terms["net_requirement"], abs_tol=TOLERANCE)
    if terms["is_stock_known"]:
        there = terms["stock_today"] + terms["scheduled_receipts_before"] + terms["ordered_before"]
        gone = terms["used_before"] + terms["expired_before"] + terms["expires_unused"]
        assert isclose(max(there - gone, 0.0), terms["on_hand"], abs_tol=TOLERANCE)
    packs, wanted = item["pack_size"], max(net, item["minimum_quantity"])
    least = wanted if packs is None else ceil(round(wanted / packs, 6)) * packs
    quantity = row["planned_order_quantity"] - terms["added_for_minimum_order_value"]
    ordered = least if terms["limited_to"] is None else terms["limited_to"]
    assert isclose(quantity, verify_kept(facts, terms, row, ordered), abs_tol=TOLERANCE)
    assert packs is None or isclose(row["planned_order_quantity"] % packs, 0.0, abs_tol=TOLERANCE)
    smallest = item["minimum_quantity"] if packs is None else ceil(item["minimum_quantity"] / packs) * packs
    assert row["planned_order_quantity"] <= max(item["maximum_quantity"] or inf, smallest, packs or 0.0) + TOLERANCE
    assert isclose(row["left_out_quantity"], max(net - quantity, 0.0), abs_tol=TOLERANCE)
    assert row["left_out_quantity"] == 0 or terms["limited_to"] is not None


def verify_kept(facts: Rows, terms: dict[str, Any], row: dict[str, Any], wanted: float) -> float:
    """The quantity of an order of which ``wanted`` is wanted: that of the plan before, if it stays. Only what was proposed
    for the delivery stays, if it is more by less than a quarter of it, or comes at most three days early."""
    before = [
        each["planned_order_quantity"]
        for each in facts.get("published_orders", [])
        if (each["ingredient_id"], each["deliver_on"]) == (row["ingredient_id"], row["deliver_on"])
    ]
    if terms["latest_deliver_on"] is not None:
        early = day_of(date.fromisoformat(terms["latest_deliver_on"])) - day_of(row["deliver_on"])
        assert before
        assert 0 < early <= 3
    if terms["kept_quantity"] is None:
        return wanted
    assert before == [terms["kept_quantity"]]
    assert wanted < before[0] < wanted / 0.75
    return before[0]


def verify_minimum_values(supplier: dict[str, Any], tables: Frames) -> None:
    """A delivery that is worth less than the supplier's minimum says so, and no other does."""
    orders = tables["procurement_requirements"].filter(
        pl.col("planned_order_quantity") > 0, pl.col("supplier_id") == supplier["supplier_id"]
    )
    for _, delivery in orders.group_by("deliver_on"):
        is_small = delivery["cost"].sum() < supplier.get("minimum_order_value", 0.0) - 0.005
        reported = [f" minimum order value of {supplier['name']} is " in text for text in delivery["consequence"]]
        assert reported == [is_small] * delivery.height, delivery


def verify_largest_orders(facts: Rows, tables: Frames) -> None:
    """Where a supplier has a largest order, a delivery brings one order of the ingredient."""
    largest = {(row["supplier_id"], row["ingredient_id"]) for row in facts["supplier_items"] if row["maximum_quantity"]}
    orders = tables["procurement_requirements"].filter(pl.col("planned_order_quantity") > 0)
    for (supplier, ingredient, _), rows in orders.group_by("supplier_id", "ingredient_id", "deliver_on"):
        assert rows.height == 1 or (supplier, ingredient) not in largest, rows


def verify_splits(tables: Frames) -> None:
    """What an order leaves of a shortage is in the orders after it, or said to be missing, and whoever is full named."""
    orders = tables["procurement_requirements"].filter(pl.col("planned_order_quantity") > 0)
    for _, rows in orders.group_by("ingredient_id", "needed_on"):
        scored = [(json.loads(row["reasoning"]), row) for row in rows.to_dicts()]
        lines = sorted(scored, key=lambda line: float(line[0]["ordered_before"]))
        for place, (terms, row) in enumerate(lines):
            others = [after["planned_order_quantity"] for _, after in lines[place + 1 :]]
            rest = min(sum(others), row["left_out_quantity"])
            assert isclose(terms["rest_quantity"], rest, abs_tol=TOLERANCE), (terms, lines)
            assert (terms["rest_from"] is None) == (rest == 0)
            is_missing = row["left_out_quantity"] > rest + TOLERANCE
            assert (" more are needed than " in row["consequence"]) == is_missing
            full = list(
                dict.fromkeys(
                    before["supplier"]
                    for before, _ in lines[:place]
                    if before["limited_to"] == before["maximum_quantity"] and before["score"] > terms["score"]
                )
            )
            assert not full or terms["full_suppliers"] == " and ".join(full)


def verify_proposals(suppliers: dict[str, dict[str, Any]], tables: Frames) -> None:
    """Every order is a line of the one proposal of its supplier and day, whose figures are the sums of its lines."""
    left = {row["requirement_number"]: row for row in tables["procurement_requirements"].to_dicts()}
    deliveries = set()
    for proposal in tables["purchase_proposals"].to_dicts():
        own = [row for row in left.values() if row["proposal_number"] == proposal["proposal_number"]]
        left = {number: row for number, row in left.items() if row not in own}
        assert {(row["supplier_id"], row["deliver_on"]) for row in own} == {
            (proposal["supplier_id"], proposal["deliver_on"])
        }
        deliveries.add((proposal["supplier_id"], proposal["deliver_on"]))
        assert all(row["planned_order_quantity"] > 0 for row in own)
        assert len(own) == proposal["lines"] == len(json.loads(proposal["reasoning"])["lines"])
        assert isclose(sum(row["cost"] for row in own), proposal["total_cost"], abs_tol=0.005)
        assert proposal["order_by"] == min(row["order_by"] for row in own)
        minimum = suppliers[proposal["supplier_id"]].get("minimum_order_value", 0.0)
        assert proposal["is_minimum_met"] == (proposal["total_cost"] >= minimum - 0.005)
        out = [json.loads(row["reasoning"])["stockout_on"] for row in own]
        assert (" runs out on " in (proposal["consequence"] or "")) == any(out), proposal
    assert len(deliveries) == tables["purchase_proposals"].height
    assert all(row["planned_order_quantity"] == 0 and row["proposal_number"] is None for row in left.values())


def verify_storage(facts: Rows, tables: Frames) -> None:
    """On the morning on which an order can be used there is no more than can be stored, or the order says by how much."""
    projected = tables["inventory_projections"]
    for row in tables["procurement_requirements"].filter(pl.col("planned_order_quantity") > 0).to_dicts():
        [limit] = [
            item.get("storage_limit") or inf
            for item in facts["ingredients"]
            if item["ingredient_id"] == row["ingredient_id"]
        ]
        own = projected.filter(pl.col("item_id") == row["ingredient_id"])
        terms = json.loads(row["reasoning"])
        day = own.filter(pl.col("projection_date") == date.fromisoformat(terms["usable_on"]))
        if day.height and own["unmet"].sum() == 0:  # the projection forgets what is unmet, the plan does not
            [morning] = day.select(pl.col("opening") + pl.col("receipts") - pl.col("receipts_after_baking")).to_series()
            assert morning <= limit + terms["over_storage"] + TOLERANCE, (row, morning)


def comes_before_baking(facts: Rows, ingredient: dict[str, Any]) -> bool:
    """It keeps for one day only, and no night shift begins the next day's baking before that is over."""
    by_night = any(shift["ends_at"] <= shift["starts_at"] for shift in facts["shifts"])
    return ingredient.get("shelf_life_days") == 1 and not by_night


def begins_on(facts: Rows, day: int) -> bool:
    """A shift begins on the day."""
    return any((shift["weekday"] - 1) % 7 == day % 7 for shift in facts["shifts"])


def first_work(facts: Rows, day: int) -> datetime:
    """When baking for a day starts; for a day without a shift, and without shifts at all, at midnight."""
    midnight = datetime.combine(MONDAY + timedelta(days=day), time(0), BERLIN)
    for shift in facts["shifts"]:
        overnight = shift["ends_at"] <= shift["starts_at"]
        if (shift["weekday"] - 1 + overnight) % 7 == day % 7:
            return datetime.combine(MONDAY + timedelta(days=day - overnight), shift["starts_at"], BERLIN)
    return midnight


def reported_end(facts: Rows, supplier: str, day: int) -> datetime | None:
    """When the hours end in which a supplier delivers on a day, where they are known."""
    [hours] = [row for row in facts["suppliers"] if row["supplier_id"] == supplier]
    if hours["delivers_until"] is None:
        return None
    overnight = hours["delivers_until"] <= hours["delivers_from"]
    return datetime.combine(MONDAY + timedelta(days=day + overnight), hours["delivers_until"], BERLIN)


def arrivals(facts: Rows, tables: Frames, ingredient: str) -> list[tuple[datetime, float]]:
    """When stock comes in: open orders at the end of their window, planned ones at that of their supplier's hours, or on
    their day at an unknown hour."""
    keeps_hours = bool(facts["shifts"])
    [kept] = [row for row in facts["ingredients"] if row["ingredient_id"] == ingredient]
    is_fresh = comes_before_baking(facts, kept)
    planned_at = datetime.combine(MONDAY, time(2), BERLIN)

    def unknown_hour(day: int, *, before_baking: bool) -> datetime:
        if before_baking or not keeps_hours:
            return first_work(facts, day)
        evening = datetime.combine(MONDAY + timedelta(days=day), time(23, 59), BERLIN)
        return min(evening, first_work(facts, day + 1))  # usable the next day, which a night shift begins

    found = []
    for order in facts["purchase_orders"]:
        if order["ingredient_id"] == ingredient:
            ends = order["expected_to"].astimezone(BERLIN)
            # What comes on a day without a shift and keeps no longer is used whenever that day is baked for.
            on_its_day = not keeps_hours or (is_fresh and not begins_on(facts, day_of(ends.date())))
            known = unknown_hour(day_of(ends.date()), before_baking=True) if on_its_day else ends
            late = ends < planned_at
            found.append((unknown_hour(0, before_baking=False) if late else known, order["quantity"]))
    for row in tables["procurement_requirements"].to_dicts():
        if row["ingredient_id"] == ingredient and row["planned_order_quantity"] > 0:
            at = unknown_hour(day_of(row["deliver_on"]), before_baking=is_fresh)
            reported = reported_end(facts, row["supplier_id"], day_of(row["deliver_on"]))
            if reported is not None and not (keeps_hours and is_fresh):
                at = reported if keeps_hours else first_work(facts, day_of(reported.date()))
            found.append((at, row["planned_order_quantity"]))
    return found


def verify_inventory(facts: Rows, tables: Frames) -> None:
    """In the order of time, nothing is used that is not there, or the row says how much is short."""
    overnight = any(shift["ends_at"] <= shift["starts_at"] for shift in facts["shifts"])
    projection = tables["inventory_projections"].sort("projection_date")
    for ingredient in ("flour", "milk"):
        rows: list[dict[str, Any]] = projection.filter(pl.col("item_id") == ingredient).to_dicts()
        [opening] = [lot["quantity"] for lot in facts["stock_lots"] if lot["ingredient_id"] == ingredient]
        events: list[tuple[datetime, int, float, dict[str, Any] | None]] = [
            (at, 0, quantity, None) for at, quantity in arrivals(facts, tables, ingredient)
        ]
        for row in rows:
            day = day_of(row["projection_date"])
            events.append((first_work(facts, day), 1, row["consumption"], row))
            events.append((datetime.combine(row["projection_date"], time(23, 59, 59), BERLIN), 2, row["expired"], row))
        stock = opening
        for _, order, quantity, row in sorted(events, key=lambda event: event[:2]):
            stock += quantity if order == 0 else 0.0
            if order == 1 and row is not None:
                assert row["consumption"] <= stock + TOLERANCE, row
                assert row["unmet"] > 0 or stock >= row["gross_requirement"] - TOLERANCE, row
            stock -= quantity if order else 0.0
            if order == 2 and row is not None and not overnight:
                assert isclose(stock, row["closing"], abs_tol=TOLERANCE), row


def verify_requirements(facts: Rows, tables: Frames) -> None:
    """What a day takes of ingredients is what the batches' recipes take on the days on which their work is begun."""
    wanted: dict[tuple[str, int], float] = {}
    made = [
        (batch["recipe_id"], day_of(batch["schedule_date"]), batch["quantity_planned"])
        for batch in tables["production_batches"].to_dicts()
    ]
    later = [
        (order["product_id"], day_of(order["due_date"]), order["quantity"])
        for order in facts["customer_orders"]
        if day_of(order["due_date"]) >= 7
    ]
    for recipe, day, quantity in [*made, *later]:
        for item, begun, amount in needs(facts, recipe, day, quantity):
            if begun >= 0:
                wanted[item, begun] = wanted.get((item, begun), 0.0) + amount
    rows = tables["inventory_projections"].filter(pl.col("item_id").is_in(["flour", "milk"]))
    for row in rows.to_dicts():
        expected = wanted.get((row["item_id"], day_of(row["projection_date"])), 0.0)
        assert isclose(row["gross_requirement"], expected, abs_tol=TOLERANCE), row
