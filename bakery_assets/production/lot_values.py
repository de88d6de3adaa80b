"""Lot values: what a lot that was rounded up earns and loses on average, and which lots are not worth baking.

A smallest batch or a multiple may make far more than has to be ready. Sizes of lots are worked out in ``lots``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT, PRODUCT_DAY
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.newsvendor.base_stock import COVERED, with_shelf_life_demand
from bakery_assets.newsvendor.critical_ratio import critical_ratios
from bakery_assets.newsvendor.demand_distribution import expected_leftover
from bakery_assets.production.lots import Lots
from bakery_assets.production.netting import NetRequirements
from bakery_assets.quantities import CENTS, DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops


class DemandToCome(dy.Schema):
    """Demand over the shelf life of what is baked for a day, all shops together, and what a unit of it is worth."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    schedule_date = col.date("Day for which it is baked", primary_key=True)
    q10 = col.number("Demand stays at or below this on 10 of 100 such stretches of days, in units")
    q50 = col.number("The same, on 50")
    q80 = col.number("The same, on 80")
    q90 = col.number("The same, on 90")
    q95 = col.number("The same, on 95")
    unit_gain = col.number("Price less cost of a unit that is sold")
    unit_loss = col.number("Cost less salvage value of a unit that is left")


def demand_to_come(demand: pl.DataFrame, products: dy.DataFrame[ops.Products]) -> dy.DataFrame[DemandToCome]:
    """Of the products that are baked in lots and sell above their own known cost, sorted.

    Nothing is left out on an assumed margin, nor because a price is at or below a cost, which is more often a slip; nor
    where what is baked can be sold on days beyond the forecasts, of which it is not known what they need.

    Args:
        demand: of ``product_demand``.
    """
    in_lots = products.filter((pl.col("batch_min") > 0) | (pl.col("batch_multiple") > 0)).select(*PRODUCT)
    money = (
        critical_ratios(products)
        .filter((pl.col("margin_from") == "own") & (pl.col("price") > pl.col("unit_cost")))
        .join(in_lots, on=PRODUCT, how="semi")
    )
    of_lots = demand.join(money, on=PRODUCT, how="semi")
    shelf_lives = products.select(*PRODUCT, "shelf_life_days")
    covered = with_shelf_life_demand(of_lots.join(shelf_lives, on=PRODUCT), PRODUCT, day="schedule_date").with_columns(
        pl.col(COVERED + name).alias(name) for name in QUANTILE_LEVELS
    )
    known = covered.filter(pl.col("days_covered") == pl.col("shelf_life_days"))
    rows = known.join(money.drop("critical_ratio"), on=PRODUCT).with_columns(
        unit_gain=pl.col("price") - pl.col("unit_cost"),
        unit_loss=(pl.col("unit_cost") - pl.col("salvage_value")).clip(0.0),
    )
    return conform(DemandToCome, rows.sort(PRODUCT_DAY))


def with_values(lots: dy.DataFrame[Lots], to_come: dy.DataFrame[DemandToCome]) -> dy.DataFrame[Lots]:
    """Lots, in their order, with ``expected_gain`` and ``expected_loss`` where rounding up makes more than is required.

    What a lot of Q units adds to the units x that are there or sold already sells E[min(D, x + Q)] - E[min(D, x)] on
    average, D being the demand until it can no longer be sold, and at least the day's orders; the rest is left.
    """
    if to_come.is_empty():
        unknown = pl.lit(None, pl.Float64)
        return conform(Lots, lots.with_columns(expected_gain=unknown, expected_loss=unknown))
    is_valued = (pl.col("batches") > 0) & (pl.col("surplus") >= 10.0**-DECIMALS)
    rows = lots.drop("expected_gain", "expected_loss").join(
        to_come.with_columns(is_known=True), on=PRODUCT_DAY, how="left", maintain_order="left"
    )
    gain, loss = gain_and_loss(pl.col("stock_usable") + pl.col("sold"))
    valued = is_valued & pl.col("is_known")
    rows = rows.with_columns(expected_gain=pl.when(valued).then(gain), expected_loss=pl.when(valued).then(loss))
    return conform(Lots, rows)


def gain_and_loss(there: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """What a lot earns and loses on average; of rows with ``planned_quantity, orders`` and those of ``DemandToCome``.

    Args:
        there: units that are there or sold already.
    """
    quantity = pl.col("planned_quantity")
    after, already = (pl.max_horizontal(units, "orders") for units in (there + quantity, there))
    left = pl.min_horizontal((expected_leftover(after) - expected_leftover(already)).clip(0.0), quantity)
    gain = ((quantity - left) * pl.col("unit_gain")).round(CENTS)
    return gain, (left * pl.col("unit_loss")).round(CENTS)


def is_losing(lots: dy.DataFrame[Lots]) -> pl.Series:
    """Whether a lot loses more than it earns; one that customers' orders need, as stock does not cover them, never."""
    loses = (pl.col("expected_loss") > pl.col("expected_gain")).fill_null(value=False)
    return lots.select(loses & (pl.col("firm") <= pl.col("stock_usable"))).to_series()


def without_losing_lots(lots: dy.DataFrame[Lots]) -> dy.DataFrame[NetRequirements]:
    """Net requirements, in the order of the lots, nothing being required of those that lose more than they earn."""
    rows = lots.with_columns(left_out=is_losing(lots)).with_columns(
        not_worth_it=pl.when("left_out").then("net_requirement").otherwise("not_worth_it"),
        lot_left_out=pl.when("left_out").then("planned_quantity"),
        net_requirement=pl.when("left_out").then(0.0).otherwise("net_requirement"),
    )
    return conform(NetRequirements, rows)
