"""The stage ``daily_summaries``: a bakery's day on one row with its headline, and what needs a person."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.day_alerts import day_findings
from bakery_assets.briefing.difference_alerts import difference_findings
from bakery_assets.briefing.distribution_alerts import distribution_findings
from bakery_assets.briefing.findings import rank_findings
from bakery_assets.briefing.forecast_alerts import forecast_findings, last_validated
from bakery_assets.briefing.holiday_alerts import holiday_findings
from bakery_assets.briefing.master_data_alerts import master_data_findings
from bakery_assets.briefing.next_open_day import next_open_days
from bakery_assets.briefing.order_alerts import order_findings, requirement_lines
from bakery_assets.briefing.overdue_alerts import overdue_ingredients
from bakery_assets.briefing.plan_changes import plan_changes
from bakery_assets.briefing.ready_alerts import ready_findings
from bakery_assets.briefing.record_alerts import record_findings
from bakery_assets.briefing.repeated_orders import repeated_orders
from bakery_assets.briefing.sales_alerts import sales_findings
from bakery_assets.briefing.shortage_alerts import shortage_findings
from bakery_assets.briefing.stock_alerts import stock_findings
from bakery_assets.briefing.stock_outlook import items_at_risk
from bakery_assets.briefing.training_alerts import training_findings
from bakery_assets.calendars import closed_days
from bakery_assets.explanations.formats import clock, counted, on_weekday
from bakery_assets.keys import CELL
from bakery_assets.local_time import with_local_times
from bakery_assets.quantities import CENTS, DECIMALS
from bakery_assets.schemas import Cells, conform, ops, plans


class BriefingInputs(TypedDict):
    """What ``summarize_day`` reads; ``past_adjustments`` and ``day_forecasts`` are rows of earlier cells."""

    tenants: dy.DataFrame[ops.Tenants]
    products: dy.DataFrame[ops.Products]
    ingredients: dy.DataFrame[ops.Ingredients]
    suppliers: dy.DataFrame[ops.Suppliers]
    supplier_items: dy.DataFrame[ops.SupplierItems]
    exchange_rates: dy.DataFrame[ops.ExchangeRates]
    calendar: dy.DataFrame[ops.Calendar]
    locations: dy.DataFrame[ops.Locations]
    opening_hours: dy.DataFrame[ops.OpeningHours]
    shifts: dy.DataFrame[ops.Shifts]
    tenant_settings: dy.DataFrame[ops.TenantSettings]
    batch_events: dy.DataFrame[ops.BatchEvents]
    sales: dy.DataFrame[ops.Sales]
    stock_lots: dy.DataFrame[ops.StockLots]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]
    stock_movements: dy.DataFrame[plans.StockMovements]
    past_adjustments: dy.DataFrame[plans.StockMovements]
    stock_balances: dy.DataFrame[plans.StockBalances]
    stock_closing_balances: dy.DataFrame[plans.StockClosingBalances]
    unexplained_usage: dy.DataFrame[plans.UnexplainedUsage]
    day_forecasts: dy.DataFrame[plans.DemandForecasts]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    holiday_openings: dy.DataFrame[plans.HolidayOpenings]
    production_schedules: dy.DataFrame[plans.ProductionSchedules]
    production_batches: dy.DataFrame[plans.ProductionBatches]
    master_data_faults: dy.DataFrame[plans.MasterDataFaults]
    distribution_plans: dy.DataFrame[plans.DistributionPlans]
    procurement_plans: dy.DataFrame[plans.ProcurementPlans]
    procurement_requirements: dy.DataFrame[plans.ProcurementRequirements]
    inventory_projections: dy.DataFrame[plans.InventoryProjections]
    validation_runs: dy.DataFrame[plans.ValidationRuns]
    plan_versions: dy.DataFrame[plans.PlanVersions]
    published_batches: dy.DataFrame[plans.PublishedBatches]
    published_orders: dy.DataFrame[plans.PublishedOrders]
    retraining_runs: dy.DataFrame[plans.RetrainingRuns]


class BriefingTables(TypedDict):
    """What ``summarize_day`` writes."""

    daily_summaries: dy.DataFrame[plans.DailySummaries]
    plan_changes: dy.DataFrame[plans.PlanChanges]
    findings: dy.DataFrame[plans.Findings]


def summarize_day(cells: dy.DataFrame[Cells], inputs: BriefingInputs) -> BriefingTables:
    """Summarize the day that the earlier stages planned: one row per tenant, and what needs a person.

    ``forecast_revenue`` is the sum of expected demand times list price over the products that have a price; null where
    none has. ``accuracy`` is that of the last validated day. Rows are sorted by their keys.
    """
    lines = requirement_lines(cells, inputs)
    overdue, repeated = overdue_ingredients(cells, inputs), repeated_orders(cells, inputs)
    findings = rank_findings(
        cells,
        [
            *shortage_findings(lines, overdue, repeated, inputs),
            *order_findings(lines, repeated, next_open_days(cells, inputs["calendar"])),
            *stock_findings(inputs),
            *record_findings(cells, inputs),
            *difference_findings(cells, inputs),
            *sales_findings(cells, inputs),
            *distribution_findings(inputs),
            *day_findings(cells, inputs),
            *ready_findings(cells, inputs),
            *master_data_findings(cells, inputs),
            *forecast_findings(inputs),
            *training_findings(cells, inputs),
            *holiday_findings(inputs),
        ],
    )
    return BriefingTables(
        daily_summaries=conform(plans.DailySummaries, _daily_summaries(cells, inputs, findings)),
        plan_changes=plan_changes(cells, inputs),
        findings=findings,
    )


def _daily_summaries(
    cells: dy.DataFrame[Cells], inputs: BriefingInputs, findings: dy.DataFrame[plans.Findings]
) -> pl.DataFrame:
    at_risk = items_at_risk(inputs["inventory_projections"], "high")
    closed = closed_days(inputs["calendar"]).select("tenant_id", plan_date="date", is_closed=True)
    rows = cells.select("tenant_id", "plan_date", "timezone").sort("tenant_id").join(closed, on=CELL, how="left")
    for part in (
        _forecast_today(inputs),
        _baking_today(cells, inputs["production_batches"]),
        _orders(cells, inputs),
        at_risk.group_by(CELL).agg(items_at_risk_14d=pl.len()),
        last_validated(inputs["validation_runs"]).select(*CELL, "accuracy"),
        findings.group_by(CELL).agg(alerts=pl.len()),
    ):
        rows = rows.join(part, on=CELL, how="left", maintain_order="left")
    counts = ("products", "planned_batches", "orders_14d", "items_at_risk_14d", "alerts")
    sums = ("forecast_quantity", "planned_quantity", "order_cost_14d")
    return rows.with_columns(
        pl.col("is_closed").fill_null(value=False),
        *(pl.col(name).fill_null(0).cast(pl.Int32) for name in counts),
        *(pl.col(name).fill_null(0.0) for name in sums),
    ).with_columns(headline=_headline())


def _forecast_today(inputs: BriefingInputs) -> pl.DataFrame:
    revenue = pl.col("yhat") * pl.col("price")
    return (
        inputs["demand_forecasts"]
        .filter(pl.col("target_date") == pl.col("plan_date"))
        .join(inputs["products"].select("tenant_id", "product_id", "price"), on=["tenant_id", "product_id"], how="left")
        .sort("tenant_id", "location_id", "product_id")
        .group_by(CELL, maintain_order=True)
        .agg(
            forecast_quantity=pl.col("yhat").sum().round(DECIMALS),
            forecast_revenue=pl.when(pl.col("price").is_not_null().any()).then(revenue.sum().round(CENTS)),
            products=pl.col("product_id").n_unique(),
        )
    )


def _baking_today(cells: dy.DataFrame[Cells], batches: dy.DataFrame[plans.ProductionBatches]) -> pl.DataFrame:
    return (
        with_local_times(
            batches.join(cells.select("tenant_id", "timezone"), on="tenant_id", maintain_order="left"),
            start_at="start_at",
            end_at="end_at",
        )
        .filter((pl.col("schedule_date") == pl.col("plan_date")) & ~pl.col("state").is_in(plans.MADE_NOTHING))
        .sort("tenant_id", "batch_number")
        .group_by(CELL, maintain_order=True)
        .agg(
            planned_quantity=pl.col("quantity_planned").sum().round(DECIMALS),
            planned_batches=pl.len(),
            first_start=pl.col("start_at").min(),
            last_end=pl.col("end_at").max(),
        )
    )


def _orders(cells: dy.DataFrame[Cells], inputs: BriefingInputs) -> pl.DataFrame:
    """All orders of the plan, those due before the next open day with their deadline, and the deadline after that."""
    totals = (
        inputs["procurement_plans"]
        .sort("tenant_id", "version")
        .group_by(CELL, maintain_order=True)
        .agg(pl.col("orders_14d").last(), order_cost_14d=pl.col("total_cost").last())
    )
    zones = cells.select("tenant_id", "timezone")
    is_due = pl.col("order_by").dt.date().is_between("plan_date", "next_open_day", closed="left")
    deadlines = (
        with_local_times(
            inputs["procurement_requirements"].join(zones, on="tenant_id", maintain_order="left"), order_by="order_by"
        )
        .filter(pl.col("planned_order_quantity") > 0)
        .join(next_open_days(cells, inputs["calendar"]), on="tenant_id")
        .group_by(CELL)
        .agg(
            due=pl.struct("supplier_id", "deliver_on").filter(is_due).n_unique(),
            deadlines=pl.col("order_by").filter(is_due).n_unique(),
            deadline=pl.col("order_by").filter(is_due).min(),
            next_deadline=pl.col("order_by").filter(pl.col("order_by").dt.date() >= pl.col("next_open_day")).min(),
        )
    )
    return totals.join(deadlines, on=CELL, how="left")


def _headline() -> pl.Expr:
    """The day in one sentence, from the columns of a summary, ``_baking_today`` and ``_orders``, in local time."""
    units = pl.col("forecast_quantity").round(0, mode="half_away_from_zero")
    sell = (
        pl.when("is_closed")
        .then(pl.lit("Closed today"))
        .when(units == 0)
        .then(pl.lit("No sales expected"))
        .otherwise(pl.format("Expect to sell {}", counted(units, "unit", "units")))
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
        pl.when(pl.col("items_at_risk_14d").fill_null(0) > 0)
        .then(pl.format("; {} may run out.", counted("items_at_risk_14d", "item", "items")))
        .otherwise(pl.lit("."))
    )
    return pl.concat_str(sell, bake, order, risk)
