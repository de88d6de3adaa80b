"""New products: what has never been sold is forecast at the usual level of its category in each shop, and says so.

A product is new from the day on which it is introduced (``products.introduced_on``). Without that date it is new when
it appears among the products of a bakery that has been planned before; on a bakery's first plan, when nearly all of
its category sells, so that the list is one that is kept. After four weeks without a sale it is new no longer.
"""

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.forecasting.blend import SMALL_VOLUME
from bakery_assets.forecasting.data.history import SeriesKey
from bakery_assets.forecasting.data.panel import Panel, row_mean
from bakery_assets.forecasting.models.intervals import QUANTILE_GRID
from bakery_assets.forecasting.models.smoothing import SMOOTHED_DAYS
from bakery_assets.keys import PRODUCT, SERIES, SHOP
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col
from bakery_assets.schemas.plans import CATEGORY_LEVEL, NO_HISTORY

NEW_DAYS = 28  # without a sale for longer since its introduction, a product is new no longer
MIN_SIBLINGS = 3  # the median of fewer products is no level of a category
MOST_UNSOLD = 0.2  # of a category's products; a list with more that have never been sold is not kept
START_DAYS = 28  # a product's first days, which say how new products begin
MIN_START_DAYS = 7
# Products that began as others sell, which those that began within the last half year are shrunk towards.
PRIOR_STARTS = 3.0
MOST_START = 4.0  # times the category's level, and its reciprocal
CATEGORY = [*SHOP, "category"]
NOT_INTRODUCED = "not_introduced"


class NewProducts(dy.Schema):
    """Products that are new, or will be within the horizon."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    category = ops.Products.category
    introduced_on = ops.Products.introduced_on


class CategoryLevels(SeriesKey):
    """What each new product is forecast as in each shop that sells its category."""

    target_date = col.date("Day forecast", primary_key=True)
    yhat = col.number("Median of the category's forecasts, times start_factor, in units")
    closed = col.text("Why nothing of the category is sold; empty: something is", nullable=True)
    highest_sold = col.number("Most that is forecast of one of its products on a day of the week, in units")
    is_count = col.boolean("Few whole units are sold of its products")
    residual_quantiles = dy.List(
        dy.Float64(),
        min_length=len(QUANTILE_GRID),
        max_length=len(QUANTILE_GRID),
        description="Quantiles at ``QUANTILE_GRID`` of how far its products are off their median, over it",
    )
    category_level = dy.Struct(
        {
            "category": col.text("The category", nullable=True),
            "introduced_on": col.date("First day on which it is sold; empty: not said", nullable=True),
            "median": col.number("Median of the forecasts of the category's products, in units"),
            "products": col.integer("Products that this is the median of"),
            "start_factor": col.number("How new products begin, over the category's level"),
        }
    )


def new_products(
    cells: dy.DataFrame[Cells],
    products: dy.DataFrame[ops.Products],
    sold: pl.DataFrame,
    earlier: dy.DataFrame[plans.DemandForecasts],
) -> dy.DataFrame[NewProducts]:
    """Products without a sale that are new, or introduced within the horizon, sorted.

    Args:
        sold: ``PRODUCT`` of the products that have been sold.
        earlier: what earlier plans of the last weeks forecast.
    """
    listed = products.join(cells.select("tenant_id", "plan_date"), on="tenant_id").filter(
        (pl.col("discontinued_on") > pl.col("plan_date")).fill_null(value=True)
    )
    is_sold = sold.select(PRODUCT).unique().with_columns(is_sold=pl.lit(value=True))
    known = earlier.group_by(PRODUCT).agg(
        was_unknown=(pl.col("model") == NO_HISTORY).any(),
        mornings_new=pl.col("plan_date").filter(pl.col("model") == CATEGORY_LEVEL).n_unique(),
    )
    planned_before = earlier.select("tenant_id", planned_before=pl.lit(value=True)).unique()
    rows = (
        listed.join(is_sold, on=PRODUCT, how="left")
        .join(known, on=PRODUCT, how="left")
        .join(planned_before, on="tenant_id", how="left")
        .with_columns(pl.col("is_sold", "was_unknown", "planned_before").fill_null(value=False))
    )
    is_kept = (~pl.col("is_sold")).mean().over("tenant_id", "category") <= MOST_UNSOLD
    since = (pl.col("plan_date") - pl.col("introduced_on")).dt.total_days()
    appeared = (
        pl.when("planned_before")
        .then(~pl.col("was_unknown") & (pl.col("mornings_new").fill_null(0) < NEW_DAYS))
        .otherwise(is_kept)
    )
    is_new = pl.when(since.is_not_null()).then(since < NEW_DAYS).otherwise(appeared)
    found = rows.with_columns(is_new=is_new).filter(~pl.col("is_sold"), "is_new")
    return conform(NewProducts, found.sort(PRODUCT))


def category_levels(
    new: dy.DataFrame[NewProducts], products: dy.DataFrame[ops.Products], panel: Panel, forecasts: pl.DataFrame
) -> dy.DataFrame[CategoryLevels]:
    """The level of each new product's category, in the shops in which enough of its products sell, sorted.

    So it has the shop's weekdays, holidays and closed days. How far the category's products are from their median says
    how sure that is.

    Args:
        forecasts: of all other products, of ``SystemForecasts``.
    """
    categories = products.select(*PRODUCT, "category")
    week = pl.col("blended").sum().over(SERIES)
    active = forecasts.join(categories, on=PRODUCT).with_columns(week=week).filter(pl.col("week") > 0)
    days = active.group_by(*CATEGORY, "target_date").agg(
        median=pl.col("yhat").median().round(DECIMALS),
        products=pl.len().cast(pl.Int32),
        closed=pl.when(pl.col("closed").is_not_null().all()).then(pl.col("closed").first()),
        is_count=pl.col("is_count").any(),
    )
    spread = (
        active.unique(SERIES, maintain_order=True)
        .with_columns(off=pl.col("week") / pl.col("week").median().over(CATEGORY) - 1)
        .group_by(CATEGORY)
        .agg(residual_quantiles=pl.concat_list(pl.col("off").quantile(level, "linear") for level in QUANTILE_GRID))
    )
    highest = active.group_by(CATEGORY).agg(highest_sold=pl.col("yhat").max())
    starts = _starts(panel, categories)
    introduced = pl.col("introduced_on").is_null() | (pl.col("target_date") >= pl.col("introduced_on"))
    found = (
        new.join(days.filter(pl.col("products") >= MIN_SIBLINGS), on=["tenant_id", "category"], nulls_equal=True)
        .join(spread, on=CATEGORY, nulls_equal=True)
        .join(highest, on=CATEGORY, nulls_equal=True)
        .join(starts, on=CATEGORY, how="left", nulls_equal=True)
        .with_columns(
            pl.col("start_factor").fill_null(1.0),
            closed=pl.when(~introduced).then(pl.lit(NOT_INTRODUCED)).otherwise("closed"),
        )
        .with_columns(
            yhat=pl.when(pl.col("closed").is_null())
            .then(pl.col("median") * pl.col("start_factor"))
            .otherwise(0.0)
            .round(DECIMALS),
            is_count=pl.col("is_count") & (pl.col("median") * pl.col("start_factor") < SMALL_VOLUME),
            category_level=pl.struct("category", "introduced_on", "median", "products", "start_factor"),
        )
    )
    return conform(CategoryLevels, found.sort(*SERIES, "target_date"))


def _starts(panel: Panel, categories: pl.DataFrame) -> pl.DataFrame:
    """How products that are new to a shop begin over its category's level: ``CATEGORY, start_factor``.

    A mean over those that began within the last half year, but not with the shop, shrunk towards 1. What sells seldom
    does not count: a history that begins between two of its sales would take it for new.
    """
    demand = panel.imputed_normal_demand
    columns = np.arange(panel.past)
    first = np.where(panel.is_observed.any(axis=1), panel.is_observed.argmax(axis=1), panel.past)
    of_shop = np.full(panel.shops.height, panel.past)
    np.minimum.at(of_shop, panel.shop, first)
    is_start = (columns >= first[:, None]) & (columns < first[:, None] + START_DAYS)
    began = (first >= of_shop[panel.shop] + START_DAYS) & (first <= panel.past - MIN_START_DAYS)
    began &= (first >= panel.past - SMOOTHED_DAYS) & ~panel.sells_seldom
    level = pl.Series(row_mean(demand[:, -START_DAYS:]).astype(np.float64)).fill_nan(None)
    start = pl.Series(row_mean(np.where(is_start, demand, np.float32(np.nan))).astype(np.float64)).fill_nan(None)
    ratio = (pl.col("start") / pl.col("usual")).clip(1 / MOST_START, MOST_START)
    return (
        panel.series.with_columns(level=level, start=start, began=pl.Series(began))
        .join(categories, on=PRODUCT, maintain_order="left")
        .with_columns(usual=pl.col("level").filter(pl.col("level") > 0).median().over(CATEGORY))
        .filter("began", pl.col("usual") > 0)
        .group_by(CATEGORY)
        .agg(start_factor=((ratio.sort().sum() + PRIOR_STARTS) / (pl.len() + PRIOR_STARTS)).round(DECIMALS))
    )
