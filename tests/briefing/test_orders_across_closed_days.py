"""Order deadlines on closed days, which are not planned: the morning before announces them."""

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from bakery_assets.briefing import summarize_day
from bakery_assets.cells import OUTLOOK_DAYS

SATURDAY = date(2026, 11, 28)  # Paris is one hour ahead of UTC
SUNDAY, MONDAY, TUESDAY = (SATURDAY + timedelta(days=n) for n in (1, 2, 3))


def closed(*days, **values):
    return [{"tenant_id": "paris", "date": day, "kind": "closed", **values} for day in days]


def order(number, day, supplier="epi", item="choc", **values):
    """An order due at 18:00 in Paris."""
    return {
        "tenant_id": "paris", "plan_date": SATURDAY, "requirement_number": number, "ingredient_id": item,
        "supplier_id": supplier, "net_requirement": 1.0, "planned_order_quantity": 15.0, "cost": 163.5,
        "order_by": datetime(day.year, day.month, day.day, 17, tzinfo=UTC), "deliver_on": day + timedelta(days=2),
        **values,
    }  # fmt: skip


@pytest.fixture
def saturday(frames_of, cells_of):
    """Messages of the orders that Saturday announces, with the headline's part on orders and the reasoning."""

    def build(calendar, *orders):
        own = {"tenant_id": "paris"}
        frames = frames_of(
            tenants=[{**own, "name": "Le Fournil", "timezone": "Europe/Paris"}],
            ingredients=[{**own, "ingredient_id": "choc", "name": "Chocolat", "unit": "kg"}],
            suppliers=[
                {**own, "supplier_id": "epi", "name": "Épicerie Pro"},
                {**own, "supplier_id": "moulin", "name": "Moulin"},
            ],
            procurement_plans=[{**own, "plan_date": SATURDAY, "orders_14d": len(orders), "total_cost": 1.0}],
            procurement_requirements=list(orders),
            calendar=calendar,
        )
        made = summarize_day(cells_of(("paris", "Europe/Paris"), plan_date=SATURDAY), frames)
        due = made["findings"].to_dicts()
        assert {row["kind"] for row in due} <= {"order_today"}
        headline = made["daily_summaries"]["headline"][0]
        said = re.fullmatch(r"No sales expected, bake nothing, (.*)\.", headline)[1]
        return [row["message"] for row in due], said, [json.loads(row["reasoning"]) for row in due]

    return build


def test_an_order_due_on_a_closed_sunday_is_announced_on_saturday(saturday):
    messages, headline, reasons = saturday(closed(SUNDAY), order("R1", SUNDAY))
    assert messages == [
        "Order from Épicerie Pro by 18:00 tomorrow, when the bakery is closed: Chocolat 15 kg (163.50 EUR)."
    ]
    assert headline == "place 1 order by 18:00 tomorrow"
    assert reasons[0]["order_by_local"] == reasons[0]["lines"][0]["order_by_local"] == "2026-11-29T18:00"


def test_an_order_due_on_an_open_sunday_waits_for_sundays_own_morning(saturday):
    assert saturday([], order("R1", SUNDAY))[:2] == ([], "order nothing today (next by 18:00 tomorrow)")
    # A product that rests does not close the bakery.
    resting = closed(SUNDAY, product_id="pain")
    assert saturday(resting, order("R1", SUNDAY))[0] == []


def test_of_two_closed_days_in_a_row_both_are_announced_and_the_open_day_is_not(saturday):
    messages, headline, _ = saturday(
        closed(SUNDAY, MONDAY), order("R1", MONDAY), order("R2", SUNDAY, "moulin"), order("R3", TUESDAY)
    )
    assert messages == [
        "Order from Épicerie Pro by 18:00 on Mon 30 Nov, when the bakery is closed: Chocolat 15 kg (163.50 EUR).",
        "Order from Moulin by 18:00 tomorrow, when the bakery is closed: Chocolat 15 kg (163.50 EUR).",
    ]
    assert headline == "place 2 orders, the first by 18:00 tomorrow"


def test_a_closed_day_behind_an_open_one_is_announced_by_that_one(saturday):
    messages, headline, _ = saturday(closed(MONDAY), order("R1", MONDAY))
    assert (messages, headline) == ([], "order nothing today (next by 18:00 on Mon 30 Nov)")


def test_two_deadlines_of_one_supplier_are_one_alert_that_says_both(saturday):
    messages, headline, reasons = saturday(closed(SUNDAY), order("R1", SUNDAY), order("R2", SATURDAY, cost=100.0))
    # 163.50 + 100.00 EUR
    assert messages == [
        "Order from Épicerie Pro by 18:00 today, and by 18:00 tomorrow, when the bakery is closed: "
        "Chocolat 15 kg, Chocolat 15 kg (263.50 EUR)."
    ]
    assert headline == "place 2 orders, the first by 18:00 today"
    assert {line["cost"]: line["order_by_local"] for line in reasons[0]["lines"]} == {
        163.5: "2026-11-29T18:00",
        100.0: "2026-11-28T18:00",
    }


def test_before_a_long_holiday_every_order_of_the_plan_is_announced(saturday):
    holiday = [SATURDAY + timedelta(days=n) for n in range(1, 40)]
    last = SATURDAY + timedelta(days=OUTLOOK_DAYS)
    messages, headline, _ = saturday(closed(*holiday), order("R1", last))
    assert len(messages) == 1
    assert headline == "place 1 order by 18:00 on Sat 12 Dec"
