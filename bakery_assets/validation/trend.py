"""A day's figures among those of the weeks before it: the trend of the bakery, and its best and worst products."""

import polars as pl

from bakery_assets.metrics import mape, ratio
from bakery_assets.validation.validation_days import DAY

WEEK = 7
FOUR_WEEKS = 28
STABLE = 0.05  # relative change of WAPE from week to week that is not a trend
SHOWN = 5
ROW = ["tenant_id", "date", "location_id", "product_id", "yhat", "actual"]


def recent_results(judged: pl.DataFrame, past_validations: pl.DataFrame) -> pl.DataFrame:
    """What is known of these and earlier days: ``tenant_id, date, location_id, product_id, yhat, actual``, sorted.

    A day that several cells checked counts as the last of them found it. Rows that sold out are left out.

    Args:
        judged: rows of ``beside_sales`` that are judged.
        past_validations: columns of ``validation_results``, of cells before.
    """
    own = judged.rename({"validation_date": "date"})
    past = (
        past_validations.rename({"validation_date": "date"})
        .filter(pl.col("plan_date") == pl.col("plan_date").max().over("tenant_id", "date"))
        .join(own, on=["tenant_id", "date"], how="anti")
    )
    rows = [part.filter(~pl.col("is_sold_out")).select(ROW) for part in (own, past)]
    return pl.concat(rows).sort(ROW[:4])


def trends(days: pl.DataFrame, recent: pl.DataFrame) -> pl.DataFrame:
    """How the last seven validated days did, and the seven before them.

    Args:
        days: ``tenant_id, plan_date, validation_date`` of days that are judged.
        recent: of ``recent_results``.

    Returns:
        ``days`` with ``wape_7d, wape_7d_before`` (sums of absolute errors over sums of absolute sales; null where
        there are fewer than seven days or nothing sold) and ``trend``: improving, stable, worsening, unknown.
    """
    week = (pl.col("back") // WEEK).cast(pl.Int32)
    weeks = (
        recent.group_by("tenant_id", "date", maintain_order=True)
        .agg(off=(pl.col("yhat") - pl.col("actual")).abs().sum(), sold=pl.col("actual").abs().sum())
        .join(days.select(DAY), on="tenant_id")
        .filter(pl.col("date") <= pl.col("validation_date"))
        .sort(*DAY, "date", descending=[False, False, False, True])
        .with_columns(back=pl.int_range(pl.len()).over(DAY))
        .group_by(*DAY, week=week, maintain_order=True)
        .agg(count=pl.len(), wape=ratio(pl.col("off").sum(), pl.col("sold").sum()).round(6))
        .filter(pl.col("count") == WEEK)
    )
    now, before = pl.col("wape_7d"), pl.col("wape_7d_before")
    margin = STABLE * before + 1e-9
    return (
        days.select(DAY)
        .join(weeks.filter(pl.col("week") == 0).select(*DAY, wape_7d="wape"), on=DAY, how="left")
        .join(weeks.filter(pl.col("week") == 1).select(*DAY, wape_7d_before="wape"), on=DAY, how="left")
        .with_columns(
            trend=pl.when(now.is_null() | before.is_null())
            .then(pl.lit("unknown"))
            .when(now > before + margin)
            .then(pl.lit("worsening"))
            .when(now < before - margin)
            .then(pl.lit("improving"))
            .otherwise(pl.lit("stable"))
        )
        .sort(DAY)
    )


def four_weeks(products: pl.DataFrame, recent: pl.DataFrame) -> pl.DataFrame:
    """How each product did over the 28 days up to a day, and which did best and worst.

    Args:
        products: distinct ``tenant_id, plan_date, validation_date, product_id``.
        recent: of ``recent_results``.

    Returns:
        ``products`` with ``wape_28d, mape_28d, days_28d``, and ``rank_best, rank_worst``: 1 to at most
        ``SHOWN`` among the bakery's products by WAPE, null for the others. Of equal products the one that sells more
        is better, then the first by its id. No product is among the best and the worst at once: of three
        products one is each and one is neither.
    """
    key = [*DAY, "product_id"]
    found = (
        products.join(recent, on=["tenant_id", "product_id"])
        .filter(
            pl.col("date").is_between(
                pl.col("validation_date") - pl.duration(days=FOUR_WEEKS - 1), pl.col("validation_date")
            )
        )
        .sort(*key, "date", "location_id")
        .group_by(key, maintain_order=True)
        .agg(
            wape_28d=ratio((pl.col("yhat") - pl.col("actual")).abs().sum(), pl.col("actual").abs().sum()).round(6),
            mape_28d=mape().round(6),
            days_28d=pl.col("date").n_unique().cast(pl.Int32),
            sold=pl.col("actual").abs().sum().round(6),
        )
    )
    best = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(DAY)
    count = pl.len().over(DAY).cast(pl.Int32)
    most = pl.min_horizontal(pl.lit(SHOWN, pl.Int32), pl.col("count") // 2)
    ranks = (
        found.filter(pl.col("wape_28d").is_not_null())
        .sort(*DAY, "wape_28d", "sold", "product_id", descending=[False, False, False, False, True, False])
        .with_columns(best=best, count=count)
        .with_columns(worst=pl.col("count") + 1 - pl.col("best"))
        .select(
            *key,
            rank_best=pl.when(pl.col("best") <= most).then("best"),
            rank_worst=pl.when(pl.col("worst") <= most).then("worst"),
        )
    )
    return (
        products.select(key)
        .join(found.drop("sold"), on=key, how="left")
        .join(ranks, on=key, how="left")
        .with_columns(pl.col("days_28d").fill_null(0))
        .sort(key)
    )
