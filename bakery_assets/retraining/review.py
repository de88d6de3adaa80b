"""Whether a promoted version did better on the days after: the verdict, from what both versions would have said.

Both are asked for the forecast of each morning, as of that morning; the version that made the plans gets no other
treatment than the one it replaced. A bakery's first version has replaced the fallbacks.
"""

from datetime import datetime, timedelta

import polars as pl

from bakery_assets.cells import CELLS
from bakery_assets.local_time import local_date, to_instant

REVIEW_DAYS = 14  # mornings looked at; a version that has not shown itself worse by then stays
SOON_DAYS = 3  # the fewest open days on which a version can be sent back
SOON_WORSE = 0.10  # on so few days chance alone moves a WAPE by several percent
ENOUGH_DAYS = 5  # promoted on Sunday night, a version has six mornings before the next may replace it, one often closed
WORSE = 0.02  # relative; below it nobody in a bakery would notice
ENOUGH_ROWS = 14  # of product, shop and day, two weeks of one product; fewer say nothing, whatever they add up to
DECIMALS = 6

RUN = ["tenant_id", "retraining_id"]
SHOP_DAY = ["tenant_id", "target_date", "location_id"]
ROW = [*SHOP_DAY, "product_id"]
VERDICTS = pl.Schema(
    {
        "tenant_id": pl.String(),
        "retraining_id": pl.String(),
        "state": pl.String(),
        "days_reviewed": pl.Int32(),
        "live_wape_old": pl.Float64(),
        "live_wape_new": pl.Float64(),
        "reason": pl.String(),
    }
)


def mornings(promotions: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The past mornings that a promoted version was champion of, at most ``REVIEW_DAYS`` of them.

    Args:
        promotions: ``tenant_id, retraining_id, champion_from, champion_until, timezone, planning_time``; a tenant may
            have several, whose spans do not meet.
        now: an aware instant; days that have not ended locally are not looked at.

    Returns:
        the columns of ``cells.CELLS`` and ``retraining_id``, by tenant and date.
    """
    found = []
    names = ("tenant_id", "retraining_id", "champion_from", "champion_until", "timezone", "planning_time")
    for tenant, run, begins, ends, zone, at in promotions.select(names).iter_rows():
        first = local_date(begins, zone)
        today = local_date(now, zone)
        for offset in range(min(REVIEW_DAYS, (today - first).days)):
            day = first + timedelta(days=offset)
            instant = to_instant(day, at, zone)
            if begins <= instant and (ends is None or instant < ends):
                found.append((tenant, day, zone, instant, run))
    return pl.DataFrame(found, schema={**CELLS, "retraining_id": pl.String()}, orient="row").sort(
        "tenant_id", "plan_date"
    )


def runs_to_judge(promotions: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """``tenant_id, retraining_id, is_over, is_replaced`` of promotions, as ``judge`` asks for them."""
    is_replaced = pl.col("champion_until").is_not_null()
    is_late = pl.col("champion_from") < pl.lit(now) - pl.duration(days=REVIEW_DAYS + 1)
    return promotions.select(*RUN, is_over=is_late | is_replaced, is_replaced=is_replaced)


def compare_live(old: pl.DataFrame, new: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Both versions' forecasts beside what sold.

    As in the validation, a shop has traded on a day with any row of sales; there, what was forecast and has no row
    sold 0, and a shop without a row is left out, as its till may be down. What sold out is left out, too: the version
    that rightly asked for more must not be the worse one.

    Args:
        old, new: ``ROW`` and ``system_yhat``: each morning's forecast of that day, by the version replaced (or the
            fallbacks, where there was none) and by the new one.
        sales: as known now.

    Returns:
        ``ROW``, ``yhat_old``, ``yhat_new``, ``actual`` of what both versions forecast, sorted.
    """
    sold = sales.select(
        "tenant_id",
        "location_id",
        "product_id",
        target_date="sales_date",
        actual="quantity",
        is_sold_out=pl.col("sold_out_at").is_not_null(),
    )
    return (
        old.select(*ROW, yhat_old="system_yhat")
        .join(new.select(*ROW, yhat_new="system_yhat"), on=ROW)
        .join(sold, on=SHOP_DAY, how="semi")
        .join(sold.filter("is_sold_out"), on=ROW, how="anti")
        .join(sold, on=ROW, how="left")
        .with_columns(pl.col("actual").fill_null(0.0))
        .select(*ROW, "yhat_old", "yhat_new", "actual")
        .sort(ROW)
    )


def judge(runs: pl.DataFrame, compared: pl.DataFrame) -> pl.DataFrame:
    """The verdict on each promotion.

    - ``rolled_back``: with ``ENOUGH_ROWS`` rows or more, its WAPE is over 10% above the old one's after 3 days, or
      over 2% after 5, or on 3 or more when the review is over.
    - ``not_better``: the same, but another version has replaced it since, so that there is nothing to send back.
    - ``confirmed``: neither, after 5 days with enough rows, or when the review is over, whatever could be compared.
    - ``promoted``: it is too early to say.

    Args:
        runs: ``tenant_id, retraining_id``; ``is_over``: the two weeks have passed, or another version has followed.
            ``is_replaced``: another version has followed.
        compared: of ``compare_live``, with the ``retraining_id`` that each row is about.

    Returns:
        ``VERDICTS``, by tenant and retraining.
    """
    error_old = (pl.col("yhat_old") - pl.col("actual")).abs().sum()
    error_new = (pl.col("yhat_new") - pl.col("actual")).abs().sum()
    sold = pl.col("actual").abs().sum()
    measured = compared.group_by(RUN).agg(
        days_reviewed=pl.col("target_date").n_unique().cast(pl.Int32),
        rows=pl.len(),
        live_wape_old=pl.when(sold > 0).then(error_old / sold).round(DECIMALS),
        live_wape_new=pl.when(sold > 0).then(error_new / sold).round(DECIMALS),
    )
    old, new, days = pl.col("live_wape_old"), pl.col("live_wape_new"), pl.col("days_reviewed")
    is_enough = (pl.col("rows") >= ENOUGH_ROWS) & old.is_not_null()
    is_worse = (
        is_enough
        & (days >= SOON_DAYS)
        & (new > (old * (1 + pl.when((days >= ENOUGH_DAYS) | "is_over").then(WORSE).otherwise(SOON_WORSE))))
    )
    is_known = (is_enough & (days >= ENOUGH_DAYS)) | pl.col("is_over")
    figures = pl.format(
        "WAPE {}% against {}% of what was in use before, on {} days", _percent(new), _percent(old), days
    )
    return (
        runs.join(measured, on=RUN, how="left")
        .with_columns(pl.col("days_reviewed", "rows").fill_null(0))
        .with_columns(
            state=pl.when(is_worse & pl.col("is_replaced"))
            .then(pl.lit("not_better"))
            .when(is_worse)
            .then(pl.lit("rolled_back"))
            .when(is_known)
            .then(pl.lit("confirmed"))
            .otherwise(pl.lit("promoted"))
        )
        .with_columns(
            reason=pl.when(pl.col("state") == "not_better")
            .then(pl.format("{}; another version has replaced it since", figures))
            .when(is_enough)
            .then(figures)
            .when(pl.col("state") == "confirmed")
            .then(pl.lit("too few days could be compared to send it back"))
        )
        .select(list(VERDICTS))
        .cast(VERDICTS)
        .sort(RUN)
    )


def _percent(fraction: pl.Expr) -> pl.Expr:
    return (100 * fraction).round(2)
