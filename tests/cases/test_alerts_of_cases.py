"""One faulty row of master data costs one product, or one ingredient, and not the morning: whole days of a bakery."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bakery_assets.cells import Frames
from tests.scenarios import morning

BAKERY = """
[tenants]
tenant_id name   timezone      country currency
bakery    Bakery Europe/Berlin XX      EUR
[products]
product_id name  price unit_cost salvage_value
loaf       Loaf  4     1         0.5
roll       Roll  1     0.2       0
[sales]
product_id sales_date             location_id quantity
loaf       2025-11-10..2026-01-04 main        100
roll       2025-11-10..2026-01-04 main        40
[suppliers]
supplier_id name lead_time_days
mill        Mill 2
[supplier_items]
supplier_id ingredient_id price pack_size
mill        flour         1     25
mill        {item}        1     1
[ingredients]
ingredient_id name  unit piece_weight_kg density_kg_per_l
flour         Flour kg   -               -
{item}        Item  {kept} {piece}       {density}
[recipes]
recipe_id product_id yield_quantity yield_unit
loaf      loaf       10             piece
roll      roll       20             piece
[recipe_lines]
recipe_id line_number ingredient_id component_recipe_id quantity unit
loaf      1           flour         -                   5        kg
loaf      2           {item}        -                   {quantity} {unit}
roll      1           flour         -                   1        kg
[stock_lots]
lot_id ingredient_id quantity
f1     flour         60
"""
EGGS = {"item": "egg", "kept": "kg", "quantity": "2", "unit": "piece", "piece": "-", "density": "-"}
MILK = {"item": "milk", "kept": "l", "quantity": "1", "unit": "kg", "piece": "-", "density": "-"}


def faults(tables: Frames) -> list[dict[str, Any]]:
    return tables["findings"].filter(pl.col("kind") == "master_data_fault").to_dicts()


def required(tables: Frames) -> dict[str, float]:
    """What the first day takes of each ingredient."""
    today = pl.col("projection_date") == pl.col("plan_date")
    rows = tables["inventory_projections"].filter(today & (pl.col("item_kind") == "ingredient"))
    return {item: quantity for item, quantity in rows.select("item_id", "gross_requirement").iter_rows() if quantity}


@pytest.mark.parametrize(
    ("item", "reason", "hint"),
    [
        (EGGS, "recipe loaf, line 2 takes egg in piece, which is kept in kg", "piece_weight_kg in ingredients"),
        (MILK, "recipe loaf, line 2 takes milk in kg, which is kept in l", "density_kg_per_l in ingredients"),
    ],
    ids=["eggs by the piece", "milk by the kilo"],
)
def test_an_ingredient_in_a_unit_that_does_not_convert_is_left_out_alone_and_reported(
    item: dict[str, str], reason: str, hint: str
) -> None:
    """cases/bugs/09: the day is planned without that one ingredient, and an alert names file, line, and what to give."""
    tables = morning(BAKERY.format(**item))
    today = tables["production_batches"].filter(pl.col("schedule_date") == pl.col("plan_date"))
    assert dict(today.select("product_id", "quantity_planned").iter_rows()) == {"loaf": 100, "roll": 40}
    assert required(tables) == {"flour": 52}
    assert tables["procurement_requirements"]["ingredient_id"].unique().to_list() == ["flour"]
    (alert,) = faults(tables)
    assert (alert["severity"], alert["subject"]) == ("high", item["item"])
    assert alert["message"] == (
        f"recipe_lines, recipe_id loaf, line_number 2: {reason}. {item['item']} is left out of what Loaf takes."
    )
    # The remedy is said once.
    assert alert["suggested_action"] == (
        "In recipe_lines, recipe_id loaf, line_number 2: give both the same unit, or a pair of g and kg, or ml and l; "
        f"or give {hint}."
    )
    assert alert["consequence"] == f"No {item['item']} is ordered for Loaf, and it may run out unnoticed."


@pytest.mark.parametrize(
    ("item", "taken"),
    # 10 times 2 eggs of 55 g; 10 times a kilo of milk at 1.25 kg a liter.
    [(EGGS | {"piece": "0.055"}, {"flour": 52, "egg": 1.1}), (MILK | {"density": "1.25"}, {"flour": 52, "milk": 8})],
    ids=["eggs by the piece", "milk by the kilo"],
)
def test_a_weight_or_a_density_makes_it_convert(item: dict[str, str], taken: dict[str, float]) -> None:
    tables = morning(BAKERY.format(**item))
    assert required(tables) == taken
    assert faults(tables) == []


SALT = {"item": "salt", "kept": "kg", "quantity": "20", "unit": "g", "piece": "-", "density": "-"}


def without_loaf(tables: Frames) -> None:
    """Rolls are planned as ever, and of the loaf there is only its forecast."""
    assert tables["production_batches"]["product_id"].unique().to_list() == ["roll"]
    assert tables["demand_forecasts"]["product_id"].unique().sort().to_list() == ["loaf", "roll"]
    assert required(tables) == {"flour": 2}
    assert "loaf" not in tables["inventory_projections"]["item_id"]
    assert not tables["findings"].filter((pl.col("kind") == "stockout") & (pl.col("subject") == "loaf")).height


def test_a_recipe_that_contains_itself_costs_its_product_and_not_the_morning() -> None:
    recipes = "roll      roll       20             piece\nsour      -          1              kg\nmother - 1 kg"
    lines = (
        "roll      1           flour         -                   1        kg\n"
        "loaf 3 - sour 1 kg\nsour 1 flour - 0.5 kg\nsour 2 - mother 0.5 kg\nmother 4 - sour 0.1 kg"
    )
    text = BAKERY.format(**SALT)
    text = text.replace("roll      roll       20             piece", recipes)
    text = text.replace("roll      1           flour         -                   1        kg", lines)
    tables = morning(text)
    without_loaf(tables)
    (alert,) = faults(tables)
    assert (alert["severity"], alert["subject"]) == ("critical", "loaf")
    assert alert["message"] == (
        "recipe_lines, recipe_id sour, line_number 2: recipe loaf contains itself: mother > sour > mother. "
        "Loaf is left out of the plan."
    )
    assert alert["suggested_action"] == "In recipe_lines, recipe_id sour, line_number 2: take one of these lines out."
    assert alert["consequence"] == "Loaf is neither baked by this plan nor are its ingredients ordered."


def test_a_product_by_the_piece_whose_recipe_yields_kilos_is_left_out_until_a_piece_has_a_weight() -> None:
    text = BAKERY.format(**SALT).replace(
        "loaf      loaf       10             piece", "loaf      loaf       10             kg"
    )
    tables = morning(text)
    without_loaf(tables)
    (alert,) = faults(tables)
    assert alert["message"] == (
        "recipes, recipe_id loaf: recipe loaf yields kg, but product loaf is counted in piece. Loaf is left out of the "
        "plan."
    )
    assert alert["suggested_action"] == (
        "In recipes, recipe_id loaf: give both the same unit, or a pair of g and kg, or ml and l; or give "
        "piece_weight_kg in products."
    )
    weighed = text.replace("price unit_cost salvage_value", "price unit_cost salvage_value piece_weight_kg")
    weighed = weighed.replace("4     1         0.5", "4 1 0.5 0.8").replace("1     0.2       0", "1 0.2 0 -")
    tables = morning(weighed)
    # 100 loaves of 800 g from 5 kg of flour for each 10 kg, and 40 rolls.
    assert required(tables) == {"flour": 42, "salt": 0.16}
    assert faults(tables) == []


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ("batch_multiple", "products, product_id loaf: product loaf would need more than 1000 batches"),
        ("capacity", "equipment, kind oven: a batch of 100 pieces of product loaf would take more than 10000 loads"),
    ],
)
def test_a_slip_in_a_size_or_a_capacity_costs_its_product(change: str, row: str) -> None:
    text = BAKERY.format(**SALT)
    if change == "capacity":
        text += (
            "[equipment]\nequipment_id name kind capacity\noven Oven oven 0.0001\n"
            "[production_steps]\nrecipe_id step_number name equipment_kind duration_minutes\nloaf 1 bake oven 30\n"
        )
    else:
        text = text.replace("price unit_cost salvage_value", "price unit_cost salvage_value batch_max batch_multiple")
        text = text.replace("4     1         0.5", "4 1 0.5 1e-14 1e-15").replace("1     0.2       0", "1 0.2 0 - -")
    tables = morning(text)
    without_loaf(tables)
    (alert,) = faults(tables)
    assert alert["message"].startswith(row)
    assert alert["message"].endswith("Loaf is left out of the plan.")
    assert ": correct" in alert["suggested_action"]


def test_a_product_whose_recipe_was_refused_is_planned_without_it_and_reported() -> None:
    """cases/planning d07 and d07b: yield 0 and loss 1 are refused at load, so the product has no recipe left."""
    text = BAKERY.format(**SALT).replace("loaf      loaf       10             piece\n", "")
    lines = [line for line in text.splitlines() if not line.startswith(("loaf      1", "loaf      2"))]
    tables = morning("\n".join(lines))
    loaves = tables["production_batches"].filter(pl.col("product_id") == "loaf")
    assert loaves["quantity_planned"].to_list() == [100.0] * 7
    assert "none that can be used: neither times nor ingredients are known" in loaves["reasoning"][0]
    (alert,) = faults(tables)
    assert (alert["severity"], alert["message"], alert["suggested_action"]) == (
        "low",
        "recipes: 1 product has no usable recipe (Loaf).",
        "In recipes: add a recipe, or correct the one that was refused when it was loaded.",
    )


def test_a_supplier_on_a_day_that_is_none_is_ordered_nothing_from_and_reported() -> None:
    text = BAKERY.format(**SALT).replace(
        "supplier_id name lead_time_days", "supplier_id name lead_time_days delivery_weekdays"
    )
    tables = morning(text.replace("mill        Mill 2", "mill        Mill 2 mon,lundi"))
    assert tables["procurement_requirements"]["supplier_id"].to_list() == [None, None]
    (alert,) = faults(tables)
    assert alert["message"] == ("suppliers, supplier_id mill: 'lundi' is no weekday. Nothing is ordered from Mill.")
    assert alert["suggested_action"] == "In suppliers, write its weekdays as mon,tue,wed,thu,fri,sat,sun."


def test_a_bakery_without_ingredients_has_no_alert_that_it_has_no_recipes() -> None:
    sales_only = "\n[".join(
        part for part in BAKERY.split("\n[") if part.startswith(("tenants", "products", "sales")) or not part.strip()
    )
    assert faults(morning("\n" + sales_only)) == []


CASE = Path(__file__).parent / "scenarios"


def test_a_shortage_within_the_day_is_reported_with_what_comes_too_late() -> None:
    """cases/planning d12."""
    tables = morning((CASE / "d12_flour_comes_in_the_afternoon.txt").read_text())
    (alert,) = tables["findings"].filter(pl.col("kind") == "stockout").to_dicts()
    assert alert["message"] == (
        "Flour: stock runs out today, 100 kg short in all. 100 kg come that day when baking has begun."
    )


def test_who_has_to_come_in_is_reported_when_the_last_working_day_is_over() -> None:
    tables = morning((CASE / "planned_on_the_closed_day_itself.txt").read_text())
    (alert,) = tables["findings"].filter(pl.col("kind") == "baking_note").to_dicts()
    assert alert["message"] == (
        "Baking tomorrow: work for 1 batch falls on Wed 2026-01-07, when no one works, and had to be begun by Tue "
        "2026-01-06: if it was not, someone has to come in."
    )


def test_dough_for_the_day_after_a_closed_day_is_to_be_begun_today() -> None:
    """cases/bugs/13."""
    tables = morning((CASE / "bugs13_loaves_after_a_closed_day.txt").read_text())
    (alert,) = tables["findings"].filter(pl.col("kind") == "baking_note").to_dicts()
    assert alert["message"] == (
        "Baking Thu 26 Mar: work for 1 batch falls on Wed 2026-03-25, when no one works, and has to be begun on Tue "
        "2026-03-24."
    )
