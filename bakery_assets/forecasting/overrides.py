"""What a person knows better than the system: used, and kept beside the system's figure."""

import polars as pl

from bakery_assets.forecasting.models.intervals import LEVELS

ITEM_DAY = ["tenant_id", "product_id", "target_date"]


def apply_overrides(rows: pl.DataFrame, overrides: pl.DataFrame) -> pl.DataFrame:
    """Replace forecasts by what people have said, the last word for a product and day.

    A quantity is meant for all shops of the product together and is shared out as the system's figures are, evenly
    where these are all 0: a person who expects sales on a closed day is believed. Quantiles fall in proportion to a
    lower figure, and keep their distance from a higher one: a person's 100 for what hardly sells is not five times
    as unsure. Where the system expected nothing, they are the quantity itself.

    Args:
        rows: ``KEY`` of demand_forecasts, ``yhat`` and the quantiles.
        overrides: facts forecast_overrides; exactly one of quantity and factor is given.

    Returns:
        The rows with ``yhat`` and quantiles replaced, ``system_yhat``, ``override_id``, and ``override``: what was
        said, null where nothing was.
    """
    said = (
        overrides.sort("recorded_at", "override_id")
        .unique(ITEM_DAY, keep="last", maintain_order=True)
        .select(*ITEM_DAY, "override_id", override=pl.struct("factor", "quantity", "reason", "who"))
    )
    quantity = pl.col("override").struct.field("quantity")
    factor = pl.col("override").struct.field("factor")
    total = pl.col("system_yhat").sum().over(ITEM_DAY)
    even = quantity / pl.len().over(ITEM_DAY)
    shared = pl.when(total > 0).then(quantity * pl.col("system_yhat") / total).otherwise(even)
    system = pl.col("system_yhat")
    ratio = pl.col("yhat") / system
    return (
        rows.join(said, on=ITEM_DAY, how="left", maintain_order="left")
        .with_columns(system_yhat=pl.col("yhat"))
        .with_columns(yhat=pl.coalesce(shared, system * factor, system).round(6))
        .with_columns(
            pl.when(pl.col("override_id").is_null())
            .then(pl.col(name))
            .when(system <= 0)
            .then("yhat")
            .when(ratio < 1)
            .then((pl.col(name) * ratio).round(6))
            .otherwise((pl.col(name) + pl.col("yhat") - system).clip(lower_bound=0.0).round(6))
            .alias(name)
            for name in LEVELS
        )
    )
