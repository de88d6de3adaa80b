"""Stock by lot: what is on hand at the planning instant, and issuing it first expired, first out (FEFO).

Quantities are in the item's own unit. Locations are pooled: a bakery counts as one kitchen, so a lot in a shop can be
used in the bakehouse. How stock follows from facts is in ``bakery_assets.stock``; stock over a horizon of days, where
lots no longer matter, is in ``expiry_buckets``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.cells import with_day
from bakery_assets.keys import ITEM, LOT
from bakery_assets.materials.items import Item, ItemQuantities
from bakery_assets.quantities import DECIMALS, equal, ordered_sum
from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.schemas import columns as col


class StockInputs(TypedDict):
    """What ``stock_on_hand`` reads."""

    stock_balances: dy.DataFrame[plans.StockBalances]


class StockOnHand(Item):
    """Lots with stock that may be used."""

    lot_id = col.key_text("The lot", primary_key=True)
    last_usable_day = col.integer(
        "Last day it may be used, in days after the plan date; empty: no expiry", nullable=True
    )
    quantity = col.number("Stock of the lot, in the item's unit")


class UnknownStock(Item):
    """Items of which facts do not tell what is there."""


class IssuedQuantities(Item):
    """What was required of items, and how much of it stock covered."""

    required = col.number("Quantity required, in the item's unit")
    consumption = col.number("Part of it that is issued from stock, in the item's unit")
    unmet = col.number("Part of it that stock does not cover, in the item's unit")

    @dy.rule()
    def requirements_are_issued_or_unmet(cls) -> pl.Expr:
        """required = consumption + unmet."""
        return equal("required", pl.col("consumption") + pl.col("unmet"))


def stock_on_hand(cells: dy.DataFrame[Cells], inputs: StockInputs) -> dy.DataFrame[StockOnHand]:
    """Usable lots of each tenant on its plan date, sorted by item, expiry (lots without expiry last) and lot.

    A lot that lies in several locations is one; of several last days the earliest holds. Lots whose last usable day
    lies before the plan date are left out.
    """
    known = inputs["stock_balances"].filter(pl.col("quantity") > 0)
    lots = with_day(known.drop("plan_date"), cells, of="expires_on").rename({"day": "last_usable_day"})
    usable = pl.col("last_usable_day").is_null() | (pl.col("last_usable_day") >= 0)
    pooled = (
        lots.filter(usable).group_by(LOT).agg(pl.col("last_usable_day").min(), ordered_sum("quantity").round(DECIMALS))
    )
    return conform(StockOnHand, pooled.sort(_fefo()))


def unknown_stock(inputs: StockInputs) -> dy.DataFrame[UnknownStock]:
    """Items whose stock is not known, sorted."""
    unknown = inputs["stock_balances"].filter(~pl.col("is_known")).select(ITEM).unique()
    return conform(UnknownStock, unknown.sort(ITEM))


def first_expired_first_out(
    lots: dy.DataFrame[StockOnHand], required: dy.DataFrame[ItemQuantities]
) -> tuple[dy.DataFrame[StockOnHand], dy.DataFrame[IssuedQuantities]]:
    """Issue each item's requirement from its lots, the lot that expires first being used first.

    Lots without expiry come last; lots of the same day go by lot_id. What a lot gives is the part of the
    requirement that the cumulative stock before it leaves open: min(max(required - before, 0), quantity).

    Returns:
        The lots that remain, sorted first to expire first, and what was issued of each item required, sorted. Stock
        before is stock after plus consumption, to ``DECIMALS``.
    """
    totals = required.group_by(ITEM).agg(required=ordered_sum("quantity").round(DECIMALS))
    before = pl.col("quantity").cum_sum().over(ITEM) - pl.col("quantity")
    taken = (pl.col("required").fill_null(0.0) - before).clip(0.0).clip(upper_bound=pl.col("quantity"))
    used = lots.sort(_fefo()).join(totals, on=ITEM, how="left", maintain_order="left").with_columns(taken=taken)
    issued = (
        totals.join(used.group_by(ITEM).agg(consumption=ordered_sum("taken")), on=ITEM, how="left")
        .with_columns(consumption=pl.min_horizontal(pl.col("consumption").fill_null(0.0).round(DECIMALS), "required"))
        .with_columns(unmet=(pl.col("required") - pl.col("consumption")).round(DECIMALS))
        .sort(ITEM)
    )
    remaining = used.with_columns((pl.col("quantity") - pl.col("taken")).round(DECIMALS)).filter(pl.col("quantity") > 0)
    return conform(StockOnHand, remaining), conform(IssuedQuantities, issued)


def _fefo() -> list[pl.Expr]:
    """Sort order of lots: by item, first to expire first, lots without expiry last."""
    no_expiry = pl.col("last_usable_day").is_null()
    return [*(pl.col(name) for name in ITEM), no_expiry, pl.col("last_usable_day"), pl.col("lot_id")]
