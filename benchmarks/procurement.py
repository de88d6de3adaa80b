"""What planning orders costs: 1,000 bakeries, 20 products, 30 ingredients, 14 days, from explosion to projection.

A third of the ingredients keep a week, suppliers have minimum order values, and safety stocks are statistical. Seconds
are CPU of all threads. The proposals are counted that do not meet their supplier's minimum.
"""

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.cells import CELLS, Frames
from bakery_assets.inventory import project_inventory
from bakery_assets.procurement import plan_procurement
from bakery_assets.stages import Stage
from benchmarks.targets import below

TENANTS, PRODUCTS, INGREDIENTS, SUPPLIERS = 1_000, 20, 30, 3
MONDAY = date(2026, 1, 5)
SEED = 11
MOST_SECONDS = 15.0


def run() -> dict[str, object]:
    """CPU seconds of both stages, and what they planned."""
    rows = [
        (f"t{number:04}", MONDAY, "Europe/Berlin", datetime.combine(MONDAY, clock(3), UTC)) for number in range(TENANTS)
    ]
    cells = pl.DataFrame(rows, schema=CELLS, orient="row")
    facts = _facts()
    stages = (Stage.of(plan_procurement), Stage.of(project_inventory))
    frames: Frames = {}
    for stage in stages:
        missing = {name: schema for name, schema in stage.reads.items() if name not in frames}
        frames = {**frames, **{name: _as(schema, facts.get(name)) for name, schema in missing.items()}}
    seconds = []
    for stage in stages:
        began = time.process_time()
        frames = {**frames, **stage.plan(cells, frames)}
        seconds.append(time.process_time() - began)
    orders = frames["procurement_requirements"].filter(pl.col("planned_order_quantity") > 0)
    deliveries = orders.group_by("tenant_id", "supplier_id", "deliver_on").agg(worth=pl.col("cost").sum())
    minimum = _as(stages[0].reads["suppliers"], facts["suppliers"]).select(
        "tenant_id", "supplier_id", "minimum_order_value"
    )
    small = deliveries.join(minimum, on=["tenant_id", "supplier_id"]).filter(
        pl.col("worth") < pl.col("minimum_order_value")
    )
    return {
        "orders": orders.height,
        "deliveries": deliveries.height,
        "deliveries_too_small": small.height,
        "cpu_seconds_procurement": round(seconds[0], 2),
        "cpu_seconds_projection": round(seconds[1], 2),
        "targets": [below("CPU seconds to plan orders and stock of 1,000 bakeries", sum(seconds), MOST_SECONDS)],
    }


def _facts() -> dict[str, pl.DataFrame]:
    """Every product takes six ingredients; each is sold by two of three suppliers, and a few days of it are there."""
    random = np.random.default_rng(SEED)
    tenants = pl.DataFrame({"tenant_id": [f"t{number:04}" for number in range(TENANTS)]})
    products = tenants.join(pl.DataFrame({"n": range(PRODUCTS)}), how="cross").with_columns(
        product_id=pl.format("product{}", "n"), name=pl.lit("p"), unit=pl.lit("piece"), shelf_life_days=1, price=3.0,
        unit_cost=1.0,
    )  # fmt: skip
    ingredients = tenants.join(pl.DataFrame({"n": range(INGREDIENTS)}), how="cross").with_columns(
        ingredient_id=pl.format("ingredient{}", "n"), name=pl.lit("i"), unit=pl.lit("kg"), safety_stock=0.0,
        shelf_life_days=pl.when(pl.col("n") % 3 == 0).then(7),
    )  # fmt: skip
    recipes = products.with_columns(
        recipe_id="product_id", yield_quantity=10.0, yield_unit=pl.lit("piece"), loss_fraction=0.0, make_days=0
    )
    lines = recipes.join(pl.DataFrame({"line_number": range(6)}), how="cross").with_columns(
        ingredient_id=pl.format("ingredient{}", (pl.col("n") + pl.col("line_number") * 5) % INGREDIENTS),
        quantity=0.5, loss_fraction=0.0, unit=pl.lit("kg"),
    )  # fmt: skip
    days = pl.DataFrame({"date": [MONDAY + timedelta(days=day) for day in range(7)]})
    sold = products.join(days, how="cross").with_columns(
        yhat=pl.Series(random.integers(20, 200, TENANTS * PRODUCTS * 7)).cast(pl.Float64)
    )
    forecasts = sold.with_columns(
        plan_date=pl.lit(MONDAY), target_date="date", location_id=pl.lit("main"), model=pl.lit("smoothing"),
        **{name: pl.col("yhat") * factor for name, factor in
           (("q10", 0.7), ("q50", 1.0), ("q80", 1.2), ("q90", 1.3), ("q95", 1.4))},
    )  # fmt: skip
    batches = sold.with_columns(
        plan_date=pl.lit(MONDAY), batch_number=pl.format("{}-{}", "product_id", "date"), schedule_date="date",
        recipe_id="product_id", quantity_planned="yhat", state=pl.lit("planned"), has_taken_ingredients=False,
        is_in_stock=False,
    )  # fmt: skip
    suppliers = tenants.join(pl.DataFrame({"n": range(SUPPLIERS)}), how="cross").with_columns(
        supplier_id=pl.format("supplier{}", "n"), name=pl.format("Supplier {}", "n"), lead_time_days=pl.col("n") + 1,
        minimum_order_value=150.0, reliability=0.9, lead_time_unit=pl.lit("calendar_days"),
        order_cutoff_time=pl.lit(clock(18)), delivery_weekdays=pl.when(pl.col("n") > 0).then(pl.lit("tue,fri")),
    )  # fmt: skip
    sells = ingredients.join(pl.DataFrame({"other": range(2)}), how="cross").with_columns(
        supplier_id=pl.format("supplier{}", (pl.col("n") + pl.col("other")) % SUPPLIERS),
        price=1.0 + pl.col("other") * 0.2 + pl.col("n") * 0.05, pack_size=5.0, minimum_quantity=0.0,
    )  # fmt: skip
    stock = ingredients.with_columns(
        plan_date=pl.lit(MONDAY), location_id=pl.lit("main"), item_kind=pl.lit("ingredient"), item_id="ingredient_id",
        lot_id="ingredient_id", is_known=True,
        quantity=pl.Series(random.integers(20, 120, ingredients.height)).cast(pl.Float64),
    )  # fmt: skip
    chosen = tenants.with_columns(
        key=pl.lit("safety_stock_rule"), value=pl.lit("statistical"), valid_from=pl.lit(date(2026, 1, 1))
    )
    zones = tenants.with_columns(
        name=pl.lit("b"), timezone=pl.lit("Europe/Berlin"), country=pl.lit("XX"), currency=pl.lit("EUR")
    )
    return {
        "tenants": zones, "products": products, "ingredients": ingredients, "recipes": recipes, "recipe_lines": lines,
        "demand_forecasts": forecasts, "production_batches": batches, "suppliers": suppliers, "supplier_items": sells,
        "stock_balances": stock, "tenant_settings": chosen,
    }  # fmt: skip


def _as(schema: type[dy.Schema], rows: pl.DataFrame | None) -> pl.DataFrame:
    """Rows with the columns of a schema; what they lack is empty."""
    kinds = pl.Schema(schema)
    if rows is None:
        return pl.DataFrame(schema=kinds)
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name) for name, kind in kinds.items()
    )
