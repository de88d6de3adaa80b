"""The life of alerts: opened once, updated, acknowledged, resolved with why, archived."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.briefing.alert_life import alerts_on, with_acknowledgements
from bakery_assets.schemas import conform, ops, plans
from bakery_assets.schemas.plans import ALERT_KINDS, SEVERITIES, AlertKind
from tests.briefing.alert_worlds import Bakery, Plan, Seen, acknowledgements
from tests.scenarios import filled

FLOUR = "ingredient_shortage:flour"
OPENED = f"{FLOUR}@2026-01-05"


def reported(bakery: Bakery, *columns: str) -> list[tuple[object, ...]]:
    return bakery.alerts.select(columns).rows()


def days(*found: dict[str, str] | None, seen: tuple[Seen, ...] = ()) -> Bakery:
    """The bakery after one plan a day, from Monday on."""
    bakery = Bakery()
    for day, causes in enumerate(found):
        bakery = bakery.after(Plan(day, causes), seen)
    return bakery


def test_a_cause_found_on_three_days_is_one_alert_with_the_words_of_the_last() -> None:
    bakery = days({FLOUR: "high"}, {FLOUR: "high"}, {FLOUR: "critical"})
    assert reported(bakery, "alert_id", "status", "severity", "message", "opened_on", "last_plan_date", "updated_at") == [
        (OPENED, "open", "critical", f"{FLOUR} critical", date(2026, 1, 5), date(2026, 1, 7), datetime(2026, 1, 7, 4, tzinfo=UTC))
    ]  # fmt: skip


def test_a_cause_that_is_gone_is_resolved_with_why() -> None:
    bakery = days({FLOUR: "high"}, {})
    assert reported(bakery, "status", "resolved_on", "resolved_at", "resolution") == [
        ("resolved", date(2026, 1, 6), datetime(2026, 1, 6, 4, tzinfo=UTC),
         "The plan of Tue 6 Jan finds it neither short nor overdue.")
    ]  # fmt: skip


def test_a_cause_that_comes_back_is_a_new_alert_that_says_so() -> None:
    bakery = days({FLOUR: "high"}, {}, {FLOUR: "high"})
    assert reported(bakery, "alert_id", "status", "recurrence_of") == [
        (OPENED, "resolved", None), (f"{FLOUR}@2026-01-07", "open", OPENED),
    ]  # fmt: skip


def test_a_cause_that_comes_back_on_the_same_day_is_numbered() -> None:
    bakery = days({FLOUR: "high"}).after(Plan(0, {}, version=2)).after(Plan(0, {FLOUR: "high"}, version=3))
    assert reported(bakery, "alert_id", "status") == [(OPENED, "resolved"), (f"{OPENED}-2", "open")]


def test_who_has_seen_it_stays_until_it_gets_worse() -> None:
    seen = (Seen(OPENED, 2),)
    calm = days({FLOUR: "high"}, {FLOUR: "medium"}, seen=seen)
    assert reported(calm, "status", "acknowledged_by", "acknowledged_at") == [
        ("acknowledged", "Ada", datetime(2026, 1, 5, 6, tzinfo=UTC))
    ]
    worse = calm.after(Plan(2, {FLOUR: "critical"}), seen)
    assert reported(worse, "status", "acknowledged_by", "escalated_at") == [
        ("open", None, datetime(2026, 1, 7, 4, tzinfo=UTC))
    ]
    again = worse.after(Plan(3, {FLOUR: "critical"}), (*seen, Seen(OPENED, 50, "Bo")))
    assert reported(again, "status", "acknowledged_by") == [("acknowledged", "Bo")]


def test_a_day_that_could_not_be_planned_is_an_alert_until_it_is_planned() -> None:
    failed = days({FLOUR: "high"}, None)
    assert reported(failed, "alert_id", "status") == [
        (OPENED, "open"), ("planning_failed:2026-01-06@2026-01-06", "open"),
    ]  # fmt: skip
    # The day after does not make up for it, the day itself does.
    later = failed.after(Plan(2, {FLOUR: "high"}))
    assert [status for (status,) in reported(later, "status")] == ["open", "open"]
    planned = later.after(Plan(1, {}))
    assert reported(planned, "status", "resolution") == [("open", None), ("resolved", "The day has been planned.")]


def test_a_failed_day_is_given_up_when_it_is_no_longer_planned() -> None:
    bakery = days(None).after(Plan(13, {}))
    assert reported(bakery, "status") == [("open",)]
    assert reported(bakery.after(Plan(14, {})), "status", "resolution") == [
        ("resolved", "The day was not planned within 14 days.")
    ]


def test_resolved_alerts_are_archived_after_four_weeks() -> None:
    bakery = days({FLOUR: "high"}, {})
    assert reported(bakery.after(Plan(28, {})), "status") == [("resolved",)]
    assert reported(bakery.after(Plan(29, {})), "status") == [("archived",)]


NO_LONGER = "The plan of Tue 6 Jan no longer finds it."
SHORTAGE = "The plan of Tue 6 Jan finds it neither short nor overdue."
# Every kind: the ways in which its cause can end, and the one sentence that has to be true for all of them.
WAYS: dict[AlertKind, tuple[str, str]] = {
    "closed_today": ("the next day is planned, perhaps on the evening of that day", "The plan of Tue 6 Jan is of another day."),
    "over_capacity": (
        "less is baked, shifts or machines were added, an overfull day has passed, a product was left out",
        "The plan of Tue 6 Jan finds no day with more baking than fits into the shifts.",
    ),
    "not_ready": (
        "it begins earlier, it is needed later, it is no longer baked",
        "The plan of Tue 6 Jan finds nothing that is ready too late.",
    ),
    "planned_late": ("the planning time or the shifts were changed, there is no shift", NO_LONGER),
    "baking_note": (
        "order, calendar or batch sizes were corrected, its work has begun, its baking no longer fits, which is reported instead",
        "On days that fit into the shifts the plan of Tue 6 Jan finds no work when no one works, no order that cannot be met"
        " and no batch sizes that contradict each other.",
    ),
    "batch_not_worth_it": (
        "it is baked, stock does for it, nothing of it is expected, its price, its cost or its smallest batch was corrected",
        "The plan of Tue 6 Jan leaves out no batch of it that someone would miss.",
    ),
    "training_waits": (
        "the sales passed the gate, nothing was to be trained, the training failed for another reason",
        "The plan of Tue 6 Jan finds the last retraining not stopped by the sales.",
    ),
    "master_data_fault": ("the row was corrected or taken out, what it is about is no longer used", NO_LONGER),
    "order_today": (
        "it was recorded, stock was counted or received, less is needed, another supplier is cheaper",
        "The plan of Tue 6 Jan no longer proposes this order.",
    ),
    "late_delivery": ("it comes in time, stock was counted, less is needed", SHORTAGE),
    "no_supplier": ("a supplier was added, the ingredient is no longer used, its stock is unknown", SHORTAGE),
    "stockout": ("it was delivered or counted, less is needed, its stock is unknown as nothing is recorded", SHORTAGE),
    "low_stock": ("it was delivered or counted, less is needed, safety stock was lowered", SHORTAGE),
    "expiring": (
        "it is used in time, it was thrown away or counted away, it has expired",
        "The plan of Tue 6 Jan finds nothing of it that will expire unused.",
    ),
    "stock_unrecorded": (
        "orders or deliveries are recorded, all was counted since yesterday, it is no longer used",
        "The plan of Tue 6 Jan requires no ingredient of unknown stock.",
    ),
    "stale_counts": (
        "they were counted, count_within_days was raised, they are no longer used, their stock is unknown",
        "The plan of Tue 6 Jan finds no count that is too old.",
    ),
    "shrinkage": (
        "four weeks have passed, a fact was corrected, more was found, the limit was raised, more is used",
        "The plan of Tue 6 Jan finds nothing missing above the limit in the counts of the last four weeks.",
    ),
    "unexplained_sales": (
        "the days have passed, what was made was reported, sales were corrected, the limit was raised",
        "The plan of Tue 6 Jan finds nothing unexplained above the limit in the days it looks back to.",
    ),
    "no_history": ("it was sold, overridden or discontinued, or many products are one alert now", NO_LONGER),
    "no_forecast": ("the next day is planned", "The plan of Tue 6 Jan is of another day."),
    "sales_missing": (
        "they were reported, two weeks have passed, the calendar says that it was closed, sales_due_hours was raised",
        "The plan of Tue 6 Jan finds none of its closing sales of the last two weeks missing.",
    ),
    "sales_ended": (
        "newer sales were imported, the days since were entered as closed",
        "The plan of Tue 6 Jan knows newer sales, or the calendar says that it was closed since.",
    ),
    "forecast_off": ("the next day was forecast well, or could not be checked", NO_LONGER),
    "forecast_worsening": ("forecasts got better, or cannot be compared", NO_LONGER),
    "holiday_unconfirmed": ("the calendar says it now, it was overridden, others' days have reported since", NO_LONGER),
}  # fmt: skip
MONDAY_MORNING = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORDER = {
    "tenant_id": "b", "order_id": "o1", "ingredient_id": "flour", "supplier_id": "mill", "quantity": 25.0,
    "expected_from": datetime(2026, 1, 7, 6, tzinfo=UTC), "expected_to": datetime(2026, 1, 7, 8, tzinfo=UTC),
    "ordered_at": MONDAY_MORNING, "recorded_at": MONDAY_MORNING,
}  # fmt: skip
OF_SHORT_INGREDIENTS = ("late_delivery", "no_supplier", "stockout", "low_stock")


def resolution(
    kind: str,
    cause: str,
    *,
    deadline: datetime | None = None,
    after: int = 1,
    orders: tuple[dict[str, object], ...] = (),
    reasoning: str = "{}",
) -> str:
    """What a plan, ``after`` days after the one that opened an alert, says of its end."""
    opened = days({FLOUR: "high"})
    row = {**opened.alerts.to_dicts()[0], "kind": kind, "cause": cause, "deadline": deadline, "reasoning": reasoning,
           "subject": "mill"}  # fmt: skip
    bakery = Bakery(conform(plans.Alerts, filled(plans.Alerts, [row])), opened.latest)
    placed = conform(ops.PurchaseOrders, filled(ops.PurchaseOrders, [{**ORDER, **each} for each in orders]))
    ((said,),) = reported(bakery.after(Plan(after, {}, version=2 if after == 0 else 1), orders=placed), "resolution")
    return str(said)


@pytest.mark.parametrize("kind", [kind for kind in ALERT_KINDS if kind not in ("planning_failed", *plans.WATCHED)])
def test_why_an_alert_went_is_true_for_every_way_its_cause_can_end(kind: AlertKind) -> None:
    ways, why = WAYS[kind]
    assert ways
    assert resolution(kind, FLOUR if kind in OF_SHORT_INGREDIENTS else kind) == why


TOO_LATE = (
    "The time to order has passed by the plan of Tue 6 Jan, and no order from this supplier has been recorded. What is"
    " still missing is proposed again."
)


@pytest.mark.parametrize(
    "orders",
    [
        (),
        ({"supplier_id": "dairy"},),
        ({"quantity": 0.0},),
        ({}, {"quantity": 0.0, "recorded_at": MONDAY_MORNING + timedelta(hours=1)}),
        ({"recorded_at": MONDAY_MORNING - timedelta(days=1)},),
        ({"recorded_at": MONDAY_MORNING - timedelta(days=1)}, {"quantity": 50.0}),
        ({"recorded_at": MONDAY_MORNING + timedelta(days=1)},),
    ],
    ids=["none", "another supplier's", "canceled at once", "canceled later", "an earlier one", "an earlier one changed",
         "not yet known"],
)  # fmt: skip
def test_an_order_that_was_not_placed_in_time_says_so(orders: tuple[dict[str, object], ...]) -> None:
    passed = datetime(2026, 1, 5, 16, tzinfo=UTC)
    assert resolution("order_today", "order:mill:2026-01-05", deadline=passed, orders=orders) == TOO_LATE


@pytest.mark.parametrize("deadline", [5, 9])
def test_an_order_that_was_placed_says_so_whether_or_not_its_time_has_passed(deadline: int) -> None:
    cause, until = f"order:mill:2026-01-0{deadline}", datetime(2026, 1, deadline, 16, tzinfo=UTC)
    assert resolution("order_today", cause, deadline=until, orders=({},)) == (
        "It was ordered: an order from this supplier has been recorded since."
    )


def test_an_order_that_is_no_longer_needed_before_its_time_says_so() -> None:
    assert resolution("order_today", "order:mill:2026-01-09", deadline=datetime(2026, 1, 9, 16, tzinfo=UTC)) == (
        "The plan of Tue 6 Jan no longer proposes this order."
    )


def test_a_day_that_opens_after_all_is_not_said_to_be_another() -> None:
    assert resolution("closed_today", "closed_today", after=0) == "The plan of Mon 5 Jan no longer finds it."


@pytest.mark.parametrize(("first_day", "has_passed"), [(5, True), (6, False), (7, False)])
def test_a_note_on_a_day_that_has_passed_says_so(first_day: int, has_passed: bool) -> None:
    said = resolution("baking_note", "baking_note", reasoning=json.dumps({"first_day": f"2026-01-0{first_day}"}))
    assert (said == "That day has passed.") == has_passed


def test_what_is_short_of_products_says_nothing_of_orders() -> None:
    assert resolution("stockout", "product_shortage:roll") == "The plan of Tue 6 Jan no longer finds it short."
    assert resolution("stockout", "shop_shortage:north") == NO_LONGER


def test_a_past_day_shows_what_was_open_then_as_bad_as_it_was_then() -> None:
    bakery = days({FLOUR: "high", "x": "low"}, {FLOUR: "critical"}, {})
    then = conform(
        plans.Findings,
        filled(plans.Findings, [{"tenant_id": "b", "plan_date": date(2026, 1, 5), "cause": FLOUR, "kind": "stockout",
                                 "severity": "high", "alert_class": "stock", "reasoning": "{}", "message": "then"}]),
    )  # fmt: skip
    none = then.clear()
    monday = alerts_on(bakery.alerts, then, date(2026, 1, 5))
    assert monday.select("cause", "severity", "message").rows() == [("x", "low", "x low"), (FLOUR, "high", "then")]
    assert alerts_on(bakery.alerts, none, date(2026, 1, 4)).is_empty()
    # Tuesday resolved x, Wednesday resolved the flour; on Thursday there is nothing left.
    assert alerts_on(bakery.alerts, none, date(2026, 1, 6))["cause"].sort().to_list() == [FLOUR, "x"]
    assert alerts_on(bakery.alerts, none, date(2026, 1, 7))["cause"].to_list() == [FLOUR]
    assert alerts_on(bakery.alerts, none, date(2026, 1, 8)).is_empty()


CAUSES = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(SEVERITIES), max_size=3)
PLANS = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 2), st.none() | CAUSES), max_size=8)
SEEN = st.lists(
    st.builds(
        Seen,
        st.builds(lambda cause, day: f"{cause}@2026-01-0{5 + day}", st.sampled_from("abc"), st.integers(0, 4)),
        st.integers(0, 120),
        st.sampled_from(["Ada", "Bo"]),
    ),
    max_size=5,
    unique_by=lambda seen: (seen.alert_id, seen.hours),
)


def lived(made: list[tuple[int, int, dict[str, str] | None]], seen: list[Seen]) -> Bakery:
    bakery = Bakery()
    for day, version, causes in made:
        bakery = bakery.after(Plan(day, causes, version), seen)
    return bakery


@settings(max_examples=30, deadline=None)
@given(PLANS, SEEN)
def test_no_cause_is_open_twice_and_every_alert_that_went_says_why(made, seen) -> None:
    alerts = lived(made, seen).alerts
    assert plans.Alerts.is_valid(alerts)
    assert alerts["alert_id"].is_unique().all()


@settings(max_examples=30, deadline=None)
@given(PLANS, SEEN)
def test_the_same_plan_again_gives_the_same_alerts(made, seen) -> None:
    bakery = lived(made, seen)
    if made:
        day, version, causes = made[-1]
        assert bakery.after(Plan(day, causes, version), seen).alerts.equals(bakery.alerts)


@settings(max_examples=30, deadline=None)
@given(PLANS, SEEN, st.integers(-9, 4), CAUSES)
def test_replanning_the_past_changes_no_alert(made, seen, past, causes) -> None:
    bakery = lived([*made, (5, 3, {"a": "high"})], seen)
    failed = bakery.alerts.filter(kind="planning_failed")
    after = bakery.after(Plan(past, causes), seen).alerts
    assert after.filter(kind="stockout").equals(bakery.alerts.filter(kind="stockout"))
    # That a day could not be planned is over once it has been; no other day's failure is.
    changed = after.join(failed, on=failed.columns, how="anti", nulls_equal=True).filter(kind="planning_failed")
    assert set(changed["last_plan_date"]) <= {Plan(past, None).plan_date}


@settings(max_examples=30, deadline=None)
@given(PLANS, SEEN, st.randoms(use_true_random=False))
def test_it_does_not_matter_when_and_in_which_order_acknowledgements_arrive(made, seen, random) -> None:
    together = lived(made, seen).alerts
    shuffled = random.sample(seen, len(seen))
    one_by_one = lived(made, []).alerts
    for number in range(len(shuffled)):
        one_by_one = with_acknowledgements(one_by_one, acknowledgements(shuffled[number : number + 1]))
    assert one_by_one.equals(together)
