"""Alerts about what is not ready when it has to be, and about plans that come after work has begun."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

Alerts = Callable[..., list[dict[str, Any]]]
DAY = date(2026, 11, 24)  # a Tuesday; Paris is at UTC+1
SEVEN = datetime(2026, 11, 24, 6, tzinfo=UTC)
MACHINES = "the machines are taken by what is baked before it"


def batch(number: int, product: str, quantity: float, end: datetime, **more: Any) -> dict[str, Any]:
    is_late = end > SEVEN
    return {
        "tenant_id": "paris", "plan_date": DAY, "schedule_date": DAY, "batch_number": f"20261124-00{number}",
        "product_id": product, "quantity_planned": quantity, "end_at": end, "ready_by": SEVEN, "is_late": is_late,
        "late_because": MACHINES if is_late else None, **more,
    }  # fmt: skip


def of_kind(rows: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["kind"] == kind]


def test_one_alert_names_what_is_late_by_how_much_and_why(alerts: Alerts) -> None:
    rows = alerts(
        production_batches=[
            batch(1, "pain", 40, datetime(2026, 11, 24, 5, 50, tzinfo=UTC)),
            batch(2, "pain", 20, datetime(2026, 11, 24, 6, 10, tzinfo=UTC)),
            batch(3, "tarte", 8, datetime(2026, 11, 24, 6, 45, tzinfo=UTC)),
        ]
    )
    (alert,) = of_kind(rows, "not_ready")
    assert alert["severity"] == "high"
    assert alert["message"] == (
        "Not ready when it has to be: Tarte (8 of 8, up to 45 minutes late), Pain au chocolat (20 of 60, up to 10 minutes"
        f" late), because {MACHINES}."
    )
    assert [row["minutes"] for row in json.loads(alert["reasoning"])["products"]] == [45, 10]


def test_a_few_minutes_are_of_low_severity_and_one_is_reported_as_one(alerts: Alerts) -> None:
    def late_by(seconds: int) -> dict[str, Any]:
        end = SEVEN + timedelta(seconds=seconds)
        (alert,) = of_kind(alerts(production_batches=[batch(1, "pain", 40, end)]), "not_ready")
        return alert

    assert late_by(30)["message"].startswith(
        "Not ready when it has to be: Pain au chocolat (40 of 40, up to 1 minute late)"
    )
    assert [late_by(seconds)["severity"] for seconds in (30, 600, 601)] == ["low", "low", "high"]


def test_what_was_begun_late_is_reported_with_its_own_reason_and_not_with_the_planned_end(alerts: Alerts) -> None:
    begun = "it was begun at 06:40 and is ready at 07:10, later than planned"
    kept = batch(1, "pain", 40, datetime(2026, 11, 24, 5, 50, tzinfo=UTC), is_late=True, late_because=begun)
    (alert,) = of_kind(alerts(production_batches=[kept]), "not_ready")
    assert alert["message"] == f"Not ready when it has to be: Pain au chocolat (40 of 40), because {begun}."
    assert alert["severity"] == "high"
    assert [row["minutes"] for row in json.loads(alert["reasoning"])["products"]] == [None]


def test_what_is_ready_and_what_is_late_on_another_day_is_not_reported(alerts: Alerts) -> None:
    tomorrow = {"schedule_date": date(2026, 11, 25), "is_late": True, "late_because": MACHINES}
    rows = alerts(production_batches=[batch(1, "pain", 40, SEVEN), batch(2, "pain", 40, SEVEN, **tomorrow)])
    assert of_kind(rows, "not_ready") == []


def test_a_given_planning_time_after_the_first_start_is_reported_with_what_to_do(alerts: Alerts) -> None:
    shift = {"tenant_id": "paris", "shift_id": "s", "weekday": 2, "starts_at": time(4), "ends_at": time(12), "staff": 1}
    tenant = {"tenant_id": "paris", "name": "Le Fournil", "timezone": "Europe/Paris"}
    (alert,) = of_kind(alerts(shifts=[shift], tenants=[{**tenant, "planning_time": time(5, 30)}]), "planned_late")
    assert alert["message"] == "The day is planned at 05:30, when work for it has begun at 04:00."
    assert "leave it empty" in alert["suggested_action"]
    assert of_kind(alerts(shifts=[shift], tenants=[tenant]), "planned_late") == []
    in_time = alerts(shifts=[shift], tenants=[{**tenant, "planning_time": time(20)}])
    assert of_kind(in_time, "planned_late") == []
