"""Sales as regular daily series: which days were open, which were normal, and what a normal day sells.

A day without a row is a day without a sale when the shop sold anything else that day, and a closed day
otherwise. Days after a tenant's last sale are unknown, not empty.
"""

import polars as pl

SERIES = ["tenant_id", "location_id", "product_id"]
SHOP = ["tenant_id", "location_id"]

HISTORY_DAYS = 1_130  # three years and a month, so that a yearly holiday is seen three times
SAME_WEEKDAYS = 4  # how many normal same weekdays make a normal day
FRESH_WEEKS = 8  # a normal same weekday older than this says less than the day itself
BREAK_DAYS = 7  # as many closed days in a row are a break, not a weekly closing day


def known_sales(cells: pl.DataFrame, products: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Sales before the plan date of products that exist: ``SERIES, date, quantity, is_sold_out``.

    Net refunds count as nothing sold.
    """
    return (
        sales.join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .filter(
            pl.col("sales_date") < pl.col("plan_date"),
            pl.col("sales_date") >= pl.col("plan_date") - pl.duration(days=HISTORY_DAYS),
        )
        .join(products, on=["tenant_id", "product_id"], how="semi")
        .select(
            *SERIES,
            date="sales_date",
            quantity=pl.col("quantity").clip(lower_bound=0.0),
            is_sold_out=pl.col("sold_out_at").is_not_null(),
        )
        .sort(*SERIES, "date")
    )


def shop_days(sales: pl.DataFrame) -> pl.DataFrame:
    """Every shop's days from its first sale to its tenant's last one: ``SHOP, date, weekday, is_open``.

    Also ``is_break``: the day lies in a closed stretch of at least ``BREAK_DAYS``.
    """
    open_days = sales.filter(pl.col("quantity") > 0).select(*SHOP, "date").unique().with_columns(is_open=pl.lit(True))
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


def regular_series(cells: pl.DataFrame, sales: pl.DataFrame, days: pl.DataFrame, special: pl.DataFrame) -> pl.DataFrame:
    """One row per series and day from its first sale to the day before the plan date, sorted.

    Args:
        sales: of ``known_sales``. days: of ``shop_days``. special: of ``special_days``.

    Returns:
        ``SERIES, date, weekday, quantity, is_open, is_known, kinds, is_normal, expected, filled`` where
        ``is_known``: the day is not after the tenant's last sale; ``is_normal``: an open day with nothing
        special about it and nothing sold out; ``expected``: mean of the last ``SAME_WEEKDAYS`` normal same
        weekdays before it, null when there is none within ``FRESH_WEEKS``; ``filled``: what the day sold if
        it was normal, else what a normal day would have.
    """
    first_sale = sales.filter(pl.col("quantity") > 0).group_by(SERIES).agg(first=pl.col("date").min())
    last_sale = days.group_by("tenant_id").agg(last_sale=pl.col("date").max())
    grid = (
        first_sale.join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .select(*SERIES, date=pl.date_ranges("first", pl.col("plan_date") - pl.duration(days=1)))
        .explode("date")
        .join(sales, on=[*SERIES, "date"], how="left")
        .join(days.filter("is_open").select(*SHOP, "date", "is_open"), on=[*SHOP, "date"], how="left")
        .join(special, on=["tenant_id", "product_id", "date"], how="left")
        .join(last_sale, on="tenant_id", how="left")
        .sort(*SERIES, "date")
        .with_columns(
            pl.col("quantity").fill_null(0.0),
            pl.col("is_open").fill_null(False),
            pl.col("is_sold_out").fill_null(False),
            pl.col("is_shut").fill_null(False),
            weekday=pl.col("date").dt.weekday(),
            is_known=pl.col("date") <= pl.col("last_sale"),
        )
        .with_columns(
            is_normal=pl.col("is_open")
            & ~pl.col("is_shut")
            & ~pl.col("is_sold_out")
            & (pl.col("kinds").list.len().fill_null(0) == 0)
        )
    )
    return _with_expected(grid).drop("last_sale", "is_shut")


def _with_expected(grid: pl.DataFrame) -> pl.DataFrame:
    weekday = [*SERIES, "weekday"]
    level = grid.filter("is_normal").select(
        *SERIES,
        "date",
        level=pl.col("quantity").rolling_mean(SAME_WEEKDAYS, min_samples=1).over(weekday),
    )
    latest = pl.col("level").shift(1)
    sold = pl.when("is_open").then(pl.col("quantity"))
    return (
        grid.join(level, on=[*SERIES, "date"], how="left", maintain_order="left")
        .with_columns(
            expected=latest.forward_fill(limit=FRESH_WEEKS - 1).over(weekday),
            stale=latest.forward_fill().over(weekday),
        )
        .with_columns(
            filled=pl.when("is_normal")
            .then(pl.col("quantity"))
            .when("is_sold_out")
            .then(pl.max_horizontal("quantity", "expected"))
            .otherwise(pl.coalesce("expected", sold, "stale"))
        )
        .with_columns(pl.col("filled").forward_fill().backward_fill().over(weekday))
        .with_columns(pl.col("filled").fill_null(pl.col("filled").mean().over(SERIES)).fill_null(0.0))
        .drop("level", "stale")
    )
