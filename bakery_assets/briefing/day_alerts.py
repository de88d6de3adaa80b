"""Findings about the day and its baking: a closed day, more baking than fits into the shifts, notes of production."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, finding
from bakery_assets.calendars import closed_days
from bakery_assets.explanations.formats import as_json, money, on_weekday, percent, quantity, weekday
from bakery_assets.keys import CELL, PRODUCT
from bakery_assets.materials.lots_left_out import lots_left_out
from bakery_assets.schemas import Cells, ops, plans

FAR_OVER = 1.25  # two hours beyond an eight-hour shift: starting a little earlier no longer helps


class DayAlertInputs(TypedDict):
    """What ``day_findings`` reads."""

    products: dy.DataFrame[ops.Products]
    tenants: dy.DataFrame[ops.Tenants]
    calendar: dy.DataFrame[ops.Calendar]
    production_schedules: dy.DataFrame[plans.ProductionSchedules]


def day_findings(cells: dy.DataFrame[Cells], inputs: DayAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``closed_today``, ``over_capacity`` and ``baking_note``, each at most once a day; and
    ``batch_not_worth_it``, one for each product."""
    schedules = inputs["production_schedules"]
    return [
        _closed_today(cells, inputs["calendar"]),
        _over_capacity(schedules),
        _baking_notes(schedules),
        _not_worth_it(inputs),
    ]


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
        severity="low",
        kind="closed_today",
        message=pl.concat_str(pl.lit("The bakery is closed today"), name, pl.lit(".")),
        reasoning=as_json(date="date", name="name"),
        consequence="Nothing is sold or baked for today.",
        suggested_action="If you open after all, correct the calendar and plan the day again.",
    )


def _over_capacity(schedules: dy.DataFrame[plans.ProductionSchedules]) -> dy.DataFrame[Finding]:
    """Shortage of machine time, of today and later days together; of low severity where today fits."""
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
            starts_at=pl.col("starts_at").filter(is_today).first(),
            first_day=pl.col("schedule_date").first(),
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
        .then(pl.lit("low"))
        .when((pl.col("utilization") > FAR_OVER).fill_null(value=False) | pl.col("without_shift"))
        .then(pl.lit("critical"))
        .otherwise(pl.lit("high"))
    )
    beyond = (pl.col("utilization") - 1.0).clip(0.0, 1.0)
    return finding(
        days,
        severity=severity,
        kind="over_capacity",
        stake=pl.when("without_shift").then(1.0).otherwise(beyond).fill_null(0.0),
        deadline="starts_at",
        act_before=pl.col("first_day"),
        message=message,
        reasoning=as_json(days="days"),
        consequence=pl.coalesce("consequence", pl.lit("Batches end late.")),
        suggested_action=pl.when("without_shift")
        .then(pl.lit("Enter who works that day as shifts, or bake nothing."))
        .otherwise(pl.lit("Start earlier, let someone stay longer, or bake less.")),
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
        severity="medium",
        kind="baking_note",
        act_before=pl.col("schedule_date"),
        message=pl.format("Baking {}: {}.", weekday("schedule_date"), pl.col("consequence").str.strip_suffix(".")),
        reasoning=as_json(first_day="schedule_date", days="days"),
        suggested_action="Look at the plan of that day; correct orders, calendar or batch sizes where they are wrong.",
    )


def _not_worth_it(inputs: DayAlertInputs) -> dy.DataFrame[Finding]:
    """Products that are left out on some days, as their smallest batch would lose more than it earns.

    Where stock is expected to do, no one misses what is left out, and it is not reported.
    """
    products = inputs["products"].select(*PRODUCT, "unit", product="name")
    currencies = inputs["tenants"].select("tenant_id", "currency")
    first = ("schedule_date", "not_worth_it", "lot_left_out", "short", "expected_gain", "expected_loss")
    left_out = (
        lots_left_out(inputs["production_schedules"])
        .filter(pl.col("short") > 0)
        .sort(*PRODUCT, "schedule_date")
        .group_by(*CELL, "product_id", maintain_order=True)
        .agg(
            pl.col(first).first(),
            days=pl.struct(first),
            later=pl.col("schedule_date").slice(1).dt.strftime("%a %-d %b").str.join(", "),
        )
        .join(products, on=PRODUCT)
        .join(currencies, on="tenant_id")
    )
    also = pl.when(pl.col("later") != "").then(pl.format("; nor is it on {}", "later")).otherwise(pl.lit(""))
    return finding(
        left_out,
        severity="low",
        kind="batch_not_worth_it",
        subject="product_id",
        act_before=pl.col("schedule_date"),
        message=pl.format(
            "{} is not baked {}: a batch of {} for {} wanted would lose {} on average and earn {}{}.",
            "product",
            on_weekday("schedule_date"),
            quantity("lot_left_out"),
            quantity("not_worth_it", up=True),
            money("expected_loss"),
            money("expected_gain"),
            also,
        ),
        reasoning=as_json(days="days", unit="unit", currency="currency"),
        consequence=pl.format("Customers who ask for it leave without: {} are expected.", quantity("short", up=True)),
        suggested_action="Enter a smaller smallest batch if it can be made, take orders for it, or leave it out.",
    )
