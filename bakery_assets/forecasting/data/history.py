"""Sales of the days before a plan date, and each shop's open and closed days.

A day without a row is a day without a sale when the shop sold anything else that day, and a closed day
otherwise. Days after a tenant's last sale are unknown, not empty. Demand behind days that sold out is in
``unconstrained_demand``, days on which a shop will be closed in ``closures``.
"""

from typing import TypedDict, cast

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT, SHOP
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col

HISTORY_DAYS = 1_130  # three years and a month, so that a yearly holiday is seen three times
BREAK_DAYS = 7  # as many closed days in a row are a break, not a weekly closing day


class ShopKey(dy.Schema):
    """What every row about a shop begins with."""

    tenant_id = col.tenant_id()
    location_id = col.key_text("Shop or kitchen", primary_key=True)


class SeriesKey(ShopKey):
    """What every row about a series begins with: a product in a shop."""

    product_id = col.key_text("The product", primary_key=True)


class ShopDates(ShopKey):
    """Shops and dates."""

    date = col.date("The day", primary_key=True)


class ShopCalendar(ShopDates):
    """Every shop's days from its first sale to its tenant's last one."""

    weekday = dy.Int8(min=1, max=7, description="ISO weekday, 1: Monday")
    is_open = col.boolean("The shop sold something")
    is_break = col.boolean(f"It lies in a closed stretch of at least {BREAK_DAYS} days")


class DemandHistory(SeriesKey):
    """Sales of the days before the plan date, with the demand behind those that sold out."""

    date = col.date("Day of the sale", primary_key=True)
    quantity = col.number("Units sold; net refunds count as 0")
    revenue = col.number("Revenue, in the tenant's currency", minimum=None, nullable=True)
    demand = col.number(
        "Estimated demand, in units; empty: it did not sell out, or no estimate is possible", nullable=True
    )
    is_sold_out = col.boolean("It sold out, or was hardly in stock")


class SalesFacts(TypedDict):
    """The facts that a history of sales is taken from."""

    products: dy.DataFrame[ops.Products]
    sales: dy.DataFrame[ops.Sales]


def sales_window(cells: dy.DataFrame[Cells], facts: SalesFacts, days: int) -> dy.DataFrame[ops.Sales]:
    """Sales of the ``days`` before each tenant's plan date, of products that exist."""
    dates = cells.select("tenant_id", "plan_date")
    earliest = dates.select(pl.col("plan_date").min() - pl.duration(days=days)).item()
    latest = dates["plan_date"].max()
    since, until = pl.lit(earliest, pl.Date), pl.lit(latest, pl.Date)
    # Most of a long history is dropped by its date alone, before anything is joined.
    recent = facts["sales"].lazy().filter(pl.col("sales_date") >= since, pl.col("sales_date") < until).collect()
    found = (
        recent.join(dates, on="tenant_id")
        .filter(
            pl.col("sales_date") < pl.col("plan_date"),
            pl.col("sales_date") >= pl.col("plan_date") - pl.duration(days=days),
        )
        .drop("plan_date")
        .join(facts["products"], on=PRODUCT, how="semi")
    )
    return cast(dy.DataFrame[ops.Sales], found)


def open_days(sales: dy.DataFrame[DemandHistory]) -> dy.DataFrame[ShopDates]:
    """The days on which each shop sold something."""
    return conform(ShopDates, sales.filter(pl.col("quantity") > 0).select(*SHOP, "date").unique())


def shop_calendar(opened: dy.DataFrame[ShopDates]) -> dy.DataFrame[ShopCalendar]:
    """Every shop's days, open and closed, from its first of ``opened`` to its tenant's last, sorted."""
    is_open_day = opened.with_columns(is_open=pl.lit(True))
    spans = is_open_day.group_by(SHOP).agg(first=pl.col("date").min(), last=pl.col("date").max())
    spans = spans.with_columns(last=pl.col("last").max().over("tenant_id"))
    stretch = pl.col("is_open").rle_id().over(SHOP)
    days = (
        spans.select(*SHOP, date=pl.date_ranges("first", "last"))
        .explode("date")
        .join(is_open_day, on=[*SHOP, "date"], how="left")
        .sort(*SHOP, "date")
        .with_columns(pl.col("is_open").fill_null(False), weekday=pl.col("date").dt.weekday())
        .with_columns(stretch=stretch)
        .with_columns(is_break=~pl.col("is_open") & (pl.len().over(*SHOP, "stretch") >= BREAK_DAYS))
    )
    return conform(ShopCalendar, days)
