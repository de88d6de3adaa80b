"""The stage: from facts to the demand forecasts of seven days, each with its sum.

yhat = base (a normal day) times the factors of what is special about the day, together at most
``LARGEST_FACTOR``; 0 when the shop is shut.
"""

from datetime import date, timedelta

import polars as pl

from bakery_assets.forecasting.base import NONE, base_forecast
from bakery_assets.forecasting.calendar_features import special_days, tenant_holidays
from bakery_assets.forecasting.closings import dormant_shops, kept_holidays, weekly_closings
from bakery_assets.forecasting.factors import LARGEST_FACTOR, apply_factors, learn_factors
from bakery_assets.forecasting.history import (
    HISTORY_DAYS,
    SAME_WEEKDAYS,
    SERIES,
    SHOP,
    known_sales,
    regular_series,
    shop_days,
)
from bakery_assets.forecasting.intervals import LEVELS, residuals, spreads, with_quantiles
from bakery_assets.frames import HORIZON_DAYS, CannotPlan, Frames, closed_days, horizon

MODEL_VERSION = "1"
MAIN_LOCATION = "main"
READS = ("tenants", "products", "sales", "calendar")
ROWS_AT_ONCE = 1_000_000  # rows of sales forecast at once; 1.4 M took 700 MB at the peak

KEY = ["tenant_id", "plan_date", "location_id", "product_id", "target_date"]
DEMAND_FORECASTS = [*KEY, "yhat", *LEVELS, "model", "model_version", "override_id", "reasoning", "system_yhat"]


def forecast_demand(cells: pl.DataFrame, frames: Frames) -> Frames:
    """Forecast what each product will sell in each shop, for seven days from the plan date.

    A product is forecast in every shop that has sold it; one that was never sold is forecast as 0 in
    `main`. There are no rows from the day on which a product is discontinued.

    Args:
        cells: the columns of ``frames.CELLS``, one row per tenant.
        frames: tenants, products, sales, calendar.

    Returns:
        demand_forecasts, sorted by its key; quantities in the product's unit.

    Raises:
        CannotPlan: a tenant has no products.
    """
    bare = cells.join(frames["products"], on="tenant_id", how="anti").get_column("tenant_id").sort()
    if len(bare):
        raise CannotPlan(f"tenant {bare[0]} has no products; load products for it, or suspend it")
    made = [
        _forecast_group(group, {name: frames[name].join(group, on="tenant_id", how="semi") for name in READS})
        for group in _groups(cells, frames["sales"])
    ]
    return {"demand_forecasts": pl.concat(made).sort(KEY)}


def _groups(cells: pl.DataFrame, sales: pl.DataFrame) -> list[pl.DataFrame]:
    """Cells in groups of about ``ROWS_AT_ONCE`` rows of sales, which bounds the memory; at least one group."""
    rows = sales.group_by("tenant_id").agg(rows=pl.len())
    counted = cells.join(rows, on="tenant_id", how="left").sort("tenant_id")
    group = (pl.col("rows").fill_null(0).cast(pl.Int64).cum_sum() // ROWS_AT_ONCE).alias("group")
    parts = counted.with_columns(group).partition_by("group", maintain_order=True, include_key=False)
    return [part.drop("rows") for part in parts] or [cells]


def _forecast_group(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    products = frames["products"].select("tenant_id", "product_id", "discontinued_on")
    days_ahead = horizon(cells)
    plan_dates: list[date] = cells["plan_date"].to_list()
    no_day = date(1970, 1, 1)  # without cells there is no day to look at
    first = min(plan_dates, default=no_day) - timedelta(days=HISTORY_DAYS + 2)
    last = max(plan_dates, default=no_day) + timedelta(days=HORIZON_DAYS + 2)
    calendar = frames["calendar"]
    holidays = tenant_holidays(frames["tenants"], calendar, first, last)
    special = special_days(products, calendar, holidays, first, last)

    sales = known_sales(cells, products, frames["sales"])
    days = shop_days(sales)
    history = regular_series(cells, sales, days, special)
    rows = _rows(products, sales, days_ahead)
    targets = rows.select(*SHOP, date="target_date").unique()
    shut = _shut(targets, days, holidays, closed_days(calendar), calendar)
    factors = apply_factors(
        special.join(rows.select("tenant_id", "product_id", date="target_date").unique(),
                     on=["tenant_id", "product_id", "date"], how="semi"),
        learn_factors(history),
    )  # fmt: skip
    made = (
        rows.rename({"target_date": "date"})
        .join(base_forecast(cells, history), on=[*SERIES, "date"], how="left")
        .join(special.select("tenant_id", "product_id", "date", "is_shut"),
              on=["tenant_id", "product_id", "date"], how="left")
        .join(shut, on=[*SHOP, "date"], how="left")
        .join(factors, on=["tenant_id", "product_id", "date"], how="left")
        .join(spreads(rows.select(SERIES).unique(), residuals(history)), on=SERIES, how="left")
        .join(history.group_by(SERIES).agg(history_days=pl.col("is_known").sum()), on=SERIES, how="left")
        .join(days.group_by("tenant_id").agg(last_sale_date=pl.col("date").max()), on="tenant_id", how="left")
        .with_columns(weekday=pl.col("date").dt.weekday())
        .join(_same_weekdays(history), on=[*SERIES, "weekday"], how="left")
        .with_columns(
            pl.col("model").fill_null(NONE),
            pl.col("base").fill_null(0.0),
            pl.col("last_same_weekdays").fill_null([]),
            pl.col("factors").fill_null([]),
            closed=pl.when(pl.col("is_shut").fill_null(False)).then(pl.lit("calendar")).otherwise(pl.col("closed")),
        )
        .with_columns(
            factor=pl.when(pl.col("closed").is_not_null()).then(0.0).otherwise(pl.col("factor").fill_null(1.0))
        )
        .with_columns(yhat=(pl.col("base") * pl.col("factor")).round(6))
    )  # fmt: skip
    return _stored(with_quantiles(made))


def _rows(products: pl.DataFrame, sales: pl.DataFrame, days_ahead: pl.DataFrame) -> pl.DataFrame:
    """``KEY`` of every forecast to make."""
    sold = sales.select(SERIES).unique()
    unsold = products.join(sold, on=["tenant_id", "product_id"], how="anti").select(
        "tenant_id", pl.lit(MAIN_LOCATION).alias("location_id"), "product_id"
    )
    return (
        pl.concat([sold, unsold])
        .join(products, on=["tenant_id", "product_id"])
        .join(days_ahead, on="tenant_id")
        .filter((pl.col("target_date") < pl.col("discontinued_on")).fill_null(True))
        .select(KEY)
    )


def _shut(
    targets: pl.DataFrame, days: pl.DataFrame, holidays: pl.DataFrame, closed: pl.DataFrame, calendar: pl.DataFrame
) -> pl.DataFrame:
    """Days on which a shop will not open though its calendar does not say so: ``SHOP, date, closed``.

    A day for which the calendar gives opening hours is open.
    """
    excused = pl.concat([holidays.select("tenant_id", "date"), closed]).unique()
    weekly = targets.with_columns(weekday=pl.col("date").dt.weekday()).join(
        weekly_closings(days, excused), on=[*SHOP, "weekday"], how="semi"
    )
    reasons = [
        kept_holidays(days, holidays, targets).with_columns(closed=pl.lit("holiday"), rank=1),
        weekly.select(*SHOP, "date", closed=pl.lit("weekly_closing"), rank=2),
        targets.join(dormant_shops(days), on=SHOP, how="semi").with_columns(closed=pl.lit("dormant_shop"), rank=3),
    ]
    announced = calendar.filter(pl.col("opens").is_not_null(), pl.col("kind") != "closed").select("tenant_id", "date")
    return (
        pl.concat([reason.select(*SHOP, "date", "closed", "rank") for reason in reasons])
        .join(announced, on=["tenant_id", "date"], how="anti")
        .sort(*SHOP, "date", "rank")
        .unique([*SHOP, "date"], keep="first", maintain_order=True)
        .drop("rank")
    )


def _same_weekdays(history: pl.DataFrame) -> pl.DataFrame:
    """The last same weekdays as the models saw them: ``SERIES, weekday, last_same_weekdays``."""
    return (
        history.filter("is_known")
        .group_by(*SERIES, "weekday", maintain_order=True)
        .agg(last_same_weekdays=pl.col("filled").tail(SAME_WEEKDAYS).round(6))
    )


def _stored(made: pl.DataFrame) -> pl.DataFrame:
    rounded = {name: pl.col(name).round(6) for name in ("smoothed", "profiled")}
    # Fields in alphabetical order: the text has to be the same whoever writes it.
    reasoning = pl.struct(
        base="base",
        base_models=pl.struct(
            level_and_weekday_profile=rounded["profiled"], same_weekday_smoothing=rounded["smoothed"]
        ),
        closed="closed",
        factor="factor",
        factor_limit=pl.lit(LARGEST_FACTOR),
        factors="factors",
        history_days=pl.col("history_days").fill_null(0),
        last_sale_date=pl.col("last_sale_date").dt.to_string("%Y-%m-%d"),
        last_same_weekdays="last_same_weekdays",
        model="model",
        quantiles=pl.struct(
            pl.col("spread_days").alias("error_days"),
            pl.col("spread").alias("errors_of"),
            "scale",
            *(f"z_{name}" for name in sorted(LEVELS)),
        ),
    ).struct.json_encode()
    return made.with_columns(
        target_date="date",
        model_version=pl.lit(MODEL_VERSION),
        override_id=pl.lit(None, pl.String),
        system_yhat="yhat",
        reasoning=reasoning,
    ).select(DEMAND_FORECASTS)
