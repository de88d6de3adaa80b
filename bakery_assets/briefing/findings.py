"""Findings: what a day's plan found that needs a person, one row per cause, with how urgent each is.

What makes a finding is in the module of its subject, ``stock_alerts``, ``order_alerts`` and so on. How findings of many
days become alerts is in ``alert_life``.
"""

from datetime import time
from functools import cache

import dataframely as dy
import polars as pl

from bakery_assets.keys import CELL
from bakery_assets.local_time import with_instants
from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.schemas import columns as col
from bakery_assets.schemas.plans import CLASS_OF, SEVERITIES, AlertKind, Severity


class Finding(dy.Schema):
    """A finding before its priority is known; one for each cause of a tenant."""

    tenant_id = col.key_text("The bakery")
    plan_date = col.date("Local date that is planned")
    cause = plans.Alerts.cause
    kind = plans.Findings.kind
    subject = plans.Findings.subject
    severity = plans.Findings.severity
    stake = col.number("What is at stake as a share of all there is of it, in units or money")
    deadline = col.instant("Until when something can be done about it", nullable=True)
    act_before = col.date("The same where only a day is known: its first moment, local time", nullable=True)
    message = plans.Findings.message
    reasoning = plans.Findings.reasoning
    consequence = plans.Findings.consequence
    suggested_action = plans.Findings.suggested_action


SOON_DAYS = 2  # the next order is too late for what happens today or tomorrow, so it is critical
SEVERITY_POINTS = 20  # for each step of severity above the lowest
DEADLINE_POINTS = 25
DEADLINE_HOURS = 72.0  # a deadline that is further off than this adds nothing
STAKE_POINTS = 15


def rank_findings(cells: dy.DataFrame[Cells], findings: list[dy.DataFrame[Finding]]) -> dy.DataFrame[plans.Findings]:
    """All findings as rows of ``plans.findings``, sorted by their key.

    ``priority`` is 20 for each step of severity above low, plus 25 for a deadline that has come, falling evenly to 0
    for one that is 72 hours off, plus 15 times the share that is at stake; rounded to a whole number from 0 to 100.
    """
    hours = (pl.col("deadline") - pl.col("planned_as_of")).dt.total_seconds() / 3600
    nearness = (1.0 - hours / DEADLINE_HOURS).clip(0.0, 1.0).fill_null(0.0)
    points = (
        SEVERITY_POINTS * severity_rank("severity")
        + DEADLINE_POINTS * nearness
        + STAKE_POINTS * pl.col("stake").clip(0.0, 1.0)
    )
    timed = pl.concat(findings).join(cells, on=CELL)
    midnights = with_instants(
        timed.with_columns(__midnight=pl.lit(time())), "__day_begins", day="act_before", wall_time="__midnight"
    )
    ranked = (
        midnights.with_columns(deadline=pl.coalesce("deadline", "__day_begins"))
        .with_columns(
            alert_class=pl.col("kind").replace_strict(CLASS_OF, return_dtype=pl.String),
            priority=points.round(0, mode="half_away_from_zero").cast(pl.Int32),
        )
        .sort("tenant_id", "plan_date", "cause")
    )
    return conform(plans.Findings, ranked)


def severity_rank(column: str) -> pl.Expr:
    """A severity as a number from 0, low, to 3, critical."""
    return pl.col(column).replace_strict(list(SEVERITIES), range(len(SEVERITIES)), return_dtype=pl.Int32)


def finding(
    frame: pl.DataFrame,
    *,
    severity: Severity | pl.Expr,
    kind: AlertKind,
    message: pl.Expr,
    reasoning: pl.Expr,
    suggested_action: str | pl.Expr,
    cause: pl.Expr | None = None,
    subject: str | None = None,
    stake: pl.Expr | None = None,
    deadline: str | None = None,
    act_before: pl.Expr | None = None,
    consequence: str | pl.Expr | None = None,
) -> dy.DataFrame[Finding]:
    """One finding per row of ``frame``, which has ``tenant_id`` and ``plan_date``.

    Args:
        cause: what is wrong with what; by default the kind, with the subject where there is one.
        subject: column with the product, ingredient or supplier concerned.
        stake: share of the units or money concerned that is at stake; by default none.
        deadline: column with the instant until which something can be done.
        act_before: the same where only a day is known.
    """
    if frame.is_empty():  # on most days of most bakeries; the texts cost 2 ms for no row, too
        return _no_findings()
    kind_and_subject = pl.concat_str(pl.lit(kind), pl.lit(":"), subject) if subject else pl.lit(kind)
    findings = frame.select(
        "tenant_id",
        "plan_date",
        cause=kind_and_subject if cause is None else cause,
        kind=pl.lit(kind),
        subject=pl.col(subject) if subject else pl.lit(None, pl.String),
        severity=_text(severity),
        stake=pl.lit(0.0) if stake is None else stake,
        deadline=pl.col(deadline) if deadline else pl.lit(None, pl.Datetime("us", "UTC")),
        act_before=pl.lit(None, pl.Date) if act_before is None else act_before,
        message=message,
        reasoning=reasoning,
        consequence=_text(consequence),
        suggested_action=_text(suggested_action),
    )
    return conform(Finding, findings)


@cache
def _no_findings() -> dy.DataFrame[Finding]:
    return Finding.create_empty()


def critical_if_soon(day: str) -> pl.Expr:
    """Critical when ``day`` is today or tomorrow, else high."""
    soon = pl.col(day) < pl.col("plan_date") + pl.duration(days=SOON_DAYS)
    return pl.when(soon).then(pl.lit("critical")).otherwise(pl.lit("high"))


def _text(value: str | pl.Expr | None) -> pl.Expr:
    return value if isinstance(value, pl.Expr) else pl.lit(value, pl.String)
