"""What deriving stock costs: 1,000 bakeries, 20 products, 20 ingredients, 30 days, with and without a closing balance.

Sales have been read by the wave already, so the derivation from frames counts, in seconds of CPU of all threads.
"""

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.cells import CELLS, Frames
from bakery_assets.stages import Stage
from bakery_assets.stock import keep_ledger
from benchmarks.targets import at_most, below

TENANTS, PRODUCTS, INGREDIENTS, DAYS = 1_000, 20, 20, 30
FIRST = date(2026, 1, 5)
SEED = 7
MOST_SECONDS = 5.0
MOST_BYTES = 2_000


def run() -> dict[str, object]:
    """CPU seconds of a morning's stock, and the size of what is kept of it."""
    ledger = Stage.of(keep_ledger)
    facts = _facts(ledger)
    whole, seconds_all = _measured(ledger, facts, DAYS)
    before, _ = _measured(ledger, facts, DAYS - 1)
    kept = facts | {"closing_balances": before["stock_closing_balances"]}
    going_on, seconds_going_on = _measured(ledger, kept, DAYS)
    few = {name: _since(name, frame) for name, frame in kept.items()}
    from_few, seconds_from_few = _measured(ledger, few, DAYS)
    assert from_few["stock_balances"].equals(going_on["stock_balances"])
    columns = ["tenant_id", "item_id", "lot_id", "quantity"]
    difference = (
        whole["stock_balances"]
        .select(columns)
        .join(going_on["stock_balances"].select(columns), on=columns[:3], how="full", suffix="_then")
        .select((pl.col("quantity").fill_null(0.0) - pl.col("quantity_then").fill_null(0.0)).abs().max())
        .item()
    )
    size = whole["stock_closing_balances"]["lots"].str.len_bytes().max()
    assert isinstance(size, int)
    return {
        "movements": whole["stock_movements"].height,
        "cpu_seconds_all": round(seconds_all, 2),
        "cpu_seconds_from_closing_balance": round(seconds_going_on, 2),
        "cpu_seconds_from_what_a_morning_reads": round(seconds_from_few, 2),
        "targets": [
            below("CPU seconds to derive stock of 30 days", seconds_all, MOST_SECONDS),
            at_most("bytes of the largest closing balance", size, MOST_BYTES),
            at_most("difference between both ways", difference, 1e-4),
        ],
    }


def _measured(ledger: Stage, facts: Frames, day: int) -> tuple[Frames, float]:
    now = datetime.combine(FIRST + timedelta(days=day), clock(3), UTC)
    rows = [(f"t{number:04}", now.date(), "Europe/Berlin", now) for number in range(TENANTS)]
    cells = pl.DataFrame(rows, schema=CELLS, orient="row")
    known = {
        name: frame.filter(pl.col("recorded_at") <= now) if "recorded_at" in frame.columns else frame
        for name, frame in facts.items()
    }
    began = time.process_time()
    tables: Frames = ledger.plan(cells, known)
    return tables, time.process_time() - began


def _since(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """What a morning reads of facts about stock where closing balances of the last five days hold."""
    days = {"waste": 10, "stock_lots": 10}.get(name)
    if days is None:
        return frame
    first = FIRST + timedelta(days=DAYS - days)
    return frame.filter(pl.col("recorded_at").dt.date() >= first)


def _facts(ledger: Stage) -> dict[str, pl.DataFrame]:
    """Counts and deliveries once a week, sales and waste every day; half of the products keep three days."""
    random = np.random.default_rng(SEED)
    tenants = pl.DataFrame({"tenant_id": [f"t{number:04}" for number in range(TENANTS)]})
    products = tenants.join(pl.DataFrame({"n": range(PRODUCTS)}), how="cross").with_columns(
        product_id=pl.format("product{}", "n"), name=pl.lit("p"), unit=pl.lit("piece"),
        shelf_life_days=pl.when(pl.col("n") % 2 == 0).then(1).otherwise(3),
    )  # fmt: skip
    ingredients = tenants.join(pl.DataFrame({"n": range(INGREDIENTS)}), how="cross").with_columns(
        ingredient_id=pl.format("ingredient{}", "n"), name=pl.lit("i"), unit=pl.lit("kg"), shelf_life_days=60
    )
    recipes = products.with_columns(
        recipe_id="product_id", yield_quantity=10.0, yield_unit=pl.lit("piece"), loss_fraction=0.0, make_days=0
    )
    lines = recipes.join(pl.DataFrame({"line_number": range(4)}), how="cross").with_columns(
        ingredient_id=pl.format("ingredient{}", (pl.col("n") + pl.col("line_number") * 5) % INGREDIENTS),
        quantity=0.5, loss_fraction=0.0, unit=pl.lit("kg"),
    )  # fmt: skip
    days = pl.DataFrame({"date": [FIRST + timedelta(days=day) for day in range(DAYS)]})
    sold = products.join(days, how="cross").with_columns(location_id=pl.lit("main"))
    sold = sold.with_columns(
        sales_date="date",
        quantity=pl.Series(random.integers(5, 60, sold.height)).cast(pl.Float64),
        recorded_at=pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + pl.duration(hours=22),
    )
    wasted = sold.with_columns(
        waste_id=pl.format("{} {}", "product_id", "date"), waste_date="date", quantity=pl.lit(2.0)
    )
    weekly = days.filter(pl.col("date").dt.weekday() == 1)
    came = ingredients.join(weekly, how="cross").with_columns(
        location_id=pl.lit("main"), quantity=400.0, lot_id=pl.format("r{}", pl.col("date").dt.strftime("%m%d")),
        received_at=pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + pl.duration(hours=6),
    )  # fmt: skip
    came = came.with_columns(
        receipt_id=pl.format("{} {}", "ingredient_id", "date"), recorded_at="received_at",
        expires_on=pl.col("date") + pl.duration(days=60),
    )  # fmt: skip
    counted = ingredients.join(weekly, how="cross").with_columns(
        location_id=pl.lit("main"), quantity=500.0,
        recorded_at=pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + pl.duration(hours=20),
    )  # fmt: skip
    given = {
        "products": products, "ingredients": ingredients, "recipes": recipes, "recipe_lines": lines, "sales": sold,
        "waste": wasted, "stock_receipts": came, "stock_lots": counted,
    }  # fmt: skip
    return {name: _as(schema, given.get(name, pl.DataFrame())) for name, schema in ledger.reads.items()}


def _as(schema: type[dy.Schema], rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the columns of a schema; what they lack is empty."""
    kinds = pl.Schema(schema)
    columns = [
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name) for name, kind in kinds.items()
    ]
    return rows.select(columns) if rows.width else pl.DataFrame(schema=kinds)
