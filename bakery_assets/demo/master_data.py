"""A demo bakery's master data as rows of the load format: what it sells, makes, buys and works with."""

import math
from collections.abc import Iterator
from datetime import date, timedelta

from bakery_assets.demo.catalogue import KG_PER_PART, WATER, Bakery, Intermediate, Product
from bakery_assets.demo.days import Row

SAFETY_DAYS, FRESH_SAFETY_DAYS = 1.5, 0.5  # of mean use; the second for what keeps a week or less
FRESH_LIFE_DAYS = 7

MACHINE_OF_STEP = {
    "mix": "mixer",
    "shape": "bench",
    "assemble": "bench",
    "finish": "bench",
    "proof": "proofer",
    "bake": "oven",
    "boil": "other",
    "fry": "other",
}


def master_rows(bakery: Bakery, plan_date: date) -> dict[str, list[Row]]:
    """Every master table of one bakery; only ``discontinued_on`` depends on the plan date."""
    own = {"tenant_id": bakery.tenant.tenant_id}
    tables: dict[str, list[Row]] = {
        "tenants": [_tenant(bakery)],
        "products": [_product(bakery, name, plan_date) for name in bakery.products],
        "ingredients": list(_ingredients(bakery)),
        "recipes": [*_intermediate_recipes(bakery), *_product_recipes(bakery)],
        "recipe_lines": list(_recipe_lines(bakery)),
        "suppliers": list(_suppliers(bakery)),
        "supplier_items": list(_supplier_items(bakery)),
        "equipment": [
            {"equipment_id": machine_id, "name": machine.name, "kind": machine.kind, "capacity": machine.capacity}
            for machine_id, machine in bakery.equipment.items()
        ],
        "shifts": list(_shifts(bakery)),
        "opening_hours": [
            {"weekday": weekday, "opens": bakery.trade.opens, "closes": bakery.trade.closes}
            for weekday in _open_weekdays(bakery)
        ],
        "production_steps": [
            {
                "recipe_id": product_id,
                "step_number": number,
                "name": step,
                "equipment_kind": MACHINE_OF_STEP[step],
                "duration_minutes": minutes,
            }
            for product_id, product in bakery.products.items()
            for number, (step, minutes) in enumerate(product.steps.items(), start=1)
        ],
    }
    return {name: [{**own, **row} for row in rows] for name, rows in tables.items()}


def safety_stock(bakery: Bakery, ingredient_id: str, daily_use: float) -> float:
    """A day and a half of mean use, half a day of what does not keep; rounded up to what can be weighed."""
    fresh = bakery.ingredients[ingredient_id].life <= FRESH_LIFE_DAYS
    wanted = daily_use * (FRESH_SAFETY_DAYS if fresh else SAFETY_DAYS)
    per_unit = 1 if bakery.ingredients[ingredient_id].unit == "piece" else 10
    return math.ceil(wanted * per_unit) / per_unit


def _tenant(bakery: Bakery) -> Row:
    tenant = bakery.tenant
    return {
        "name": tenant.name,
        "timezone": tenant.timezone,
        "country": tenant.country,
        "currency": tenant.currency,
        "region": tenant.region,
        "tier": tenant.tier,
        "status": "active",
        "planning_time": tenant.planning_time,
    }


def _product(bakery: Bakery, product_id: str, plan_date: date) -> Row:
    product = bakery.products[product_id]
    gone = product.discontinued_days_ago
    return {
        "product_id": product_id,
        "name": product.name,
        "category": product.category,
        "unit": "piece",
        "price": product.price,
        "unit_cost": bakery.unit_cost(product_id),
        "salvage_value": product.salvage,
        "shelf_life_days": product.life,
        "batch_min": product.batch.smallest,
        "batch_max": product.batch.largest,
        "batch_multiple": product.batch.multiple,
        "discontinued_on": None if gone is None else plan_date - timedelta(days=gone),
    }


def _ingredients(bakery: Bakery) -> Iterator[Row]:
    use = bakery.daily_use()
    for ingredient_id, ingredient in bakery.ingredients.items():
        yield {
            "ingredient_id": ingredient_id,
            "name": ingredient.name,
            "unit": ingredient.unit,
            "safety_stock": safety_stock(bakery, ingredient_id, use[ingredient_id]),
            "shelf_life_days": ingredient.life,
        }


def _intermediate_recipes(bakery: Bakery) -> Iterator[Row]:
    for recipe_id, mixed in bakery.intermediates.items():
        yield {
            "recipe_id": recipe_id,
            "product_id": None,
            "name": mixed.name,
            "yield_quantity": round(sum(mixed.takes.values()) * KG_PER_PART, 4),
            "yield_unit": "kg",
            "loss_fraction": mixed.loss,
            "make_days": mixed.make_days,
        }


def _product_recipes(bakery: Bakery) -> Iterator[Row]:
    for product_id, product in bakery.products.items():
        yield {
            "recipe_id": product_id,
            "product_id": product_id,
            "name": product.name,
            "yield_quantity": product.batch.multiple,
            "yield_unit": "piece",
            "loss_fraction": product.loss,
            "make_days": 0,
        }


def _recipe_lines(bakery: Bakery) -> Iterator[Row]:
    written: list[tuple[str, Intermediate | Product, float]] = [
        *((recipe_id, mixed, KG_PER_PART) for recipe_id, mixed in bakery.intermediates.items()),
        *((product_id, product, float(product.batch.multiple)) for product_id, product in bakery.products.items()),
    ]
    for recipe_id, recipe, scale in written:
        bought = [(item, amount * scale) for item, amount in recipe.takes.items() if item != WATER]
        for number, (item, kg) in enumerate(bought, start=1):
            yield {"recipe_id": recipe_id, "line_number": number, **_line(bakery, item, kg), "loss_fraction": 0}


def _line(bakery: Bakery, item: str, kg: float) -> Row:
    """One line; small weights are written in grams, as they are weighed."""
    if item in bakery.intermediates:
        return {"ingredient_id": None, "component_recipe_id": item, "quantity": round(kg, 4), "unit": "kg"}
    ingredient = bakery.ingredients[item]
    quantity, unit = kg / ingredient.kg_per_unit, ingredient.unit
    if unit == "kg" and quantity < 1:
        quantity, unit = quantity * 1000, "g"
    return {"ingredient_id": item, "component_recipe_id": None, "quantity": round(quantity, 4), "unit": unit}


def _suppliers(bakery: Bakery) -> Iterator[Row]:
    for supplier_id, supplier in bakery.suppliers.items():
        yield {
            "supplier_id": supplier_id,
            "name": supplier.name,
            "currency": bakery.tenant.currency,
            "minimum_order_value": supplier.minimum,
            "lead_time_days": supplier.lead_days,
            "delivery_weekdays": supplier.delivers,
            "order_cutoff_time": supplier.cutoff,
            "reliability": supplier.reliability,
        }


def _supplier_items(bakery: Bakery) -> Iterator[Row]:
    for ingredient_id, ingredient in bakery.ingredients.items():
        for supplier_id, offer in ingredient.sold_by.items():
            yield {
                "supplier_id": supplier_id,
                "ingredient_id": ingredient_id,
                "price": offer.price,
                "pack_size": offer.pack,
                "minimum_quantity": offer.pack,
                "lead_time_days": None,
            }


def _shifts(bakery: Bakery) -> Iterator[Row]:
    for shift_id, shift in bakery.shifts.items():
        is_night = shift.ends <= shift.starts
        for weekday in _open_weekdays(bakery):
            yield {
                "shift_id": shift_id,
                "weekday": (weekday - 2) % 7 + 1 if is_night else weekday,
                "starts_at": shift.starts,
                "ends_at": shift.ends,
                "staff": shift.staff,
            }


def _open_weekdays(bakery: Bakery) -> list[int]:
    return [weekday for weekday in range(1, 8) if weekday != bakery.trade.closed_weekday]
