"""Several mornings of one bakery from facts as text: each morning plans with what was recorded and published by then.

A text has the sections of ``tests.scenarios``; ``[cells]`` has the mornings. Sales without ``recorded_at`` are recorded
at 20:00 of their day. Plans are published a minute after their instant, and nothing is kept but what a warehouse keeps.
"""

from datetime import datetime, time, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from rich.console import Console

from bakery_assets.briefing.alert_life import PlanOutcomes, alerts_after, most_urgent_first
from bakery_assets.briefing.terminal import render_alerts
from bakery_assets.cells import Frames
from bakery_assets.planning_day import PRIOR_CELL_INPUTS, RECORD, STAGES, WRITTEN_BY, PlanningRound
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas.rules import key_columns
from tests.briefing.alert_worlds import NO_ALERTS
from tests.scenarios import Sections, defaults_of, frame_of, frame_schema, sections, with_policy

WIDTH = 100
PUBLISHED = timedelta(minutes=1)
READS = {name: schema for stage in STAGES for name, schema in stage.reads.items()}


def mornings(text: str) -> dict[str, str]:
    """What a person reads each morning: the orders to place that day, and what `bakery alerts` lists at noon."""
    tables = with_policy(sections(text))
    zone = str(tables["cells"][0]["timezone"])
    all_cells = frame_of(tables["cells"], Cells, {"tenant_id": "bakery"}, zone).sort("plan_date")
    facts = _facts(tables, zone, all_cells["planned_as_of"][0])
    kept: list[tuple[pl.DataFrame, Frames]] = []
    alerts, pages = NO_ALERTS, {}
    for cells in all_cells.partition_by("plan_date"):
        plan_date, planned_as_of = cells.select("plan_date", "planned_as_of").row(0)
        known = {name: _known(name, frame, planned_as_of) for name, frame in facts.items()}
        planned = PlanningRound.start(conform(Cells, cells), known, _record(kept, cells))
        for stage in STAGES:
            planned = planned.run(stage)
        assert not planned.failed, planned.failed
        made = planned.output_tables()
        kept.append((cells, made))
        outcomes = cells.select("tenant_id", "plan_date", "planned_as_of", succeeded=True, is_latest=True)
        seen = conform(ops.AlertAcknowledgements, frame_of([], ops.AlertAcknowledgements, {}, zone))
        alerts = alerts_after(
            alerts,
            conform(PlanOutcomes, outcomes),
            conform(plans.Findings, made["findings"]),
            seen,
            conform(ops.PurchaseOrders, facts["purchase_orders"]),
        )
        noon = datetime.combine(plan_date, time(12), ZoneInfo(zone))
        file = StringIO()
        shown = alerts.filter(pl.col("resolved_on").is_null() | (pl.col("resolved_on") == plan_date))
        shown = most_urgent_first(conform(plans.Alerts, shown))
        Console(file=file, width=WIDTH, highlight=False).print(render_alerts(shown, {"bakery": zone}, noon))
        listed = "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())
        pages[f"{plan_date} {plan_date:%a}"] = _orders(made, zone) + listed
    return pages


def _facts(tables: Sections, zone: str, first: datetime) -> dict[str, pl.DataFrame]:
    found = {}
    for name, schema in READS.items():
        if name in WRITTEN_BY or name in PRIOR_CELL_INPUTS or name in RECORD:
            continue
        own = {"tenant_id": "bakery", "recorded_at": first - timedelta(days=1), "timezone": zone}
        rows = [
            {"recorded_at": f"{row['sales_date']}T20:00", **row} if name == "sales" else row
            for row in tables.get(name, [])
        ]
        found[name] = frame_of(rows, schema, defaults_of(schema) | own, zone)
    return found


def _known(name: str, frame: pl.DataFrame, now: datetime) -> pl.DataFrame:
    if "recorded_at" not in frame.columns or frame.is_empty():
        return frame
    key = [column for column in key_columns(READS[name]) if column != "recorded_at"]
    if name == "stock_lots":
        frame = frame.with_columns(pl.coalesce("counted_at", "recorded_at").alias("counted_at"))
    known = frame.filter(pl.col("recorded_at") <= now)
    return known.sort(*key, "recorded_at").unique(key, keep="last", maintain_order=True)


def _record(kept: list[tuple[pl.DataFrame, Frames]], cells: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What earlier mornings left: their rows, and what they published."""
    before = [made for _, made in kept]
    found: dict[str, pl.DataFrame] = {}
    for name, table in PRIOR_CELL_INPUTS.items():
        rows = [made[table] for made in before]
        frame = pl.concat([_empty(READS[name]), *rows])
        if name == "day_forecasts":
            frame = frame.filter((pl.col("target_date") - pl.col("plan_date")).dt.total_days() <= 1)
        if name == "past_adjustments":
            frame = frame.filter(pl.col("kind") == "adjustment")
        found[name] = frame
    dated = pl.concat([*(earlier for earlier, _ in kept), cells])
    last = cells["planned_as_of"][0]
    versions = dated.select(
        "tenant_id", "plan_date", "planned_as_of", version=pl.lit(1, pl.Int32), cause=pl.lit("planning_time"),
        cause_detail=pl.lit(None, pl.String), requested_at="planned_as_of",
        published_at=pl.when(pl.col("planned_as_of") < last).then(pl.col("planned_as_of") + PUBLISHED),
    )  # fmt: skip
    found["plan_versions"] = versions.select(plans.PlanVersions.column_names())
    published = versions.select("tenant_id", "plan_date", "version", "published_at")
    begins_soon = pl.col("begins_on") <= pl.col("plan_date")
    batches = [
        made["production_batches"]
        .filter((pl.col("schedule_date") == pl.col("plan_date")) | begins_soon)
        .join(published, on=["tenant_id", "plan_date"])
        .with_columns(
            begins_at=pl.col("start_at") - (pl.col("schedule_date") - pl.col("begins_on")), planned_since="published_at"
        )
        .select(plans.PublishedBatches.column_names())
        for made in before
    ]
    orders = [
        made["procurement_requirements"]
        .filter(pl.col("planned_order_quantity") > 0)
        .join(published.drop("version"), on=["tenant_id", "plan_date"])
        .with_columns(unit_price=pl.lit(None, pl.Float64))
        .select(plans.PublishedOrders.column_names())
        for made in before
    ]
    distributions = [
        made["distribution_plans"]
        .join(published, on=["tenant_id", "plan_date"])
        .select(plans.PublishedDistributions.column_names())
        for made in before
    ]
    found["published_batches"] = pl.concat([_empty(plans.PublishedBatches), *batches])
    found["published_distributions"] = pl.concat([_empty(plans.PublishedDistributions), *distributions])
    found["published_orders"] = pl.concat([_empty(plans.PublishedOrders), *orders])
    for name in ("model_versions", "series_models", "boosters", "shared_effects"):
        found[name] = _empty(READS[name])
    return found


def _empty(schema: Any) -> pl.DataFrame:
    return pl.DataFrame([], schema=frame_schema(schema))


def _orders(made: Frames, zone: str) -> str:
    """Orders whose deadline is on the plan date, and what stock and projection say of every ingredient."""
    local = pl.col("order_by").dt.convert_time_zone(zone)
    due = made["procurement_requirements"].filter(local.dt.date() == pl.col("plan_date"))
    lines = [
        f"order {row['planned_order_quantity']:g} {row['ingredient_id']} for {row['deliver_on']:%a}: {row['consequence']}"
        for row in due.sort("ingredient_id").iter_rows(named=True)
    ]
    today = made["inventory_projections"].filter(
        (pl.col("projection_date") == pl.col("plan_date")) & (pl.col("item_kind") == "ingredient")
    )
    for row in today.sort("item_id").iter_rows(named=True):
        there = "unknown" if row["opening"] is None else f"{round(row['opening'], 2):g}"
        lines.append(f"stock {row['item_id']}: {there}, today's baking takes {round(row['gross_requirement'], 2):g}")
    return "".join(f"{line}\n" for line in [*lines, ""])
