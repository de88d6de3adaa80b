"""Planned lots: netting and lot sizing day by day, what a lot makes beyond its day being stock of the days after it.

One day's netting is in ``netting``, the sizes of lots are in ``lots``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.cells import HORIZON_DAYS, with_day
from bakery_assets.keys import PRODUCT
from bakery_assets.materials.items import PRODUCT_KIND, ItemQuantities
from bakery_assets.materials.recipe_faults import FoundFaults, without_left_out
from bakery_assets.materials.stock import StockOnHand
from bakery_assets.materials.targets import DailyTargets
from bakery_assets.production.begun_ahead import BegunBefore, LotLimits, WorkAhead, begun_stock, lot_limits
from bakery_assets.production.carried_over import CarriedBatches
from bakery_assets.production.lot_values import DemandToCome, is_losing, with_values, without_losing_lots
from bakery_assets.production.lots import Lots, size_lots
from bakery_assets.production.netting import NetRequirements, net_requirements
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, conform, ops


def planned_lots(
    cells: dy.DataFrame[Cells],
    targets: dy.DataFrame[DailyTargets],
    to_come: dy.DataFrame[DemandToCome],
    stock: dy.DataFrame[StockOnHand],
    carried: dy.DataFrame[CarriedBatches],
    products: dy.DataFrame[ops.Products],
    works: dy.DataFrame[WorkAhead],
    needs: dy.DataFrame[BegunBefore],
) -> tuple[dy.DataFrame[Lots], dy.DataFrame[FoundFaults]]:
    """The lots of every product and day of the horizon, sorted by tenant, day and product.

    A lot of stock counts while its last usable day is not past. Batches that the plan keeps are stock from their
    schedule date on. What a lot makes beyond what is expected to be sold of it on its day is stock
    of the next days until ``schedule_date + shelf_life_days - 1``; with a shelf life of one day it is gone in the
    evening. No lot is larger than what had to be begun before the plan date allows, and none is baked that would lose
    more than it earns (``lot_values``).

    Returns:
        The lots, and faults as of ``size_lots``, the first of each product; such a product has no lot on any day.
    """
    on_hand = stock.filter(pl.col("item_kind") == PRODUCT_KIND)
    kept = _stock_of_carried(cells, carried, products)
    begun = begun_stock(cells, stock, carried, works, needs)
    planned, faults = [], []
    for day in range(HORIZON_DAYS):
        today = cells.select("tenant_id", schedule_date=pl.col("plan_date") + pl.duration(days=day))
        due = targets.join(today, on=["tenant_id", "schedule_date"], how="semi")
        made = kept.filter(pl.col("day") == day)
        usable = pl.concat(
            [
                on_hand.filter(pl.col("last_usable_day").is_null() | (pl.col("last_usable_day") >= day)),
                made.select(on_hand.columns),
            ]
        )
        net, left = net_requirements(
            conform(DailyTargets, due), conform(StockOnHand, usable), conform(ItemQuantities, made), products
        )
        sized, faulty = size_lots(net)
        lots = with_values(sized, to_come)
        if is_losing(lots).any():
            lots, _ = size_lots(without_losing_lots(lots))
        limits, begun = lot_limits(lots, needs, begun)
        if limits.height:
            lots, _ = size_lots(_limited(lots, limits))
        on_hand = pl.concat([left, _stock_of_lots(lots, day)])
        planned.append(lots)
        faults.append(faulty)
    found = pl.concat(faults).unique(PRODUCT, keep="first", maintain_order=True)
    lots_of_all = without_left_out(pl.concat(planned), found).sort("tenant_id", "schedule_date", "product_id")
    return conform(Lots, lots_of_all), conform(FoundFaults, found)


def _limited(lots: dy.DataFrame[Lots], limits: dy.DataFrame[LotLimits]) -> dy.DataFrame[NetRequirements]:
    """Net requirements no larger than the largest lot, which is smaller than what is required where there is one."""
    rows = lots.drop("not_begun_item", "had_to_begin_on").join(limits, on=PRODUCT, how="left", maintain_order="left")
    can_be_baked = pl.min_horizontal("net_requirement", "largest_lot")
    not_begun = (pl.col("net_requirement") - can_be_baked).round(DECIMALS)
    return conform(NetRequirements, rows.with_columns(net_requirement=can_be_baked, not_begun=not_begun))


def _stock_of_carried(
    cells: dy.DataFrame[Cells], carried: dy.DataFrame[CarriedBatches], products: dy.DataFrame[ops.Products]
) -> pl.DataFrame:
    """What carried-over batches still add, as lots with the ``day`` from which they are stock."""
    return (
        with_day(carried.filter(pl.col("supply") > 0), cells, of="schedule_date")
        .join(products.select(*PRODUCT, "shelf_life_days"), on=PRODUCT)
        .select(
            "tenant_id",
            pl.col("day").cast(pl.Int64),
            item_kind=pl.lit(PRODUCT_KIND),
            item_id="product_id",
            lot_id=pl.format("batch {}", "batch_number"),
            last_usable_day=(pl.col("day") + pl.col("shelf_life_days") - 1).cast(pl.Int32),
            quantity="supply",
        )
    )


def _stock_of_lots(lots: dy.DataFrame[Lots], day: int) -> dy.DataFrame[StockOnHand]:
    """What new lots leave in the evening, when stock from before and they have met the expected demand."""
    sold = (pl.col("demand") - pl.col("sold_from_stock")).clip(0.0)
    left = lots.with_columns(left=(pl.col("planned_quantity") - sold).clip(0.0).round(DECIMALS))
    stock = left.filter((pl.col("left") > 0) & (pl.col("shelf_life_days") > 1)).select(
        "tenant_id",
        item_kind=pl.lit(PRODUCT_KIND),
        item_id="product_id",
        lot_id=pl.format("baked {}", "schedule_date"),
        last_usable_day=day + pl.col("shelf_life_days") - 1,
        quantity="left",
    )
    return conform(StockOnHand, stock)
