"""What the morning says where stock is not known, and orders that are proposed again: words from small facts."""

import json
from datetime import UTC, date, datetime, timedelta

TODAY = date(2026, 11, 24)  # a Tuesday, planned at 03:30 UTC
NAMES = ("Beurre", "Chocolat", "Farine", "Levure", "Sel")


def cell(**values):
    return {"tenant_id": "paris", "plan_date": TODAY, **values}


def unknown(*items):
    return [
        cell(item_kind="ingredient", item_id=item, lot_id="unknown", quantity=0.0, is_known=False) for item in items
    ]


def unsupplied(number, item):
    return cell(
        requirement_number=f"R{number}",
        ingredient_id=item,
        supplier_id=None,
        gross_requirement=2.0,
        net_requirement=2.0,
    )


def test_ingredients_of_unknown_stock_without_a_supplier_are_reported_one_by_one_or_together(alerts):
    ingredients = [{"tenant_id": "paris", "ingredient_id": name, "name": name, "unit": "kg"} for name in NAMES]
    for count in (3, 5):
        items = NAMES[:count]
        found = alerts(
            ingredients=ingredients,
            stock_balances=unknown(*items),
            procurement_requirements=[unsupplied(number, item) for number, item in enumerate(items)],
        )
        assert {(row["kind"], row["severity"]) for row in found} == {("no_supplier", "medium")}
        assert len(found) == (3 if count == 3 else 1)
    assert found[0]["message"] == (
        "No supplier is known for 5 ingredients, and the stock of them is not recorded: Beurre, Chocolat, Farine"
        " and 2 more."
    )


def order(proposed_on, order_by, **values):
    return {
        "tenant_id": "paris", "plan_date": proposed_on, "version": 1, "requirement_number": "R001",
        "ingredient_id": "choc", "supplier_id": "epi", "planned_order_quantity": 5.0, "order_by": order_by,
        "deliver_on": TODAY + timedelta(days=1), **values,
    }  # fmt: skip


def proposed_again(alerts, published, **facts):
    """What the order of today says after ``published``, which were published at four in the morning of their days."""
    due = cell(
        requirement_number="R001", ingredient_id="choc", supplier_id="epi", net_requirement=5.0,
        planned_order_quantity=5.0, order_by=datetime(2026, 11, 24, 16, tzinfo=UTC), deliver_on=TODAY + timedelta(days=2),
    )  # fmt: skip
    versions = [
        {"tenant_id": "paris", "plan_date": day, "version": 1, "cause": "planning_time",
         "published_at": datetime(day.year, day.month, day.day, 4, tzinfo=UTC)}
        for day in {row["plan_date"] for row in published}
    ]  # fmt: skip
    found = alerts(procurement_requirements=[due], plan_versions=versions, published_orders=published, **facts)
    (row,) = (each for each in found if each["kind"] == "order_today")
    return row


MONDAY = TODAY - timedelta(days=1)
MONDAY_AT_FOUR_IN_THE_AFTERNOON = datetime(2026, 11, 23, 15, tzinfo=UTC)


def test_an_order_that_was_proposed_and_not_recorded_says_when_it_was_proposed(alerts):
    again = proposed_again(alerts, [order(MONDAY, MONDAY_AT_FOUR_IN_THE_AFTERNOON)])
    assert (
        "Proposed already on Mon 23 Nov, to come on Wed 25 Nov, and not recorded since: Chocolat." in again["message"]
    )
    assert again["suggested_action"].startswith("If you ordered it on Mon 23 Nov, record that: as a purchase order, or")
    assert json.loads(again["reasoning"])["proposed_on"] == "2026-11-23"


def test_an_order_that_is_not_due_yet_or_recorded_since_is_not_proposed_again(alerts):
    not_due = order(MONDAY, datetime(2026, 11, 24, 15, tzinfo=UTC))
    assert "already" not in proposed_again(alerts, [not_due])["message"]
    due = order(MONDAY, MONDAY_AT_FOUR_IN_THE_AFTERNOON)
    recorded = {
        "tenant_id": "paris", "order_id": "1", "ingredient_id": "choc", "supplier_id": "epi", "quantity": 5.0,
        "recorded_at": datetime(2026, 11, 23, 9, tzinfo=UTC),
    }  # fmt: skip
    assert "already" not in proposed_again(alerts, [due], purchase_orders=[recorded])["message"]
    before = recorded | {"recorded_at": datetime(2026, 11, 23, 3, tzinfo=UTC)}
    assert "already" in proposed_again(alerts, [due], purchase_orders=[before])["message"]
    long_past = order(MONDAY, MONDAY_AT_FOUR_IN_THE_AFTERNOON, deliver_on=TODAY - timedelta(days=8))
    assert "already" not in proposed_again(alerts, [long_past])["message"]


def test_of_unknown_stock_every_delivery_repeats_the_one_before_and_is_not_said_to(alerts):
    again = proposed_again(alerts, [order(MONDAY, MONDAY_AT_FOUR_IN_THE_AFTERNOON)], stock_balances=unknown("choc"))
    assert "already" not in again["message"]
    assert again["message"].endswith("How much is there is not known: take off what you have.")
