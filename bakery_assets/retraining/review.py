"""The review of promoted versions: the verdict, from what the old and the new version forecast for the days since.

Both forecast each morning as of that morning; the version that made the plans is treated no differently from the one
it replaced. A bakery's first version has replaced the fallbacks. The backtest before a promotion is in
``champion_comparison``; verdicts are carried out by ``resources.warehouse.model_registry``.
"""

from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from bakery_assets.explanations.formats import percent
from bakery_assets.local_time import local_date
from bakery_assets.metrics import wape
from bakery_assets.planning_instants import PlanningInstants
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

REVIEW_DAYS = 14  # days compared; a version that has not proved worse by then stays
MIN_EARLY_DAYS = 3  # the fewest open days on which a version can be rolled back
MAX_EARLY_WORSENING = 0.10  # of WAPE, relative; on so few days chance alone moves a WAPE by several percent
MIN_DAYS = 5  # promoted on Sunday night, a version has six mornings before the next may replace it, one often closed
MAX_WORSENING = 0.02  # of WAPE, relative; a smaller difference is not noticed in a bakery
MIN_ROWS = 14  # of product, shop and day, two weeks of one product; fewer prove nothing

RETRAINING = ["tenant_id", "retraining_id"]
SHOP_DAY = ["tenant_id", "target_date", "location_id"]
SERIES_DAY = [*SHOP_DAY, "product_id"]


class Promotions(dy.Schema):
    """Retrainings whose version is under review, and the span in which it was champion."""

    tenant_id = col.tenant_id()
    retraining_id = plans.RetrainingRuns.retraining_id
    old_version = plans.RetrainingRuns.old_version
    new_version = plans.RetrainingRuns.new_version
    champion_from = plans.ModelVersions.champion_from
    champion_until = plans.ModelVersions.champion_until
    timezone = col.timezone()


class ReviewDays(Cells):
    """Cells that a version under review was champion of."""

    retraining_id = col.key_text("Retraining that made the version")


class OpenReviews(dy.Schema):
    """Reviews without a verdict."""

    tenant_id = plans.RetrainingRuns.tenant_id
    retraining_id = plans.RetrainingRuns.retraining_id
    is_over = col.boolean("The days of the review have passed, or another version has followed")
    is_replaced = col.boolean("Another version has followed")


class LiveForecasts(dy.Schema):
    """What a version forecast each morning for that same day."""

    tenant_id = plans.DemandForecasts.tenant_id
    target_date = plans.DemandForecasts.target_date
    location_id = plans.DemandForecasts.location_id
    product_id = plans.DemandForecasts.product_id
    system_yhat = plans.DemandForecasts.system_yhat


class LiveComparison(dy.Schema):
    """Forecasts of the old and the new version with what sold, of what both forecast."""

    tenant_id = plans.DemandForecasts.tenant_id
    target_date = plans.DemandForecasts.target_date
    location_id = plans.DemandForecasts.location_id
    product_id = plans.DemandForecasts.product_id
    yhat_old = plans.DemandForecasts.system_yhat
    yhat_new = plans.DemandForecasts.system_yhat
    actual = plans.ValidationResults.actual
    retraining_id = col.key_text("Retraining that made the new version")


class Verdicts(dy.Schema):
    """What a review has found; ``promoted``: it is too early to tell."""

    tenant_id = plans.RetrainingRuns.tenant_id
    retraining_id = plans.RetrainingRuns.retraining_id
    state = col.choice("Verdict", ("promoted", "not_better", "confirmed", "rolled_back"))
    days_reviewed = plans.RetrainingRuns.days_reviewed
    live_wape_old = plans.RetrainingRuns.live_wape_old
    live_wape_new = plans.RetrainingRuns.live_wape_new
    reason = plans.RetrainingRuns.reason


def days_under_review(promotions: dy.DataFrame[Promotions], now: datetime) -> pl.DataFrame:
    """``tenant_id, plan_date, retraining_id``: the first ``REVIEW_DAYS`` days after each promotion that are past.

    Args:
        promotions: a tenant may have several, whose spans do not overlap.
        now: an aware instant; days that have not ended locally are not compared.
    """
    found = []
    for tenant, retraining, begins, zone in promotions.select(
        "tenant_id", "retraining_id", "champion_from", "timezone"
    ).iter_rows():
        first = local_date(begins, zone)
        past = (local_date(now, zone) - first).days
        found += [(tenant, first + timedelta(days=offset), retraining) for offset in range(min(REVIEW_DAYS, past))]
    schema = {"tenant_id": pl.String, "plan_date": pl.Date, "retraining_id": pl.String}
    return pl.DataFrame(found, schema=schema, orient="row")


def review_days(
    promotions: dy.DataFrame[Promotions], days: pl.DataFrame, instants: dy.DataFrame[PlanningInstants]
) -> dy.DataFrame[ReviewDays]:
    """Those of ``days`` that the promoted version was champion of, by tenant and date.

    Args:
        days: of ``days_under_review``.
        instants: of these days.
    """
    instant = pl.col("planned_as_of")
    was_champion = (pl.col("champion_from") <= instant) & (
        pl.col("champion_until").is_null() | (instant < pl.col("champion_until"))
    )
    found = (
        days.join(promotions.drop("timezone"), on=RETRAINING)
        .join(instants, on=["tenant_id", "plan_date"])
        .filter(was_champion)
        .sort("tenant_id", "plan_date")
    )
    return conform(ReviewDays, found)


def open_reviews(promotions: dy.DataFrame[Promotions], now: datetime) -> dy.DataFrame[OpenReviews]:
    """Which reviews are over, and which versions have been replaced."""
    is_replaced = pl.col("champion_until").is_not_null()
    is_late = pl.col("champion_from") < pl.lit(now) - pl.duration(days=REVIEW_DAYS + 1)
    return conform(OpenReviews, promotions.select(*RETRAINING, is_over=is_late | is_replaced, is_replaced=is_replaced))


def compare_live(
    old: dy.DataFrame[LiveForecasts],
    new: dy.DataFrame[LiveForecasts],
    sales: dy.DataFrame[ops.Sales],
    days: dy.DataFrame[ReviewDays],
) -> dy.DataFrame[LiveComparison]:
    """Both versions' forecasts with what sold, by day and series.

    As in the validation, a shop has traded on a day with any row of sales; there, what was forecast and has no row
    sold 0, and a shop without a row is left out, as its till may be down. Rows that sold out are left out too: they
    would penalize the version that correctly forecast more.

    Args:
        old: of the version replaced, or of the fallbacks where there was none.
        sales: as known now.
    """
    sold = sales.select(
        "tenant_id",
        "location_id",
        "product_id",
        target_date="sales_date",
        actual="quantity",
        is_sold_out=pl.col("sold_out_at").is_not_null(),
    )
    compared = (
        old.select(*SERIES_DAY, yhat_old="system_yhat")
        .join(new.select(*SERIES_DAY, yhat_new="system_yhat"), on=SERIES_DAY)
        .join(sold, on=SHOP_DAY, how="semi")
        .join(sold.filter("is_sold_out"), on=SERIES_DAY, how="anti")
        .join(sold, on=SERIES_DAY, how="left")
        .join(days.select("tenant_id", "retraining_id", target_date="plan_date"), on=["tenant_id", "target_date"])
        .with_columns(pl.col("actual").fill_null(0.0))
        .sort(SERIES_DAY)
    )
    return conform(LiveComparison, compared)


def promotion_verdicts(
    reviews: dy.DataFrame[OpenReviews], compared: dy.DataFrame[LiveComparison]
) -> dy.DataFrame[Verdicts]:
    """The verdict on each promotion, by tenant and retraining.

    - ``rolled_back``: with ``MIN_ROWS`` rows or more, its WAPE is over 10% above the old one's after 3 days, or
      over 2% after 5, or on 3 or more when the review is over.
    - ``not_better``: the same, but another version has replaced it since, so that there is nothing to roll back.
    - ``confirmed``: neither, after 5 days with enough rows, or when the review is over, whatever could be compared.
    - ``promoted``: it is too early to tell.
    """
    live = compared.group_by(RETRAINING).agg(
        days_reviewed=pl.col("target_date").n_unique(),
        rows=pl.len(),
        live_wape_old=wape("yhat_old").round(DECIMALS),
        live_wape_new=wape("yhat_new").round(DECIMALS),
    )
    verdicts = (
        reviews.join(live, on=RETRAINING, how="left")
        .with_columns(pl.col("days_reviewed", "rows").fill_null(0))
        .with_columns(has_enough_rows=(pl.col("rows") >= MIN_ROWS) & pl.col("live_wape_old").is_not_null())
        .with_columns(state=_state())
        .with_columns(reason=_reason())
        .sort(RETRAINING)
    )
    return conform(Verdicts, verdicts)


def _state() -> pl.Expr:
    old, new, days = pl.col("live_wape_old"), pl.col("live_wape_new"), pl.col("days_reviewed")
    limit = pl.when((days >= MIN_DAYS) | pl.col("is_over")).then(MAX_WORSENING).otherwise(MAX_EARLY_WORSENING)
    is_worse = pl.col("has_enough_rows") & (days >= MIN_EARLY_DAYS) & (new > (old * (1 + limit)))
    is_decided = (pl.col("has_enough_rows") & (days >= MIN_DAYS)) | pl.col("is_over")
    return (
        pl.when(is_worse & pl.col("is_replaced"))
        .then(pl.lit("not_better"))
        .when(is_worse)
        .then(pl.lit("rolled_back"))
        .when(is_decided)
        .then(pl.lit("confirmed"))
        .otherwise(pl.lit("promoted"))
    )


def _reason() -> pl.Expr:
    figures = pl.format(
        "WAPE {} against {} of what was in use before, on {} days",
        percent("live_wape_new", decimals=2),
        percent("live_wape_old", decimals=2),
        "days_reviewed",
    )
    return (
        pl.when(pl.col("state") == "not_better")
        .then(pl.format("{}; another version has replaced it since", figures))
        .when(pl.col("has_enough_rows"))
        .then(figures)
        .when(pl.col("state") == "confirmed")
        .then(pl.lit("too few days could be compared to roll it back"))
    )
