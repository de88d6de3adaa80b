"""A bakery's morning on one row, its headline, and beside it the alerts."""

import polars as pl

from bakery_assets.briefing.alerts import number_alerts
from bakery_assets.briefing.day_alerts import day_findings
from bakery_assets.briefing.forecast_alerts import forecast_findings, last_validated
from bakery_assets.briefing.order_alerts import order_findings
from bakery_assets.briefing.order_days import next_mornings
from bakery_assets.briefing.outlook import items_at_risk
from bakery_assets.briefing.stock_alerts import stock_findings
from bakery_assets.calendars import closed_days
from bakery_assets.cells import Frames
from bakery_assets.explanations.formats import clock, counted, on_weekday
from bakery_assets.keys import CELL
from bakery_assets.local_time import with_local_times


def summarise_day(cells: pl.DataFrame, frames: Frames) -> Frames:
    """What the stages before made, as one row per tenant, and what of it needs a person.

    ``forecast_revenue`` is the sum of expected demand times list price over the products that have a price;
    null where none has. ``accuracy_pct`` is that of the last day that could be checked.

    Args:
        cells: the columns of ``cells.CELLS``.
        frames: ``tenants, products, ingredients, suppliers, calendar, demand_forecasts, production_schedules,
            production_batches, procurement_plans, procurement_requirements, inventory_projections, validation_runs``.

    Returns:
        ``daily_summaries`` and ``alerts``, rows sorted by their keys.
    """
    alerts = number_alerts(
        [
            *order_findings(cells, frames),
            *stock_findings(frames),
            *day_findings(cells, frames),
            *forecast_findings(cells, frames),
        ]
    )
    return {"daily_summaries": _daily_summaries(cells, frames, alerts), "alerts": alerts}


def _daily_summaries(cells: pl.DataFrame, frames: Frames, alerts: pl.DataFrame) -> pl.DataFrame:
    at_risk = items_at_risk(frames["inventory_projections"], "high")
    closed = closed_days(frames["calendar"]).select("tenant_id", plan_date="date", is_closed=True)
    rows = cells.select("tenant_id", "plan_date", "timezone").sort("tenant_id").join(closed, on=CELL, how="left")
    for part in (
        _forecast_today(frames),
        _baking_today(cells, frames["production_batches"]),
        _orders(cells, frames),
        at_risk.group_by(CELL).agg(items_at_risk=pl.len()),
        last_validated(frames["validation_runs"]).select(*CELL, "accuracy_pct"),
        alerts.group_by(CELL).agg(alerts=pl.len()),
    ):
        rows = rows.join(part, on=CELL, how="left", maintain_order="left")
    counts = ("products", "planned_batches", "orders", "items_at_risk", "alerts")
    sums = ("forecast_quantity", "planned_quantity", "order_cost")
    return rows.with_columns(
        pl.col("is_closed").fill_null(value=False),
        *(pl.col(name).fill_null(0).cast(pl.Int32) for name in counts),
        *(pl.col(name).fill_null(0.0) for name in sums),
    ).select(
        *CELL,
        "is_closed",
        "forecast_quantity",
        "forecast_revenue",
        "products",
        "planned_quantity",
        "planned_batches",
        "orders",
        "order_cost",
        "items_at_risk",
        "accuracy_pct",
        "alerts",
        headline=_headline(),
    )


def _forecast_today(frames: Frames) -> pl.DataFrame:
    revenue = pl.col("yhat") * pl.col("price")
    return (
        frames["demand_forecasts"]
        .filter(pl.col("target_date") == pl.col("plan_date"))
        .join(frames["products"].select("tenant_id", "product_id", "price"), on=["tenant_id", "product_id"], how="left")
        .sort("tenant_id", "location_id", "product_id")
        .group_by(CELL, maintain_order=True)
        .agg(
            forecast_quantity=pl.col("yhat").sum().round(6),
            forecast_revenue=pl.when(pl.col("price").is_not_null().any()).then(revenue.sum().round(2)),
            products=pl.col("product_id").n_unique(),
        )
    )


def _baking_today(cells: pl.DataFrame, batches: pl.DataFrame) -> pl.DataFrame:
    return (
        with_local_times(
            batches.join(cells.select("tenant_id", "timezone"), on="tenant_id", maintain_order="left"),
            start_at="start_at",
            end_at="end_at",
        )
        .filter(pl.col("schedule_date") == pl.col("plan_date"))
        .sort("tenant_id", "batch_number")
        .group_by(CELL, maintain_order=True)
        .agg(
            planned_quantity=pl.col("quantity_planned").sum().round(6),
            planned_batches=pl.len(),
            first_start=pl.col("start_at").min(),
            last_end=pl.col("end_at").max(),
        )
    )


def _orders(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """All orders of the plan, how many are due before the next morning and by when, and the next deadline then."""
    plans = (
        frames["procurement_plans"]
        .sort("tenant_id", "version")
        .group_by(CELL, maintain_order=True)
        .agg(pl.col("orders").last(), order_cost=pl.col("total_cost").last())
    )
    zones = cells.select("tenant_id", "timezone")
    is_due = pl.col("order_by").dt.date().is_between("plan_date", "next_morning", closed="left")
    deadlines = (
        with_local_times(
            frames["procurement_requirements"].join(zones, on="tenant_id", maintain_order="left"), order_by="order_by"
        )
        .filter(pl.col("order_quantity") > 0)
        .join(next_mornings(cells, frames["calendar"]), on="tenant_id")
        .group_by(CELL)
        .agg(
            due=pl.struct("supplier_id", "deliver_on").filter(is_due).n_unique(),
            deadlines=pl.col("order_by").filter(is_due).n_unique(),
            deadline=pl.col("order_by").filter(is_due).min(),
            next_deadline=pl.col("order_by").filter(pl.col("order_by").dt.date() >= pl.col("next_morning")).min(),
        )
    )
    return plans.join(deadlines, on=CELL, how="left")


def _headline() -> pl.Expr:
    """The morning in one sentence, from the columns of a summary with those of ``_baking_today`` and
    ``_orders``, in local time."""
    sold = pl.col("forecast_quantity").round(0, mode="half_away_from_zero")
    sell = (
        pl.when("is_closed")
        .then(pl.lit("Closed today"))
        .when(sold == 0)
        .then(pl.lit("Expect to sell nothing"))
        .otherwise(pl.format("Expect to sell {}", counted(sold, "unit", "units")))
    )
    starts_before = (
        pl.when(pl.col("first_start").dt.date() < pl.col("plan_date"))
        .then(pl.lit(" the day before"))
        .otherwise(pl.lit(""))
    )
    ends_after = (
        pl.when(pl.col("last_end").dt.date() > pl.col("plan_date")).then(pl.lit(" the day after")).otherwise(pl.lit(""))
    )
    hours = pl.format(" from {}{} to {}{}", clock("first_start"), starts_before, clock("last_end"), ends_after)
    bake = (
        pl.when(pl.col("planned_batches").fill_null(0) > 0)
        .then(pl.format(", bake {}{}", counted("planned_batches", "batch", "batches"), hours.fill_null("")))
        .when("is_closed")
        .then(pl.lit(""))
        .otherwise(pl.lit(", bake nothing"))
    )
    first = pl.when(pl.col("deadlines") > 1).then(pl.lit(", the first")).otherwise(pl.lit(""))
    later = pl.format(" (next by {} {})", clock("next_deadline"), on_weekday(pl.col("next_deadline").dt.date()))
    by = pl.format("{} {}", clock("deadline"), on_weekday(pl.col("deadline").dt.date()))
    order = (
        pl.when(pl.col("due").fill_null(0) > 0)
        .then(pl.format(", place {}{} by {}", counted("due", "order", "orders"), first, by))
        .otherwise(pl.concat_str(pl.lit(", order nothing today"), later.fill_null("")))
    )
    risk = (
        pl.when(pl.col("items_at_risk").fill_null(0) > 0)
        .then(pl.format("; {} may run out.", counted("items_at_risk", "item", "items")))
        .otherwise(pl.lit("."))
    )
    return pl.concat_str(sell, bake, order, risk)
