"""The base forecast: what a normal day of the horizon will sell, from normal past days.

Two StatsForecast models, averaged, because they fail on different bakeries: same-weekday smoothing is
best where weekdays live apart, smoothing of the level under a weekday profile where demand moves as a
whole. Series too short for them get their level under their shop's weekday profile.
"""

import polars as pl

from bakery_assets.forecasting.history import SERIES, SHOP
from bakery_assets.frames import HORIZON_DAYS

SEASONAL = "seasonal_smoothing_ensemble"
SHORT = "short_history"
NONE = "no_history"

MODEL_DAYS = 182  # what the models see; longer did not forecast better and costs time
SHORT_DAYS = 28  # fewer days since the first sale make a short history
NEVER = 0.05  # a weekday with less of the mean than this cannot tell the level


def base_forecast(cells: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Forecast normal days.

    Args:
        cells: ``tenant_id, plan_date``.
        history: of ``regular_series``; a series ends on the day before its plan date.

    Returns:
        ``SERIES, date, base, model, smoothed, profiled``: one row per series and day of the horizon, in
        units, at least 0. ``smoothed`` and ``profiled`` are what the two models say (null when short).
    """
    recent = history.join(cells.select("tenant_id", "plan_date"), on="tenant_id", maintain_order="left").filter(
        pl.col("date") >= pl.col("plan_date") - pl.duration(days=MODEL_DAYS)
    )
    known_days = pl.col("is_known").sum().over(SERIES)
    recent = recent.with_columns(is_long=known_days >= SHORT_DAYS)
    long = recent.filter("is_long").select(*SERIES, "date", "weekday", "filled")
    short = recent.filter(~pl.col("is_long"), "is_known")
    parts = [_long_forecast(long), _short_forecast(short, long)]
    return pl.concat(parts).with_columns(pl.col("base").clip(lower_bound=0.0).round(6)).sort(*SERIES, "date")


def weekday_profile(series: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Mean of each weekday over the mean of all days: ``key, weekday, profile``; 1 where nothing sold."""
    of_weekday = series.group_by(*key, "weekday", maintain_order=True).agg(at=pl.col("filled").mean())
    of_all = series.group_by(key, maintain_order=True).agg(mean=pl.col("filled").mean())
    return of_weekday.join(of_all, on=key).select(
        *key, "weekday", profile=pl.when(pl.col("mean") > 0).then(pl.col("at") / pl.col("mean")).otherwise(1.0)
    )


def _long_forecast(series: pl.DataFrame) -> pl.DataFrame:
    columns = [*SERIES, "date", "base", "model", "smoothed", "profiled"]
    if series.is_empty():
        none = pl.lit(None, pl.Float64)
        return series.select(*SERIES, "date", base=none, model=pl.lit(SEASONAL), smoothed=none, profiled=none)
    from statsforecast import StatsForecast
    from statsforecast.models import SeasonalExponentialSmoothingOptimized, SimpleExponentialSmoothingOptimized

    ids = series.select(SERIES).unique(maintain_order=True).with_row_index("unique_id")
    profile = weekday_profile(series, SERIES)
    panel = series.join(ids, on=SERIES, maintain_order="left").join(
        profile, on=[*SERIES, "weekday"], maintain_order="left"
    )
    mean = pl.col("filled").mean().over(SERIES)
    level = pl.when(pl.col("profile") > NEVER).then(pl.col("filled") / pl.col("profile")).otherwise(mean)
    smoothed = StatsForecast(models=[SeasonalExponentialSmoothingOptimized(7, alias="smoothed")], freq="1d").forecast(
        df=panel.select("unique_id", ds="date", y="filled"), h=HORIZON_DAYS
    )
    levels = StatsForecast(models=[SimpleExponentialSmoothingOptimized(alias="level")], freq="1d").forecast(
        df=panel.select("unique_id", ds="date", y=level), h=HORIZON_DAYS
    )
    made: pl.DataFrame = (
        smoothed.join(levels, on=["unique_id", "ds"])
        .join(ids, on="unique_id")
        .with_columns(weekday=pl.col("ds").dt.weekday())
        .join(profile, on=[*SERIES, "weekday"])
        .with_columns(
            date=pl.col("ds").cast(pl.Date), profiled=pl.col("level") * pl.col("profile"), model=pl.lit(SEASONAL)
        )
        .with_columns(base=(pl.col("smoothed") + pl.col("profiled")) / 2)
        .select(columns)
    )
    return made


def _short_forecast(short: pl.DataFrame, long: pl.DataFrame) -> pl.DataFrame:
    shop = long.group_by(*SHOP, "date", "weekday", maintain_order=True).agg(pl.col("filled").sum())
    profile = weekday_profile(shop, SHOP)
    found = short.join(profile, on=[*SHOP, "weekday"], how="left", maintain_order="left").with_columns(
        pl.col("profile").fill_null(1.0)
    )
    level = found.group_by(*SERIES, "plan_date", maintain_order=True).agg(
        level=pl.col("filled").sum(), weight=pl.col("profile").sum()
    )
    none = pl.lit(None, pl.Float64)
    return (
        level.join(pl.DataFrame({"offset": range(HORIZON_DAYS)}), how="cross")
        .with_columns(date=pl.col("plan_date") + pl.duration(days=pl.col("offset")))
        .with_columns(weekday=pl.col("date").dt.weekday())
        .join(profile, on=[*SHOP, "weekday"], how="left")
        .with_columns(share=pl.when(pl.col("weight") > 0).then(pl.col("level") / pl.col("weight")).otherwise(0.0))
        .select(
            *SERIES,
            "date",
            base=pl.col("share") * pl.col("profile").fill_null(1.0),
            model=pl.lit(SHORT),
            smoothed=none,
            profiled=none,
        )
    )
