"""What was made as consumption: of ingredients and intermediates, level by level.

An intermediate is begun its ``make_days`` before it is taken, on an open day, as far as stock does not cover it. What
its making takes is consumed then.
"""

import dataframely as dy
import polars as pl

from bakery_assets.calendars import ClosedDays
from bakery_assets.local_time import with_local_times, with_utc_times
from bakery_assets.materials.items import INGREDIENT_KIND, INTERMEDIATE_KIND
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops
from bakery_assets.stock.batches import MadeBatches
from bakery_assets.stock.events import Action, StockEvents
from bakery_assets.stock.recipes import Recipes
from bakery_assets.stock.recorded import events_of
from bakery_assets.stock.scope import Scope

MOST_CLOSED_DAYS = 30  # days in a row that work is moved over
COMPONENT = ["tenant_id", "item_kind", "item_id"]


class Taken(dy.Schema):
    """Quantities of components that were taken for something; rows of one item and time add up."""

    tenant_id = col.key_text("The bakery")
    item_kind = col.key_text("What the component is")
    item_id = col.key_text("The component")
    taken_at = col.instant("When")
    quantity = col.number("Quantity, in the component's unit", maximum=col.LARGEST_METRIC)
    lot_id = col.text("Lot it came from; empty: any", nullable=True)
    source = col.key_text("What it was taken for")
    is_assumed = col.boolean("No fact says so")


def taken_by_batches(
    recipes: Recipes, made: dy.DataFrame[MadeBatches], facts: dy.DataFrame[ops.BatchConsumption]
) -> dy.DataFrame[Taken]:
    """What batches took of the first level: as facts say, of what they do not name as the recipe says."""
    of_product = recipes.of_products.rename({"recipe_id": "own_recipe_id"})
    batches = made.join(of_product, on=["tenant_id", "product_id"], how="left").with_columns(
        item_id=pl.coalesce("recipe_id", "own_recipe_id"), source=pl.format("batch {}", "batch_number")
    )
    by_recipe = (
        batches.join(recipes.bill, on=["tenant_id", "item_id"])
        .with_columns(quantity=pl.col("taken_for") * pl.col("factor") * pl.col("quantity_per"))
        .select(
            "tenant_id", "schedule_date", "batch_number", "taken_at", "quantity", "source",
            item_kind="component_kind", item_id="component_id", is_assumed=~pl.col("is_recorded"),
            lot_id=pl.lit(None, pl.String),
        )
    )  # fmt: skip
    is_ingredient = pl.col("ingredient_id").is_not_null()
    reported = facts.rename({"plan_date": "schedule_date"}).with_columns(
        item_kind=pl.when(is_ingredient).then(pl.lit(INGREDIENT_KIND)).otherwise(pl.lit(INTERMEDIATE_KIND)),
        item_id=pl.coalesce("ingredient_id", "recipe_id"),
    )
    batch = ["tenant_id", "schedule_date", "batch_number"]
    of_facts = reported.join(batches.select(*batch, "taken_at", "source"), on=batch).with_columns(
        is_assumed=pl.lit(False)
    )
    unnamed = by_recipe.join(reported, on=[*batch, "item_kind", "item_id"], how="anti")
    columns = Taken.column_names()
    return conform(Taken, pl.concat([unnamed.select(columns), of_facts.select(columns)]))


def taken_by_baking(recipes: Recipes, baked: pl.DataFrame) -> dy.DataFrame[Taken]:
    """What production that no plan and no event tells of took of the first level.

    Args:
        baked: ``tenant_id, product_id, made_on, taken_at, quantity``.
    """
    taken = (
        baked.join(recipes.of_products, on=["tenant_id", "product_id"])
        .join(recipes.bill, left_on=["tenant_id", "recipe_id"], right_on=["tenant_id", "item_id"])
        .with_columns(quantity=pl.col("quantity") * pl.col("factor") * pl.col("quantity_per"))
        .group_by("tenant_id", "component_kind", "component_id", "made_on", "taken_at")
        .agg(ordered_sum("quantity"))
        .rename({"component_kind": "item_kind", "component_id": "item_id"})
    )
    none = pl.lit(None, pl.String)
    return conform(
        Taken, taken.with_columns(source=pl.format("baking {}", "made_on"), is_assumed=pl.lit(True), lot_id=none)
    )


def taken_by_intermediates(recipes: Recipes, made: pl.DataFrame) -> dy.DataFrame[Taken]:
    """What the intermediates took that were begun, or have to have been made: rows of ``Settled.made``."""
    taken = made.join(recipes.bill, on=["tenant_id", "item_id"], suffix="_of_parent").select(
        "tenant_id", "source", "is_assumed", item_kind="component_kind", item_id="component_id",
        taken_at="happened_at", quantity=pl.col("amount") * pl.col("quantity_per"), lot_id=pl.lit(None, pl.String),
    )  # fmt: skip
    return conform(Taken, taken)


def consumption(scope: Scope, taken: dy.DataFrame[Taken]) -> dy.DataFrame[StockEvents]:
    """Taking components as events, in the kitchen, then from anywhere else; of one time and source together."""
    rows = _added_up(taken, "taken_at").join(scope.cells.select("tenant_id", location_id="kitchen_id"), on="tenant_id")
    is_made = pl.col("item_kind") == INTERMEDIATE_KIND
    return events_of(
        rows,
        happened_at=pl.col("taken_at"),
        action=int(Action.CONSUME),
        takes_anywhere=pl.lit(True),
        is_raised=is_made,
        new_lot_id=pl.when(is_made).then(pl.format("for {}", "source")),
    )


def begun(
    scope: Scope,
    recipes: Recipes,
    closed: dy.DataFrame[ClosedDays],
    taken: dy.DataFrame[Taken],
    made: dy.DataFrame[MadeBatches],
) -> dy.DataFrame[StockEvents]:
    """Intermediates begun in time for what takes them; on a closed day's eve where that day would be closed.

    As in ``materials.make_days`` days are those that work is for: what a night shift begins before midnight is work of
    the day on whose morning it ends. What a batch takes is begun no earlier than the batch was planned: until then
    it was not known.
    """
    lots = _added_up(taken, "taken_at").filter(pl.col("item_kind") == INTERMEDIATE_KIND)
    zones = scope.cells.select("tenant_id", "timezone", location_id="kitchen_id")
    rows = lots.join(recipes.make_days, on=["tenant_id", "item_id"]).join(zones, on="tenant_id")
    planned = _evenings(scope, recipes, closed, made).with_columns(source=pl.format("batch {}", "batch_number"))
    planned = planned.group_by("tenant_id", "source").agg(pl.col("planned_since", "is_evening").min())
    local = with_local_times(rows, wall="taken_at").join(
        planned, on=["tenant_id", "source"], how="left", maintain_order="left"
    )
    evening = pl.duration(days=pl.col("is_evening").fill_null(value=False).cast(pl.Int64))
    local = local.with_columns(day=pl.col("wall").dt.date() + evening)
    begun_on = _make_day(local, closed)["day"]
    local = local.with_columns(wall=pl.col("wall") - (pl.col("day") - begun_on))
    local = with_utc_times(local, happened_at="wall")
    is_same_day = pl.col("make_days") == 0
    in_time = pl.min_horizontal(pl.max_horizontal("happened_at", "planned_since"), "taken_at")
    return events_of(
        local.with_columns(happened_at=pl.when(is_same_day).then("taken_at").otherwise(in_time)),
        action=int(Action.BEGIN),
        lot_id=pl.format("for {}", "source"),
    )


def _evenings(
    scope: Scope, recipes: Recipes, closed: dy.DataFrame[ClosedDays], made: dy.DataFrame[MadeBatches]
) -> pl.DataFrame:
    """Batches with ``is_evening``: they begin on the evening before the day that their own work is for."""
    own = recipes.of_products.select("tenant_id", "product_id", own_recipe_id="recipe_id")
    named = made.join(own, on=["tenant_id", "product_id"], how="left", maintain_order="left").with_columns(
        item_id=pl.coalesce("recipe_id", "own_recipe_id"), day="schedule_date"
    )
    leads = named.join(recipes.make_days, on=["tenant_id", "item_id"], how="left", maintain_order="left")
    due = _make_day(leads.with_columns(pl.col("make_days").fill_null(0)), closed)
    zones = scope.cells.select("tenant_id", "timezone")
    local = with_local_times(due.join(zones, on="tenant_id", maintain_order="left"), began="taken_at")
    return local.with_columns(is_evening=pl.col("began").dt.date() < pl.col("day"))


def _make_day(rows: pl.DataFrame, closed: pl.DataFrame) -> pl.DataFrame:
    """Rows, in their order, whose ``day`` is ``make_days`` earlier, or on the last open day before that."""
    rows = rows.with_columns(pl.col("day") - pl.duration(days="make_days"))
    shut = closed.select("tenant_id", day="date", is_shut=pl.lit(True))
    for _ in range(MOST_CLOSED_DAYS):
        rows = rows.join(shut, on=["tenant_id", "day"], how="left", maintain_order="left")
        moves = pl.col("is_shut").is_not_null() & (pl.col("make_days") > 0)
        if not rows.select(moves.any()).item():
            return rows.drop("is_shut")
        rows = rows.with_columns(pl.col("day") - pl.duration(days=moves.cast(pl.Int64))).drop("is_shut")
    return rows


def _added_up(taken: pl.DataFrame, at: str) -> pl.DataFrame:
    return (
        taken.group_by(*COMPONENT, at, "source", "lot_id", "is_assumed")
        .agg(ordered_sum("quantity").round(DECIMALS))
        .filter(pl.col("quantity") > 0)
    )
