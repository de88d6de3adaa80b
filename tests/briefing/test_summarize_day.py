"""A bakery's morning on one row: its figures and its headline."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from bakery_assets.briefing import summarize_day

TODAY = date(2026, 11, 24)  # a Tuesday; Paris is one hour ahead of UTC, New York five behind
PARIS = [("paris", "Europe/Paris")]


def at(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def cell(**values):
    return {"tenant_id": "paris", "plan_date": TODAY, **values}


def paris(**values):
    return {"tenant_id": "paris", **values}


MORNING = {
    "tenants": [paris(name="Le Fournil", timezone="Europe/Paris")],
    "products": [
        paris(product_id="baguette", name="Baguette", price=1.40),
        paris(product_id="tarte", name="Tarte", price=18.50),
        paris(product_id="sac", name="Sac", price=None),
    ],
    "ingredients": [paris(ingredient_id="t65", name="Farine T65", unit="kg")],
    "suppliers": [paris(supplier_id="moulin", name="Moulin de la Brie")],
    "demand_forecasts": [
        cell(product_id="baguette", location_id="main", target_date=TODAY, yhat=260.4),
        cell(product_id="baguette", location_id="gare", target_date=TODAY, yhat=100.0),
        cell(product_id="tarte", target_date=TODAY, yhat=5.2),
        cell(product_id="sac", target_date=TODAY, yhat=46.0),
        cell(product_id="baguette", target_date=date(2026, 11, 25), yhat=999.0),
    ],
    "production_schedules": [cell(schedule_date=TODAY, status="planned", total_batches=2, total_quantity=366.0)],
    "production_batches": [
        cell(
            batch_number="B1",
            schedule_date=TODAY,
            product_id="baguette",
            quantity_planned=240.0,
            start_at=at(24, 3, 30),
            end_at=at(24, 6),
        ),
        cell(
            batch_number="B2",
            schedule_date=TODAY,
            product_id="baguette",
            quantity_planned=126.0,
            start_at=at(24, 5),
            end_at=at(24, 9, 10),
        ),
        cell(
            batch_number="B3",
            schedule_date=date(2026, 11, 25),
            product_id="baguette",
            quantity_planned=500.0,
            start_at=at(25, 3),
            end_at=at(25, 6),
        ),
    ],
    "procurement_plans": [cell(orders_14d=2, total_cost=245.5)],
    "procurement_requirements": [
        cell(
            requirement_number="R1",
            ingredient_id="t65",
            supplier_id="moulin",
            net_requirement=90.0,
            planned_order_quantity=100.0,
            cost=82.0,
            order_by=at(24, 11),
            deliver_on=date(2026, 11, 26),
            needed_on=date(2026, 11, 27),
        ),
        cell(
            requirement_number="R2",
            ingredient_id="t65",
            supplier_id="moulin",
            net_requirement=10.0,
            planned_order_quantity=25.0,
            cost=163.5,
            order_by=at(27, 11),
            deliver_on=date(2026, 11, 30),
            needed_on=date(2026, 12, 1),
        ),
    ],
    "inventory_projections": [
        cell(
            item_kind="ingredient",
            item_id="t65",
            projection_date=date(2026, 12, 3),
            gross_requirement=20.0,
            consumption=8.0,
            unmet=12.0,
            stockout_risk="high",
        ),
        cell(
            item_kind="ingredient",
            item_id="t65",
            projection_date=date(2026, 12, 4),
            gross_requirement=20.0,
            unmet=20.0,
            stockout_risk="high",
        ),
    ],
    "validation_runs": [
        cell(validation_date=date(2026, 11, 22), status="validated", wape=0.2, bias=0.05, accuracy=0.8),
        cell(validation_date=date(2026, 11, 23), status="closed"),
    ],
}


@pytest.fixture
def summary(frames_of, cells_of):
    """The one summary row of Paris, with some tables of ``MORNING`` replaced."""

    def build(**instead):
        made = summarize_day(cells_of(*PARIS), frames_of(**{**MORNING, **instead}))
        assert made["daily_summaries"].height == 1
        return made["daily_summaries"].row(0, named=True)

    return build


def test_a_summary_adds_up_the_day_over_shops_and_leaves_other_days_out(summary):
    row = summary()
    assert row["forecast_quantity"] == pytest.approx(260.4 + 100 + 5.2 + 46)
    # 360.4 baguettes at 1.40 and 5.2 tarts at 18.50; the bag has no price.
    assert row["forecast_revenue"] == pytest.approx(504.56 + 96.20)
    assert (row["products"], row["planned_batches"], row["planned_quantity"]) == (3, 2, 366.0)
    assert (row["orders_14d"], row["order_cost_14d"], row["items_at_risk_14d"]) == (2, 245.5, 1)
    assert row["accuracy"] == 0.8  # of Sunday: on Monday the bakery was closed
    assert row["alerts"] == 2  # order today, flour runs out
    assert not row["is_closed"]


def test_the_headline_says_the_morning_in_the_bakerys_own_time(summary):
    assert summary()["headline"] == (
        "Expect to sell 412 units, bake 2 batches from 04:30 to 10:10, place 1 order by 12:00 today; "
        "1 item may run out."
    )


def test_the_headline_of_a_day_without_orders_names_the_next(summary):
    row = summary(
        procurement_plans=[cell(orders_14d=1, total_cost=1.0)],
        procurement_requirements=[MORNING["procurement_requirements"][1]],
        production_batches=MORNING["production_batches"][:1],
        inventory_projections=[],
    )
    assert row["headline"] == (
        "Expect to sell 412 units, bake 1 batch from 04:30 to 07:00, order nothing today (next by 12:00 on Fri 27 Nov)."
    )


def test_two_suppliers_with_two_deadlines_today_give_the_first(summary):
    first, _ = MORNING["procurement_requirements"]
    cream = {**first, "requirement_number": "R0", "supplier_id": "laiterie", "order_by": at(24, 10)}
    again = {**first, "requirement_number": "R3", "supplier_id": "moulin"}  # another item in the same delivery
    suppliers = [*MORNING["suppliers"], {**MORNING["suppliers"][0], "supplier_id": "laiterie", "name": "Laiterie"}]
    orders = [first, cream, again]
    headline = summary(procurement_requirements=orders, suppliers=suppliers, inventory_projections=[])["headline"]
    assert headline.endswith("place 2 orders, the first by 11:00 today.")


def test_baking_that_begins_the_evening_before_says_so(summary):
    night = {**MORNING["production_batches"][0], "start_at": at(23, 22)}
    headline = summary(production_batches=[night], procurement_requirements=[], inventory_projections=[])["headline"]
    assert headline == "Expect to sell 412 units, bake 1 batch from 23:00 the day before to 07:00, order nothing today."


def test_batches_given_up_before_the_plan_are_not_to_be_baked(summary):
    first, second = MORNING["production_batches"][:2]
    row = summary(production_batches=[first, {**second, "state": "cancelled"}])
    assert (row["planned_batches"], row["planned_quantity"]) == (1, first["quantity_planned"])


def test_batches_without_times_are_counted_without_times(summary):
    timeless = {**MORNING["production_batches"][0], "start_at": None, "end_at": None}
    assert ", bake 1 batch, place" in summary(production_batches=[timeless])["headline"]


def test_a_closed_day_says_so_and_still_lists_the_orders(summary):
    row = summary(
        calendar=[paris(date=TODAY, kind="closed", name="Congés")], demand_forecasts=[], production_batches=[],
        inventory_projections=[],
    )  # fmt: skip
    assert row["is_closed"]
    assert row["headline"] == "Closed today, place 1 order by 12:00 today."


def test_a_product_that_rests_does_not_close_the_bakery(summary):
    assert not summary(calendar=[paris(date=TODAY, kind="closed", product_id="tarte")])["is_closed"]


def test_a_day_without_anything_is_still_a_sentence(summary):
    row = summary(**{name: [] for name in MORNING if name != "tenants"})
    assert row["headline"] == "No sales expected, bake nothing, order nothing today."
    assert row["forecast_revenue"] is None
    assert row["accuracy"] is None
    assert row["alerts"] == row["products"] == row["planned_batches"] == 0
    assert row["forecast_quantity"] == row["order_cost_14d"] == 0.0


def test_revenue_is_empty_when_nothing_has_a_price(summary):
    bare = [{**product, "price": None} for product in MORNING["products"]]
    assert summary(products=bare)["forecast_revenue"] is None


def test_large_figures_keep_their_thousands_apart(summary):
    many = [cell(product_id="baguette", target_date=TODAY, yhat=1_234_567.0)]
    assert summary(demand_forecasts=many)["headline"].startswith("Expect to sell 1,234,567 units,")


def test_every_column_of_the_tables_is_there(frames_of, cells_of):
    from resources.schema import plans

    made = summarize_day(cells_of(*PARIS), frames_of(**MORNING))
    for table in (plans.daily_summaries, plans.findings):
        assert made[table.name].columns == [column.name for column in table.columns]
    assert made["findings"].schema["reasoning"] == pl.String
