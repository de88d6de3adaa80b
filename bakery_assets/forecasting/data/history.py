"""What was sold, and on which days a shop was open at all.

A day without a row is a day without a sale when the shop sold anything else that day, and a closed day
otherwise. Days after a tenant's last sale are unknown, not empty.
"""

import polars as pl

from bakery_assets.keys import SERIES, SHOP

HISTORY_DAYS = 1_130  # three years and a month, so that a yearly holiday is seen three times
BREAK_DAYS = 7  # as many closed days in a row are a break, not a weekly closing day


def known_sales(cells: pl.DataFrame, products: pl.DataFrame, sales: pl.DataFrame, days: int) -> pl.DataFrame:
    """Sales of the ``days`` before the plan date of products that exist.

    Args:
        sales: facts; a column ``demand``, of ``censored.with_demand``, is carried along where there is one.

    Returns:
        ``SERIES, date, quantity, revenue, demand, is_sold_out``; net refunds count as nothing sold. ``demand`` is
        what would have sold had there been enough, null where only the sales are known.
    """
    dates = cells.select("tenant_id", "plan_date")
    earliest = dates.select(pl.col("plan_date").min() - pl.duration(days=days)).item()
    latest = dates["plan_date"].max()
    since, until = pl.lit(earliest, pl.Date), pl.lit(latest, pl.Date)
    kept = sales.lazy().filter(pl.col("sales_date") >= since, pl.col("sales_date") < until)
    found = (
        # Most of a long history goes by its date alone, before anything is joined.
        kept.collect()
        .join(dates, on="tenant_id")
        .filter(
            pl.col("sales_date") < pl.col("plan_date"),
            pl.col("sales_date") >= pl.col("plan_date") - pl.duration(days=days),
        )
        .join(products, on=["tenant_id", "product_id"], how="semi")
    )
    demand = pl.col("demand") if "demand" in found.columns else pl.lit(None, pl.Float64)
    is_unseen = demand.is_nan().fill_null(False)
    return found.select(
        *SERIES,
        date="sales_date",
        quantity=pl.col("quantity").clip(lower_bound=0.0),
        revenue=pl.col("revenue"),
        demand=pl.when(~is_unseen).then(demand),
        is_sold_out=pl.col("sold_out_at").is_not_null() | is_unseen,
    )


def shop_days(sales: pl.DataFrame) -> pl.DataFrame:
    """Every shop's days from its first sale to its tenant's last one: ``SHOP, date, weekday, is_open``.

    Also ``is_break``: the day lies in a closed stretch of at least ``BREAK_DAYS``.
    """
    return days_around(sales.filter(pl.col("quantity") > 0).select(*SHOP, "date").unique())


def days_around(opened: pl.DataFrame) -> pl.DataFrame:
    """As ``shop_days``, from the days on which the shops sold something: ``SHOP, date``, distinct."""
    open_days = opened.with_columns(is_open=pl.lit(True))
    spans = open_days.group_by(SHOP).agg(first=pl.col("date").min(), last=pl.col("date").max())
    spans = spans.with_columns(last=pl.col("last").max().over("tenant_id"))
    stretch = pl.col("is_open").rle_id().over(SHOP)
    return (
        spans.select(*SHOP, date=pl.date_ranges("first", "last"))
        .explode("date")
        .join(open_days, on=[*SHOP, "date"], how="left")
        .sort(*SHOP, "date")
        .with_columns(pl.col("is_open").fill_null(False), weekday=pl.col("date").dt.weekday())
        .with_columns(stretch=stretch)
        .with_columns(is_break=~pl.col("is_open") & (pl.len().over(*SHOP, "stretch") >= BREAK_DAYS))
        .drop("stretch")
    )
