"""The field's terms: comments in plain English with units."""

from alembic import op

revision = "0006"
down_revision = "0005"

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
        "reasoning": "Every term of the calculation",
    },
    "plans.inventory_projections": {
        "": "Projected stock for two weeks. closing = opening + receipts - consumption - expired.",
        "receipts": "Deliveries and baking, open orders and this plan's together, in the item's unit",
        "planned_receipts": "Part of the receipts that this plan proposes and is not ordered yet, in the item's unit",
        "required": "Quantity the day requires, in the item's unit",
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
        "asked_in": "Transaction that requested to validate the days before again; empty: none",
        "begun_in": "Transactions below this had ended when it was last started; empty: requested since",
    },
    "plans.procurement_plans": {
        "": "A plan's purchase orders in total.",
        "total_cost": "Cost of the orders, in the tenant's currency",
        "reasoning": "Every term of the calculation",
        "consequence": "What happens if no one acts",
    },
    "plans.procurement_requirements": {
        "supplier_id": "Supplier; empty: no supplier for it",
        "on_hand": "Usable stock, in the ingredient's unit",
        "incoming": "Open orders, in the ingredient's unit",
        "safety_stock": "Quantity that should be left, in the ingredient's unit",
        "net": "Need that neither stock nor open orders cover, in the ingredient's unit",
        "order_quantity": "Quantity to order, after minimum and pack, in the ingredient's unit",
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
    "plans.validation_leads": {
        "": "Accuracy of a past day's forecasts, by how many days before they were made.",
        "bias": "Sum of errors over sum of sales, as a fraction; above 0: forecast too much",
        "sold_out_series": "Of these, rows that sold out; demand is not known there, so no metric counts them",
    },
    "plans.validation_locations": {
        "": "Accuracy of a past day's forecasts, by shop.",
        "bias": "Sum of errors over sum of sales, as a fraction; above 0: forecast too much",
        "sold_out_series": "Of these, rows that sold out; demand is not known there, so no metric counts them",
    },
    "plans.validation_products": {
        "": "Accuracy of a past day's forecasts, by product over all shops, with the best and worst products.",
        "bias": "Sum of errors over sum of sales, as a fraction; above 0: forecast too much",
        "sold_out_series": "Of these, rows that sold out; demand is not known there, so no metric counts them",
        "mape_28d": "MAPE of the same rows, as a fraction",
    },
    "plans.validation_results": {
        "": "A past day's one-day-ahead forecast against sales, by product and location.",
        "yhat": "Forecast, in units",
        "actual": "Sales in units, net of refunds",
        "error": "Forecast minus sales, in units",
        "is_sold_out": "It sold out: demand was higher than sales",
        "scale": "Mean absolute difference of the series' sales to a week before, over the 8 weeks before the day, in units; empty: not defined",
    },
    "plans.validation_runs": {
        "": "A past day's one-day-ahead forecast against sales.",
        "bias": "Sum of errors over sum of sales, as a fraction; above 0: forecast too much",
        "forecasts_evaluated": "Forecast rows compared",
        "lead_days": "Days from the evaluated forecast to the day: 0, made that morning; empty: no forecast",
        "sold_out_series": "Of these, rows that sold out; demand is not known there, so no metric counts them",
    },
}


def upgrade() -> None:
    for table, comments in COMMENTS.items():
        for column, comment in comments.items():
            kind, name = ("COLUMN", f"{table}.{column}") if column else ("TABLE", table)
            text = comment.replace("'", "''")
            op.execute(f"COMMENT ON {kind} {name} IS '{text}'")


def downgrade() -> None:
    # Comments stay: the code before reads none of them.
    pass
