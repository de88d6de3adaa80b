"""System forecasts: for every product, shop and day the blend, closed days and quantiles, with every term.

What a person says instead is in ``overrides``, the text of the terms in ``reasoning``.
"""

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.cells import HORIZON_DAYS, horizon
from bakery_assets.forecasting.adaptive_levels import tenant_levels
from bakery_assets.forecasting.blend import BlendTerms, blended_forecasts
from bakery_assets.forecasting.data.closures import PredictedClosures
from bakery_assets.forecasting.data.context import ForecastContext
from bakery_assets.forecasting.data.panel import Panel, as_rows
from bakery_assets.forecasting.models.day_effects import (
    DayEffects,
    ItemDayEffects,
    day_effect_matrix,
    day_effects_from,
)
from bakery_assets.forecasting.models.day_spread import day_spread
from bakery_assets.forecasting.new_products import CategoryLevels, category_levels, new_products
from bakery_assets.forecasting.registry.decode import VersionsInUse
from bakery_assets.forecasting.uncertainty import quantile_columns, residual_columns, series_residuals
from bakery_assets.keys import PRODUCT, SERIES, SHOP
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col
from bakery_assets.schemas.plans import CATEGORY_LEVEL, NO_HISTORY, SHORT_HISTORY

UNTRAINED_VERSION = "untrained"
SERIES_DAY = [*SERIES, "target_date"]
FORECAST_KEY = plans.DemandForecasts.primary_key()


class SystemForecasts(plans.PlanRow, BlendTerms):
    """Forecasts before human overrides, with every term of the calculation."""

    location_id = plans.DemandForecasts.location_id
    product_id = plans.DemandForecasts.product_id
    target_date = plans.DemandForecasts.target_date
    yhat = col.number("Expected demand, in units; 0 on closed days")
    q10 = plans.DemandForecasts.q10
    q50 = plans.DemandForecasts.q50
    q80 = plans.DemandForecasts.q80
    q90 = plans.DemandForecasts.q90
    q95 = plans.DemandForecasts.q95
    model = plans.DemandForecasts.model
    model_version = plans.DemandForecasts.model_version
    closed = col.text("Why the shop is closed; empty: it opens", nullable=True)
    factor = col.number("The day's effect, 0 on closed days")
    factors = ItemDayEffects.factors
    history_days = col.integer("Days from the first sale on")
    last_sale_date = col.date("The tenant's last day of sales; empty: none", nullable=True)
    scale = col.number("What residuals are scaled by, in units; 0 on closed days")
    highest_sold = col.number("Most that was sold in a day of half a year, in units; 0: nothing")
    is_count = col.boolean("Few whole units are sold, so quantiles are whole")
    category_level = dy.Struct(
        CategoryLevels.category_level.inner,
        nullable=True,
        description="What a new product is forecast from; empty: it is not new",
    )
    z_q10 = col.metric("Scaled residual at this level", nullable=False)
    z_q50 = col.metric("Scaled residual at this level", nullable=False)
    z_q80 = col.metric("Scaled residual at this level", nullable=False)
    z_q90 = col.metric("Scaled residual at this level", nullable=False)
    z_q95 = col.metric("Scaled residual at this level", nullable=False)
    errors_of = col.text("Whose residuals these are")
    error_days = col.integer("Residuals of the series itself")

    @dy.rule()
    def nothing_on_closed_days(cls) -> pl.Expr:
        return pl.col("closed").is_null() | (pl.col("yhat") == 0)


def system_forecasts(
    cells: dy.DataFrame[Cells],
    products: dy.DataFrame[ops.Products],
    context: ForecastContext,
    versions: VersionsInUse,
    effects: dy.DataFrame[DayEffects],
    closures: dy.DataFrame[PredictedClosures],
    boosters: dy.DataFrame[plans.Boosters],
    day_forecasts: dy.DataFrame[plans.DemandForecasts],
) -> dy.DataFrame[SystemForecasts]:
    """The forecasts of all products of a round, sorted by ``FORECAST_KEY``.

    Args:
        day_forecasts: what earlier plans of the last weeks forecast.
    """
    panel = context.panel
    rows = _rows(products, context, versions, horizon(cells))
    day_effect = day_effect_matrix(panel, effects)
    # Versions of an older method, and tenants without one, have the spread that their days here show.
    spread = np.where(np.isnan(versions.day_spread), day_spread(panel, day_effect), versions.day_spread)
    blends = blended_forecasts(panel, versions, day_effect, spread, closures, boosters)
    residuals = series_residuals(rows.select(SERIES).unique(), panel, versions, spread)
    last_sales = context.days.group_by("tenant_id").agg(last_sale_date=pl.col("date").max())
    of_day = [blends, closed_ahead(panel, closures), _day_effects_of_series(panel, effects)]
    levels = tenant_levels(panel, day_forecasts)
    of_tenant = [last_sales, levels, versions.of_tenants.select("tenant_id", "model_version")]
    for terms, key in (
        *((each, SERIES_DAY) for each in of_day),
        (residuals, SERIES),
        *((each, ["tenant_id"]) for each in of_tenant),
    ):
        rows = rows.join(terms, on=key, how="left", maintain_order="left")
    is_closed = pl.col("closed").is_not_null()
    forecasts = (
        rows.with_columns(
            pl.col("history_days").fill_null(0),
            pl.col("highest_sold").fill_null(0.0).round(DECIMALS),
            pl.col("is_count").fill_null(value=False),
            pl.col("factors").fill_null([]),
            pl.col("model_version").fill_null(UNTRAINED_VERSION),
            category_level=pl.lit(None, SystemForecasts.category_level.dtype),
            factor=pl.when(is_closed).then(0.0).otherwise(pl.col("factor").fill_null(1.0)),
            model=pl.when(pl.col("model").is_null())
            .then(pl.lit(NO_HISTORY))
            .when("is_short")
            .then(pl.lit(SHORT_HISTORY))
            .otherwise("model"),
            yhat=pl.when(is_closed).then(0.0).otherwise(pl.col("blended").fill_null(0.0)).round(DECIMALS),
            scale=pl.when(is_closed).then(0.0).otherwise(pl.col("scale").fill_null(0.0)).round(DECIMALS),
        )
        .with_columns(residual_columns())
        .with_columns(quantile_columns())
    )
    sold = pl.concat([context.sales.select(PRODUCT), versions.of_series.select(PRODUCT)])
    new = new_products(cells, products, sold, day_forecasts)
    of_categories = category_levels(new, products, panel, forecasts)
    return conform(SystemForecasts, _with_new_products(forecasts, of_categories))


def _with_new_products(forecasts: pl.DataFrame, levels: dy.DataFrame[CategoryLevels]) -> pl.DataFrame:
    """The forecasts with those of new products in the place of their zeros."""
    zeros = forecasts.join(levels.select(PRODUCT).unique(), on=PRODUCT, how="semi")
    own = levels.join(
        zeros.select(*PRODUCT, "target_date", pl.exclude(*SERIES, "target_date", *levels.columns)),
        on=[*PRODUCT, "target_date"],
    ).with_columns(
        model=pl.lit(CATEGORY_LEVEL),
        factor=pl.when(pl.col("closed").is_null()).then(1.0).otherwise(0.0),
        scale="yhat",
        errors_of=pl.lit("category"),
    )
    quantiles = own.with_columns(residual_columns()).with_columns(quantile_columns())
    others = forecasts.join(levels, on=PRODUCT, how="anti")
    return pl.concat([others, quantiles.select(others.columns)]).sort(FORECAST_KEY)


def _rows(
    products: pl.DataFrame, context: ForecastContext, versions: VersionsInUse, days_ahead: pl.DataFrame
) -> pl.DataFrame:
    """``FORECAST_KEY`` of every forecast to make."""
    listed = products.select(*PRODUCT, "discontinued_on")
    modeled = versions.of_series.select(SERIES).join(listed, on=PRODUCT, how="semi")
    sold = pl.concat([context.sales.select(SERIES), modeled]).unique()
    unsold = listed.join(sold, on=PRODUCT, how="anti").select(
        "tenant_id", pl.lit(col.MAIN_LOCATION).alias("location_id"), "product_id"
    )
    return (
        pl.concat([sold, unsold])
        .join(listed, on=PRODUCT)
        .join(days_ahead, on="tenant_id")
        .filter((pl.col("target_date") < pl.col("discontinued_on")).fill_null(True))
        .select(FORECAST_KEY)
        .sort(FORECAST_KEY)
    )


def closed_ahead(panel: Panel, closures: pl.DataFrame) -> pl.DataFrame:
    """Why a series sells nothing on a day ahead, by the calendar or by ``closures``: ``SERIES_DAY, closed``."""
    days = range(panel.past, panel.past + HORIZON_DAYS)
    announced = (
        as_rows(panel, days, is_closed=panel.is_closed[panel.item, days.start : days.stop])
        .filter("is_closed")
        .select(*SERIES, "date", closed=pl.lit("calendar"))
    )
    predicted = closures.join(panel.series, on=SHOP).select(*SERIES, "date", "closed")
    return (
        pl.concat([announced, predicted])
        .unique([*SERIES, "date"], keep="first", maintain_order=True)
        .rename({"date": "target_date"})
    )


def _day_effects_of_series(panel: Panel, effects: dy.DataFrame[DayEffects]) -> pl.DataFrame:
    """``SERIES_DAY, factor, factors`` of special days."""
    return (
        day_effects_from(panel, effects, panel.past)
        .join(panel.items, on="item")
        .join(panel.series, on=PRODUCT)
        .join(panel.cells, on="tenant_id")
        .select(
            *SERIES,
            "factor",
            "factors",
            target_date=pl.col("plan_date") + pl.duration(days=pl.col("day") - panel.past),
        )
    )
