"""Human overrides of forecasts: used instead of the system's figure, which is kept next to them.

Whether they were closer to what sold is in ``validation``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.forecasting.system_forecasts import SystemForecasts
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans

PRODUCT_DAY = ["tenant_id", "product_id", "target_date"]


class OverriddenForecasts(SystemForecasts):
    """Forecasts after human overrides."""

    system_yhat = plans.DemandForecasts.system_yhat
    override_id = plans.DemandForecasts.override_id
    override = dy.Struct(
        {
            "factor": col.metric("Factor on the forecast"),
            "quantity": col.metric("Quantity instead of the forecast, in units"),
            "reason": col.text("Why", nullable=True),
            "who": col.text("Who overrides it", nullable=True),
        },
        nullable=True,
        description="The override; empty: none",
    )

    @dy.rule()
    def nothing_on_closed_days(cls) -> pl.Expr:
        return pl.col("closed").is_null() | (pl.col("system_yhat") == 0)


def apply_overrides(
    rows: dy.DataFrame[SystemForecasts], overrides: dy.DataFrame[ops.ForecastOverrides]
) -> dy.DataFrame[OverriddenForecasts]:
    """Replace forecasts by the latest override of each product and day, in the order of the rows.

    A quantity is for all shops of the product together and is split in proportion to the system's figures, evenly
    where these are all 0: a person who expects sales on a closed day is believed. Quantiles shrink in proportion to a
    lower figure, and keep their distance from a higher one: an override of 100 for a product that hardly sells is not
    five times as uncertain. Where the system expected nothing, they are the quantity itself.
    """
    latest = (
        overrides.sort("recorded_at", "override_id")
        .unique(PRODUCT_DAY, keep="last", maintain_order=True)
        .select(*PRODUCT_DAY, "override_id", override=pl.struct("factor", "quantity", "reason", "who"))
    )
    quantity = pl.col("override").struct.field("quantity")
    factor = pl.col("override").struct.field("factor")
    total = pl.col("system_yhat").sum().over(PRODUCT_DAY)
    even = quantity / pl.len().over(PRODUCT_DAY)
    share = pl.when(total > 0).then(quantity * pl.col("system_yhat") / total).otherwise(even)
    system = pl.col("system_yhat")
    ratio = pl.col("yhat") / system
    replaced = (
        rows.join(latest, on=PRODUCT_DAY, how="left", maintain_order="left")
        .with_columns(system_yhat=pl.col("yhat"))
        .with_columns(yhat=pl.coalesce(share, system * factor, system).round(DECIMALS))
        .with_columns(
            pl.when(pl.col("override_id").is_null())
            .then(pl.col(name))
            .when(system <= 0)
            .then("yhat")
            .when(ratio < 1)
            .then((pl.col(name) * ratio).round(DECIMALS))
            .otherwise((pl.col(name) + pl.col("yhat") - system).clip(lower_bound=0.0).round(DECIMALS))
            .alias(name)
            for name in QUANTILE_LEVELS
        )
    )
    return conform(OverriddenForecasts, replaced)
