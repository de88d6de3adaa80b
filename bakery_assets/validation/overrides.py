"""Who was nearer: the person who overrode a forecast, or the system."""

import polars as pl

from bakery_assets.validation.validation_days import DAY

TIE = 1e-6  # errors closer than this are the same: quantities are kept to six decimals


def score_overrides(judged: pl.DataFrame, overrides: pl.DataFrame) -> pl.DataFrame:
    """The error of each override that was used, beside the error of what the system had said.

    By override, not by shop: a person speaks of a product, and how its quantity was spread over the shops is not
    their doing. So the figures are sums over the shops that traded. Where the product sold out in one
    of them the score would be a guess, and none is given.

    Args:
        judged: rows of ``beside_sales`` of the forecasts that count, of shops that traded.
        overrides: columns of ``forecast_overrides``.

    Returns:
        Rows of ``override_scores``, sorted by their key.
    """
    key = [*DAY, "override_id"]
    human, system = pl.col("human_error"), pl.col("system_error")
    return (
        judged.filter(pl.col("override_id").is_not_null())
        .group_by(*key, "product_id", maintain_order=True)
        .agg(
            pl.col("yhat", "system_yhat", "actual").sum().round(6),
            locations=pl.col("location_id").n_unique().cast(pl.Int32),
            is_sold_out=pl.col("is_sold_out").any(),
        )
        .filter(~pl.col("is_sold_out"))
        .join(
            overrides.select("tenant_id", "override_id", "who", "reason"), on=["tenant_id", "override_id"], how="left"
        )
        .with_columns(
            human_error=(pl.col("yhat") - pl.col("actual")).round(6),
            system_error=(pl.col("system_yhat") - pl.col("actual")).round(6),
        )
        .with_columns(
            nearer=pl.when((human.abs() - system.abs()).abs() <= TIE)
            .then(pl.lit("tie"))
            .when(human.abs() < system.abs())
            .then(pl.lit("human"))
            .otherwise(pl.lit("system"))
        )
        .select(
            *key,
            "product_id",
            "who",
            "reason",
            "locations",
            "yhat",
            "system_yhat",
            "actual",
            "human_error",
            "system_error",
            "nearer",
        )
        .sort(key)
    )
