"""What needs a person: each kind of alert from small facts, its urgency, its words and its order."""

import json
from datetime import UTC, date, datetime

import pytest

TODAY = date(2026, 11, 24)  # a Tuesday


def day(offset):
    return date.fromordinal(TODAY.toordinal() + offset)


def cell(**values):
    return {"tenant_id": "paris", "plan_date": TODAY, **values}


def paris(**values):
    return {"tenant_id": "paris", **values}


def stock(item, offset, kind="ingredient", **values):
    return cell(item_kind=kind, item_id=item, projection_date=day(offset), **values)


def requirement(number="R001", **values):
    return cell(**{"requirement_number": number, "ingredient_id": "choc", "supplier_id": "epi", **values})


def only(rows):
    assert len(rows) == 1, [row["message"] for row in rows]
    return {**rows[0], "reasoning": json.loads(rows[0]["reasoning"])}


def test_a_quiet_morning_has_no_alert(alerts):
    assert alerts() == []


def test_stock_that_runs_out_today_is_critical_and_says_how_much_is_short(alerts):
    alert = only(
        alerts(
            inventory_projections=[
                stock("choc", 0, opening=1.0, gross_requirement=2.2, consumption=1.0, unmet=1.2, stockout_risk="high"),
                stock("choc", 1, gross_requirement=0.951, unmet=0.951, stockout_risk="high"),
                stock("choc", 2, receipts=9.0, closing=9.0),
            ]
        )
    )
    assert (alert["severity"], alert["kind"], alert["subject"]) == ("critical", "stockout", "choc")
    # 1.2 + 0.951 = 2.151 kg, rounded up so that not too little is bought.
    assert alert["message"] == "Chocolat: stock runs out today, 2.16 kg short in all."
    assert alert["consequence"] == "What is made with it cannot be baked in full."
    reasons = alert["reasoning"]
    assert (reasons["short"], reasons["short_days"], reasons["first_day"]) == (2.151, 2, "2026-11-24")
    assert (reasons["opening_first_day"], reasons["gross_requirement_first_day"]) == (1.0, 2.2)


@pytest.mark.parametrize(("offset", "severity"), [(1, "critical"), (2, "high"), (13, "high")])
def test_what_runs_out_later_is_less_urgent(alerts, offset, severity):
    rows = alerts(inventory_projections=[stock("oeufs", offset, unmet=0.4, stockout_risk="high")])
    assert only(rows)["severity"] == severity
    assert "1 piece short" in rows[0]["message"]


def test_a_product_counts_only_on_days_that_are_baked_for(alerts):
    week, behind = stock("pain", 6, "product", unmet=3.0, stockout_risk="high"), stock("pain", 7, "product", unmet=9.0)
    assert only(alerts(inventory_projections=[week, behind]))["reasoning"]["short"] == 3.0
    assert alerts(inventory_projections=[{**behind, "stockout_risk": "high"}]) == []


def test_low_stock_is_reported_once_and_not_next_to_a_stockout(alerts):
    low = stock("choc", 1, closing=0.5, stockout_risk="low")
    lower = stock("choc", 2, closing=0.25, stockout_risk="low")
    alert = only(alerts(inventory_projections=[low, lower]))
    assert (alert["severity"], alert["kind"]) == ("low", "low_stock")
    assert alert["message"] == "Chocolat: stock is low tomorrow, 0.25 kg left at the lowest."
    out = stock("choc", 3, unmet=1.0, stockout_risk="high")
    assert only(alerts(inventory_projections=[low, lower, out]))["kind"] == "stockout"


@pytest.mark.parametrize(
    ("comes", "message"),
    [
        (6, "Chocolat: safety stock is used on Fri 27 Nov, but Épicerie Pro can only deliver on Mon 30 Nov."),
        (3, "Chocolat: safety stock is used on Fri 27 Nov; Épicerie Pro delivers that day, but not surely before the baking"
            " begins."),
    ],
)  # fmt: skip
def test_a_late_delivery_names_item_supplier_and_days(alerts, comes, message):
    alert = only(
        alerts(
            procurement_requirements=[
                requirement(
                    net_requirement=2.0, planned_order_quantity=5.0, is_late=True, needed_on=day(3), deliver_on=day(comes),
                    order_by=datetime(2026, 11, 25, 16, tzinfo=UTC), consequence="No pain au chocolat.",
                )
            ]
        )
    )  # fmt: skip
    assert (alert["severity"], alert["kind"], alert["subject"]) == ("medium", "late_delivery", "choc")
    assert alert["message"] == message
    assert alert["consequence"] == "No pain au chocolat."


LATE = (
    requirement(
        "R001", net_requirement=2.0, planned_order_quantity=5.0, is_late=True, needed_on=day(0), deliver_on=day(3),
        order_by=datetime(2026, 11, 24, 16, tzinfo=UTC), consequence="No pain au chocolat.",
    ),
    requirement(
        "R002", net_requirement=1.0, planned_order_quantity=5.0, is_late=True, needed_on=day(5), deliver_on=day(6),
    ),
)  # fmt: skip


def test_a_late_delivery_and_its_stockout_are_one_alert_that_says_what_to_do(alerts):
    rows = alerts(
        procurement_requirements=LATE,
        inventory_projections=[stock("choc", 1, gross_requirement=4.0, unmet=1.0, stockout_risk="high")],
    )
    shortage = next(row for row in rows if row["subject"] == "choc")
    assert len([row for row in rows if row["kind"] != "order_today"]) == 1
    assert (shortage["kind"], shortage["cause"], shortage["severity"]) == (
        "stockout", "ingredient_shortage:choc", "critical",
    )  # fmt: skip
    assert shortage["message"] == (
        "Chocolat: stock runs out tomorrow, 1 kg short in all; Épicerie Pro can only deliver on Fri 27 Nov."
    )
    assert shortage["consequence"] == "No pain au chocolat."
    assert shortage["suggested_action"] == (
        "Get 1 kg elsewhere (needed tomorrow), or bake less of what needs it; order from Épicerie Pro by 17:00 today."
    )
    assert json.loads(shortage["reasoning"])["late_delivery"]["requirement_number"] == "R001"
    # Midnight in Paris, 19.5 hours after planning: 60 for critical, 25 * (1 - 19.5 / 72), and 15 for a quarter unmet.
    assert shortage["deadline"] == datetime(2026, 11, 24, 23, tzinfo=UTC)
    assert shortage["priority"] == round(60 + 25 * (1 - 19.5 / 72) + 15 / 4)


def test_a_delivery_that_comes_before_stock_runs_out_is_not_its_cause(alerts):
    rows = alerts(
        procurement_requirements=LATE[1:],
        inventory_projections=[stock("choc", 9, unmet=1.0, stockout_risk="high")],
    )
    assert only(rows)["message"] == "Chocolat: stock runs out on Thu 3 Dec, 1 kg short in all."
    assert only(rows)["suggested_action"].startswith("Count it. If the stock is right: get 1 kg elsewhere")


def test_a_stockout_without_a_supplier_is_one_alert(alerts):
    alert = only(
        alerts(
            procurement_requirements=[requirement(supplier_id=None, net_requirement=3.0, needed_on=day(1))],
            inventory_projections=[stock("choc", 1, unmet=3.0, stockout_risk="high")],
        )
    )
    assert alert["message"] == "Chocolat: stock runs out tomorrow, 3 kg short in all; no supplier is known."
    assert alert["suggested_action"].endswith("; enter who supplies it.")


def test_an_ingredient_without_supplier_is_no_supplier_and_not_a_late_delivery(alerts):
    alert = only(
        alerts(
            procurement_requirements=[
                requirement(supplier_id=None, net_requirement=3.0, is_late=True, needed_on=day(1))
            ]
        )
    )
    assert (alert["severity"], alert["kind"]) == ("critical", "no_supplier")
    assert alert["message"] == "Chocolat: no supplier is known, and 3 kg more will be needed, the first tomorrow."


def test_an_ingredient_without_supplier_that_is_not_needed_is_no_alert(alerts):
    assert alerts(procurement_requirements=[requirement(supplier_id=None, net_requirement=0.0)]) == []


def test_an_order_due_today_is_one_alert_per_supplier_in_local_time(alerts):
    order = {
        "net_requirement": 1.0, "order_by": datetime(2026, 11, 24, 16, tzinfo=UTC), "deliver_on": day(2), "needed_on": day(4),
    }  # fmt: skip
    alert = only(
        alerts(
            procurement_requirements=[
                requirement("R001", planned_order_quantity=15.0, cost=163.5, **order),
                {**requirement("R002", planned_order_quantity=180.0, cost=39.6, **order), "ingredient_id": "oeufs"},
            ]
        )
    )
    assert (alert["severity"], alert["kind"], alert["subject"]) == ("high", "order_today", "epi")
    assert alert["message"] == "Order from Épicerie Pro by 17:00 today: Chocolat 15 kg, Œufs 180 pieces (203.10 EUR)."
    assert (
        alert["consequence"] == "Otherwise nothing is delivered on Thu 26 Nov. First needed: Chocolat, on Sat 28 Nov."
    )
    assert [line["quantity"] for line in alert["reasoning"]["lines"]] == [15.0, 180.0]
    assert (alert["cause"], alert["deadline"]) == ("order:epi:2026-11-24", order["order_by"])
    assert (
        alert["suggested_action"]
        == "Approve it with bakery approve, or place it yourself and record it as a purchase order."
    )


def test_an_order_that_the_supplier_would_refuse_says_so(alerts):
    suppliers = [paris(supplier_id="epi", name="Épicerie Pro", minimum_order_value=200.0)]
    due = requirement(
        net_requirement=1.0,
        planned_order_quantity=15.0,
        cost=163.5,
        order_by=datetime(2026, 11, 24, 16, tzinfo=UTC),
        deliver_on=day(2),
    )
    message = only(alerts(suppliers=suppliers, procurement_requirements=[due]))["message"]
    assert message.endswith("(163.50 EUR). Its minimum order is 200.00 EUR, and nothing more is needed in time: ask.")


def test_an_order_due_on_the_local_day_after_waits(alerts):
    # 23:30 UTC is already tomorrow in Paris.
    due = requirement(
        net_requirement=1.0,
        planned_order_quantity=5.0,
        order_by=datetime(2026, 11, 24, 23, 30, tzinfo=UTC),
        deliver_on=day(3),
    )
    assert alerts(procurement_requirements=[due]) == []


@pytest.mark.parametrize(
    ("utilization", "reasoning", "severity"),
    [
        (1.1, {"shift_ends_at": "2026-11-24T11:30:00Z"}, "high"),
        (1.6, {"shift_ends_at": "2026-11-24T11:30:00Z"}, "critical"),
        (None, {"shift_ends_at": None}, "critical"),  # there is no shift
    ],
)
def test_baking_that_does_not_fit_today(alerts, utilization, reasoning, severity):
    schedule = cell(
        schedule_date=TODAY, status="over_capacity", utilization=utilization, consequence="2 batches end late.",
        reasoning=json.dumps(reasoning),
    )  # fmt: skip
    later = cell(schedule_date=day(2), status="over_capacity", utilization=1.0)
    alert = only(alerts(production_schedules=[schedule, later]))
    assert (alert["severity"], alert["kind"]) == (severity, "over_capacity")
    share = f": the busiest machine is needed for {utilization:.0%} of the shifts" if utilization else ""
    assert alert["message"] == f"Today's baking does not fit into the shifts{share}; nor does that of Thu 26 Nov."
    assert alert["consequence"] == "2 batches end late."


def test_baking_that_does_not_fit_on_a_later_day_is_of_low_severity(alerts):
    alert = only(alerts(production_schedules=[cell(schedule_date=day(2), status="over_capacity", utilization=1.9)]))
    assert (alert["severity"], alert["message"]) == (
        "low", "More is to be baked than fits into the shifts on Thu 26 Nov.",
    )  # fmt: skip


def test_what_production_notes_on_a_day_that_fits_reaches_a_person(alerts):
    note = cell(schedule_date=day(1), status="closed", consequence="customer orders are due on a closed day")
    alert = only(alerts(production_schedules=[note]))
    assert (alert["kind"], alert["message"]) == (
        "baking_note", "Baking tomorrow: customer orders are due on a closed day.",
    )  # fmt: skip


def test_ingredients_that_expire_within_three_days_are_of_medium_severity(alerts):
    rows = [
        stock("choc", 0, opening=9.0, consumption=1.0, expired=2.5, closing=5.5),
        stock("choc", 2, opening=5.5, expired=0.25),
        stock("choc", 3, expired=4.0),
    ]
    alert = only(alerts(inventory_projections=rows))
    assert (alert["severity"], alert["kind"]) == ("medium", "expiring")
    assert alert["message"] == "Chocolat: 2.75 kg will expire unused, the first today."


def test_of_products_only_what_was_there_this_morning_is_news(alerts):
    # 10 on the shelf, 60 baked, 50 sold, the oldest first: all 10 are sold, 20 fresh ones are left over.
    fresh = stock("pain", 0, "product", opening=10.0, receipts=60.0, consumption=50.0, expired=20.0)
    assert alerts(inventory_projections=[fresh]) == []
    # 10 on the shelf and 4 sold: 6 old ones are lost, whatever was baked.
    old = stock("pain", 0, "product", opening=10.0, receipts=5.0, consumption=4.0, expired=11.0)
    alert = only(alerts(inventory_projections=[old]))
    assert (alert["severity"], alert["message"]) == ("low", "Pain au chocolat: 6 pieces will expire unused today.")


def test_what_is_left_of_todays_own_baking_is_no_news_though_it_was_baked_before_the_plan(alerts):
    # 40 of this day were baked in the evening before, 4 are from yesterday. 28 are sold, the oldest first: 16 of today's are left.
    def lot(lot_id, quantity):
        return cell(
            item_kind="product", item_id="pain", location_id="main", lot_id=lot_id, quantity=quantity, is_known=True
        )

    today = stock("pain", 0, "product", opening=44.0, consumption=28.0, expired=16.0)
    lots = [lot("baked 2026-11-24", 40.0), lot("baked 2026-11-23", 4.0)]
    assert alerts(inventory_projections=[today], stock_balances=lots) == []
    # Of 20 old ones 12 were sold: 8 of them are lost, and all of today's.
    slow = stock("pain", 0, "product", opening=60.0, consumption=12.0, expired=48.0)
    lots = [lot("baked 2026-11-24", 40.0), lot("baked 2026-11-23", 20.0)]
    alert = only(alerts(inventory_projections=[slow], stock_balances=lots))
    assert alert["message"] == "Pain au chocolat: 8 pieces will expire unused today."


def test_dough_that_was_not_begun_is_reported_with_the_batches_that_were_given_up(alerts):
    short = stock("pain", 0, "product", gross_requirement=40.0, unmet=30.0, stockout_risk="high")
    limit = {"product_id": "pain", "not_begun": 30.0, "had_to_begin": "Levain", "begin_by": "2026-11-23"}
    schedule = cell(schedule_date=TODAY, status="planned", reasoning=json.dumps({"without_dough": [limit]}))

    def batch(number, state, schedule_date=TODAY):
        return cell(batch_number=f"20261124-00{number}", schedule_date=schedule_date, product_id="pain", state=state,
                    quantity_planned=30.0)  # fmt: skip

    def event(number, event, reason, hour):
        at = datetime(2026, 11, 23, hour, tzinfo=UTC)
        return cell(batch_number=f"20261124-00{number}", event=event, reason=reason, happened_at=at, recorded_at=at)

    def reported(*batches, events=()):
        rows = {"production_batches": [*batches], "batch_events": [*events]}
        return only(alerts(inventory_projections=[short], production_schedules=[schedule], **rows))["message"]

    start = "Pain au chocolat: stock runs out today, 30 pieces short in all; Levain for 30 pieces had to be begun on Mon 23 Nov"
    assert reported(batch(1, "planned"), batch(2, "cancelled", day(1))) == f"{start}."
    assert reported(batch(1, "cancelled")) == f"{start}: batch 001 was cancelled."
    reasons = (
        event(1, "started", "a word", 5),
        event(1, "cancelled", "no whole wheat", 6),
        event(2, "failed", "burnt", 7),
    )
    assert reported(batch(1, "cancelled"), batch(2, "failed"), events=reasons) == (
        f"{start}: batch 001 was cancelled (no whole wheat), batch 002 failed (burnt)."
    )


def test_a_closed_day_is_reported_with_its_name(alerts):
    alert = only(alerts(calendar=[paris(date=TODAY, kind="closed", name="Congés"), paris(date=day(1), kind="closed")]))
    assert (alert["severity"], alert["kind"]) == ("low", "closed_today")
    assert alert["message"] == "The bakery is closed today (Congés)."


def test_priority_counts_severity_hours_to_the_deadline_and_what_is_at_stake(alerts):
    rows = alerts(
        inventory_projections=[
            stock("oeufs", 0, unmet=1.0, stockout_risk="high"),
            stock("choc", 1, unmet=1.0, stockout_risk="high"),
            stock("pain", 5, "product", unmet=1.0, stockout_risk="high"),
            stock("tarte", 0, "product", opening=1.0, expired=1.0),
        ],
        validation_runs=[cell(validation_date=day(-1), status="validated", wape=0.9, bias=0.9)],
    )
    assert [(row["priority"], row["severity"], row["kind"], row["subject"]) for row in rows] == [
        (85, "critical", "stockout", "oeufs"),  # 60, and 25 for a deadline that has passed
        (78, "critical", "stockout", "choc"),  # 60, and 25 * (1 - 19.5 / 72)
        (40, "high", "stockout", "pain"),
        (34, "medium", "forecast_off", None),  # 20, and 15 * 0.9 for the sales that were forecast wrong
        (33, "low", "expiring", "tarte"),  # 25 * (1 - 19.5 / 72), and 15 because all there was is lost
    ]


def test_training_that_waits_for_the_sales_says_why_and_what_it_goes_on_with(alerts):
    why = "Training waits. Sales of 2026-11-22 are 1,000 times the usual 120 of that weekday; check the unit in the till file."
    gated = paris(retraining_id="2026-11-22", state="gated", reason=why, old_version="v7")
    alert = only(alerts(retraining_runs=[gated]))
    assert (alert["severity"], alert["kind"], alert["message"]) == ("medium", "training_waits", why)
    assert alert["consequence"] == "Sales are forecast with the models that were trained before."
    assert alert["reasoning"]["old_version"] == "v7"
    first = only(alerts(retraining_runs=[{**gated, "old_version": None}]))
    assert first["consequence"] == "Sales are forecast without models of this bakery's own until then."
    assert alerts(retraining_runs=[{**gated, "state": "promoted"}]) == []
