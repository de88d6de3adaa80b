"""Reads the briefing of one bakery's day: its plan as stored, and the names and sales shown next to it."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import cast

import polars as pl
from sqlalchemy import Table, func, literal, select, union_all

from bakery_assets.briefing.day_briefing import DayBriefing, DayFrames, PlanState
from bakery_assets.briefing.product_forecast import CHECKED_DAYS, HISTORY_WEEKS, ProductForecast, ProductFrames
from bakery_assets.cells import HORIZON_DAYS, OUTLOOK_DAYS
from resources.schema import ops, plans
from resources.schema.packed import rows_of
from resources.warehouse.alerts import alerts_of_day
from resources.warehouse.connection import Bulk, Warehouse, frame_schema, selected

# Sales that are not withdrawn, by a record of the same time or later.
_STANDS = (
    "NOT EXISTS (SELECT FROM ops.sales s WHERE s.tenant_id = t.tenant_id AND s.product_id = t.product_id"
    " AND s.location_id = t.location_id AND s.sales_date = t.sales_date AND s.recorded_at >= t.recorded_at"
    " AND s.is_withdrawn)"
)
_NAMED = (
    ops.products, ops.ingredients, ops.suppliers, ops.supplier_items, ops.equipment, ops.locations, ops.shifts,
    ops.recipes, ops.recipe_lines,
)  # fmt: skip
# Rows of the day: of its plan, and events that name a batch by the day whose plan has it.
_OF_DAY = (
    plans.production_schedules, plans.distribution_plans, plans.procurement_plans, plans.purchase_proposals,
    plans.procurement_requirements,
    plans.inventory_projections, plans.stock_balances, plans.validation_runs, plans.validation_results,
    plans.override_scores, plans.daily_summaries, plans.plan_changes, plans.plan_versions,
    ops.batch_events,
)  # fmt: skip


def read_day_briefing(warehouse: Warehouse, tenant_id: str, plan_date: date) -> DayBriefing | None:
    """What is known and planned of a bakery's day, in one consistent snapshot; None: there is no such tenant."""
    wanted = pl.DataFrame(
        {"tenant_id": [tenant_id], "plan_date": [plan_date], "week_before": [plan_date - timedelta(days=7)]}
    )
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.put("wanted", wanted)
        tenant = _rows(bulk, ops.tenants, "t.tenant_id = w.tenant_id")
        if tenant.is_empty():
            return None
        of_day = "t.tenant_id = w.tenant_id AND t.plan_date = w.plan_date"
        runs = _rows(bulk, plans.planning_runs, of_day)
        frames = {table.name: _rows(bulk, table, "t.tenant_id = w.tenant_id") for table in _NAMED}
        frames |= {table.name: _rows(bulk, table, of_day) for table in _OF_DAY}
        for table, day in ((plans.demand_forecasts, "target_date"), (plans.production_batches, "schedule_date")):
            frames[table.name] = _rows(bulk, table, f"{of_day} AND t.{day} = w.plan_date")
        made = "t.order_id LIKE 'PO-' || to_char(w.plan_date, 'YYYYMMDD') || '-%'"
        frames["order_events"] = _rows(bulk, ops.order_events, f"t.tenant_id = w.tenant_id AND {made}")
        coming = f"{of_day} AND t.schedule_date > w.plan_date"
        frames["coming_batches"] = _rows(bulk, plans.production_batches, coming)
        # As far ahead as the next open day is looked for.
        ahead = f"t.date BETWEEN w.plan_date AND w.plan_date + {OUTLOOK_DAYS}"
        frames["calendar"] = _rows(bulk, ops.calendar, f"t.tenant_id = w.tenant_id AND {ahead}")
        frames[plans.alerts.name] = alerts_of_day(bulk, [tenant_id], plan_date)
        sales = _rows(bulk, ops.sales, f"t.tenant_id = w.tenant_id AND t.sales_date = w.week_before AND {_STANDS}")
    frames["sales"] = sales.sort("recorded_at").unique(["product_id", "location_id"], keep="last", maintain_order=True)
    bakery = tenant.row(0, named=True)
    return DayBriefing(
        tenant_id=tenant_id,
        name=bakery["name"],
        timezone=bakery["timezone"],
        currency=bakery["currency"],
        plan_date=plan_date,
        state=PlanState(**runs.select(list(PlanState.__annotations__)).row(0, named=True)) if runs.height else None,
        frames=cast(DayFrames, frames),
    )


def read_product_forecast(
    warehouse: Warehouse, tenant_id: str, product_id: str, plan_date: date
) -> ProductForecast | None:
    """A product's forecast by the plan of a day, and what it is compared with, in one consistent snapshot.

    Returns:
        None: the tenant has no such product.
    """
    first = plan_date - timedelta(days=plan_date.weekday() + 7 * HISTORY_WEEKS)
    checked = plan_date - timedelta(days=CHECKED_DAYS)
    wanted = pl.DataFrame(
        {"tenant_id": [tenant_id], "product_id": [product_id], "plan_date": [plan_date], "first": [first],
         "checked": [checked]}
    )  # fmt: skip
    own = "t.tenant_id = w.tenant_id AND t.product_id = w.product_id"
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.put("wanted", wanted)
        tenant = _rows(bulk, ops.tenants, "t.tenant_id = w.tenant_id")
        product = _rows(bulk, ops.products, own)
        if product.is_empty():
            return None
        runs = _rows(bulk, plans.planning_runs, "t.tenant_id = w.tenant_id AND t.plan_date = w.plan_date")
        since = f"{own} AND t.sales_date >= w.first AND t.sales_date < w.plan_date"
        results = f"{own} AND t.validation_date >= w.checked AND t.plan_date <= w.plan_date"
        frames = {
            "locations": _rows(bulk, ops.locations, "t.tenant_id = w.tenant_id"),
            "sales": _latest(
                _rows(bulk, ops.sales, f"{since} AND {_STANDS}"), "recorded_at", "sales_date", "location_id"
            ),
            "demand_forecasts": _rows(bulk, plans.demand_forecasts, f"{own} AND t.plan_date = w.plan_date"),
            "validation_results": _latest(
                _rows(bulk, plans.validation_results, results), "plan_date", "validation_date", "location_id"
            ),
        }
    bakery, item = tenant.row(0, named=True), product.row(0, named=True)
    return ProductForecast(
        bakery=bakery["name"],
        timezone=bakery["timezone"],
        product_id=product_id,
        name=item["name"],
        unit=item["unit"],
        plan_date=plan_date,
        planned_as_of=runs["planned_as_of"][0] if frames["demand_forecasts"].height else None,
        frames=cast(ProductFrames, frames),
    )


def _latest(rows: pl.DataFrame, version: str, *key: str) -> pl.DataFrame:
    """Of the rows of one key the last version, sorted."""
    return rows.sort(version).unique(key, keep="last").sort(key)


def last_planned_before(warehouse: Warehouse, tenant_id: str, day: date) -> date | None:
    """The last date before ``day`` of which a tenant has a plan whose horizon has the day."""
    summaries = plans.daily_summaries.c
    query = select(func.max(summaries.plan_date)).where(
        summaries.tenant_id == tenant_id,
        summaries.plan_date.between(day - timedelta(days=HORIZON_DAYS - 1), day - timedelta(days=1)),
    )
    with warehouse.engine.connect() as connection:
        latest: date | None = connection.execute(query).scalar_one()
    return latest


def _rows(bulk: Bulk, table: Table, condition: str) -> pl.DataFrame:
    frame = bulk.read(f"SELECT {selected(table)} FROM {rows_of(table)} t JOIN wanted w ON {condition}")  # noqa: S608
    typed = [pl.col(name).cast(kind) for name, kind in frame_schema(table).items()]
    return frame.select(typed).sort([column.name for column in table.primary_key])


def item_names(warehouse: Warehouse, tenant_id: str) -> pl.DataFrame:
    """What a tenant keeps in stock: ``column`` that names it in facts, ``item_id, name, unit``, by column and id."""
    parts = [
        select(literal(f"{kind}_id"), table.c[f"{kind}_id"], table.c.name, table.c.unit).where(
            table.c.tenant_id == tenant_id
        )
        for kind, table in (("ingredient", ops.ingredients), ("product", ops.products))
    ]
    recipes = ops.recipes.c
    parts.append(
        select(
            literal("recipe_id"), recipes.recipe_id, func.coalesce(recipes.name, recipes.recipe_id), recipes.yield_unit
        ).where(recipes.tenant_id == tenant_id, recipes.product_id.is_(None))
    )
    with warehouse.engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(union_all(*parts))]
    columns = ["column", "item_id", "name", "unit"]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row").sort("column", "item_id")


@dataclass(frozen=True)
class PlannedBatch:
    """A batch as the last plan that has it planned it; ``quantity`` in ``unit``.

    Attributes:
        is_preview: its day has no plan of its own yet, so that its number may still go to another batch.
    """

    schedule_date: date
    product_id: str
    name: str
    unit: str
    quantity: float
    is_preview: bool


def planned_batch(warehouse: Warehouse, tenant_id: str, batch_number: str) -> PlannedBatch | None:
    """A batch of a tenant's plans; None: no plan has it."""
    batches, products = plans.production_batches.c, ops.products.c
    query = (
        select(
            batches.schedule_date,
            batches.product_id,
            products.name,
            products.unit,
            batches.quantity_planned,
            batches.plan_date < batches.schedule_date,
        )
        .join_from(
            plans.production_batches,
            ops.products,
            (products.tenant_id == batches.tenant_id) & (products.product_id == batches.product_id),
        )
        .where(
            batches.tenant_id == tenant_id,
            batches.batch_number == batch_number,
            batches.plan_date <= batches.schedule_date,
        )
        .order_by(batches.plan_date.desc())
        .limit(1)
    )
    with warehouse.engine.connect() as connection:
        row = connection.execute(query).first()
    return PlannedBatch(*row) if row else None


@dataclass(frozen=True)
class RecordedWaste:
    """What was thrown away, as it was recorded last, without how much; one of the first three names it."""

    product_id: str | None
    ingredient_id: str | None
    recipe_id: str | None
    lot_id: str | None
    location_id: str
    waste_date: date
    wasted_at: datetime | None
    reason: str | None


def recorded_waste(warehouse: Warehouse, tenant_id: str, waste_id: str) -> RecordedWaste | None:
    """A record of a tenant's waste; None: there is none of that id."""
    waste = ops.waste.c
    columns = [waste[field.name] for field in fields(RecordedWaste)]
    query = (
        select(*columns)
        .where(waste.tenant_id == tenant_id, waste.waste_id == waste_id)
        .order_by(waste.recorded_at.desc())
        .limit(1)
    )
    with warehouse.engine.connect() as connection:
        row = connection.execute(query).first()
    return RecordedWaste(*row) if row else None
