"""The measures of many rows at once: by day, by lead, by shop, by product."""

import polars as pl

from bakery_assets import metrics

MEASURES = {
    "mae": metrics.mae(),
    "mape": metrics.mape(),
    "rmse": metrics.rmse(),
    "r2": metrics.r2(),
    "accuracy_pct": metrics.accuracy_pct(),
    "wape": metrics.wape(),
    "mase": metrics.mase(),
    "bias": metrics.bias(),
    "coverage_pct": metrics.coverage_pct(),
    "pinball": metrics.pinball(),
}
COUNTS = ("forecasts_evaluated", "forecasts_with_actuals", "sold_out_series")


def measured(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """``COUNTS`` and ``MEASURES`` of each group of ``by``, sorted by it.

    Rows that sold out are counted and not measured: what would have sold is not known, and leaving them
    in would praise a forecast that was too low.

    Args:
        rows: of ``beside_sales`` with ``scale``, sorted by their key.
    """
    whole = pl.Int32
    counts = rows.group_by(by).agg(
        forecasts_evaluated=pl.len().cast(whole),
        forecasts_with_actuals=pl.col("has_sales").sum().cast(whole),
        sold_out_series=pl.col("is_sold_out").sum().cast(whole),
    )
    figures = (
        rows.filter(~pl.col("is_sold_out"))
        .group_by(by, maintain_order=True)
        .agg(**MEASURES)
        .with_columns(pl.col(*MEASURES).round(6) + 0.0)  # 0 has no sign
    )
    return counts.join(figures, on=by, how="left").select(*by, *MEASURES, *COUNTS).sort(by)
