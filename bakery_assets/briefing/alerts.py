"""Alerts: the findings about all parts of a day in one numbered list, the most urgent first.

What makes a finding is in the module of its subject: ``order_alerts``, ``stock_alerts``, ``day_alerts``,
``master_data_alerts``, ``ready_alerts`` and ``forecast_alerts``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, plans
from bakery_assets.schemas.plans import AlertKind


class Finding(dy.Schema):
    """An alert before it has a number; one for each kind and subject of a tenant."""

    tenant_id = col.key_text("The bakery")
    plan_date = col.date("Local date that is planned")
    severity = plans.Alerts.severity
    kind = plans.Alerts.kind
    subject = plans.Alerts.subject
    message = plans.Alerts.message
    reasoning = plans.Alerts.reasoning
    consequence = plans.Alerts.consequence


SEVERITIES = ("critical", "warning", "info")
SOON_DAYS = 2  # the next order is too late for what happens today or tomorrow, so it is critical


def number_alerts(findings: list[dy.DataFrame[Finding]]) -> dy.DataFrame[plans.Alerts]:
    """All findings as rows of ``plans.alerts``, numbered ``A001`` on within each tenant.

    Ordered by severity, kind and subject. ``A000`` is reserved for days that could not be planned.
    """
    rank = pl.col("severity").replace_strict(list(SEVERITIES), range(len(SEVERITIES)), return_dtype=pl.Int32)
    order = ["tenant_id", "rank", "kind", "subject", "message"]
    number = pl.int_range(1, pl.len() + 1).over("tenant_id").cast(pl.String).str.zfill(3)
    numbered = pl.concat(findings).with_columns(rank=rank).sort(order)
    return conform(plans.Alerts, numbered.with_columns(alert_number=pl.concat_str(pl.lit("A"), number)))


def finding(
    frame: pl.DataFrame,
    *,
    severity: str | pl.Expr,
    kind: AlertKind,
    subject: pl.Expr,
    message: pl.Expr,
    reasoning: pl.Expr,
    consequence: pl.Expr,
) -> dy.DataFrame[Finding]:
    """One finding per row of ``frame``, which has ``tenant_id`` and ``plan_date``."""
    findings = frame.select(
        "tenant_id",
        "plan_date",
        severity=pl.lit(severity) if isinstance(severity, str) else severity,
        kind=pl.lit(kind),
        subject=subject,
        message=message,
        reasoning=reasoning,
        consequence=consequence,
    )
    return conform(Finding, findings)


def critical_if_soon(day: str) -> pl.Expr:
    """Critical when ``day`` is today or tomorrow, else a warning."""
    soon = pl.col(day) < pl.col("plan_date") + pl.duration(days=SOON_DAYS)
    return pl.when(soon).then(pl.lit("critical")).otherwise(pl.lit("warning"))
