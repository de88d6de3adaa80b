"""Stock by lot: what is on hand at the planning instant, and issuing it first expired, first out (FEFO).

Quantities are in the item's own unit. Locations are pooled: a bakery counts as one kitchen, so a lot in a
shop can be used in the bakehouse. Stock over a horizon of days, where lots no longer matter, is in ``expiry_buckets``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.cells import with_day
from bakery_assets.keys import ITEM, LOT
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.items import INGREDIENT_KIND, INTERMEDIATE_KIND, PRODUCT_KIND, Item, ItemQuantities
from bakery_assets.quantities import DECIMALS, equal, ordered_sum
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col


class StockInputs(TypedDict):
    """What ``stock_on_hand`` reads, each fact in its latest correction."""

    stock_lots: dy.DataFrame[ops.StockLots]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    waste: dy.DataFrame[ops.Waste]


class StockOnHand(Item):
    """Lots with stock that may be used."""

    lot_id = col.key_text("The lot", primary_key=True)
    last_usable_day = col.integer(
        "Last day it may be used, in days after the plan date; empty: no expiry", nullable=True
    )
    quantity = col.number("Stock of the lot, in the item's unit")


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

    A lot holds its latest count, plus what came into it after that count, minus what was thrown away from
    it on a later day than that of the count on the tenant's clock: a count has seen the waste of its own
    day. When goods came and waste arose decides, not when that was typed in: a correction of an old receipt
    changes no stock that has been counted since. A lot that was never counted holds all its receipts.
    Waste that names no lot is issued FEFO from those of the item's lots that existed
    on its day and had not been counted since: counted before that day, or for a lot never
    counted, received by then. No lot falls below zero. Of several expiry dates of one lot the earliest
    holds, which is the safe side. Lots whose last usable day lies before the plan date are left out.
    """
    lots = with_day(_lots_before_waste(cells, inputs["stock_lots"], inputs["stock_receipts"]), cells, of="expires_on")
    lots = lots.rename({"day": "last_usable_day"})
    waste = _with_item(inputs["waste"]).filter(pl.col("quantity") > 0)
    named = (
        waste.filter(pl.col("lot_id").is_not_null())
        .join(lots.select(*LOT, "counted_on"), on=LOT)
        .filter(pl.col("counted_on").is_null() | (pl.col("waste_date") > pl.col("counted_on")))
        .group_by(LOT)
        .agg(wasted=ordered_sum("quantity"))
    )
    lots = (
        lots.join(named, on=LOT, how="left")
        .with_columns((pl.col("quantity") - pl.col("wasted").fill_null(0.0)).round(DECIMALS))
        .filter(pl.col("quantity") > 0)
    )
    lots = _without_unnamed_waste(lots, waste.filter(pl.col("lot_id").is_null()))
    usable = pl.col("last_usable_day").is_null() | (pl.col("last_usable_day") >= 0)
    return conform(StockOnHand, lots.filter(usable).sort(_fefo()))


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
    remaining, issued = _issue(lots, required)
    return conform(StockOnHand, remaining), conform(IssuedQuantities, issued)


def _issue(lots: pl.DataFrame, required: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """As ``first_expired_first_out``; further columns of ``lots`` are kept."""
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
    remaining = (
        used.with_columns((pl.col("quantity") - pl.col("taken")).round(DECIMALS))
        .filter(pl.col("quantity") > 0)
        .select(lots.columns)
    )
    return remaining, issued


def _fefo() -> list[pl.Expr]:
    """Sort order of lots: by item, first to expire first, lots without expiry last."""
    no_expiry = pl.col("last_usable_day").is_null()
    return [*(pl.col(name) for name in ITEM), no_expiry, pl.col("last_usable_day"), pl.col("lot_id")]


def _with_item(facts: pl.DataFrame) -> pl.DataFrame:
    """Name the item of facts that have one column per kind of item."""
    kinds = {PRODUCT_KIND: "product_id", INGREDIENT_KIND: "ingredient_id", INTERMEDIATE_KIND: "recipe_id"}
    present = {kind: name for kind, name in kinds.items() if name in facts.columns}
    kind = pl.coalesce(pl.when(pl.col(name).is_not_null()).then(pl.lit(kind)) for kind, name in present.items())
    return facts.with_columns(item_kind=kind, item_id=pl.coalesce(present.values()))


def _lots_before_waste(cells: pl.DataFrame, counts: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """Counted and received quantity by lot, with the local day it was ``counted_on`` (null: never) and the first
    day ``since`` which waste is taken from it."""
    zones = cells.select("tenant_id", "timezone")
    counted = _with_item(counts).join(zones, on="tenant_id").with_columns(counted_at="recorded_at")
    counted = with_local_times(counted, recorded_at="recorded_at").with_columns(
        counted_on=pl.col("recorded_at").dt.date()
    )
    received = (
        _with_item(receipts)
        .join(zones, on="tenant_id")
        .join(counted.select(*LOT, "counted_at", "counted_on"), on=LOT, how="left")
        .filter(pl.col("counted_at").is_null() | (pl.col("received_at") > pl.col("counted_at")))
    )
    received_on = pl.when(pl.col("counted_on").is_null()).then(pl.col("received_at").dt.date())
    columns = [*LOT, "expires_on", "quantity", "counted_on", "since"]
    return (
        pl.concat(
            [
                counted.with_columns(since=pl.col("counted_on") + pl.duration(days=1)).select(columns),
                with_local_times(received, received_at="received_at").with_columns(since=received_on).select(columns),
            ]
        )
        .group_by(LOT)
        .agg(
            pl.col("expires_on").min(),
            ordered_sum("quantity").round(DECIMALS),
            pl.col("counted_on").max(),
            pl.col("since").min(),
        )
    )


def _without_unnamed_waste(lots: pl.DataFrame, waste: pl.DataFrame) -> pl.DataFrame:
    """Take waste that names no lot, in the order of its days, from the lots that were there and not counted since.

    Entries between the same two counts of an item see the same lots, so they are taken together: the
    loop runs once per distinct day of an item's counts, at most, for all tenants at once.
    """
    lots = lots.with_columns(turn=pl.col("since").rank("dense").over(ITEM).cast(pl.Int64))
    turns = lots.select(*ITEM, "since", "turn").unique()
    due = (
        waste.select(*ITEM, "waste_date", "quantity")
        .join(turns, on=ITEM)
        .filter(pl.col("since") <= pl.col("waste_date"))
        .group_by(*ITEM, "waste_date")
        .agg(pl.col("turn").max())
        .join(waste.select(*ITEM, "waste_date", "quantity"), on=[*ITEM, "waste_date"])
    )
    for turn in due["turn"].unique().sort():
        known = pl.col("turn") <= turn
        left, _ = _issue(lots.filter(known), due.filter(pl.col("turn") == turn))
        lots = pl.concat([left, lots.filter(~known)])
    return lots
