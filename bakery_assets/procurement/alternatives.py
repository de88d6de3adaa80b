"""Alternatives to planned orders: what of them will expire, who else delivers or could, and what going without costs.

Rows are those of ``PlannedOrders``, in their order. What is ordered is decided in ``replenishment``.
"""

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.explanations.formats import quantity
from bakery_assets.keys import INGREDIENT, PRODUCT
from bakery_assets.materials.bill_of_materials import with_yield_factor
from bakery_assets.materials.expiry_buckets import Floats, by_day, last_usable_day
from bakery_assets.materials.gross_requirements import WhereUsed
from bakery_assets.materials.master_schedule import MasterSchedule
from bakery_assets.procurement.offers import Offers
from bakery_assets.procurement.outcome import DAYS_AFTER, outcome
from bakery_assets.procurement.records import MrpRecords, order_quantity
from bakery_assets.quantities import CENTS, DECIMALS, TOLERANCE, ordered_sum
from bakery_assets.schemas import ops


def expiring(records: MrpRecords, orders: pl.DataFrame) -> Floats:
    """What of each order will expire before it is used: minimum quantities and packs bring more than is needed."""
    found = np.zeros(orders.height)
    days = records.gross_requirement.shape[1] + DAYS_AFTER
    item = orders["item"].to_numpy()
    too_much = (orders["quantity"] > orders["net_requirement"] + TOLERANCE).to_numpy()
    items = np.unique(item[too_much & (records.shelf_life[item] < days)])
    if not len(items):
        return found
    rows = np.flatnonzero(np.isin(item, items))
    row = np.searchsorted(items, item[rows])
    own = records.of(items)
    then = outcome(own, orders[rows.tolist()].with_columns(item=pl.Series(row)))
    last = last_usable_day(orders["deliver_day"].to_numpy()[rows], own.shelf_life[row])
    lost = np.where((last >= 0) & (last < days), then.expired[row, np.clip(last, 0, days - 1)], 0.0)
    found[rows] = np.minimum(lost, orders["quantity"].to_numpy()[rows]).round(DECIMALS)
    return found


def other_offers(records: MrpRecords, offers: Offers, orders: pl.DataFrame) -> pl.DataFrame:
    """The best other offer for each order: ``other`` (row of the offer; null: none), ``other_day`` and
    ``other_quantity``, at most its largest order.

    Of those that can come in time the best, else the one that comes first. What can bring no more is none.
    """
    rows = orders.select("item", "offer", "needed_day", "net_requirement").with_row_index("order")
    pairs = rows.join(
        pl.DataFrame({"item": pl.Series(offers.item, dtype=pl.Int32), "other": np.arange(len(offers.item))}), on="item"
    ).filter(pl.col("other") != pl.col("offer"))
    pairs = pairs.join(exhausted_offers(offers, orders), on=["order", "other"], how="anti", maintain_order="left")
    other, item, needed = (pairs[name].to_numpy() for name in ("other", "item", "needed_day"))
    shape = offers.delivers.shape[1]
    latest, following = (
        days[other, needed] if len(other) else np.zeros(0, dtype=np.int64)
        for days in (offers.latest_delivery, offers.next_delivery)
    )
    in_time = (latest >= 0) & (last_usable_day(offers.delivery(other, latest), records.shelf_life[item]) >= needed)
    wanted = order_quantity(pairs["net_requirement"].to_numpy(), offers.minimum[other], offers.pack[other])
    largest = np.minimum(wanted, offers.maximum[other])
    best = (
        pairs.with_columns(
            usable=pl.Series(np.where(in_time, latest, following), dtype=pl.Int64),
            is_late=pl.Series(~in_time, dtype=pl.Boolean),
            other_quantity=pl.Series(largest, dtype=pl.Float64),
        )
        .filter(pl.col("usable") < shape)
        .sort("order", "is_late", pl.when("is_late").then("usable").otherwise(0), "other")
        .unique("order", keep="first", maintain_order=True)
    )
    other_day = offers.delivery(best["other"].to_numpy(), best["usable"].to_numpy())
    best = best.select("order", "other", "other_quantity", other_day=pl.Series(other_day, dtype=pl.Int64))
    return rows.select("order").join(best, on="order", how="left", maintain_order="left").drop("order")


def exhausted_offers(offers: Offers, orders: pl.DataFrame) -> pl.DataFrame:
    """For each order the offers of its item that can bring no more by then: ``order`` and ``other`` (row of the offer),
    sorted.

    Their last delivery by the day on which the order is needed is ordered already, as much as it can bring.
    """
    rows = orders.select("item", "offer", "needed_day").with_row_index("order")
    is_full = (orders["quantity"] >= pl.Series(offers.maximum[orders["offer"].to_numpy()]) - TOLERANCE).to_numpy()
    full = orders.filter(pl.col("limited_to").is_not_null() & pl.Series(is_full, dtype=pl.Boolean))
    pairs = rows.join(full.select("item", other="offer", full_day="usable_day"), on="item").filter(
        pl.col("other") != pl.col("offer")
    )
    latest = offers.latest_delivery[pairs["other"].to_numpy(), pairs["needed_day"].to_numpy()]
    found = pairs.filter(pl.col("full_day") == pl.Series(latest, dtype=pl.Int64))
    return found.select("order", pl.col("other").cast(pl.Int64)).unique().sort("order", "other")


def splits(ordered: pl.DataFrame, exhausted: pl.DataFrame) -> pl.DataFrame:
    """Orders with what other suppliers bring of the same shortage because one of them cannot bring it all.

    Adds ``rest_quantity``, the part of ``left_out`` that is ordered elsewhere, ``rest_from``, who brings how much of
    it, and ``full_suppliers``, the preferred ones that can bring no more. Of the orders for one shortage each has those
    before it in its ``ordered_before``.

    Args:
        ordered: orders by ``order`` with ``offer``, ``supplier`` and ``unit``; better offers of an item come first.
        exhausted: of ``exhausted_offers``.
    """
    shortage = ["item", "needed_day"]
    parts = ordered.sort(*shortage, "ordered_before").select(
        *shortage, "supplier", "unit", "quantity", already="ordered_before"
    )
    brings = pl.format("{} {}", "supplier", quantity("quantity"))
    after = (
        ordered.filter(pl.col("left_out") > 0)
        .select(*shortage, "order", "left_out", "ordered_before")
        .join(parts, on=shortage, maintain_order="left_right")
        .filter(pl.col("already") > pl.col("ordered_before"))
        .group_by("order", maintain_order=True)
        .agg(
            rest_quantity=pl.min_horizontal(ordered_sum("quantity"), pl.col("left_out").first()).round(DECIMALS),
            rest_from=brings.str.join(" and "),
        )
    )
    names = ordered.select(pl.col("offer").cast(pl.Int64).alias("other"), full_supplier="supplier").unique()
    before = (
        exhausted.join(ordered.select("order", "offer"), on="order", maintain_order="left")
        .filter(pl.col("other") < pl.col("offer"))
        .join(names, on="other", maintain_order="left")
        .group_by("order", maintain_order=True)
        .agg(full_suppliers=pl.col("full_supplier").str.join(" and "))
    )
    found = ordered.join(after, on="order", how="left", maintain_order="left")
    return found.join(before, on="order", how="left", maintain_order="left").with_columns(
        pl.col("rest_quantity").fill_null(0.0)
    )


def margins(
    items: pl.DataFrame,
    schedule: dy.DataFrame[MasterSchedule],
    used: dy.DataFrame[WhereUsed],
    recipes: dy.DataFrame[ops.Recipes],
    products: dy.DataFrame[ops.Products],
    days: int,
) -> Floats:
    """Items by days: the margin, price less unit cost, of what is baked with the ingredient; a product without both
    counts as nothing.
    """
    yields = recipes.select("tenant_id", "recipe_id", "yield_unit")
    baked = (
        with_yield_factor(schedule.join(yields, on=["tenant_id", "recipe_id"]), products)
        .join(products.select(*PRODUCT, margin=pl.col("price") - pl.col("unit_cost")), on=PRODUCT)
        .with_columns(margin=(pl.col("quantity") / pl.col("factor") * pl.col("margin")).clip(0.0))
        .group_by(*PRODUCT, "day")
        .agg(ordered_sum("margin"))
        .drop_nulls()
    )
    # By the number of the ingredient: groups by texts cost twice as much.
    numbered = used.join(items.select(*INGREDIENT, item="row"), on=INGREDIENT).select(*PRODUCT, "item")
    by_ingredient = numbered.join(baked, on=PRODUCT).group_by("item", "day").agg(ordered_sum("margin"))
    return by_day(by_ingredient, items.select("row", item="row"), ["item"], "margin", days)


def margin_at_stake(margin: Floats, orders: pl.DataFrame) -> Floats:
    """Margin of the days that each order is for, from the first that it can cover."""
    item, usable, needed, last = (
        orders[name].to_numpy() for name in ("item", "usable_day", "needed_day", "last_day_covered")
    )
    day = np.arange(margin.shape[1])
    counts = (day >= np.maximum(usable, needed)[:, None]) & (day <= last[:, None])
    found: Floats = np.where(counts, margin[item], 0.0).sum(axis=1).round(CENTS)
    return found
