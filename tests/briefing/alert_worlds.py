"""Plans of one bakery and what they found, as frames for the life of its alerts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import dataframely as dy
import polars as pl

from bakery_assets.briefing.alert_life import PlanOutcomes, alerts_after
from bakery_assets.schemas import conform, ops, plans
from tests.scenarios import filled

MONDAY = date(2026, 1, 5)
NO_ALERTS = conform(plans.Alerts, filled(plans.Alerts, []))
NO_ORDERS = conform(ops.PurchaseOrders, filled(ops.PurchaseOrders, []))


@dataclass(frozen=True)
class Plan:
    """A version of the plan of one day, counted from ``MONDAY``; severities by cause, or None: it failed."""

    day: int
    found: dict[str, str] | None
    version: int = 1

    @property
    def plan_date(self) -> date:
        return MONDAY + timedelta(days=self.day)

    @property
    def planned_as_of(self) -> datetime:
        day = self.plan_date
        return datetime(day.year, day.month, day.day, 3 + self.version, tzinfo=UTC)


@dataclass(frozen=True)
class Seen:
    """An acknowledgement, some hours after the first planning instant."""

    alert_id: str
    hours: int
    who: str = "Ada"


@dataclass
class Bakery:
    """The alerts of a bakery after some plans; ``latest`` is its latest plan that went well."""

    alerts: dy.DataFrame[plans.Alerts] = field(default_factory=lambda: NO_ALERTS)
    latest: tuple[date, datetime] | None = None

    def after(
        self, plan: Plan, seen: Sequence[Seen] = (), orders: dy.DataFrame[ops.PurchaseOrders] = NO_ORDERS
    ) -> "Bakery":
        """The bakery after a plan, which counts only if no later one was made before."""
        key = (plan.plan_date, plan.planned_as_of)
        succeeded = plan.found is not None
        is_latest = succeeded and (self.latest is None or key >= self.latest)
        outcome = {"tenant_id": "b", "plan_date": plan.plan_date, "planned_as_of": plan.planned_as_of}
        outcomes = pl.DataFrame([{**outcome, "succeeded": succeeded, "is_latest": is_latest}])
        after = alerts_after(
            self.alerts, conform(PlanOutcomes, outcomes), _findings(plan), acknowledgements(seen), orders
        )  # fmt: skip
        return Bakery(after, key if is_latest else self.latest)


def acknowledgements(seen: Sequence[Seen]) -> dy.DataFrame[ops.AlertAcknowledgements]:
    began = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 4, tzinfo=UTC)
    rows = [
        {
            "tenant_id": "b",
            "alert_id": each.alert_id,
            "who": each.who,
            "recorded_at": began + timedelta(hours=each.hours),
        }
        for each in seen
    ]
    return conform(ops.AlertAcknowledgements, filled(ops.AlertAcknowledgements, rows))


def _findings(plan: Plan) -> dy.DataFrame[plans.Findings]:
    found = {f"planning_failed:{plan.plan_date}": "critical"} if plan.found is None else plan.found
    rows = [
        {
            "tenant_id": "b", "plan_date": plan.plan_date, "cause": cause, "severity": severity, "alert_class": "stock",
            "kind": "planning_failed" if plan.found is None else "stockout", "message": f"{cause} {severity}",
            "reasoning": "{}", "priority": 50,
        }
        for cause, severity in found.items()
    ]  # fmt: skip
    return conform(plans.Findings, filled(plans.Findings, rows))
