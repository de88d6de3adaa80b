"""Days in a row: what is left of yesterday is sold first, only the rest is baked, in whole lots, and costs are money.

A bakery counts as one kitchen, as plans pool its stock: its shops' targets and demand are added up. Sizes of lots are
those of ``production.lots``, first expired, first out that of ``materials.stock``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.demand import whole_pieces
from bakery_assets.materials.items import PRODUCT_KIND, ItemQuantities
from bakery_assets.materials.stock import StockOnHand, first_expired_first_out
from bakery_assets.newsvendor.critical_ratio import CriticalRatios
from bakery_assets.production.lot_values import DemandToCome, gain_and_loss
from bakery_assets.production.lots import with_lot_sizes
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.replay.policies import POLICIES, SYSTEM
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops

PRODUCT_DATE = [*PRODUCT, "date"]
SIZES = ["unit", "shelf_life_days", "batch_min", "batch_max", "batch_multiple"]


class ProductDays(dy.Schema):
    """Every day of a product, all shops together; no day of its span is missing."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    date = col.date("The day", primary_key=True)
    is_open = col.boolean("A shop that had it was open")
    is_known = col.boolean("No shop sold out, so that demand is known")
    demand = col.number("Units sold, or ordered if that is more")
    ordered = col.number("Units that customers had ordered by the day before")


class Targets(dy.Schema):
    """What each policy wants to have of a product on a morning, all shops together."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    date = col.date("The day", primary_key=True)
    policy = col.choice("Whose target it is", POLICIES, primary_key=True)
    target = col.number("Units wanted on the shelf")


class ShelfDays(dy.Schema):
    """Every policy's days in a row."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    date = col.date("The day", primary_key=True)
    policy = col.choice("Who would have baked", POLICIES, primary_key=True)
    is_open = ProductDays.is_open
    is_known = ProductDays.is_known
    target = col.number("Units wanted on the shelf, in whole pieces beyond what was ordered; 0 on days not open")
    stock = col.number("Units left of the days before")
    baked = col.number("Units baked: whole lots for what the stock leaves open of the target")
    demand = ProductDays.demand
    lost = col.number("Demand that found nothing, in units")
    leftover = col.number("Units thrown away in the evening, at the end of their shelf life")
    kept = col.number("Units left for the next day")

    @dy.rule()
    def nothing_appears_or_disappears(cls) -> pl.Expr:
        """stock + baked = demand - lost + leftover + kept."""
        there = pl.col("stock") + pl.col("baked")
        gone = pl.col("demand") - pl.col("lost") + pl.col("leftover") + pl.col("kept")
        return (there - gone).abs() <= 1e-4


def ordered_before(orders: dy.DataFrame[ops.CustomerOrders], tenants: dy.DataFrame[ops.Tenants]) -> pl.DataFrame:
    """``PRODUCT_DATE, due, ordered`` of days on which customer orders are due: all of them, and those that had been
    placed by the day before, in the tenant's own time."""
    placed = with_local_times(orders.join(tenants.select("tenant_id", "timezone"), on="tenant_id"), placed="ordered_at")
    in_time = pl.when(pl.col("placed").dt.date() < pl.col("due_date")).then("quantity").otherwise(0.0)
    return (
        placed.with_columns(in_time=in_time)
        .group_by(*PRODUCT, date="due_date")
        .agg(due=ordered_sum("quantity").round(DECIMALS), ordered=ordered_sum("in_time").round(DECIMALS))
    )


def bake_and_sell(
    days: dy.DataFrame[ProductDays],
    targets: dy.DataFrame[Targets],
    products: dy.DataFrame[ops.Products],
    to_come: dy.DataFrame[DemandToCome],
) -> dy.DataFrame[ShelfDays]:
    """Let each policy bake for every day in turn, from empty shelves on.

    On an open morning what is to be there is the target, or what customers have ordered if that is more, in whole
    pieces as production rounds them (``materials.demand.whole_pieces``); what is left of the days before counts towards
    it, the rest is baked in lots (``production.lots``), and demand takes what expires first. A lot is sold for
    ``shelf_life_days``, the day of its baking being the first, and thrown away on the evening of the last, closed days
    counting. A product whose sizes allow no lot is never baked.

    Args:
        to_come: by the system's forecasts; as in its plans, a lot that loses more than it earns is left out unless
            customers have ordered from it (``production.lot_values``). Who bakes by rules does not ask.
    """
    worth = to_come.rename({"schedule_date": "date"}).with_columns(policy=pl.lit(SYSTEM), is_valued=True)
    rows = (
        days.join(targets, on=PRODUCT_DATE)
        .join(products.select(*PRODUCT, *SIZES), on=PRODUCT)
        .join(worth, on=[*PRODUCT_DATE, "policy"], how="left")
    )
    rest = whole_pieces((pl.col("target") - pl.col("ordered")).clip(0.0))
    # Each policy keeps a bakery of its own, so that one pass serves them all.
    owned = rows.with_columns(
        bakery=pl.concat_str("policy", "tenant_id", separator="/"),
        target=pl.when("is_open").then(pl.col("ordered") + rest).otherwise(0.0).round(DECIMALS),
    )
    shelf, lived = StockOnHand.create_empty(), []
    for today in owned.sort("date").partition_by("date", maintain_order=True):
        stocked = today.join(_by_product(shelf, "stock"), on=["bakery", "product_id"], how="left").with_columns(
            pl.col("stock").fill_null(0.0)
        )
        day, shelf = _one_day(stocked, shelf)
        lived.append(day)
    return conform(ShelfDays, pl.concat(lived).sort(ShelfDays.primary_key()))


def _one_day(today: pl.DataFrame, shelf: dy.DataFrame[StockOnHand]) -> tuple[pl.DataFrame, dy.DataFrame[StockOnHand]]:
    """A day of all bakeries, and what is on their shelves on the next morning."""
    wanted = today.with_columns(
        orders="ordered", net_requirement=(pl.col("target") - pl.col("stock")).clip(0.0).round(DECIMALS)
    )
    sized, _ = with_lot_sizes(wanted)
    lots = sized.filter(pl.col("planned_quantity") > 0, ~_is_losing())
    fresh = lots.select(
        tenant_id="bakery",
        item_kind=pl.lit(PRODUCT_KIND),
        item_id="product_id",
        lot_id=pl.format("baked {}", "date"),
        last_usable_day=pl.col("shelf_life_days") - 1,
        quantity="planned_quantity",
    )
    wished = today.select(tenant_id="bakery", item_kind=pl.lit(PRODUCT_KIND), item_id="product_id", quantity="demand")
    there = conform(StockOnHand, pl.concat([shelf, conform(StockOnHand, fresh)]))
    left, issued = first_expired_first_out(there, conform(ItemQuantities, wished))
    expired, kept = left.filter(pl.col("last_usable_day") < 1), left.filter(pl.col("last_usable_day") >= 1)
    key = ["bakery", "product_id"]
    day = today
    for part in (
        lots.select(*key, baked="planned_quantity"),
        issued.select(bakery="tenant_id", product_id="item_id", lost="unmet"),
        _by_product(expired, "leftover"),
        _by_product(kept, "kept"),
    ):
        day = day.join(part, on=key, how="left", maintain_order="left")
    day = day.with_columns(pl.col("baked", "lost", "leftover", "kept").fill_null(0.0))
    return day, conform(StockOnHand, kept.with_columns(pl.col("last_usable_day") - 1))


def _is_losing() -> pl.Expr:
    gain, loss = gain_and_loss(pl.col("stock"))
    is_rounded_up = (pl.col("planned_quantity") - pl.col("net_requirement")) >= 10.0**-DECIMALS
    loses = pl.col("is_valued") & is_rounded_up & (loss > gain) & (pl.col("ordered") <= pl.col("stock"))
    return loses.fill_null(value=False)


def _by_product(lots: pl.DataFrame, name: str) -> pl.DataFrame:
    return lots.group_by(bakery="tenant_id", product_id="item_id").agg(
        ordered_sum("quantity").round(DECIMALS).alias(name)
    )


def in_money(
    days: dy.DataFrame[ShelfDays], ratios: dy.DataFrame[CriticalRatios], tenants: dy.DataFrame[ops.Tenants]
) -> pl.DataFrame:
    """Days whose demand is known, with ``currency``, ``days`` (1 if it was open) and ``cost``.

    A unit lost costs price - cost, one thrown away cost - salvage value, neither less than nothing.
    """
    lost = (pl.col("price") - pl.col("unit_cost")).clip(0.0) * pl.col("lost")
    thrown_away = (pl.col("unit_cost") - pl.col("salvage_value")).clip(0.0) * pl.col("leftover")
    return (
        days.filter("is_known")
        .join(ratios, on=PRODUCT)
        .join(tenants.select("tenant_id", "currency"), on="tenant_id")
        .with_columns(cost=(lost + thrown_away).round(DECIMALS), days=pl.col("is_open").cast(pl.Int64))
    )
