"""A bakery's deliveries watched at some instants: facts as tables of a text, and the alerts after each look."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from bakery_assets.cells import local_cells
from bakery_assets.deliveries.look import Look, alerts_after_look
from bakery_assets.deliveries.order_reminders import ReminderInputs
from bakery_assets.deliveries.texts import PlanDates, TextInputs
from bakery_assets.deliveries.watch import WatchFacts
from bakery_assets.schemas import Cells, conform, ops, plans, table_name
from bakery_assets.schemas.rules import key_columns
from tests.scenarios import Sections, defaults_of, filled, frame_of, neutral_values, sections

FACTS = (
    ops.Tenants, ops.TenantSettings, ops.Calendar, ops.Products, ops.Ingredients, ops.Recipes, ops.RecipeLines,
    ops.Suppliers, ops.SupplierItems, ops.ExchangeRates, ops.CustomerOrders, ops.PurchaseOrders, ops.StockReceipts,
    ops.SupplierReturns,
    ops.AlertAcknowledgements, plans.ProductionBatches, plans.StockBalances, plans.ProcurementRequirements,
)  # fmt: skip
NO_ALERTS = conform(plans.Alerts, filled(plans.Alerts, []))
Frames = dict[str, pl.DataFrame]


def facts_of(tables: Sections) -> Frames:
    """A frame for each table, in local times of the bakery's zone."""
    (cell,) = tables["cells"]
    zone = str(cell["timezone"])
    planned_as_of = datetime.fromisoformat(str(cell["planned_as_of"])).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    own = {
        "tenant_id": "bakery", "plan_date": planned_as_of.astimezone(ZoneInfo(zone)).date(), "timezone": zone,
        "recorded_at": planned_as_of - timedelta(days=1), "country": "XX", "name": "?", "reasoning": "{}",
        "is_known": True, "is_carried_over": False, "is_preview": False, "is_late": False, "priority": 1,
        "order_cutoff_time": time(18),
    }  # fmt: skip
    dated = {"begins_on": "schedule_date"}
    found = {}
    for schema in FACTS:
        rows = [
            {**{name: row[source] for name, source in dated.items() if source in row}, **row}
            for row in tables.get(table_name(schema), [])
        ]
        neutral = {
            name: value
            for name, value in neutral_values(schema).items()
            if value in (0.0, 0, False) and value is not None and defaults_of(schema)[name] is None
        }
        found[table_name(schema)] = frame_of(rows, schema, defaults_of(schema) | neutral | own, zone)
    return found | {
        "cells": pl.DataFrame([{"timezone": zone, "planned_as_of": planned_as_of, "day": own["plan_date"]}])
    }


def known_at(facts: Frames, at: datetime) -> Frames:
    """The latest record of each fact that is known at an instant."""
    known = {}
    for schema in FACTS:
        frame = facts[table_name(schema)]
        if "recorded_at" in frame.columns:
            key = [name for name in key_columns(schema) if name != "recorded_at"]
            frame = frame.filter(pl.col("recorded_at") <= at).sort("recorded_at").unique(key, keep="last")
        known[table_name(schema)] = frame.sort(key_columns(schema))
    return known


def look(facts: Frames, at: datetime) -> tuple[Look, TextInputs, pl.DataFrame]:
    """A look at an instant, what its alerts read, and the acknowledgements."""
    zone, planned_as_of, planned_for = facts["cells"].row(0)
    known = known_at(facts, at)
    tenants = pl.DataFrame({"tenant_id": ["bakery"], "timezone": [zone], "planned_as_of": [at]})
    cells = conform(Cells, local_cells(tenants))
    receipts = known["stock_receipts"]
    confirmed = receipts.filter(state="confirmed")
    watched: dict[str, Any] = {**known, "stock_receipts": confirmed, "draft_receipts": receipts.filter(state="draft")}
    answered = known["purchase_orders"].filter((pl.col("recorded_at") > planned_as_of) & (pl.col("quantity") > 0))
    undecided = known["procurement_requirements"].join(
        answered, on=["tenant_id", "ingredient_id", "supplier_id"], how="anti"
    )
    reminders = cast("ReminderInputs", {**known, "undecided": undecided})
    inputs: dict[str, Any] = {
        **known,
        "stock_receipts": confirmed,
        "plan_dates": conform(PlanDates, pl.DataFrame({"tenant_id": ["bakery"], "planned_for": [planned_for]})),
        "receipts_since": confirmed.filter(pl.col("received_at") > planned_as_of),
    }
    seen = Look.at(cells, cast("WatchFacts", watched), reminders)
    return seen, cast("TextInputs", inputs), known["alert_acknowledgements"]


def watched(text: str) -> dict[datetime, dy.DataFrame[plans.Alerts]]:
    """The alerts of a text's bakery after each of its looks."""
    tables = sections(text)
    facts = facts_of(tables)
    zone = ZoneInfo(str(facts["cells"]["timezone"][0]))
    alerts, found = NO_ALERTS, {}
    for row in tables["looks"]:
        local = datetime.fromisoformat(str(row["at"]))
        at = (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
        seen, inputs, acknowledged = look(facts, at)
        alerts = alerts_after_look(seen, alerts, inputs, conform(ops.AlertAcknowledgements, acknowledged))
        found[at] = alerts
    return found
