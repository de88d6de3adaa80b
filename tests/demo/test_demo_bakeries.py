"""The demo bakeries are bakeries: what they make, from what, with which machines, and when they are closed."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bakery_assets.demo.catalogue import Bakery, demo_bakeries
from bakery_assets.demo.days import is_open

Tables = Mapping[str, list[dict[str, str]]]
TENANTS = [bakery.tenant.tenant_id for bakery in demo_bakeries()]
KG = {"kg": 1.0, "g": 0.001}
each_bakery = pytest.mark.parametrize("bakery", demo_bakeries(), ids=TENANTS)


def _of(demo: Tables, name: str, bakery: Bakery) -> list[dict[str, str]]:
    return [row for row in demo[name] if row["tenant_id"] == bakery.tenant.tenant_id]


def test_there_is_a_bakery_in_each_of_eight_time_zones(demo: Tables) -> None:
    assert {row["timezone"]: row["currency"] for row in demo["tenants"]} == {
        "Europe/Madrid": "EUR", "Europe/Paris": "EUR", "America/New_York": "USD", "America/Los_Angeles": "USD",
        "America/Sao_Paulo": "BRL", "Asia/Kathmandu": "NPR", "Australia/Adelaide": "AUD", "Pacific/Auckland": "NZD",
    }  # fmt: skip
    assert {row["tier"] for row in demo["tenants"]} == {"starter", "professional", "enterprise"}
    assert {row["status"] for row in demo["tenants"]} == {"active"}
    assert Counter(row["planning_time"] for row in demo["tenants"]) == {"": 7, "21:30:00": 1}


@each_bakery
def test_a_bakery_sells_about_twenty_products_and_earns_on_each(demo: Tables, bakery: Bakery) -> None:
    products = _of(demo, "products", bakery)
    assert 18 <= len(products) <= 24
    for row in products:
        price, cost = float(row["price"]), float(row["unit_cost"])
        assert 0.22 * price < cost < 0.7 * price, row
        assert float(row["salvage_value"]) < cost, row
        smallest, largest, multiple = (int(row[f"batch_{part}"]) for part in ("min", "max", "multiple"))
        assert smallest % multiple == largest % multiple == 0
        assert multiple <= smallest < largest
    assert {int(row["shelf_life_days"]) for row in products if row["category"] == "cookie"} & set(range(7, 31))


@each_bakery
def test_every_product_is_made_and_most_go_through_a_dough_or_a_filling(demo: Tables, bakery: Bakery) -> None:
    recipes = {row["recipe_id"]: row for row in _of(demo, "recipes", bakery)}
    lines = _of(demo, "recipe_lines", bakery)
    made = {row["product_id"] for row in recipes.values()} - {""}
    assert made == {row["product_id"] for row in _of(demo, "products", bakery)}
    assert made == {row["recipe_id"] for row in _of(demo, "production_steps", bakery)}
    assert {row["recipe_id"] for row in lines} == set(recipes)
    through = {row["recipe_id"] for row in lines if row["component_recipe_id"]}
    assert len(through & made) > 0.8 * len(made)
    used = {row["component_recipe_id"] for row in lines} - {""}
    assert used == {name for name, row in recipes.items() if not row["product_id"]}


@each_bakery
def test_every_ingredient_is_used_and_some_supplier_sells_it(demo: Tables, bakery: Bakery) -> None:
    ingredients = {row["ingredient_id"] for row in _of(demo, "ingredients", bakery)}
    assert 15 <= len(ingredients) <= 22
    assert 3 <= len(_of(demo, "suppliers", bakery)) <= 4
    assert {row["ingredient_id"] for row in _of(demo, "recipe_lines", bakery)} - {""} == ingredients
    assert {row["ingredient_id"] for row in _of(demo, "supplier_items", bakery)} == ingredients
    units = {row["ingredient_id"]: row["unit"] for row in _of(demo, "ingredients", bakery)}
    for row in _of(demo, "recipe_lines", bakery):
        if row["ingredient_id"]:
            assert (row["unit"] in KG) == (units[row["ingredient_id"]] == "kg")


def test_a_barra_from_madrid_takes_the_flour_a_baker_would_weigh() -> None:
    """0.31 kg of dough, 2 % lost on the way: 100 flour, 64 water, 20 levain (half flour), 2 salt, 0.8 yeast."""
    madrid = next(bakery for bakery in demo_bakeries() if bakery.tenant.tenant_id == "madrid-horno-sol")
    dough_parts = 100 + 64 + 20 + 2 + 0.8
    dough = 0.31 / 0.98 / 0.98
    flour = dough / dough_parts * (100 + 20 / 0.97 / 2)
    assert madrid.ingredients_per_piece("barra")["harina-panadera"] == pytest.approx(flour)
    assert flour == pytest.approx(0.1906, abs=0.0002)


@each_bakery
def test_the_written_recipes_give_the_same_flour_per_piece_as_the_catalogue(demo: Tables, bakery: Bakery) -> None:
    recipes = {row["recipe_id"]: row for row in _of(demo, "recipes", bakery)}
    lines = _of(demo, "recipe_lines", bakery)

    def explode(recipe_id: str, quantity: float, needed: dict[str, float]) -> dict[str, float]:
        recipe = recipes[recipe_id]
        times = quantity / (float(recipe["yield_quantity"]) * (1 - float(recipe["loss_fraction"])))
        for row in lines:
            if row["recipe_id"] == recipe_id:
                amount = float(row["quantity"]) * times * KG.get(row["unit"], 1.0)
                if row["component_recipe_id"]:
                    explode(row["component_recipe_id"], amount, needed)
                else:
                    needed[row["ingredient_id"]] = needed.get(row["ingredient_id"], 0.0) + amount
        return needed

    for product_id in bakery.products:
        assert explode(product_id, 1.0, {}) == pytest.approx(bakery.ingredients_per_piece(product_id), rel=1e-3)


@each_bakery
def test_bread_weighs_what_bread_weighs(bakery: Bakery) -> None:
    """A baguette is scaled at 0.30 to 0.34 kg, a roll at 0.06 to 0.12 kg, a loaf at 0.4 to 1.1 kg."""
    for product_id, product in bakery.products.items():
        weight = sum(product.takes.values())
        if product_id in ("baguette", "baguette-tradition", "barra", "baguete"):
            assert 0.29 <= weight <= 0.35
        elif product.category == "bread" and product_id.endswith(("roll", "bun", "bolillo", "frances", "panecillo")):
            assert 0.05 <= weight <= 0.12
        elif "loaf" in product_id:
            assert 0.4 <= weight <= 1.1


@each_bakery
def test_materials_cost_a_baker_a_tenth_to_a_third_of_the_takings(demo: Tables, bakery: Bakery) -> None:
    cheapest: dict[str, float] = {}
    for row in _of(demo, "supplier_items", bakery):
        price = float(row["price"])
        cheapest[row["ingredient_id"]] = min(price, cheapest.get(row["ingredient_id"], price))
    materials = sum(quantity * cheapest[item] for item, quantity in bakery.daily_use().items())
    sales = _of(demo, "sales", bakery)
    takings = sum(float(row["revenue"]) for row in sales) / len({row["sales_date"] for row in sales})
    assert 0.08 < materials / takings < 0.35


@each_bakery
def test_safety_stock_is_half_a_day_to_two_days_of_use(demo: Tables, bakery: Bakery) -> None:
    use = bakery.daily_use()
    for row in _of(demo, "ingredients", bakery):
        spare = 1.0 if row["unit"] == "piece" else 0.1
        daily = use[row["ingredient_id"]]
        assert 0.5 * daily <= float(row["safety_stock"]) <= 1.5 * daily + spare


@each_bakery
def test_the_ovens_are_busy_but_seldom_overrun(demo: Tables, bakery: Bakery) -> None:
    """A mean day: loads of the baking steps times minutes, over the minutes of all ovens in the night's shift."""
    ovens = [int(row["capacity"]) for row in _of(demo, "equipment", bakery) if row["kind"] == "oven"]
    shift = _of(demo, "shifts", bakery)[0]
    starts, ends = (datetime.fromisoformat(f"2026-01-01T{shift[key]}") for key in ("starts_at", "ends_at"))
    ends += timedelta(days=ends <= starts)
    minutes = 0.0
    for row in _of(demo, "production_steps", bakery):
        product = bakery.products[row["recipe_id"]]
        if row["equipment_kind"] == "oven" and product.discontinued_days_ago is None and not product.to_order:
            loads = -(-product.sells * 1.1 // max(ovens))
            minutes += loads * float(row["duration_minutes"])
    busy = minutes / (len(ovens) * (ends - starts).total_seconds() / 60)
    assert 0.35 < busy < (1.1 if bakery.tenant.tenant_id == "new-york-bagel-works" else 0.75)


@each_bakery
def test_every_step_has_a_machine_and_every_open_weekday_a_shift(demo: Tables, bakery: Bakery) -> None:
    kinds = {row["kind"] for row in _of(demo, "equipment", bakery)}
    assert {row["equipment_kind"] for row in _of(demo, "production_steps", bakery)} <= kinds
    assert {"mixer", "proofer", "oven"} <= kinds
    open_weekdays = set(range(1, 8)) - {bakery.trade.closed_weekday}
    for shift_id in bakery.shifts:
        shifts = [row for row in _of(demo, "shifts", bakery) if row["shift_id"] == shift_id]
        nights = int(shifts[0]["ends_at"] <= shifts[0]["starts_at"])
        assert {(int(row["weekday"]) - 1 + nights) % 7 + 1 for row in shifts} == open_weekdays
    assert {int(row["weekday"]) for row in _of(demo, "opening_hours", bakery)} == open_weekdays


def test_whenever_the_demo_is_run_at_most_one_bakery_has_its_weekly_day_off() -> None:
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    for hour in range(24 * 7):
        instant = monday + timedelta(hours=hour)
        off = [
            bakery for bakery in demo_bakeries()
            if instant.astimezone(ZoneInfo(bakery.tenant.timezone)).isoweekday() == bakery.trade.closed_weekday
        ]  # fmt: skip
        assert len(off) <= 1
    assert sum(bakery.trade.closed_weekday is not None for bakery in demo_bakeries()) == 3


@each_bakery
def test_the_calendar_names_closed_days_five_weeks_ahead_and_an_offer_within_the_week(
    demo: Tables, plan_dates: Mapping[str, date], bakery: Bakery
) -> None:
    plan_date = plan_dates[bakery.tenant.tenant_id]
    calendar = [(date.fromisoformat(row["date"]), row) for row in _of(demo, "calendar", bakery)]
    closed = {day for day, row in calendar if row["kind"] == "closed"}
    ahead = [plan_date + timedelta(days=offset) for offset in range(36)]
    assert {day for day in closed if day >= plan_date} == {day for day in ahead if not is_open(bakery, day)}
    offers = [(day, row["product_id"]) for day, row in calendar if row["kind"] == "promotion"]
    coming = {product for day, product in offers if plan_date <= day < plan_date + timedelta(days=7)}
    assert 1 <= len(coming) <= 2
    assert len({product for _, product in offers}) == 5
    assert not {day for day, _ in offers} & closed
    assert any(row["kind"] == "event" and day >= plan_date for day, row in calendar)
    assert any(row["kind"] == "holiday" for _, row in calendar) or bakery.tenant.tenant_id == "adelaide-parade"


def test_some_bakeries_feel_the_school_holidays(demo: Tables) -> None:
    assert len({row["tenant_id"] for row in demo["calendar"] if row["kind"] == "school_holiday"}) >= 3
