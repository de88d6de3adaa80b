"""Alerts about the day and its baking: a closed day, more baking than fits into the shifts, notes of production."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.alerts import Finding, finding
from bakery_assets.calendars import closed_days
from bakery_assets.explanations.formats import as_json, percent, weekday
from bakery_assets.schemas import Cells, ops, plans

FAR_OVER = 1.25  # two hours beyond an eight-hour shift: starting a little earlier no longer helps


class DayAlertInputs(TypedDict):
    """What ``day_findings`` reads."""

    calendar: dy.DataFrame[ops.Calendar]
    production_schedules: dy.DataFrame[plans.ProductionSchedules]


def day_findings(cells: dy.DataFrame[Cells], inputs: DayAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``closed_today``, ``over_capacity`` and ``baking_note``, each at most once a day."""
    schedules = inputs["production_schedules"]
    return [_closed_today(cells, inputs["calendar"]), _over_capacity(schedules), _baking_notes(schedules)]


def _closed_today(cells: dy.DataFrame[Cells], calendar: dy.DataFrame[ops.Calendar]) -> dy.DataFrame[Finding]:
    closed = closed_days(calendar)
    names = (
        calendar.filter((pl.col("kind") == "closed") & pl.col("product_id").is_null())
        .group_by("tenant_id", "date")
        .agg(pl.col("name").drop_nulls().min())
    )
    today = (
        cells.select("tenant_id", "plan_date", date="plan_date")
        .join(closed, on=["tenant_id", "date"], how="semi")
        .join(names, on=["tenant_id", "date"])
    )
    is_redundant = pl.col("name").str.to_lowercase() == "closed"
    name = pl.when(~is_redundant).then(pl.format(" ({})", "name")).fill_null("")
    return finding(
        today,
        severity="info",
        kind="closed_today",
        subject=pl.lit(None, pl.String),
        message=pl.concat_str(pl.lit("The bakery is closed today"), name, pl.lit(".")),
        reasoning=as_json(date="date", name="name"),
        consequence=pl.lit("Nothing is sold or baked for today; if you open after all, correct the calendar."),
    )


def _over_capacity(schedules: dy.DataFrame[plans.ProductionSchedules]) -> dy.DataFrame[Finding]:
    """Shortage of machine time today, with that of later days; for information only where today fits."""
    is_today = pl.col("schedule_date") == pl.col("plan_date")
    shift_ends_at = pl.col("reasoning").str.json_path_match("$.shift_ends_at")
    days = (
        schedules.filter(pl.col("status") == "over_capacity")
        .sort("tenant_id", "schedule_date")
        .group_by("tenant_id", "plan_date", maintain_order=True)
        .agg(
            today=is_today.any(),
            utilization=pl.col("utilization").filter(is_today).first(),
            without_shift=(is_today & shift_ends_at.is_null()).any(),
            consequence=pl.col("consequence").first(),
            later=pl.col("schedule_date").filter(~is_today).dt.strftime("%a %-d %b").str.join(", "),
            days=pl.struct(day="schedule_date", utilization="utilization", batches="total_batches"),
        )
    )
    busy = pl.format(": the busiest machine is needed for {} of the shifts", percent("utilization")).fill_null("")
    message = (
        pl.when(~pl.col("today"))
        .then(pl.format("More is to be baked than fits into the shifts on {}.", "later"))
        .when(pl.col("later") == "")
        .then(pl.format("Today's baking does not fit into the shifts{}.", busy))
        .otherwise(pl.format("Today's baking does not fit into the shifts{}; nor does that of {}.", busy, "later"))
    )
    severity = (
        pl.when(~pl.col("today"))
        .then(pl.lit("info"))
        .when((pl.col("utilization") > FAR_OVER).fill_null(value=False) | pl.col("without_shift"))
        .then(pl.lit("critical"))
        .otherwise(pl.lit("warning"))
    )
    return finding(
        days,
        severity=severity,
        kind="over_capacity",
        subject=pl.lit(None, pl.String),
        message=message,
        reasoning=as_json(days="days"),
        consequence=pl.coalesce("consequence", pl.lit("Batches end late unless work starts earlier or less is baked.")),
    )


def _baking_notes(schedules: dy.DataFrame[plans.ProductionSchedules]) -> dy.DataFrame[Finding]:
    """Notes of production on days that fit: orders due on a closed day, contradictory batch sizes."""
    notes = (
        schedules.filter((pl.col("status") != "over_capacity") & pl.col("consequence").is_not_null())
        .sort("tenant_id", "schedule_date")
        .group_by("tenant_id", "plan_date", maintain_order=True)
        .agg(pl.col("schedule_date", "consequence").first(), days=pl.col("schedule_date"))
    )
    return finding(
        notes,
        severity="warning",
        kind="baking_note",
        subject=pl.lit(None, pl.String),
        message=pl.format("Baking {}: {}.", weekday("schedule_date"), pl.col("consequence").str.strip_suffix(".")),
        reasoning=as_json(first_day="schedule_date", days="days"),
        consequence=pl.lit(None, pl.String),
    )
