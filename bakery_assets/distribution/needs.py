"""Needs: which places sell on the plan date, when goods leave for each, and what each needs beyond its stock."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.distribution.apportionment import rounded_together
from bakery_assets.keys import SERIES, SHOP
from bakery_assets.kitchens import serving_kitchens
from bakery_assets.materials.assumed_transfers import AssumedTransfers
from bakery_assets.materials.demand import HALF_A_PIECE
from bakery_assets.materials.items import PRODUCT_KIND
from bakery_assets.materials.targets import TargetInputs, shop_targets
from bakery_assets.opening_hours import trading_hours
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

PIECE = "piece"
KITCHEN_PRODUCT = ["tenant_id", "kitchen_id", "product_id"]


class PlaceFacts(TypedDict):
    """What ``places`` reads."""

    locations: dy.DataFrame[ops.Locations]
    opening_hours: dy.DataFrame[ops.OpeningHours]
    calendar: dy.DataFrame[ops.Calendar]
    tenant_settings: dy.DataFrame[ops.TenantSettings]


class Places(dy.Schema):
    """Shops that sell on the plan date, and the counters of kitchens that serve any."""

    tenant_id = col.tenant_id()
    location_id = col.location_id(primary_key=True)
    kitchen_id = col.key_text("Kitchen that bakes for it")
    minutes = dy.Int64(min=0, description="Minutes on the way from that kitchen")
    opens_at = col.instant("When it opens")
    last_call = col.instant("Before when goods have to leave so that they arrive before it closes")
    leaves_at = col.instant("When goods leave so that they are there when it opens; not before the planning instant")
    kitchen_opens_at = col.instant("When the kitchen opens")


class Needs(Places):
    """What each place needs of each product."""

    product_id = col.key_text("The product", primary_key=True)
    unit = col.choice("Unit of the quantities", col.UNITS)
    is_whole = col.boolean("It is counted in pieces")
    forecast = col.number("Forecast")
    orders = col.number("Customer orders due")
    sold = col.number("Sold by the planning instant")
    target_quantity = col.number("What has to be ready for sale, less what is sold, in whole pieces for products"
                                 " counted in pieces")  # fmt: skip
    level = plans.TargetStockLevels.level
    shelf_life_days = ops.Products.shelf_life_days
    stock_usable = col.number("Stock there that may be used on the plan date; of a kitchen 0, see its supply")
    need = col.number("target_quantity - stock_usable, at least 0, in whole pieces for products counted in pieces")


def places(cells: dy.DataFrame[Cells], inputs: PlaceFacts) -> dy.DataFrame[Places]:
    """Places of kitchens that serve more than themselves, sorted; without those that are closed or about to close."""
    served = serving_kitchens(inputs["locations"]).join(cells, on="tenant_id")
    served = served.filter((pl.col("location_id") != pl.col("kitchen_id")).any().over("tenant_id", "kitchen_id"))
    days = served.select(*SHOP, "timezone", date="plan_date")
    hours = trading_hours(days, inputs["opening_hours"], inputs["calendar"], inputs["tenant_settings"])
    of_kitchen = hours.select("tenant_id", kitchen_id="location_id", kitchen_opens_at="opens_at")
    way = pl.duration(minutes=pl.col("minutes"))
    rows = (
        served.join(hours, on=SHOP)
        .join(of_kitchen, on=["tenant_id", "kitchen_id"], how="left")
        .with_columns(
            kitchen_opens_at=pl.coalesce("kitchen_opens_at", "opens_at"),
            last_call=pl.col("closes_at") - way,
            leaves_at=pl.max_horizontal(pl.col("opens_at") - way, "planned_as_of"),
        )
        .filter(pl.col("is_open") & (pl.col("leaves_at") < pl.col("last_call")))
    )
    return conform(Places, rows.sort(SHOP))


def needs(
    cells: dy.DataFrame[Cells],
    inputs: TargetInputs,
    at: dy.DataFrame[Places],
    balances: dy.DataFrame[plans.StockBalances],
    on_the_way: dy.DataFrame[AssumedTransfers],
) -> dy.DataFrame[Needs]:
    """Needs of the places ``at``, of what has to be ready there that day, sorted.

    Pieces are rounded for all places of a kitchen together, half up, as production rounds what it bakes: the rest goes
    to the largest fractions. Less than half a piece of all together counts as one where the product keeps long enough
    to sell half a piece, else as none.
    """
    wanted = shop_targets(cells, inputs).join(at, on=SHOP).rename({"target": "target_quantity"})
    wanted = wanted.filter(pl.col("target_quantity") > 0)
    total = ordered_sum("target_quantity").over(KITCHEN_PRODUCT)
    pieces = (
        pl.when(total >= HALF_A_PIECE)
        .then((total + HALF_A_PIECE).floor())
        .otherwise((total * pl.col("shelf_life_days") >= HALF_A_PIECE).cast(pl.Float64))
    )
    counted = wanted.with_columns(is_whole=pl.col("unit") == PIECE, total=pieces)
    rounded = rounded_together(counted, "target_quantity", total="total", over=KITCHEN_PRODUCT)
    stock = usable_stock(balances).rename({"quantity": "stock_usable"})
    coming = on_the_way.group_by(SERIES).agg(coming=ordered_sum("quantity"))
    is_kitchen = pl.col("location_id") == pl.col("kitchen_id")
    stock_usable = pl.col("stock_usable").fill_null(0.0) + pl.col("coming").fill_null(0.0)
    left_open = (pl.col("target_quantity") - pl.col("stock_usable")).clip(0.0).round(DECIMALS)
    rows = (
        rounded.join(stock, on=SERIES, how="left")
        .join(coming, on=SERIES, how="left")
        .with_columns(stock_usable=pl.when(is_kitchen).then(0.0).otherwise(stock_usable.round(DECIMALS)))
        .with_columns(need=pl.when("is_whole").then(left_open.ceil()).otherwise(left_open))
    )
    return conform(Needs, rows.filter(pl.col("target_quantity") > 0).sort(SERIES))


def usable_stock(balances: dy.DataFrame[plans.StockBalances]) -> pl.DataFrame:
    """``quantity`` of products by location (``SERIES``) that may be used on the plan date."""
    usable = pl.col("expires_on").is_null() | (pl.col("expires_on") >= pl.col("plan_date"))
    return (
        balances.filter((pl.col("item_kind") == PRODUCT_KIND) & usable)
        .group_by("tenant_id", "location_id", product_id="item_id")
        .agg(ordered_sum("quantity").round(DECIMALS))
    )
