"""A strong competitor for the replay: the even blend of one LightGBM over all series and AutoCES, made conformal.

What a good data scientist builds in a week. Both are refitted every four weeks and forecast each morning the day
that begins, from all days before it. What sold over what was forecast, on the series' mornings of the last
``CALIBRATED_DAYS``, says how far a forecast may be off: the quantity is the forecast times the conformal quantile of
these ratios (split conformal prediction: Lei, G'Sell, Rinaldo, Tibshirani and Wasserman (2018), Distribution-free
predictive inference for regression, Journal of the American Statistical Association 113).

Days on which the shop sold nothing are left out of LightGBM's rows and filled with the last same weekday for AutoCES.
"""

import warnings
from datetime import date, timedelta

import numpy as np
import polars as pl

from bakery_assets.keys import SERIES, SHOP

WEEK = 7
CALIBRATED_DAYS = 56
LEAST_RATIOS = 20  # of a series of its own; with fewer, those of all series count
SAME_WEEKDAYS = 8
FITTED_EVERY_DAYS = 28
TREES = 200
# Times the most that was sold in a day. An AutoCES beyond has diverged, as one to 15,000 of a bread that sells 150.
MOST_OF_HIGHEST = 2.0
PARAMETERS = {
    "objective": "tweedie", "learning_rate": 0.07, "num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.8,
    "bagging_fraction": 0.8, "bagging_freq": 1, "seed": 1, "deterministic": True, "num_threads": 1, "verbosity": -1,
}  # fmt: skip
CATEGORIES = ["series", "weekday", "month"]
KINDS = ("holiday", "school_holiday", "promotion")


def blend_quantities(
    sales: pl.DataFrame, calendar: pl.DataFrame, first: date, last: date, ratios: list[float]
) -> pl.DataFrame:
    """What the blend would have baked: ``SERIES, date, critical_ratio, baked``, a row an open day of a series.

    Args:
        sales: of all days.
        calendar: of all days, which is known ahead.
        first: the first morning; forecasts begin ``CALIBRATED_DAYS`` before it.
        last: the last morning.
        ratios: critical ratios.
    """
    panel = panel_of(sales, last)
    rows = features_of(panel, calendar)
    begin = first - timedelta(days=CALIBRATED_DAYS)
    starts = [begin + timedelta(days=day) for day in range(0, (last - begin).days + 1, FITTED_EVERY_DAYS)]
    forecasts = pl.concat([_forecasts(panel, rows, start, last) for start in starts])
    mornings = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    return pl.concat([_quantities(forecasts, morning, ratios) for morning in mornings])


def panel_of(sales: pl.DataFrame, last: date) -> pl.DataFrame:
    """Every series' days from its first sale on, the ``last`` included: ``series, SERIES, date, y, is_open``."""
    sold = sales.filter(pl.col("quantity") > 0)
    opened = sold.select(*SHOP, date="sales_date").unique().with_columns(is_open=pl.lit(True))
    spans = sold.group_by(SERIES).agg(first=pl.col("sales_date").min()).sort(SERIES).with_row_index("series")
    return (
        spans.select("series", *SERIES, date=pl.date_ranges("first", pl.lit(last)))
        .explode("date")
        .join(sales.select(*SERIES, date="sales_date", y="quantity"), on=[*SERIES, "date"], how="left")
        .join(opened, on=[*SHOP, "date"], how="left")
        .with_columns(pl.col("y").fill_null(0.0).clip(0.0), pl.col("is_open").fill_null(False))
        .sort("series", "date")
    )


def features_of(panel: pl.DataFrame, calendar: pl.DataFrame) -> pl.DataFrame:
    """Open days with what is known of them on their morning."""
    own = pl.col("y")
    same = [own.shift(week).over("series", "weekday") for week in range(1, SAME_WEEKDAYS + 1)]
    days = (
        panel.filter("is_open")
        .with_columns(
            weekday=pl.col("date").dt.weekday().cast(pl.Int32),
            month=pl.col("date").dt.month().cast(pl.Int32),
            day_of_year=pl.col("date").dt.ordinal_day(),
            day_of_month=pl.col("date").dt.day(),
        )
        .with_columns(
            *(each.alias(f"same_{week}") for week, each in enumerate(same, 1)),
            *(own.shift(back).over("series").alias(f"before_{back}") for back in range(1, 8)),
            *(own.shift(1).rolling_mean(span).over("series").alias(f"mean_{span}") for span in (7, 14, 28, 84)),
            days_since=(pl.col("date") - pl.col("date").shift(1)).dt.total_days().over("series"),
        )
        .with_columns(
            *(
                pl.mean_horizontal(f"same_{week}" for week in range(1, weeks + 1)).alias(f"same_mean_{weeks}")
                for weeks in (4, SAME_WEEKDAYS)
            )
        )
    )
    for kind in KINDS:
        marked = calendar.filter(pl.col("kind") == kind, pl.col("product_id").is_null()).select("tenant_id", "date")
        for offset in range(-2, 3) if kind == "holiday" else (0,):
            name = f"{kind}_{offset}"
            flag = marked.unique().with_columns(pl.col("date") + pl.duration(days=offset), pl.lit(1).alias(name))
            days = days.join(flag, on=["tenant_id", "date"], how="left", maintain_order="left")
            days = days.with_columns(pl.col(name).fill_null(0))
    return days


def _forecasts(panel: pl.DataFrame, rows: pl.DataFrame, start: date, last: date) -> pl.DataFrame:
    """Forecasts from a day on, until models are fitted again: ``series, SERIES, date, y, forecast``."""
    end = min(start + timedelta(days=FITTED_EVERY_DAYS - 1), last)
    ahead = rows.filter(pl.col("date").is_between(start, end))
    boosted = ahead.select("series", "date", boosted=_boosted(rows.filter(pl.col("date") < start), ahead))
    smoothed = _smoothed(panel, start, sorted(set(ahead["date"])))
    both = ahead.join(boosted, on=["series", "date"]).join(smoothed, on=["series", "date"], how="left")
    forecast = pl.mean_horizontal(pl.col("boosted"), pl.col("smoothed").fill_nan(None).clip(0.0))
    return both.select("series", *SERIES, "date", "y", forecast=forecast)


def _boosted(known: pl.DataFrame, ahead: pl.DataFrame) -> pl.Series:
    import lightgbm

    features = [name for name in known.columns if name not in (*SERIES, "date", "y", "is_open")]
    usable = known.drop_nulls("same_4")
    train = lightgbm.Dataset(
        usable.select(features).to_numpy().astype(np.float64),
        usable["y"].to_numpy(),
        feature_name=features,
        categorical_feature=CATEGORIES,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = lightgbm.train(PARAMETERS, train, TREES)
    return pl.Series(np.asarray(model.predict(ahead.select(features).to_numpy().astype(np.float64))))


def _smoothed(panel: pl.DataFrame, start: date, mornings: list[date]) -> pl.DataFrame:
    """AutoCES fitted before ``start``, carried on to each morning: ``series, date, smoothed``.

    A series of less than four weeks has no row, a forecast that has diverged no number.
    """
    from statsforecast.models import AutoCES

    normal = pl.when("is_open").then("y")
    filled = panel.filter(pl.col("date") < mornings[-1]).with_columns(
        normal=normal.forward_fill().over("series", pl.col("date").dt.weekday()).fill_null(pl.col("y"))
    )
    found = []
    for series, dates, values in filled.group_by("series").agg("date", "normal").sort("series").iter_rows():
        demand = np.array(values)
        fitted = demand[: (start - dates[0]).days]
        if len(fitted) < 4 * WEEK:
            continue
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            model = AutoCES(WEEK).fit(fitted)
            for morning in mornings:
                known = demand[: (morning - dates[0]).days]
                made = float(model.forward(known, 1)["mean"][0])
                found.append((series, morning, made if made <= MOST_OF_HIGHEST * fitted.max() else None))
    columns = {"series": pl.Int64, "date": pl.Date, "smoothed": pl.Float64}
    return pl.DataFrame(found, schema=columns, orient="row").cast({"series": panel.schema["series"]})


def _quantities(forecasts: pl.DataFrame, morning: date, ratios: list[float]) -> pl.DataFrame:
    recent = forecasts.filter(
        pl.col("date") < morning, pl.col("date") >= morning - timedelta(days=CALIBRATED_DAYS), pl.col("forecast") > 0
    ).with_columns(off=pl.col("y") / pl.col("forecast"))
    today = forecasts.filter(pl.col("date") == morning)
    found = []
    for ratio in ratios:
        of_all = conformal_quantile(recent["off"].to_list(), ratio)
        of_series = {
            series: conformal_quantile(off, ratio) if len(off) >= LEAST_RATIOS else of_all
            for series, off in recent.group_by("series").agg("off").iter_rows()
        }
        off = pl.col("series").replace_strict(of_series, default=of_all, return_dtype=pl.Float64)
        found.append(today.select(*SERIES, "date", critical_ratio=pl.lit(ratio), baked=pl.col("forecast") * off))
    return pl.concat(found)


def conformal_quantile(off: list[float], level: float) -> float:
    """The ceil((n + 1) x level)-th smallest, the largest where there are not so many."""
    if not off:
        return 1.0
    place = min(int(np.ceil((len(off) + 1) * level - 1e-9)), len(off))
    return sorted(off)[place - 1]
