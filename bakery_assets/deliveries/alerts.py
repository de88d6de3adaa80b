"""Alerts about deliveries and orders that are due: they are opened, changed and ended by the watch, not by plans.

Pure functions of the alerts before and of what the watch finds. Which alerts these are is ``schemas.plans.WATCHED``;
the life of all others is in ``briefing.alert_life``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.briefing.alert_life import CAUSE, OPEN, opened, with_acknowledgements
from bakery_assets.briefing.findings import severity_rank
from bakery_assets.deliveries.endings import Endings
from bakery_assets.deliveries.texts import DeliveryFindings
from bakery_assets.local_time import with_local_times
from bakery_assets.schemas import Cells, conform, ops, plans

_REPORTED = (
    "kind", "subject", "alert_class", "severity", "priority", "deadline", "message", "reasoning", "consequence",
    "suggested_action",
)  # fmt: skip


def active_alerts(alerts: dy.DataFrame[plans.Alerts]) -> dy.DataFrame[plans.Alerts]:
    """Those of the watch that are open or acknowledged."""
    return conform(plans.Alerts, alerts.filter(pl.col("kind").is_in(plans.WATCHED) & pl.col("status").is_in(OPEN)))


def unreported(causes: pl.DataFrame, alerts: dy.DataFrame[plans.Alerts]) -> pl.DataFrame:
    """The rows of ``causes``, with ``tenant_id, cause, told_of``, of which no active alert tells the same."""
    said = active_alerts(alerts).select(*CAUSE, told_of=pl.col("reasoning").str.json_path_match("$.told_of"))
    return causes.join(said, on=[*CAUSE, "told_of"], how="anti", maintain_order="left")


def alerts_over(alerts: dy.DataFrame[plans.Alerts], causes: pl.DataFrame) -> dy.DataFrame[plans.Alerts]:
    """Active alerts whose cause is not among the ``causes`` that hold now."""
    return conform(plans.Alerts, active_alerts(alerts).join(causes, on=CAUSE, how="anti", maintain_order="left"))


def alerts_after_watch(
    cells: dy.DataFrame[Cells],
    before: dy.DataFrame[plans.Alerts],
    findings: dy.DataFrame[DeliveryFindings],
    over: dy.DataFrame[Endings],
    acknowledgements: dy.DataFrame[ops.AlertAcknowledgements],
) -> dy.DataFrame[plans.Alerts]:
    """The tenants' alerts after a watch, sorted by key; those that it does not concern as they were.

    An alert is opened at the threshold that was passed, whenever the watch has come. One that is reported again keeps
    its identity, and an acknowledgement holds unless the severity rose.

    Args:
        cells: one row for a tenant; ``planned_as_of`` is the instant of the watch.
        findings: what is to be reported, new or in other words.
        over: why active alerts end.
    """
    watched = cells.select("tenant_id", watched_on="plan_date", watched_at="planned_as_of")
    zones = cells.select("tenant_id", "timezone")
    reported = with_local_times(findings.join(zones, on="tenant_id").join(watched, on="tenant_id"), local="opened_at")
    new_and_again = reported.with_columns(found_on=pl.col("local").dt.date(), found_at="opened_at").drop("opened_at")
    known = before.join(watched, on="tenant_id", how="left", maintain_order="left")
    active = known.join(active_alerts(before), on=["tenant_id", "alert_id"], how="semi", maintain_order="left")
    again = active.join(new_and_again, on=CAUSE, how="semi", maintain_order="left")
    ended = active.join(over, on=["tenant_id", "alert_id"], how="semi", maintain_order="left")
    touched = pl.concat([again, ended]).select("tenant_id", "alert_id")
    new = new_and_again.join(active, on=CAUSE, how="anti", maintain_order="left")
    parts = [
        known.join(touched, on=["tenant_id", "alert_id"], how="anti", maintain_order="left"),
        _reported_again(again, new_and_again),
        _ended(ended, over),
        opened(new, before).with_columns(last_plan_date="watched_on", last_planned_as_of="watched_at"),
    ]
    columns = plans.Alerts.column_names()
    together = pl.concat([part.select(columns) for part in parts], how="vertical_relaxed")
    marked = with_acknowledgements(conform(plans.Alerts, together), acknowledgements)
    return conform(plans.Alerts, marked.sort("tenant_id", "alert_id"))


def _reported_again(again: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    rose = severity_rank("severity") > severity_rank("severity_before")
    return (
        again.rename({"severity": "severity_before"})
        .drop(name for name in _REPORTED if name != "severity")
        .join(findings.select(*CAUSE, *_REPORTED), on=CAUSE, maintain_order="left")
        .with_columns(
            escalated_at=pl.when(rose).then("watched_at").otherwise("escalated_at"),
            last_plan_date="watched_on",
            last_planned_as_of="watched_at",
            status=pl.lit("open"),
        )
    )


def _ended(ended: pl.DataFrame, over: dy.DataFrame[Endings]) -> pl.DataFrame:
    return (
        ended.drop("resolution")
        .join(over, on=["tenant_id", "alert_id"], maintain_order="left")
        .with_columns(status=pl.lit("resolved"), resolved_on="watched_on", resolved_at="watched_at")
    )
