"""Work begun ahead: what had to be begun before a plan, and how much can still be baked of what was begun.

A dough that takes a day cannot be begun for the day on which more is wanted. By the plan of record it is known what was
begun; where no plan was there in time, as for a bakery's first days, it is taken to have been begun as it is needed.
"""

from datetime import time

import dataframely as dy
import polars as pl

from bakery_assets.batches.of_record import BATCH
from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.keys import CELL, PRODUCT, PRODUCT_DAY
from bakery_assets.local_time import with_instants
from bakery_assets.materials.bill_of_materials import (
    ProductRecipeInputs,
    ProductRecipes,
    bill_of_materials,
    with_yield_factor,
)
from bakery_assets.materials.items import INTERMEDIATE_KIND
from bakery_assets.materials.make_days import MakeDays, on_make_days
from bakery_assets.materials.stock import StockOnHand
from bakery_assets.production.carried_over import CarriedBatches
from bakery_assets.production.lots import Lots, largest_lot
from bakery_assets.quantities import CENTS, DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col
from bakery_assets.work_shifts import first_starts

_ITEM = ["tenant_id", "item_id"]


class AheadInputs(ProductRecipeInputs):
    """What ``begun_before`` reads."""

    shifts: dy.DataFrame[ops.Shifts]
    plan_versions: dy.DataFrame[plans.PlanVersions]
    published_batches: dy.DataFrame[plans.PublishedBatches]


class BegunBefore(dy.Schema):
    """What a unit of a product takes of work that had to be begun before the plan date."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    schedule_date = col.date("Day for which it is baked", primary_key=True)
    item_id = col.key_text("Recipe that had to be begun: of a dough, or the product's own", primary_key=True)
    is_own = col.boolean("It is the product's own work, of which there is no stock")
    quantity_per = col.metric("What one unit takes of it, in the unit of its yield", nullable=False)
    begins_on = col.date("Day on which it had to be begun")


class WorkAhead(dy.Schema):
    """What a unit of a product takes of work that is begun on days before it."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    for_day = col.integer("Day for which it is baked, in days after the plan date", primary_key=True)
    work = col.key_text("Recipe that is begun: of a dough, or the product's own", primary_key=True)
    begin_day = col.integer(
        "Day on which it is begun, in days after the plan date; negative: before it",
        minimum=-1_000_000,
        primary_key=True,
    )
    is_own = col.boolean("It is the product's own work, of which there is no stock")
    quantity_per = col.metric("What one unit takes of it, in the unit of its yield", nullable=False)


class BegunStock(dy.Schema):
    """Doughs in stock beyond what kept batches take of them."""

    tenant_id = col.tenant_id()
    item_id = col.key_text("Recipe of the intermediate", primary_key=True)
    left = col.number("Quantity that is left, in the unit of its yield")


class LotLimits(dy.Schema):
    """Lots of a day that are larger than what was begun for them allows."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    largest_lot = col.number("The largest lot that can be baked, in the product's unit")
    not_begun_item = col.key_text("Recipe of which there is not more")
    had_to_begin_on = col.date("Day on which more of it had to be begun")


def works_ahead(
    cells: dy.DataFrame[Cells],
    recipes: dy.DataFrame[ProductRecipes],
    inputs: ProductRecipeInputs,
    made: dy.DataFrame[MakeDays],
) -> dy.DataFrame[WorkAhead]:
    """What the products of the horizon take of work that is begun on days before, sorted.

    A recipe is followed down to the first work on each way that had to be begun before the plan date; what that takes
    is in it.

    Args:
        recipes: none that contains itself.
    """
    leads = inputs["recipes"].select("tenant_id", "recipe_id", "yield_unit", lead_days="make_days")
    bill = bill_of_materials(inputs).filter(pl.col("component_kind") == INTERMEDIATE_KIND)
    longest = leads.group_by("tenant_id").agg(longest=pl.col("lead_days").sum()).filter(pl.col("longest") > 0)
    days = pl.DataFrame({"for_day": range(HORIZON_DAYS)}, schema={"for_day": pl.Int64})
    yields = leads.select("tenant_id", "recipe_id", "yield_unit")
    products = with_yield_factor(recipes.join(yields, on=["tenant_id", "recipe_id"]), inputs["products"])
    now = (
        products.join(longest, on="tenant_id", how="semi")
        .join(cells, on="tenant_id", how="semi")
        .join(days, how="cross")
        .select(*PRODUCT, "for_day", day="for_day", work="recipe_id", quantity_per="factor", is_own=pl.lit(value=True))
    )
    found = [now.clear()]
    while now.height:
        begun = on_make_days(
            now.join(leads, left_on=["tenant_id", "work"], right_on=["tenant_id", "recipe_id"]).with_columns(
                day=pl.col("day") - pl.col("lead_days")
            ),
            made,
        )
        found.append(begun.filter(pl.col("lead_days") > 0))
        now = (
            begun.filter(pl.col("day") >= 0)
            .join(bill, left_on=["tenant_id", "work"], right_on=["tenant_id", "item_id"], suffix="_of_line")
            .select(
                *PRODUCT, "day", "for_day",
                work="component_id",
                quantity_per=pl.col("quantity_per") * pl.col("quantity_per_of_line"),
                is_own=pl.lit(value=False),
            )
        )  # fmt: skip
    works = (
        pl.concat([each.select(*PRODUCT, "for_day", "work", "day", "is_own", "quantity_per") for each in found])
        .group_by(*PRODUCT, "for_day", "work", begin_day="day")
        .agg(ordered_sum("quantity_per"), pl.col("is_own").all())
    )
    return conform(WorkAhead, works.sort(*PRODUCT, "for_day", "work", "begin_day"))


def begun_before(
    cells: dy.DataFrame[Cells],
    works: dy.DataFrame[WorkAhead],
    inputs: AheadInputs,
    carried: dy.DataFrame[CarriedBatches],
) -> dy.DataFrame[BegunBefore]:
    """What had to be begun before the plan date for each product and day of the horizon, sorted.

    Left out is what the plan of the day on which it had to be begun did not report in time: it is not known whether it
    was begun.
    """
    needs = (
        works.filter(pl.col("begin_day") < 0)
        .group_by(*PRODUCT, "for_day", item_id="work")
        .agg(ordered_sum("quantity_per"), pl.col("is_own").all(), pl.col("begin_day").max())
        .join(cells.select("tenant_id", "timezone", "plan_date"), on="tenant_id")
        .with_columns(
            schedule_date=pl.col("plan_date") + pl.duration(days="for_day"),
            begins_on=pl.col("plan_date") + pl.duration(days="begin_day"),
        )
    )
    return conform(BegunBefore, _reported_in_time(needs, inputs, carried).sort(*PRODUCT, "schedule_date", "item_id"))


def _reported_in_time(needs: pl.DataFrame, inputs: AheadInputs, carried: dy.DataFrame[CarriedBatches]) -> pl.DataFrame:
    """Needs that the plan of the day on which they had to be begun reported before the work of that day began.

    Left out is also what that plan's first version reported when the hour of the dough was over, unless it has been
    begun by now. What a later version added then is not taken as begun: what was to be begun by its hour had been
    reported.
    """
    begin_days = needs.select("tenant_id", "timezone", schedule_date="begins_on").unique()
    nights = begin_days.with_columns(next_day=pl.col("schedule_date") + pl.duration(days=1), midnight=pl.lit(time()))
    starts = (
        with_instants(nights, "day_ends_at", day="next_day", wall_time="midnight")
        .join(first_starts(begin_days, inputs["shifts"]), on=["tenant_id", "schedule_date"], how="left")
        .select("tenant_id", plan_date="schedule_date", work_at=pl.coalesce("first_start_at", "day_ends_at"))
    )
    in_time = inputs["plan_versions"].join(starts, on=CELL).filter(pl.col("published_at") <= pl.col("work_at"))
    too_late = (
        inputs["published_batches"]
        .filter(pl.col("version") == 1, pl.col("planned_since") > pl.col("begins_at"))
        .join(carried, on=BATCH, how="anti")
        .select(*PRODUCT_DAY, begins_on="plan_date")
    )
    known = needs.join(in_time, left_on=["tenant_id", "begins_on"], right_on=CELL, how="semi")
    return known.join(too_late, on=too_late.columns, how="anti")


def begun_stock(
    cells: dy.DataFrame[Cells],
    stock: dy.DataFrame[StockOnHand],
    carried: dy.DataFrame[CarriedBatches],
    works: dy.DataFrame[WorkAhead],
    needs: dy.DataFrame[BegunBefore],
) -> dy.DataFrame[BegunStock]:
    """Doughs that are there beyond what the batches take that the plan keeps, sorted.

    A batch of a later day that is kept has begun: its dough is there, and is not for anything else.
    """
    taken = (
        carried.filter(~pl.col("has_taken_ingredients"))
        .join(cells.select("tenant_id", day_of_plan="plan_date"), on="tenant_id")
        .with_columns(for_day=(pl.col("schedule_date") - pl.col("day_of_plan")).dt.total_days())
        .join(works, on=[*PRODUCT, "for_day"])
        .group_by("tenant_id", item_id="work")
        .agg(taken=(pl.col("quantity_planned") * pl.col("quantity_per")).sort().sum())
    )
    there = (
        stock.filter(pl.col("item_kind") == INTERMEDIATE_KIND)
        .group_by(_ITEM)
        .agg(ordered_sum("quantity"))
        .join(needs.filter(~pl.col("is_own")), on=_ITEM, how="semi")
        .join(taken, on=_ITEM, how="left")
    )
    left = (pl.col("quantity") - pl.col("taken").fill_null(0.0)).clip(0.0).round(DECIMALS)
    return conform(BegunStock, there.with_columns(left=left).sort(_ITEM))


def lot_limits(
    lots: dy.DataFrame[Lots], needs: dy.DataFrame[BegunBefore], stock: dy.DataFrame[BegunStock]
) -> tuple[dy.DataFrame[LotLimits], dy.DataFrame[BegunStock]]:
    """Limits of a day's lots by what was begun for them, and what the lots leave of it.

    What is scarce goes to the products with the most revenue at risk first, as they are baked first; ties go by
    product_id. The loop goes through these ranks, for all tenants at once.
    """
    at_risk = (pl.col("price").fill_null(0.0) * pl.col("net_requirement")).round(CENTS)
    wanted = (
        lots.filter(pl.col("batches") > 0)
        .drop("not_begun_item", "had_to_begin_on")
        .join(needs, on=PRODUCT_DAY, how="semi")
        .sort("tenant_id", -at_risk, "product_id")
        .with_columns(rank=pl.int_range(pl.len()).over("tenant_id"))
    )
    left, limits = stock, [pl.DataFrame(schema=dict(pl.Schema(LotLimits)))]
    for of_rank in wanted.partition_by("rank"):
        taking = of_rank.join(needs, on=PRODUCT_DAY).join(left, on=_ITEM, how="left")
        allows = pl.when(~pl.col("is_own")).then(pl.col("left") / pl.col("quantity_per")).fill_null(0.0)
        scarcest = (
            taking.with_columns(allows=allows)
            .sort("tenant_id", "allows", "item_id")
            .unique("tenant_id", keep="first", maintain_order=True)
            .with_columns(largest_lot=largest_lot("allows"))
        )
        is_limited = pl.col("largest_lot") < pl.col("planned_quantity")
        limited = scarcest.filter(is_limited).rename({"item_id": "not_begun_item", "begins_on": "had_to_begin_on"})
        limits.append(limited.select(LotLimits.column_names()))
        lot = pl.min_horizontal("planned_quantity", "largest_lot")
        used = taking.join(scarcest.select("tenant_id", lot=lot), on="tenant_id").select(
            *_ITEM, used=pl.col("lot") * pl.col("quantity_per")
        )
        rest = (pl.col("left") - pl.col("used").fill_null(0.0)).clip(0.0).round(DECIMALS)
        left = conform(BegunStock, left.join(used, on=_ITEM, how="left").with_columns(left=rest))
    return conform(LotLimits, pl.concat(limits)), left
