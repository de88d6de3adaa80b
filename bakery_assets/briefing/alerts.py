"""What needs a person: the findings of all parts of the morning in one numbered list, most urgent first.

A finding is a row of ``FINDING``. Each kind is found in the module of what it is about: orders, stock, baking
and forecasts.
"""

import polars as pl

from bakery_assets.schemas.plans import AlertKind

FINDING = {
    "tenant_id": pl.String,
    "plan_date": pl.Date,
    "severity": pl.String,
    "kind": pl.String,
    "subject": pl.String,
    "message": pl.String,
    "reasoning": pl.String,
    "consequence": pl.String,
}
SEVERITIES = ("critical", "warning", "info")
SOON_DAYS = 2  # what hits today or tomorrow cannot wait for the next order, so it is critical


def number_alerts(findings: list[pl.DataFrame]) -> pl.DataFrame:
    """All findings as rows of ``plans.alerts``, numbered ``A001`` on within each tenant.

    Ordered by severity, kind and subject. There is one finding for each kind and subject: whoever finds sees to
    that. ``A000`` belongs to days that could not be planned and is never used here.
    """
    rank = pl.col("severity").replace_strict(list(SEVERITIES), range(len(SEVERITIES)), return_dtype=pl.Int32)
    order = ["tenant_id", "rank", "kind", "subject", "message"]
    number = pl.int_range(1, pl.len() + 1).over("tenant_id").cast(pl.String).str.zfill(3)
    return (
        pl.concat(findings)
        .with_columns(rank=rank)
        .sort(order)
        .with_columns(alert_number=pl.concat_str(pl.lit("A"), number))
        .select("tenant_id", "plan_date", "alert_number", *list(FINDING)[2:])
    )


def finding(
    frame: pl.DataFrame,
    *,
    severity: str | pl.Expr,
    kind: AlertKind,
    subject: pl.Expr,
    message: pl.Expr,
    reasoning: pl.Expr,
    consequence: pl.Expr,
) -> pl.DataFrame:
    """One finding per row of ``frame``, which has ``tenant_id`` and ``plan_date``."""
    return frame.select(
        "tenant_id",
        "plan_date",
        severity=pl.lit(severity) if isinstance(severity, str) else severity,
        kind=pl.lit(kind),
        subject=subject,
        message=message,
        reasoning=reasoning,
        consequence=consequence,
    ).cast(dict(FINDING.items()))


def critical_if_soon(day: str) -> pl.Expr:
    """Critical when ``day`` is today or tomorrow, else a warning."""
    soon = pl.col(day) < pl.col("plan_date") + pl.duration(days=SOON_DAYS)
    return pl.when(soon).then(pl.lit("critical")).otherwise(pl.lit("warning"))
