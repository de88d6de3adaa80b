"""The field's terms: columns renamed, fractions instead of percent, closed sets checked, comments with units."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

RENAMED = {
    "plans.procurement_requirements": {
        "gross": "gross_requirement",
        "incoming": "scheduled_receipts",
        "net": "net_requirement",
        "order_quantity": "planned_order_quantity",
    },
    "plans.procurement_plans": {"orders": "orders_14d"},
    "plans.inventory_projections": {"required": "gross_requirement"},
    "plans.validation_runs": {"accuracy_pct": "accuracy", "coverage_pct": "coverage"},
    "plans.validation_leads": {"accuracy_pct": "accuracy", "coverage_pct": "coverage"},
    "plans.validation_locations": {"accuracy_pct": "accuracy", "coverage_pct": "coverage"},
    "plans.validation_products": {"accuracy_pct": "accuracy", "coverage_pct": "coverage"},
    "plans.validation_results": {"scale": "mase_scale"},
    "plans.override_scores": {"nearer": "closer"},
    "plans.daily_summaries": {
        "orders": "orders_14d",
        "order_cost": "order_cost_14d",
        "items_at_risk": "items_at_risk_14d",
        "accuracy_pct": "accuracy",
    },
    "plans.planning_runs": {"asked_in": "requested_xid", "begun_in": "started_xid", "validated_in": "validated_xid"},
}
COVERED = ("validation_runs", "validation_leads", "validation_locations", "validation_products")
CLOSED_SETS = {
    ("demand_forecasts", "model"): (
        "trees_and_smoothing", "trees", "trees_half", "smoothing", "same_weekday_smoothing", "level_smoothing",
        "intermittent", "untrained_smoothing", "short_history", "no_history",
    ),
    ("series_models", "model"): (
        "trees_and_smoothing", "trees", "trees_half", "smoothing", "same_weekday_smoothing", "level_smoothing",
        "intermittent",
    ),
    ("alerts", "kind"): (
        "planning_failed", "closed_today", "over_capacity", "baking_note", "order_today", "late_delivery",
        "no_supplier", "stockout", "low_stock", "expiring", "no_history", "no_forecast", "sales_missing",
        "forecast_off", "forecast_worsening",
    ),
}  # fmt: skip
# By table and column; "" is the table's own.
COMMENTS = {
    "ops.alert_acknowledgements": {
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.batch_events": {
        "plan_date": "Day of the plan that has the batch",
        "who": "Who reported it",
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.customer_orders": {
        "quantity": "Units; 0: canceled",
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.equipment_events": {
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.forecast_overrides": {
        "target_date": "Day whose forecast is overridden",
        "quantity": "Quantity instead of the forecast, in units",
        "who": "Who overrides it",
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.ingredients": {
        "": "Ingredients that are bought.",
        "safety_stock": "Quantity that should always be left, in the ingredient's unit",
        "shelf_life_days": "Days it keeps, counted from delivery",
    },
    "ops.plan_decisions": {
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.products": {
        "unit_cost": "Cost to make one unit, in the tenant's currency",
        "salvage_value": "Value of an unsold unit, in the tenant's currency",
    },
    "ops.purchase_orders": {
        "quantity": "Quantity ordered, in the ingredient's unit; 0: canceled",
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.quality_checks": {
        "batch_number": "Batch checked",
        "value": "Value measured, in the unit of the check's limits",
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.quarantine": {
        "quarantined_at": "When it was first read",
    },
    "ops.recipes": {
        "make_days": "Days before use that production has to start",
    },
    "ops.sales": {
        "quantity": "Units sold; negative: more were returned than sold",
        "revenue": "Revenue in the tenant's currency",
        "sold_out_at": "Local time the last one was sold; empty: it did not sell out",
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.sales_hourly": {
        "": "Sales per hour, and whether the product was in stock.",
        "in_stock": "Share of the hour in which it could be bought, as a fraction",
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.shifts": {
        "": "When staff work.",
    },
    "ops.stock_lots": {
        "expires_on": "Last day it may be used; empty: no expiry",
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.stock_receipts": {
        "order_id": "Purchase order it fulfills",
        "expires_on": "Last day it may be used; empty: no expiry",
        "received_at": "When it was received",
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.supplier_items": {
        "price": "Price per unit of the ingredient, in the supplier's currency",
    },
    "ops.suppliers": {
        "": "Suppliers that ingredients are ordered from.",
        "reliability": "Share of deliveries on time and complete, as a fraction",
    },
    "ops.waste": {
        "recorded_at": "When we learned this; a plan uses what was recorded by its planning instant",
    },
    "ops.weather": {
        "": "Observed weather.",
        "temperature_c": "Mean temperature, in degrees Celsius",
        "rain_mm": "Rain, in millimeters",
    },
    "plans.alerts": {
        "": "What needs a person's attention, and why.",
        "kind": "What it is about: planning_failed, closed_today, over_capacity, baking_note, order_today, late_delivery, no_supplier, stockout, low_stock, expiring, no_history, no_forecast, sales_missing, forecast_off, forecast_worsening",
        "reasoning": "Every term of the calculation",
        "consequence": "What happens if no one acts",
    },
    "plans.boosters": {
        "": "Gradient-boosted trees fitted on a sample of all tenants' series; they hold no tenant's rows.",
        "trained_through": "Last day of sales in its training data",
        "holdout_from": "First day after the training data of the holdout trees",
    },
    "plans.daily_summaries": {
        "": "A bakery's day in one row.",
        "forecast_revenue": "The same at list price, in the tenant's currency",
        "orders_14d": "Orders to place within 14 days",
        "order_cost_14d": "Cost of these orders, in the tenant's currency",
        "items_at_risk_14d": "Items that may run out within 14 days",
        "accuracy": "Accuracy of the last validated day, 1 - WAPE, at least 0, as a fraction",
        "alerts": "Alerts of the day",
        "headline": "The day in one sentence",
    },
    "plans.demand_forecasts": {
        "yhat": "Expected demand, in units; includes a human override",
        "q10": "Demand stays at or below this on 10 days of 100, in units",
        "q50": "Demand stays at or below this on 50 days of 100, in units",
        "q80": "Demand stays at or below this on 80 days of 100, in units",
        "q90": "Demand stays at or below this on 90 days of 100, in units",
        "q95": "Demand stays at or below this on 95 days of 100, in units",
        "model": "Model that made it: trees_and_smoothing, trees, trees_half, smoothing, same_weekday_smoothing, level_smoothing, intermittent, untrained_smoothing, short_history, no_history",
        "reasoning": "Every term of the calculation",
    },
    "plans.inventory_projections": {
        "": "Projected stock for two weeks. closing = opening + receipts - consumption - expired.",
        "receipts": "Deliveries and baking, open orders and this plan's together, in the item's unit",
        "planned_receipts": "Part of the receipts that this plan proposes and is not ordered yet, in the item's unit",
        "gross_requirement": "Quantity the day requires, in the item's unit",
        "consumption": "Part of the requirement that stock covers, in the item's unit",
        "unmet": "Part of the requirement that stock does not cover, in the item's unit",
        "expired": "Stock past its last day in the evening, in the item's unit",
        "closing": "Stock in the evening, in the item's unit",
    },
    "plans.model_versions": {
        "trained_through": "Last day of sales in its training data",
        "effects": "Factors of special days, learned closures and error quantiles of the tenant",
        "champion_from": "First planning instant that uses it; empty: none does",
        "champion_until": "First planning instant that no longer uses it; empty: still in use",
    },
    "plans.override_scores": {
        "": "Whether a human override of a forecast was closer to sales than the system.",
        "who": "Who overrode the forecast",
        "actual": "Sales in units, net of refunds",
        "human_error": "Forecast with the override minus sales, in units",
        "system_error": "Forecast without it minus sales, in units",
    },
    "plans.planning_runs": {
        "status": "State of the cell: claimed, partial, planned, failed",
        "planned_as_of": "Planning instant: facts recorded up to it were used; for late sales see facts_until",
        "attempts": "How often planning was started",
        "claimed_at": "When it was last started",
        "claimed_by": "Who started it: a tick of the schedule, then the Dagster run; only that run may finish it",
        "requested_xid": "Transaction that last requested to validate the days before again; empty: none",
        "started_xid": "Transactions below this had ended when it was last started; empty: requested since",
        "validated_xid": "What started_xid was when the days before were last validated",
    },
    "plans.procurement_plans": {
        "": "A plan's purchase orders in total.",
        "orders_14d": "Orders to place within the 14 days of the plan",
        "total_cost": "Cost of these orders, in the tenant's currency",
        "reasoning": "Every term of the calculation",
        "consequence": "What happens if no one acts",
    },
    "plans.procurement_requirements": {
        "supplier_id": "Supplier; empty: no supplier for it",
        "gross_requirement": "Requirement within the plan, in the ingredient's unit",
        "on_hand": "Usable stock, in the ingredient's unit",
        "scheduled_receipts": "Receipts from open orders, in the ingredient's unit",
        "safety_stock": "Quantity that should be left, in the ingredient's unit",
        "net_requirement": "Requirement that neither stock nor scheduled receipts cover, in the ingredient's unit",
        "planned_order_quantity": "Quantity to order, after minimum and pack, in the ingredient's unit",
        "cost": "Planned order quantity times price, in the tenant's currency",
        "deliver_on": "Day of delivery",
        "is_late": "It cannot be delivered by the day it is needed",
        "reasoning": "Every term of the calculation",
        "consequence": "What happens if no one acts",
    },
    "plans.production_batches": {
        "quantity_planned": "Quantity to bake, in units",
        "reasoning": "Every term of the calculation",
    },
    "plans.production_schedules": {
        "": "A day's production in total.",
        "utilization": "Busy share of the busiest machine's time in the shifts, as a fraction; above 1: it does not fit",
        "reasoning": "Every term of the calculation",
        "consequence": "What happens if no one acts",
    },
    "plans.retraining_runs": {
        "state": "State of the retraining: requested, running, not_needed, gated, promoted, not_better, confirmed, rolled_back, failed",
        "requested_by": "Who requested it: schedule, person",
        "requested_at": "When it was requested",
        "live_wape_old": "WAPE the old version would have had on these days, as a fraction",
        "live_wape_new": "WAPE of the new version on these days, as a fraction",
        "reason": "Why it ended in this state",
    },
    "plans.retraining_triggers": {
        "kind": "What triggered it: mape, mape_rise, age, request, no_model",
        "threshold": "What it was compared with, in the same unit",
    },
    "plans.series_models": {
        "model": "Model chosen by backtest: trees_and_smoothing, trees, trees_half, smoothing, same_weekday_smoothing, level_smoothing, intermittent",
    },
    "plans.validation_leads": {
        "": "Accuracy of a past day's forecasts, by how many days before they were made.",
        "accuracy": "1 - WAPE, at least 0, as a fraction",
        "mase": "Mean over the rows of absolute error over mase_scale (see validation_results)",
        "bias": "Sum of errors over sum of sales, as a fraction; above 0: forecast too much",
        "coverage": "Share of rows whose sales lay between q10 and q90, as a fraction",
        "sold_out_series": "Of these, rows that sold out; demand is not known there, so no metric counts them",
    },
    "plans.validation_locations": {
        "": "Accuracy of a past day's forecasts, by shop.",
        "accuracy": "1 - WAPE, at least 0, as a fraction",
        "mase": "Mean over the rows of absolute error over mase_scale (see validation_results)",
        "bias": "Sum of errors over sum of sales, as a fraction; above 0: forecast too much",
        "coverage": "Share of rows whose sales lay between q10 and q90, as a fraction",
        "sold_out_series": "Of these, rows that sold out; demand is not known there, so no metric counts them",
    },
    "plans.validation_products": {
        "": "Accuracy of a past day's forecasts, by product over all shops, with the best and worst products.",
        "accuracy": "1 - WAPE, at least 0, as a fraction",
        "mase": "Mean over the rows of absolute error over mase_scale (see validation_results)",
        "bias": "Sum of errors over sum of sales, as a fraction; above 0: forecast too much",
        "coverage": "Share of rows whose sales lay between q10 and q90, as a fraction",
        "sold_out_series": "Of these, rows that sold out; demand is not known there, so no metric counts them",
        "mape_28d": "MAPE of the same rows, as a fraction",
    },
    "plans.validation_results": {
        "": "A past day's one-day-ahead forecast against sales, by product and location.",
        "yhat": "Forecast, in units",
        "actual": "Sales in units, net of refunds",
        "error": "Forecast minus sales, in units",
        "is_sold_out": "It sold out: demand was higher than sales",
        "mase_scale": "Mean absolute difference of the series' sales to a week before, over the 8 weeks before the day, in units; empty: not defined",
    },
    "plans.validation_runs": {
        "": "A past day's one-day-ahead forecast against sales.",
        "accuracy": "1 - WAPE, at least 0, as a fraction",
        "bias": "Sum of errors over sum of sales, as a fraction; above 0: forecast too much",
        "coverage": "Share of rows whose sales lay between q10 and q90, as a fraction",
        "forecasts_evaluated": "Forecast rows compared",
        "mase": "Mean over the rows of absolute error over mase_scale (see validation_results)",
        "lead_days": "Days from the evaluated forecast to the day: 0, made that morning; empty: no forecast",
        "sold_out_series": "Of these, rows that sold out; demand is not known there, so no metric counts them",
    },
}


def upgrade() -> None:
    for table, columns in RENAMED.items():
        for old, new in columns.items():
            _rename(table, old, new)
    op.execute("ALTER INDEX plans.planning_runs_asked_idx RENAME TO planning_runs_requested_idx")
    _scale_ratios("/ 100", largest_coverage="1.0")
    # The name that the first release had for it.
    op.execute(
        "UPDATE plans.demand_forecasts SET model = 'untrained_smoothing' WHERE model = 'seasonal_smoothing_ensemble'"
    )
    for (table, column), values in CLOSED_SETS.items():
        listed = ", ".join(f"'{value}'" for value in values)
        op.create_check_constraint(op.f(f"{table}_{column}_check"), table, f"{column} IN ({listed})", schema="plans")
    for table, comments in COMMENTS.items():
        for column, comment in comments.items():
            kind, name = ("COLUMN", f"{table}.{column}") if column else ("TABLE", table)
            text = comment.replace("'", "''")
            op.execute(sa.text(f"COMMENT ON {kind} {name} IS '{text}'".replace(":", "\\:")))


def downgrade() -> None:
    for table, column in CLOSED_SETS:
        op.drop_constraint(op.f(f"{table}_{column}_check"), table, schema="plans")
    _scale_ratios("* 100", largest_coverage="100.0")
    op.execute("ALTER INDEX plans.planning_runs_requested_idx RENAME TO planning_runs_asked_idx")
    for table, columns in RENAMED.items():
        for old, new in columns.items():
            _rename(table, new, old)


def _rename(table: str, old: str, new: str) -> None:
    """Rename a column and the constraints that are named after it; from PostgreSQL 18 on NOT NULL is one."""
    op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    name = table.removeprefix("plans.")
    for kind in ("check", "not_null"):
        query = sa.text("SELECT FROM pg_constraint WHERE conrelid = CAST(:table AS regclass) AND conname = :name")
        if op.get_bind().execute(query, {"table": table, "name": f"{name}_{old}_{kind}"}).first() is not None:
            op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {name}_{old}_{kind} TO {name}_{new}_{kind}")


def _scale_ratios(factor: str, *, largest_coverage: str) -> None:
    """Turn percent into fractions, or back."""
    op.execute(f"UPDATE plans.daily_summaries SET accuracy = accuracy {factor} WHERE accuracy IS NOT NULL")  # noqa: S608
    for table in COVERED:
        op.drop_constraint(op.f(f"{table}_coverage_check"), table, schema="plans")
        op.execute(
            f"UPDATE plans.{table} SET accuracy = accuracy {factor}, coverage = coverage {factor}"  # noqa: S608
            " WHERE accuracy IS NOT NULL OR coverage IS NOT NULL"
        )
        op.create_check_constraint(
            op.f(f"{table}_coverage_check"), table, f"coverage BETWEEN 0.0 AND {largest_coverage}", schema="plans"
        )
