"""The morning on a terminal: readable at 80 columns, with everything a baker acts on."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from bakery_assets.briefing.day_briefing import DayBriefing, PlanState
from bakery_assets.briefing.terminal import render_closed, render_day, render_unplanned
from bakery_assets.briefing.terminal.figures import clock, core, figure, planned_at, quantity

TODAY = date(2026, 11, 24)  # a Tuesday; Paris is one hour ahead of UTC
PLANNED = PlanState(
    "planned", datetime(2026, 11, 24, 3, 30, tzinfo=UTC), datetime(2026, 11, 24, 3, 31, tzinfo=UTC), None, None
)
LONG = "Petite tartelette aux framboises et à la crème d'amandes du jour, sans gluten"
TABLES = (
    "ops.products", "ops.ingredients", "ops.suppliers", "ops.supplier_items", "ops.equipment", "ops.locations",
    "ops.sales", "plans.demand_forecasts", "plans.production_schedules", "plans.production_batches",
    "plans.distribution_plans", "plans.procurement_plans", "plans.procurement_requirements",
    "plans.inventory_projections", "plans.validation_runs", "plans.validation_results", "plans.override_scores",
    "plans.daily_summaries", "plans.alerts", "plans.plan_changes", "plans.plan_versions", "plans.stock_balances",
    "ops.calendar", "ops.shifts", "ops.recipes", "ops.recipe_lines", "ops.batch_events",
    "ops.order_events", "plans.purchase_proposals",
)  # fmt: skip


def at(hour, minute=0, day=24):
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def batch(number, start, end, **values):
    reasons = {
        "demand": 18.4,
        "orders": 0.0,
        "stock_used": 4.0,
        "net_requirement": 14.4,
        "batch_min": 24.0,
        "unit": "piece",
    }
    row = {
        "batch_number": f"B{number}", "schedule_date": TODAY, "product_id": "pain", "quantity_planned": 24.0,
        "start_at": start, "end_at": end, "equipment_id": "four", "priority": number, "reasoning": json.dumps(reasons),
    }  # fmt: skip
    return {**row, **values}


def alert(cause, severity, message, **values):
    row = {
        "alert_id": f"{cause}@2026-11-24", "cause": cause, "severity": severity, "message": message, "kind": "stockout",
        "alert_class": "stock", "status": "open", "opened_on": TODAY, "opened_at": at(3, 30), "updated_at": at(3, 30),
        "last_plan_date": TODAY, "last_planned_as_of": at(3, 30), "suggested_action": "Look at it.", "priority": 50,
    }  # fmt: skip
    return {**row, **values}


DAY = {
    "products": [
        {"product_id": "pain", "name": "Pain au chocolat", "price": 1.4},
        {"product_id": "tarte", "name": LONG},
        {"product_id": "vrac", "name": "Granola en vrac", "unit": "kg"},
        {"product_id": "montee", "name": "Pièce montée"},
    ],
    "ingredients": [{"ingredient_id": "choc", "name": "Chocolat", "unit": "kg"}],
    "suppliers": [{"supplier_id": "epi", "name": "Épicerie Pro", "minimum_order_value": 200.0}],
    "equipment": [{"equipment_id": "four", "name": "Four à sole", "kind": "oven"}],
    "locations": [{"location_id": "main", "name": None}],
    "sales": [{"product_id": "pain", "location_id": "main", "quantity": 96.0}],
    "demand_forecasts": [
        {"product_id": "pain", "target_date": TODAY, "yhat": 104.4, "q10": 80.2, "q90": 130.5},
        {"product_id": "tarte", "target_date": TODAY, "yhat": 5.5, "q10": 2.0, "q90": 9.0},
        {"product_id": "vrac", "target_date": TODAY, "yhat": 2.35, "q10": 1.0, "q90": 4.0},
        {"product_id": "montee", "target_date": TODAY, "yhat": 0.1, "q10": 0.0, "q90": 1.0},
    ],
    "production_schedules": [
        {
            "schedule_date": TODAY, "status": "over_capacity", "utilization": 0.54,
            "reasoning": json.dumps({"shift_ends_at": "2026-11-24T07:00:00Z"}), "consequence": "1 batch ends late",
        }
    ],
    "production_batches": [
        batch(1, at(3, 30), at(5, 5)),
        batch(2, at(6, 5), at(7, 30), product_id="tarte", quantity_planned=6.0, reasoning="{}"),
    ],
    "procurement_requirements": [
        {
            "requirement_number": "R1", "ingredient_id": "choc", "supplier_id": "epi", "net_requirement": 12.0, "cost": 163.5,
            "planned_order_quantity": 15.0, "order_by": at(16), "deliver_on": date(2026, 11, 27), "needed_on": TODAY,
            "is_late": True, "reasoning": json.dumps({"pack_size": 5.0, "stockout_on": "2026-11-24"}),
            "consequence": "Without this order Chocolat runs out; Pain au chocolat cannot be baked. It is late already.",
        },
        {
            "requirement_number": "R2", "ingredient_id": "choc", "supplier_id": "epi", "net_requirement": 12.0, "cost": 54.5,
            "planned_order_quantity": 5.0, "order_by": at(16, day=27), "deliver_on": date(2026, 11, 30),
        },
    ],
    "inventory_projections": [
        {"item_kind": "ingredient", "item_id": "choc", "projection_date": TODAY, "unmet": 2.165, "stockout_risk": "high"},
        {"item_kind": "product", "item_id": "tarte", "projection_date": TODAY, "opening": 3.0, "expired": 3.0},
    ],
    "validation_runs": [
        {"validation_date": date(2026, 11, 23), "status": "validated", "wape": 0.12, "bias": 0.05, "accuracy": 0.88}
    ],
    "validation_results": [
        {"validation_date": date(2026, 11, 23), "location_id": "main", "product_id": "pain", "yhat": 90.0,
         "actual": 88.0, "error": 2.0, "is_covered": True},
        {"validation_date": date(2026, 11, 23), "location_id": "main", "product_id": "vrac", "yhat": 1.5,
         "actual": 4.25, "error": -2.75, "is_covered": False},
    ],
    "daily_summaries": [{"headline": "Expect to sell 112 units, bake 2 batches from 04:30 to 08:30."}],
    "alerts": [
        alert("ingredient_shortage:choc", "critical", "Chocolat: stock runs out today.",
              suggested_action="Get 2.17 kg elsewhere."),
        alert("order:epi:2026-11-24", "high", "Order from Épicerie Pro.", status="acknowledged", acknowledged_by="Ada",
              acknowledged_at=at(5)),
        alert("expiring_product:tarte", "low", "Tarte: 3 pieces will expire unused today.", opened_on=date(2026, 11, 23)),
        alert("forecast_off", "medium", "The forecast was 40% off.", recurrence_of="forecast_off@2026-11-20"),
        alert("over_capacity", "high", "The baking does not fit.", opened_on=date(2026, 11, 23), status="resolved",
              resolved_on=TODAY, resolved_at=at(3, 30), resolution="The baking fits into the shifts."),
    ],
}  # fmt: skip


@pytest.fixture
def morning(rows_of):
    """The morning of ``DAY`` in Paris, with some tables replaced."""

    def build(state=PLANNED, **instead):
        frames = {}
        for full in (*TABLES, "plans.coming_batches"):
            name = full.split(".")[1]
            is_of_plan = (full.startswith("plans.") and name != "alerts") or name == "batch_events"
            full = full.replace("coming_batches", "production_batches")
            own = {"tenant_id": "paris", **({"plan_date": TODAY} if is_of_plan else {})}
            frames[name] = rows_of(full, [{**own, **row} for row in {**DAY, **instead}.get(name, [])])
        return DayBriefing("paris", "Le Fournil", "Europe/Paris", "EUR", TODAY, state, frames)

    return build


def shown(page, width=80):
    """What a terminal of ``width`` columns shows, and that no line is wider."""
    file = StringIO()
    Console(file=file, width=width, highlight=False).print(page)
    text = file.getvalue()
    assert max(cell_len(line) for line in text.splitlines()) <= width
    return text


def plain(text):
    """Without the line breaks and columns that wrapping made."""
    return re.sub(r"\s+", " ", text)


def test_a_plan_made_the_evening_before_says_of_which_day():
    assert planned_at(datetime(2026, 11, 24, 4, 30), TODAY) == "04:30"  # noqa: DTZ001 local time
    assert planned_at(datetime(2026, 11, 23, 21, 30), TODAY) == "Mon 23 Nov 21:30"  # noqa: DTZ001 local time


def test_the_page_says_what_a_baker_acts_on(morning):
    text = shown(render_day(morning(), 80))
    for fact in (
        "Le Fournil · Tuesday 24 November 2026",
        "Planned 04:30 local time (Europe/Paris)",
        "Expect to sell 112 units, bake 2 batches from 04:30 to 08:30.",
        "Not or hardly expected to sell: Pièce montée.",
        "by 17:00 today  Épicerie Pro, comes Fri 27 Nov, 163.50 EUR (minimum 200.00)",
        "Later, from Fri 27 Nov on: 1 order, 54.50 EUR as things stand.",
        "218.00 EUR in all over two weeks",
        "The forecast was 88% accurate, 5% too much over all.",
        "Best: Pain au chocolat, 90 forecast, 88 sold.",
        "Furthest off: Granola en vrac, 1.5 kg forecast, 4.25 kg sold.",
        "2 batches in all; the busiest machine is needed for 54% of the shifts",
    ):
        assert fact in text, fact
    for row in (
        r"^Pain au chocolat +104 +80–131 +96 *$",
        r"^Granola en vrac +2.35 kg +1–4 kg +– *$",
        r"^Total +110 \+ 2.35 kg +96 *$",
        r"^04:30–06:05 +Pain au chocolat +24 +Four à sole *\n  18 wanted, 4 in stock, batch at least 24 *$",
        r"^07:05–08:30 +Petite tartelette aux [^\n]* 6 +Four à sole *\n",
        r"^  ends after the shift; *$",
        r"^ +Chocolat +15 kg +3 × 5 +163.50 +too late, runs out today *$",
        r"^Chocolat +today +2.17 kg short +Pain au chocolat cannot be baked *$",
        r"^Petite tartelette aux .*today +3 lost +expires before it is used",
        r"^critical +new +Chocolat: stock runs out today. Get 2.17 kg elsewhere. *$",
        r"^high +new +Order from Épicerie Pro. Seen by Ada. *$",
        r"^low +Tarte: 3 pieces will expire unused today. *$",
        r"^medium +again +The forecast was 40% off. *$",
        r"^The baking does not fit: the baking fits into the shifts. *$",
    ):
        assert re.search(row, text, re.MULTILINE), (row, text)


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal_nor_than_a_hundred(morning, width):
    text = shown(render_day(morning(), width), width)
    assert max(cell_len(line) for line in text.splitlines()) <= min(width, 100)
    assert "15 kg" in text
    assert "163.50 EUR" in text


def test_wide_letters_stay_within_the_terminal(morning):
    shown(render_day(morning(products=[{"product_id": "pain", "name": "抹茶とあずきのデニッシュ" * 4}]), 80))


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("name", [LONG[:70], "x" * 70])
def test_long_names_everywhere_wrap_and_stay_legible(morning, name, width):
    tables = ("products", "ingredients", "suppliers", "equipment")
    named = {table: [{**row, "name": name} for row in DAY[table]] for table in tables}
    shops = [{"location_id": shop, "name": name} for shop in ("main", "gare")]
    forecasts = [{**DAY["demand_forecasts"][0], "location_id": shop} for shop in ("main", "gare")]
    page = replace(morning(**named, locations=shops, demand_forecasts=forecasts), name=name)
    text = shown(render_day(page, width), width)
    shown(render_unplanned(page), width)
    if width == 80:
        # The column is never squeezed to a letter: seventy letters take at most six lines next to a long shop.
        rows = text.split("What will sell today")[1].split("Total")[0].splitlines()
        assert len(rows) <= 2 + 2 * 6


def test_every_section_says_plainly_when_there_is_nothing(morning):
    empty = {name: [] for name in DAY if name not in ("daily_summaries", "products")}
    text = shown(render_day(morning(**empty), 80))
    for words in (
        "Nothing is expected to sell today.",
        "Nothing is to be baked today.",
        "Nothing has to be ordered.",
        "Nothing runs out or expires unused, as far as the stock is known.",
        "There is no earlier forecast to check.",
        "Nothing. Have a good day.",
    ):
        assert words in text


def test_a_closed_day_says_that_nothing_is_baked(morning):
    text = shown(render_day(morning(production_batches=[], production_schedules=[
        {"schedule_date": TODAY, "status": "closed"}
    ]), 80))  # fmt: skip
    assert "Closed: nothing is baked for today. The bakery opens again tomorrow." in text


def closed_on(*days):
    return [{"date": date(2026, 11, day), "kind": "closed", "name": "Congés"} for day in days]


def test_a_closed_day_without_a_plan_says_when_the_bakery_opens_and_what_is_done_on_it(morning):
    # Wednesday and Thursday are closed. The shift of Friday begins on Thursday at 23:00, and begins Saturday's dough at 23:30.
    dough = [
        {"recipe_id": "pain", "product_id": "pain", "yield_quantity": 10.0, "yield_unit": "piece", "make_days": 0},
        {"recipe_id": "levain", "name": "Levain", "yield_quantity": 1.0, "yield_unit": "kg", "make_days": 1},
    ]
    takes = {"recipe_id": "pain", "line_number": 1, "component_recipe_id": "levain", "quantity": 2.0, "unit": "kg"}
    coming = [
        batch(1, at(22, day=26), at(23, day=26), schedule_date=date(2026, 11, 27), quantity_planned=24.0),
        batch(2, at(5, day=27), at(6, day=27), schedule_date=date(2026, 11, 27)),
        batch(3, at(22, 30, day=27), at(23, day=27), schedule_date=date(2026, 11, 28), quantity_planned=60.0),
    ]
    order = {**DAY["procurement_requirements"][1], "order_by": at(11, day=26)}
    before = morning(
        calendar=closed_on(25, 26), recipes=dough, recipe_lines=[takes], coming_batches=coming,
        procurement_requirements=[*DAY["procurement_requirements"][:1], order],
    )  # fmt: skip
    closed = replace(morning(None, daily_summaries=[], calendar=closed_on(26)), plan_date=date(2026, 11, 26))
    text = shown(render_closed(closed, before, 80))
    assert "The bakery is closed (Congés). It opens again tomorrow." in text
    for row in (
        r"^23:00–00:00 \(\+1 day\) +Pain au chocolat +24 +tomorrow *$",
        r"^23:30 +Levain +12 kg +Sat 28 Nov: Pain au chocolat *$",  # 2 kg for ten
        r"^by 12:00 today  Épicerie Pro, comes Mon 30 Nov, 54.50 EUR",
        r"^What is done on it, as the plan of Tue 24 Nov has it. *$",
    ):
        assert re.search(row, text, re.MULTILINE), (row, text)
    assert "06:00" not in text
    assert "163.50" not in text
    wednesday = replace(
        closed, plan_date=date(2026, 11, 25), frames={**closed.frames, "calendar": before.frames["calendar"]}
    )
    text = shown(render_closed(wednesday, before, 80))
    assert "It opens again on Fri 27 Nov." in text
    assert "Nothing is done on it, as the plan of Tue 24 Nov has it." in text
    assert "No plan reaches this day" in shown(render_closed(wednesday, None, 80))


def test_doughs_for_later_days_have_their_hour_and_quantity(morning):
    recipes = [
        {"recipe_id": "pain", "product_id": "pain", "yield_quantity": 10.0, "yield_unit": "piece", "make_days": 0},
        {"recipe_id": "montee", "product_id": "montee", "yield_quantity": 10.0, "yield_unit": "piece", "make_days": 0},
        {"recipe_id": "pate", "name": "Pâte", "yield_quantity": 1.0, "yield_unit": "kg", "make_days": 1},
        {"recipe_id": "chef", "name": "Levain chef", "yield_quantity": 1.0, "yield_unit": "kg", "make_days": 1},
    ]
    lines = [
        {"recipe_id": "pain", "line_number": 1, "component_recipe_id": "pate", "quantity": 1.5, "unit": "kg"},
        {"recipe_id": "montee", "line_number": 1, "component_recipe_id": "pate", "quantity": 1.0, "unit": "kg"},
        {"recipe_id": "pate", "line_number": 1, "component_recipe_id": "chef", "quantity": 0.2, "unit": "kg"},
    ]
    # Tomorrow takes 40 * 0.15 + 10 * 0.1 = 7 kg of dough. The starter of Thursday's 20 * 0.15 = 3 kg is begun today, too.
    coming = [
        batch(
            1,
            at(5, day=25),
            at(6, day=25),
            schedule_date=date(2026, 11, 25),
            product_id="montee",
            quantity_planned=10.0,
        ),
        batch(2, at(4, day=25), at(5, day=25), schedule_date=date(2026, 11, 25), quantity_planned=40.0),
        batch(3, at(4, 30, day=25), at(5, day=25), schedule_date=date(2026, 11, 25), state="cancelled"),
        batch(4, at(4, 15, day=26), at(5, day=26), schedule_date=date(2026, 11, 26), quantity_planned=20.0),
        batch(5, at(4, 15, day=27), at(5, day=27), schedule_date=date(2026, 11, 27), quantity_planned=20.0),
    ]
    text = shown(render_day(morning(recipes=recipes, recipe_lines=lines, coming_batches=coming), 100), 100)
    section = text.partition("What to begin for later days\n")[2].partition("\n\n")[0]
    assert [re.sub(r" {2,}", "  ", line).strip() for line in section.splitlines()] == [
        "time  Dough  make  for",
        "05:00  Pâte  7 kg  tomorrow: Pain au chocolat, Pièce montée",
        "05:15  Levain chef  0.6 kg  Thu 26 Nov: Pain au chocolat",
    ]
    assert "later days" not in shown(render_day(morning(coming_batches=coming), 100), 100)


def test_what_was_made_is_shown_with_what_was_planned(morning):
    def event(number, event, made, hour):
        return {
            "batch_number": f"B{number}",
            "event": event,
            "quantity": made,
            "happened_at": at(hour),
            "recorded_at": at(hour),
        }

    batches = [
        batch(1, at(0), at(1), state="completed"),
        batch(2, at(1), at(2), state="failed"),
        batch(3, at(2), at(3), state="completed"),
        batch(4, at(3), at(4), state="in_progress"),
        batch(5, at(4), at(5), state="completed"),
    ]
    events = [
        event(1, "finished", 12.0, 1), event(1, "finished", 20.0, 2), event(1, "finished", 21.0, 4),
        event(2, "failed", None, 2), event(4, "finished", 3.0, 4), event(5, "finished", None, 3),
    ]  # fmt: skip
    text = shown(render_day(morning(production_batches=batches, batch_events=events), 80))
    made = re.findall(r"^\d\d:\d\d–\d\d:\d\d +Pain au chocolat +([^F]*?) +Four", text, re.MULTILINE)
    # The record of 04:00 came after the plan.
    assert made == ["20 of 24", "0 of 24", "24", "24", "24"]


@pytest.mark.parametrize(("width", "is_next_to_it"), [(60, False), (80, False), (100, True), (140, True)])
def test_a_reason_is_next_to_its_batch_where_there_is_room_else_under_it(morning, width, is_next_to_it):
    night = batch(1, at(20, 30, day=23), at(22, day=23))
    text = shown(render_day(morning(production_batches=[night]), width), width)
    next_to_it = r"^21:30–23:00 \(-1 day\) +Pain au chocolat +24 +Four à sole +18 wanted, 4 in stock"
    under = (
        r"^21:30–23:00 \(-1 day\) +Pain au chocolat +24 +Four à sole *\n  18 wanted, 4 in stock, batch at least 24 *$"
    )
    assert re.search(next_to_it if is_next_to_it else under, text, re.MULTILINE), text


def test_what_is_shown_of_another_days_plan_says_so(morning):
    old = alert(
        "order:epi:2026-11-23", "high", "Order from Épicerie Pro by 12:00 today.", last_plan_date=date(2026, 11, 23)
    )
    assert "by 12:00 today. (plan of Mon 23 Nov)" in plain(shown(render_day(morning(alerts=[old]), 80)))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("closed", "The bakery was closed."),
        ("no_forecast", "The day before had not been planned, so there is no forecast to check."),
        ("no_sales", "Its sales have not arrived yet."),
    ],
)
def test_a_day_that_cannot_be_checked_says_why(morning, status, words):
    runs = [{"validation_date": date(2026, 11, 23), "status": status}]
    assert words in shown(render_day(morning(validation_runs=runs), 80))


def test_two_checked_weeks_are_shown_next_to_each_other(morning):
    run = {**DAY["validation_runs"][0], "wape_7d": 0.184, "wape_7d_before": 0.215, "trend": "improving"}
    assert "Last 7 days 18% off, 22% the 7 before: improving." in shown(render_day(morning(validation_runs=[run]), 80))
    assert "Last 7 days" not in shown(render_day(morning(), 80))


def test_a_day_without_measures_says_whether_all_sold_out_or_nothing_sold(morning):
    checked = {"validation_date": date(2026, 11, 23), "status": "validated"}
    gone = shown(render_day(morning(validation_runs=[{**checked, "sold_out_series": 3}]), 80))
    assert "Everything sold out, so it is unknown how much more would have sold." in gone
    unsold = shown(render_day(morning(validation_runs=[{**checked, "mae": 2.0, "sold_out_series": 1}]), 80))
    assert "There were no sales to measure against." in unsold


def test_what_sold_out_is_neither_the_best_nor_the_furthest_off(morning):
    pain, vrac = DAY["validation_results"]
    montee = {**vrac, "product_id": "montee", "yhat": 9.0, "actual": 2.0, "error": 7.0}
    shelf = shown(render_day(morning(validation_results=[pain, vrac, montee]), 80))
    assert "Furthest off: Pièce montée" in shelf
    empty = shown(render_day(morning(validation_results=[pain, vrac, {**montee, "is_sold_out": True}]), 80))
    assert "Furthest off: Granola en vrac" in empty


def test_how_overrides_did_is_reported_one_by_one_or_counted(morning):
    given = {"validation_date": date(2026, 11, 23), "product_id": "pain", "locations": 1, "who": "Ana",
            "yhat": 20.0, "system_yhat": 12.0, "actual": 18.0, "human_error": 2.0, "system_error": -6.0}  # fmt: skip
    one = {**given, "override_id": "o1", "closer": "human"}
    two = {**given, "override_id": "o2", "who": None, "yhat": 5.0, "closer": "system"}
    text = plain(shown(render_day(morning(override_scores=[one, two]), 80)))
    assert "Ana set 20 instead of 12, 18 sold: nearer than the system." in text
    assert "somebody set 5 instead of 12, 18 sold: further off than the system." in text
    many = [one, two, {**one, "override_id": "o3"}, {**two, "override_id": "o4"}, {**one, "override_id": "o5"}]
    text = shown(render_day(morning(override_scores=many), 80))
    assert "Of 5 overrides 3 were nearer than the system, 2 further off." in text


def test_orders_of_the_days_after_tomorrow_are_one_line(morning):
    later = DAY["procurement_requirements"][1:]
    text = shown(render_day(morning(procurement_requirements=later), 80))
    assert "Nothing has to be ordered today or tomorrow." in text
    assert "Later, from Fri 27 Nov on: 1 order, 54.50 EUR" in text


def test_orders_due_on_closed_days_ahead_are_shown_with_their_lines(morning):
    # Wednesday to Friday are closed, so that there is no planning before the order of Friday is due.
    days = [{"schedule_date": date(2026, 11, n), "status": "closed"} for n in (25, 26, 27)]
    opens = {"schedule_date": date(2026, 11, 28), "status": "planned"}
    text = shown(render_day(morning(production_schedules=[*days, opens]), 80))
    assert "by 17:00 on Fri 27 Nov  Épicerie Pro, comes Mon 30 Nov, 54.50 EUR" in text
    assert "Later, from" not in text
    all_closed = shown(render_day(morning(production_schedules=days), 80))
    assert "by 17:00 on Fri 27 Nov" in all_closed
    later = DAY["procurement_requirements"][1:]
    two = shown(render_day(morning(production_schedules=[*days[:2], {**opens, "schedule_date": date(2026, 11, 27)}],
                                       procurement_requirements=later), 80))  # fmt: skip
    assert "Nothing has to be ordered before the bakery opens again." in two
    assert "Later, from Fri 27 Nov on: 1 order" in two


def test_many_batches_of_a_product_that_run_into_one_another_share_a_line(morning):
    batches = [batch(n, at(3, n), at(5, n)) for n in range(1, 13)] + [batch(13, at(9), at(10))]
    text = shown(render_day(morning(production_batches=batches), 80))
    assert re.search(r"^04:01–06:12 +Pain au chocolat +12 × 24 ", text, re.MULTILINE)
    assert re.search(r"^10:00–11:00 +Pain au chocolat +24 ", text, re.MULTILINE)
    assert "13 batches in all" in text


def test_batches_without_times_are_shown_without_times(morning):
    text = shown(render_day(morning(production_batches=[batch(1, None, None, equipment_id=None)]), 80))
    assert re.search(r"^Pain au chocolat +24 +18 wanted, 4 in stock, batch at least 24", text, re.MULTILINE)
    assert "\ntime " not in text


def test_supply_of_batches_that_were_begun_before_is_not_called_stock(morning):
    """44 wanted: 4 lie in the shop, 36 come from a batch in the oven, and of the other 4 three have no dough."""
    reasons = {"demand": 44.0, "stock_usable": 40.0, "carried_over": 36.0, "stock_used": 40.0, "net_requirement": 1.0,
               "not_begun": 3.0, "unit": "piece"}  # fmt: skip
    row = batch(1, None, None, quantity_planned=1.0, equipment_id=None, reasoning=json.dumps(reasons))
    text = shown(render_day(morning(production_batches=[row]), 160))
    assert "44 wanted, 4 in stock, 36 from earlier batches, no dough for 3" in " ".join(text.split())
    none_there = {**reasons, "stock_usable": 36.0, "stock_used": 36.0}
    row = batch(1, None, None, equipment_id=None, reasoning=json.dumps(none_there))
    text = shown(render_day(morning(production_batches=[row]), 160))
    assert "44 wanted, 36 from earlier batches, no dough" in " ".join(text.split())


def test_several_shops_are_distinguished(morning):
    shops = [{"location_id": "main", "name": None}, {"location_id": "gare", "name": "Gare de l'Est"}]
    forecasts = [
        {"product_id": "pain", "location_id": shop, "target_date": TODAY, "yhat": amount, "q10": 1.0, "q90": 99.0}
        for shop, amount in (("main", 60.0), ("gare", 44.0))
    ]
    text = shown(render_day(morning(locations=shops, demand_forecasts=forecasts), 80))
    assert re.search(r"^Pain au chocolat +Gare de l'Est +44 +1–99 +– *$", text, re.MULTILINE)
    assert re.search(r"^Pain au chocolat +main +60 +1–99 +96 *$", text, re.MULTILINE)
    assert re.search(r"^Total +104 +96 *$", text, re.MULTILINE)


SUM = {
    "basis": "newsvendor", "forecast": 15.2, "q10": 9.4, "q90": 22.1, "level": 0.8, "target": 18.0, "orders": 3.0,
    "sold": 0.0, "demand": 15.0, "days_covered": 1, "stock_usable": 0.0, "stock_used": 0.0, "net_requirement": 18.0,
    "batch_min": 24.0, "expected_loss": 4.5, "unit": "piece",
}  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "reported"),
    [
        ({}, "18 wanted (15 expected, 9 to 22 likely, enough on 8 days of 10, 3 ordered ahead), batch at least 24, what is"
         " left costs 4.50 EUR on average"),
        ({"level": 0.95, "basis": "base_stock", "days_covered": 3, "orders": 0.0, "batch_min": None},
         "18 wanted (15 expected, 9 to 22 likely, enough on 19 days of 20, can be sold for 3 days)"),
        ({"basis": "buffer", "batch_min": None, "orders": 0.0, "sold": 2.0},
         "18 wanted (15 expected, 9 to 22 likely, with the buffer, 2 sold already)"),
        ({"orders": 18.0, "batch_min": None}, "18 wanted (15 expected, 9 to 22 likely, 18 ordered ahead)"),
    ],
)  # fmt: skip
def test_a_baker_reads_why_so_much_is_baked(morning, terms, reported):
    batches = [batch(1, None, None, equipment_id=None, reasoning=json.dumps(SUM | terms))]
    text = shown(render_day(morning(production_batches=batches), 80))
    assert reported in " ".join(text.split())


def trip(shop, product, need, brought, leaves, arrives, **values):
    row = {
        "location_id": shop, "product_id": product, "trip": 1, "kitchen_id": "main", "target_quantity": need, "need": need,
        "stock_usable": 0.0, "available": 99.0, "quantity": brought, "leaves_at": leaves, "arrives_at": arrives,
    }  # fmt: skip
    return {**row, **values}


def test_a_driver_reads_what_to_load_for_which_shop(morning):
    shops = [
        {"location_id": shop, "name": name}
        for shop, name in (("main", None), ("gare", "Gare de l'Est"), ("port", "Port"))
    ]
    late = {"trip": 2, "quantity": 20.0}
    trips = [
        trip("gare", "pain", 60.0, 40.0, at(5, 30), at(6)),
        trip("gare", "pain", 60.0, 20.0, at(9), at(9, 30), **late),
        trip("gare", "vrac", 2.25, 1.5, at(5, 30), at(6), consequence="Gare de l'Est runs short"),
        trip("gare", "montee", 0.0, 0.0, at(5, 30), at(6), target_quantity=1.0, stock_usable=1.0),
        trip("port", "pain", 12.0, 12.0, at(4, 45), at(5), is_carried_over=True),
        trip("port", "pain", 4.0, 4.0, at(5, 45), at(6), trip=2, stock_usable=12.0),
    ]
    text = shown(render_day(morning(locations=shops, distribution_plans=trips), 80))
    loading = text.partition("What goes to which shop\n")[2].partition("\n\n")[0]
    assert [re.sub(r" {2,}", "  ", line).strip() for line in loading.splitlines()] == [
        "left 05:45  Port, there at 06:00",
        "Pain au chocolat  12",
        "leave 06:30  Gare de l'Est, there at 07:00",
        "Granola en vrac  1.5 kg  0.75 kg short of 2.25 kg",
        "Pain au chocolat  40",
        "still enough there: Pièce montée",
        "leave 06:45  Port, there at 07:00",
        "Pain au chocolat  4  12 there already",
        "leave 10:00  Gare de l'Est, there at 10:30",
        "Pain au chocolat  20",
    ]


def test_a_bakery_of_one_shop_reads_nothing_of_trips(morning):
    assert "What goes to which shop" not in shown(render_day(morning(), 80))


def test_a_failed_plan_says_why_and_what_to_do(morning):
    failed = PlanState("failed", PLANNED.planned_as_of, PLANNED.finished_at, "procurement_plans", "flour has no unit")
    page = morning(failed, daily_summaries=[])
    assert not page.is_fresh
    text = plain(shown(render_unplanned(page)))
    assert "Le Fournil · Tuesday 24 November 2026" in text
    assert "Planning failed at procurement_plans: flour has no unit" in text
    assert "bakery plan --date 2026-11-24 --tenant paris" in text
    assert "What follows" not in text
    assert "What follows is the last plan of this day that went well" in plain(shown(render_unplanned(morning(failed))))


def test_a_missing_plan_and_one_under_way_say_so(morning):
    assert "This day has not been planned. Plan it: bakery plan" in plain(
        shown(render_unplanned(morning(None, daily_summaries=[])))
    )
    claimed = PlanState("claimed", PLANNED.planned_as_of, None, None, None)
    text = plain(shown(render_unplanned(morning(claimed, daily_summaries=[]))))
    assert "Planning was begun (04:30 local) and has not ended." in text


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (239.5, "piece", "240"), (0.49, "piece", "0"), (12_400.0, "piece", "12,400"), (100.0, "kg", "100 kg"),
        (2.5, "kg", "2.5 kg"), (2.346, "kg", "2.35 kg"), (12.34, "l", "12.3 l"), (350.4, "g", "350 g"), (0.0, "kg", "0 kg"),
    ],
)  # fmt: skip
def test_quantities_are_rounded_as_a_baker_would(value, unit, said):
    assert quantity(value, unit) == said


def test_what_is_missing_is_rounded_up():
    assert quantity(0.2, "piece", up=True) == "1"
    assert quantity(0.1 + 0.2, "kg", up=True) == "0.3 kg"
    assert figure(2.001, whole=False, up=True) == "2.01"


def test_the_evening_before_is_marked():
    assert clock(datetime(2026, 11, 23, 22, 0), TODAY) == "22:00 (-1 day)"  # noqa: DTZ001 local time
    assert clock(datetime(2026, 11, 24, 4, 0), TODAY) == "04:00"  # noqa: DTZ001 local time


def test_the_core_of_a_consequence_is_what_cannot_be_baked():
    assert core("Without it X runs out on Tue; A, B cannot be baked. It is late.") == "A, B cannot be baked"
    assert core("Stock falls below its safety stock. More.") == "Stock falls below its safety stock"


def test_what_a_new_version_changed_comes_first_with_why(morning):
    change = {
        "change_number": "C001", "version": 2, "subject": "batch", "change": "changed", "subject_id": "20261124-002",
        "item_id": "pain", "due_date": date(2026, 11, 24), "quantity_before": 40.0, "quantity_after": 52.0,
        "cause": "late_sales", "term": "forecast", "term_before": 40.0, "term_after": 51.5,
    }  # fmt: skip
    version = {
        "version": 2,
        "planned_as_of": at(4),
        "requested_at": at(4),
        "published_at": at(4),
        "cause": "late_sales",
    }
    first = {**version, "version": 1, "cause": "planning_time"}
    text = shown(render_day(morning(plan_changes=[change], plan_versions=[first, version]), 80))
    assert "What version 2 changed, made for late sales\n" in re.sub(r" +\n", "\n", text)
    assert re.search(r"^batch 002, Pain au chocolat +40 +52 +forecast 40 → 51.5 *$", text, re.MULTILINE)
    assert text.index("What version 2") < text.index("What will sell today")


def test_who_asked_for_a_new_version_is_reported_with_the_reason_given(morning):
    version = {"version": 2, "planned_as_of": at(4), "requested_at": at(4), "published_at": at(4)}
    asked = {**version, "cause": "person", "cause_detail": "the mixer stands still"}
    not_yet = {**version, "version": 3, "published_at": None, "cause": "decision", "cause_detail": "too much bread"}
    text = plain(shown(render_day(morning(plan_versions=[asked, not_yet]), 80)))
    assert "What version 2 changed, made for a person: the mixer stands still Neither a batch nor an order." in text
    rejected = {**not_yet, "published_at": at(5), "cause_detail": "rejected by Ana: too much bread"}
    text = plain(shown(render_day(morning(plan_versions=[asked, rejected]), 80)))
    assert "What version 3 changed, made for a decision: rejected by Ana: too much bread" in text
    assert "changed, made for" not in shown(render_day(morning(plan_versions=[{**asked, "version": 1}]), 80))


def test_where_stock_is_not_known_the_page_says_so_instead_of_claiming_anything(morning):
    unknown = {
        "item_kind": "ingredient", "item_id": "choc", "projection_date": TODAY, "opening": None, "closing": None,
        "gross_requirement": 4.0, "consumption": 4.0, "stockout_risk": "unknown",
    }  # fmt: skip
    terms = {"is_stock_known": False, "usable_on": "2026-11-25", "covered_through": "2026-11-27", "pack_size": 0}
    first = DAY["procurement_requirements"][0] | {"reasoning": json.dumps(terms), "is_late": False}
    text = shown(render_day(morning(inventory_projections=[unknown], procurement_requirements=[first]), 100), width=100)
    assert "The stock of 1 item is not recorded." in text
    assert "stock unknown, for tomorrow to Fri 27 Nov" in text
    assert "Nothing whose stock is known runs out or expires unused." in text


def test_each_order_says_where_it_stands_and_what_is_to_be_decided(morning):
    first, later = DAY["procurement_requirements"]
    lines = [{**first, "proposal_number": "P01"}, {**later, "proposal_number": "P02"}]
    proposal = {"supplier_id": "epi", "deliver_on": date(2026, 11, 27), "lines": 1, "version": 2,
                "currency": "EUR", "reasoning": "{}"}  # fmt: skip

    def page(status, *sent):
        proposals = [
            {**proposal, "proposal_number": number, "status": state, "order_by": at(16, day=order_day)}
            for number, state, order_day in (("P01", status, 24), ("P02", "draft", 25))
        ]
        events = [
            when
            if isinstance(when, dict)
            else {"order_id": "PO-20261124-2-P01", "event": "sent", "happened_at": when, "recorded_at": when}
            for when in sent
        ]
        return shown(
            render_day(morning(procurement_requirements=lines, purchase_proposals=proposals, order_events=events), 100),
            width=100,
        )

    waits = page("draft")
    assert "  P01 to be decided" in waits
    assert "1 order to decide today, 1 later; approve, change or reject one, or all without --proposal:" in waits
    assert f"bakery approve --tenant paris --date {TODAY} --proposal P01\n" in waits
    assert "  P01 approved: order PO-20261124-2-P01, not sent" in page("approved")
    assert "No order to decide today, 1 later;" in page("approved")
    assert "  P01 approved: order PO-20261124-2-P01, sent 08:15" in page("approved", at(7, 15))
    other = {"order_id": "PO-20261124-2-P010", "event": "sent", "happened_at": at(7), "recorded_at": at(7)}
    assert "  P01 approved: order PO-20261124-2-P01, not sent" in page("approved", other)
    assert "  P01 rejected" in page("rejected")
    assert "to decide" not in shown(render_day(morning(), 80)), "a plan of before has no proposals"
