"""The life of alerts: opened by the first plan that finds their cause, updated, acknowledged, resolved, archived.

Pure functions of the alerts before, what the plans found and who acknowledged. Alerts about deliveries are opened and
ended by ``deliveries.alerts``, and plans leave them as they are. Of all others, only a tenant's latest plan opens,
updates or resolves alerts, so that a backfill of the past changes none; a day that could not be planned is the
exception: that alert belongs to its day, and goes when the day is planned. The same plan again gives the same rows.
"""

from datetime import date

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import severity_rank
from bakery_assets.briefing.resolutions import resolution
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans
from bakery_assets.schemas.plans import AlertKind, AlertStatus

ARCHIVED_AFTER_DAYS = 28  # from then on a cause that comes back is a new one
FAILED_DAY_COUNTS_DAYS = 14  # as long as a missed day is still planned, see ``due.planning``
FAILED: AlertKind = "planning_failed"
ORDER: AlertKind = "order_today"
OPEN: tuple[AlertStatus, ...] = ("open", "acknowledged")
CAUSE = ["tenant_id", "cause"]
# Of a finding, what its alert shows.
_FOUND = tuple(name for name in plans.Findings.column_names() if name not in ("tenant_id", "plan_date", "cause"))


class PlanOutcomes(dy.Schema):
    """Cells whose planning has ended."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that was planned", primary_key=True)
    planned_as_of = col.instant("Planning instant")
    succeeded = col.boolean("It was planned")
    is_latest = col.boolean("It is the tenant's latest plan, and its findings are known")

    @dy.rule()
    def a_tenant_has_one_latest_plan(cls) -> pl.Expr:
        """At most one cell of a tenant is its latest plan."""
        return pl.col("is_latest").sum().over("tenant_id") <= 1


def alerts_after(
    before: dy.DataFrame[plans.Alerts],
    outcomes: dy.DataFrame[PlanOutcomes],
    findings: dy.DataFrame[plans.Findings],
    acknowledgements: dy.DataFrame[ops.AlertAcknowledgements],
    orders: dy.DataFrame[ops.PurchaseOrders],
) -> dy.DataFrame[plans.Alerts]:
    """The alerts of the tenants after some cells were planned, or failed; sorted by their key.

    Args:
        before: the tenants' alerts that are not archived.
        findings: of the cells; those of cells that failed are not read, except that they failed.
        acknowledgements: all that are known of these alerts.
        orders: every record of the orders that were placed with these alerts' suppliers since they were opened.
    """
    found = _that_count(findings, outcomes)
    known = _with_latest(before, outcomes)
    # An alert that this very plan has resolved is taken as it was before: the plan is made again.
    again = (pl.col("resolved_on") == pl.col("latest_on")) & (pl.col("resolved_at") == pl.col("latest_at"))
    is_of_plans = ~pl.col("kind").is_in(plans.WATCHED)
    is_active = is_of_plans & (pl.col("status").is_in(OPEN) | again.fill_null(value=False))
    active = known.filter(is_active)
    kept = active.join(found, on=CAUSE, how="semi")
    gone = active.join(found, on=CAUSE, how="anti")
    parts = [
        known.filter(~is_active),
        _updated(kept, found),
        _resolved(_with_ordered(gone, orders), outcomes),
        opened(found.join(active, on=CAUSE, how="anti"), before),
    ]
    columns = plans.Alerts.column_names()
    together = pl.concat([part.select(columns) for part in parts], how="vertical_relaxed")
    acknowledged = with_acknowledgements(conform(plans.Alerts, together), acknowledgements)
    archived = _archived(_with_latest(acknowledged, outcomes))
    return conform(plans.Alerts, archived.sort("tenant_id", "alert_id"))


def alerts_on(
    alerts: dy.DataFrame[plans.Alerts], findings: dy.DataFrame[plans.Findings], plan_date: date
) -> dy.DataFrame[plans.Alerts]:
    """The alerts that were open after the plan of ``plan_date``, and those that it resolved, the most urgent first.

    Args:
        findings: of the plans of that day, which say how bad it was then; other alerts are as another plan found them.
    """
    is_open = (pl.col("opened_on") <= plan_date) & (pl.col("resolved_on") >= plan_date).fill_null(value=True)
    then = findings.select(*CAUSE, *(pl.col(name).alias(f"__{name}") for name in (*_FOUND, "plan_date")))
    rows = (
        alerts.filter(is_open)
        .join(then, on=CAUSE, how="left", maintain_order="left")
        .with_columns(
            *(
                pl.when(pl.col("__plan_date").is_null()).then(name).otherwise(f"__{name}").alias(name)
                for name in _FOUND
            ),
            last_plan_date=pl.coalesce("__plan_date", "last_plan_date"),
        )
    )
    return most_urgent_first(conform(plans.Alerts, rows))


def most_urgent_first(alerts: dy.DataFrame[plans.Alerts]) -> dy.DataFrame[plans.Alerts]:
    """Sorted by priority, then severity, then deadline."""
    ordered = alerts.sort(
        "priority", severity_rank("severity"), "deadline", "tenant_id", "alert_id",
        descending=[True, True, False, False, False], nulls_last=True,
    )  # fmt: skip
    return conform(plans.Alerts, ordered)


def with_acknowledgements(
    alerts: dy.DataFrame[plans.Alerts], acknowledgements: dy.DataFrame[ops.AlertAcknowledgements]
) -> dy.DataFrame[plans.Alerts]:
    """The alerts with the last acknowledgement that counts; one before the severity rose does not.

    Those of alerts that are resolved are recorded as well, so that it does not matter which comes first.
    """
    key = ["tenant_id", "alert_id"]
    given = acknowledgements.select(
        *key, acknowledged_by="who", acknowledged_at="recorded_at", acknowledgement_note="note"
    )
    earlier = alerts.filter(pl.col("acknowledged_at").is_not_null()).select(given.columns)
    last = (
        pl.concat([given, earlier])
        .join(alerts.select(*key, "escalated_at"), on=key)
        .filter((pl.col("acknowledged_at") > pl.col("escalated_at")).fill_null(value=True))
        .sort(*key, "acknowledged_at", "acknowledged_by", "acknowledgement_note", nulls_last=False)
        .unique(key, keep="last", maintain_order=True)
        .select(given.columns)
    )
    is_seen = pl.col("acknowledged_at").is_not_null()
    status = (
        pl.when(~pl.col("status").is_in(OPEN))
        .then("status")
        .otherwise(pl.when(is_seen).then(pl.lit("acknowledged")).otherwise(pl.lit("open")))
    )
    changed = pl.max_horizontal("opened_at", "last_planned_as_of", "acknowledged_at", "resolved_at")
    marked = (
        alerts.drop("acknowledged_by", "acknowledged_at", "acknowledgement_note")
        .join(last, on=key, how="left", maintain_order="left")
        .with_columns(status=status, updated_at=changed)
    )
    return conform(plans.Alerts, marked)


def _that_count(findings: dy.DataFrame[plans.Findings], outcomes: dy.DataFrame[PlanOutcomes]) -> pl.DataFrame:
    """Findings of latest plans, and of cells that failed that they did; with ``found_on``, ``found_at``."""
    is_failure = pl.col("kind") == FAILED
    return (
        findings.join(outcomes, on=["tenant_id", "plan_date"])
        .filter(pl.when("succeeded").then(pl.col("is_latest") & ~is_failure).otherwise(is_failure))
        .select(*CAUSE, *_FOUND, found_on="plan_date", found_at="planned_as_of")
    )


def _with_latest(alerts: dy.DataFrame[plans.Alerts], outcomes: dy.DataFrame[PlanOutcomes]) -> pl.DataFrame:
    """Alerts with ``latest_on``, ``latest_at``: their tenant's latest plan, if it is among the outcomes."""
    latest = outcomes.filter("is_latest").select("tenant_id", latest_on="plan_date", latest_at="planned_as_of")
    return alerts.join(latest, on="tenant_id", how="left", maintain_order="left")


def _updated(kept: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """What the latest plan says of alerts that it finds again."""
    rose = severity_rank("severity") > severity_rank("severity_before")
    return (
        kept.rename({"severity": "severity_before"})
        .drop(name for name in _FOUND if name != "severity")
        .join(found, on=CAUSE)
        .with_columns(
            escalated_at=pl.when(rose).then("found_at").otherwise("escalated_at"),
            last_plan_date="found_on",
            last_planned_as_of="found_at",
            status=pl.lit("open"),
            resolved_on=pl.lit(None, pl.Date),
            resolved_at=pl.lit(None, pl.Datetime("us", "UTC")),
            resolution=pl.lit(None, pl.String),
        )
    )


def _with_ordered(alerts: pl.DataFrame, orders: dy.DataFrame[ops.PurchaseOrders]) -> pl.DataFrame:
    """Alerts with ``is_ordered``: an order from the supplier they are about was first recorded after they were opened,
    by the latest plan, which knows it as not canceled."""
    known = (
        alerts.filter(pl.col("kind") == ORDER)
        .select("tenant_id", "alert_id", "opened_at", "latest_at", supplier_id="subject")
        .join(orders, on=["tenant_id", "supplier_id"])
        .filter(pl.col("recorded_at") <= pl.col("latest_at"))
        .sort("recorded_at")
        .group_by("tenant_id", "alert_id", "opened_at", "order_id", "ingredient_id", maintain_order=True)
        .agg(pl.col("quantity").last(), first_recorded_at=pl.col("recorded_at").first())
        .filter((pl.col("first_recorded_at") >= pl.col("opened_at")) & (pl.col("quantity") > 0))
    )
    ordered = known.select("tenant_id", "alert_id", is_ordered=pl.lit(value=True)).unique()
    return alerts.join(ordered, on=["tenant_id", "alert_id"], how="left", maintain_order="left").with_columns(
        pl.col("is_ordered").fill_null(value=False)
    )


def _resolved(gone: pl.DataFrame, outcomes: dy.DataFrame[PlanOutcomes]) -> pl.DataFrame:
    """Alerts that no finding is about: resolved by the latest plan; about a failed day, once that day is planned."""
    planned = outcomes.filter("succeeded").select(
        "tenant_id", last_plan_date="plan_date", day_planned_at="planned_as_of"
    )
    rows = gone.join(planned, on=["tenant_id", "last_plan_date"], how="left", maintain_order="left")
    is_failure = pl.col("kind") == FAILED
    is_given_up = pl.col("latest_on") >= pl.col("last_plan_date") + pl.duration(days=FAILED_DAY_COUNTS_DAYS)
    day_is_planned = is_failure & pl.col("day_planned_at").is_not_null()
    by_latest = pl.col("latest_on").is_not_null() & (~is_failure | is_given_up)
    is_over = day_is_planned | by_latest
    return rows.with_columns(
        status=pl.when(is_over).then(pl.lit("resolved")).otherwise("status"),
        resolved_on=pl.when(day_is_planned)
        .then("last_plan_date")
        .when(by_latest)
        .then("latest_on")
        .otherwise("resolved_on"),
        resolved_at=pl.when(day_is_planned)
        .then("day_planned_at")
        .when(by_latest)
        .then("latest_at")
        .otherwise("resolved_at"),
        resolution=pl.when(day_is_planned)
        .then(pl.lit("The day has been planned."))
        .when(is_failure & by_latest)
        .then(pl.lit(f"The day was not planned within {FAILED_DAY_COUNTS_DAYS} days."))
        .when(by_latest)
        .then(resolution())
        .otherwise("resolution"),
    )


def opened(new: pl.DataFrame, before: dy.DataFrame[plans.Alerts]) -> pl.DataFrame:
    """New alerts; one whose cause had an alert before says which, and is numbered if that was opened the same day.

    Args:
        new: what is to be reported, ``found_on`` a local date since ``found_at``.
        before: the tenants' alerts that are not archived.
    """
    last = (
        before.sort("opened_at", "alert_id")
        .group_by(CAUSE, maintain_order=True)
        .agg(recurrence_of=pl.col("alert_id").last())
    )
    same_day = before.group_by(*CAUSE, found_on="opened_on").agg(same_day=pl.len())
    joined = new.join(last, on=CAUSE, how="left", maintain_order="left").join(
        same_day, on=[*CAUSE, "found_on"], how="left", maintain_order="left"
    )
    number = pl.format("-{}", pl.col("same_day") + 1).fill_null("")
    missing = {
        name: pl.lit(None, kind)
        for name, kind in pl.Schema(plans.Alerts).items()
        if name.startswith(("resol", "acknowledge", "escalated"))
    }
    return joined.with_columns(
        alert_id=pl.format("{}@{}{}", "cause", "found_on", number),
        status=pl.lit("open"),
        opened_on="found_on",
        opened_at="found_at",
        updated_at="found_at",
        last_plan_date="found_on",
        last_planned_as_of="found_at",
        **missing,
    )


def _archived(alerts: pl.DataFrame) -> pl.DataFrame:
    is_old = pl.col("resolved_at") <= pl.col("latest_at") - pl.duration(days=ARCHIVED_AFTER_DAYS)
    is_archived = (pl.col("status") == "resolved") & is_old.fill_null(value=False)
    return alerts.with_columns(status=pl.when(is_archived).then(pl.lit("archived")).otherwise("status"))
