"""The stage: from facts and trained models to the demand forecasts of seven days, each with its sum.

A trained tenant's series are made by the blend that its champion version has chosen: a weighted mean of boosted
trees and of smoothed normal days times the factors of what is special. Nothing is fitted here. A tenant without a
trained version is forecast from its own history by the same smoothing with usual parameters, and says so.
"""

import numpy as np
import polars as pl

from bakery_assets.cells import HORIZON_DAYS, CannotPlan, Frames, horizon
from bakery_assets.forecasting.data.closures import holiday_habits
from bakery_assets.forecasting.data.history import HISTORY_DAYS
from bakery_assets.forecasting.data.inputs import Known, gather, shut_ahead, shut_matrix
from bakery_assets.forecasting.data.panel import SAME_WEEKDAYS, WEEK, Flags, Floats, Panel, as_series
from bakery_assets.forecasting.models.day_effects import (
    LARGEST_FACTOR,
    evidence,
    factor_matrix,
    factors_ahead,
    learn_factors,
)
from bakery_assets.forecasting.models.gradient_boosting import Trees
from bakery_assets.forecasting.models.intervals import (
    ENOUGH_ERRORS,
    LEVELS,
    at_level,
    error_quantiles,
    errors_of_usual_days,
    scale,
    usual_day,
    usual_knots,
)
from bakery_assets.forecasting.models.selection import BLENDS, MEMBERS, mixed
from bakery_assets.forecasting.models.smoothing import SMOOTHED_DAYS, level, profiled, seasonal, tsb
from bakery_assets.forecasting.overrides import apply_overrides
from bakery_assets.forecasting.registry.decode import Versions, read_versions
from bakery_assets.keys import SERIES, SHOP

__all__ = ["forecast_demand"]

SHORT = "short_history"
NONE = "no_history"
UNTRAINED_VERSION = "untrained"
MAIN_LOCATION = "main"
SHORT_DAYS = 28  # fewer days since the first sale make a short history
READS = (
    "tenants",
    "products",
    "sales",
    "sales_hourly",
    "calendar",
    "weather",
    "forecast_overrides",
    "model_versions",
    "series_models",
    "boosters",
)
ROWS_AT_ONCE = 1_000_000  # rows of sales forecast at once without a model; 1.4 M took 700 MB at the peak

KEY = ["tenant_id", "plan_date", "location_id", "product_id", "target_date"]
DEMAND_FORECASTS = [
    *KEY,
    "yhat",
    *LEVELS,
    "model",
    "model_version",
    "override_id",
    "reasoning",
    "system_yhat",
]


def forecast_demand(cells: pl.DataFrame, frames: Frames) -> Frames:
    """Forecast what each product will sell in each shop, for seven days from the plan date.

    A product is forecast in every shop that has sold it; one that was never sold is forecast as 0 in
    `main`. There are no rows from the day on which a product is discontinued. What a person has said in
    ``forecast_overrides`` replaces the system's figure, which stays beside it.

    Args:
        cells: the columns of ``cells.CELLS``, one row per tenant.
        frames: ``READS``; ``model_versions`` has each trained tenant's version in use, ``series_models`` its series,
            and ``boosters`` the trees they share.

    Returns:
        demand_forecasts, sorted by its key; quantities in the product's unit. Figures add up: a product's demand
        is the sum over its shops, a shop's the sum over its products, because every figure is made once, where it
        is sold, and nowhere else.

    Raises:
        CannotPlan: a tenant has no products.
    """
    bare = cells.join(frames["products"], on="tenant_id", how="anti").get_column("tenant_id").sort()
    if len(bare):
        raise CannotPlan(f"tenant {bare[0]} has no products; load products for it, or suspend it")
    trained = cells.join(frames["model_versions"], on="tenant_id", how="semi")
    others = cells.join(frames["model_versions"], on="tenant_id", how="anti")
    groups = [(trained, SMOOTHED_DAYS)] if trained.height else []
    if others.height or not groups:
        groups += [(group, HISTORY_DAYS) for group in _groups(others, frames["sales"])]
    made = [_forecast_group(group, _of(group, frames), past) for group, past in groups]
    return {"demand_forecasts": pl.concat(made).sort(KEY)}


def _of(cells: pl.DataFrame, frames: Frames) -> Frames:
    own = {
        name: frames[name].join(cells, on="tenant_id", how="semi", maintain_order="left")
        for name in READS
        if name != "boosters"
    }
    return {**own, "boosters": frames["boosters"]}


def _groups(cells: pl.DataFrame, sales: pl.DataFrame) -> list[pl.DataFrame]:
    """Cells in groups of about ``ROWS_AT_ONCE`` rows of sales, which bounds the memory; at least one group."""
    rows = sales.group_by("tenant_id").agg(rows=pl.len())
    counted = cells.join(rows, on="tenant_id", how="left").sort("tenant_id")
    group = (pl.col("rows").fill_null(0).cast(pl.Int64).cum_sum() // ROWS_AT_ONCE).alias("group")
    parts = counted.with_columns(group).partition_by("group", maintain_order=True, include_key=False)
    return [part.drop("rows") for part in parts] or [cells]


def _forecast_group(cells: pl.DataFrame, frames: Frames, past: int) -> pl.DataFrame:
    known = gather(cells, frames, past)
    panel = known.panel
    versions = read_versions(panel, frames)
    if past == SMOOTHED_DAYS:
        factors, habits = versions.factors, versions.habits
    else:
        factors = learn_factors(evidence(panel))
        habits = holiday_habits(known.days, known.holidays)
    ahead = shut_ahead(known, cells, habits, frames["calendar"])
    figures = _figures(panel, versions, factor_matrix(panel, factors), ahead, frames["boosters"])
    rows = _rows(frames["products"], known, versions, horizon(cells))
    made = (
        rows.join(figures, on=[*SERIES, "target_date"], how="left", maintain_order="left")
        .join(_closed(panel, known, ahead), on=[*SERIES, "target_date"], how="left", maintain_order="left")
        .join(_factors_of_series(panel, factors), on=[*SERIES, "target_date"], how="left", maintain_order="left")
        .join(_spreads(rows, panel, versions), on=SERIES, how="left", maintain_order="left")
        .join(known.days.group_by("tenant_id").agg(last_sale_date=pl.col("date").max()), on="tenant_id", how="left",
              maintain_order="left")
        .join(versions.of_tenants.select("tenant_id", "model_version"), on="tenant_id", how="left",
              maintain_order="left")
    )  # fmt: skip
    return _stored(apply_overrides(_with_quantiles(_summed(made)), frames["forecast_overrides"]))


def _rows(products: pl.DataFrame, known: Known, versions: Versions, days_ahead: pl.DataFrame) -> pl.DataFrame:
    """``KEY`` of every forecast to make."""
    listed = products.select("tenant_id", "product_id", "discontinued_on")
    modelled = versions.of_series.select(SERIES).join(listed, on=["tenant_id", "product_id"], how="semi")
    sold = pl.concat([known.sales.select(SERIES), modelled]).unique()
    unsold = listed.join(sold, on=["tenant_id", "product_id"], how="anti").select(
        "tenant_id", pl.lit(MAIN_LOCATION).alias("location_id"), "product_id"
    )
    return (
        pl.concat([sold, unsold])
        .join(listed, on=["tenant_id", "product_id"])
        .join(days_ahead, on="tenant_id")
        .filter((pl.col("target_date") < pl.col("discontinued_on")).fill_null(True))
        .select(KEY)
        .sort(KEY)
    )


def _figures(
    panel: Panel, versions: Versions, factor: Floats, ahead: pl.DataFrame, boosters: pl.DataFrame
) -> pl.DataFrame:
    """What every member says of every day, and the blend: ``SERIES, target_date`` and a column each."""
    recent = panel.normalised[:, max(panel.past - SMOOTHED_DAYS, 0) :]
    split = profiled(recent)
    members = {
        "seasonal": seasonal(recent, versions.parameter("seasonal")),
        "level": level(split, versions.parameter("level")),
        "tsb": tsb(split, versions.parameter("tsb")),
        "trees": _trees(panel, versions, factor, ahead, boosters),
    }
    days_known = panel.is_known.sum(axis=1)
    # A new product follows its shop's week until it has one of its own.
    is_short = (days_known < SHORT_DAYS) & ~versions.is_modelled
    shares = versions.shares.copy()
    shares[:, is_short] = 0.0
    shares[1, is_short] = 1.0
    members["seasonal"] = np.where(is_short[:, None], _like_its_shop(panel, is_short), members["seasonal"])
    of_day = factor[panel.item, panel.past : panel.past + HORIZON_DAYS]
    stacked = np.stack([members[name] * (1.0 if name == "trees" else of_day) for name in MEMBERS])
    # Trees have nothing to say of a series that has sold nothing for weeks; smoothing still has.
    silent = np.isnan(mixed(stacked, shares)).all(axis=1)
    shares[:, silent] = np.array(BLENDS["smoothing"], dtype=np.float32)[:, None]
    usable = np.where(np.isnan(stacked), 0.0, shares[:, :, None])
    weights = usable / np.maximum(usable.sum(axis=0), 1e-9)
    yhat = mixed(stacked, shares)
    days = range(panel.past, panel.past + HORIZON_DAYS)
    same = [panel.normalised[:, panel.past - WEEK * week :][:, :HORIZON_DAYS] for week in range(SAME_WEEKDAYS, 0, -1)]
    known = [panel.is_known[:, panel.past - WEEK * week :][:, :HORIZON_DAYS] for week in range(SAME_WEEKDAYS, 0, -1)]
    last = {f"last_{n}": np.where(there, sold, np.nan) for n, (sold, there) in enumerate(zip(same, known, strict=True))}
    usual = usual_day(recent)
    counts = np.repeat(days_known[:, None], HORIZON_DAYS, axis=1)
    return (
        as_series(
            panel.cells,
            panel,
            days,
            blended=np.nan_to_num(yhat).astype(np.float64),
            scale=scale(np.nan_to_num(yhat), usual).astype(np.float64),
            history_days=counts.astype(np.int64),
            is_short=np.repeat(is_short[:, None], HORIZON_DAYS, axis=1),
            **{name: members[name].astype(np.float64) for name in MEMBERS},
            **{f"share_{name}": weights[number].astype(np.float64) for number, name in enumerate(MEMBERS)},
            **{name: values.astype(np.float64) for name, values in last.items()},
        )
        .with_columns(
            model=pl.Series(np.repeat(np.array(versions.models, dtype=object), HORIZON_DAYS), dtype=pl.String)
        )
        .rename({"date": "target_date"})
    )


def _trees(panel: Panel, versions: Versions, factor: Floats, ahead: pl.DataFrame, boosters: pl.DataFrame) -> Floats:
    made = np.full((len(panel.tenant), HORIZON_DAYS), np.nan, dtype=np.float32)
    shut = shut_matrix(panel, ahead)
    # Tenants trained in different weeks have different trees; there are as many as weeks, not as tenants.
    for booster, text in boosters.select("booster_id", "trees").sort("booster_id").iter_rows():
        users = versions.booster == booster
        if users.any():
            found = Trees(text).forecast(panel, factor, shut, panel.past)
            made[users] = found[users]
    return made


def _like_its_shop(panel: Panel, is_short: Flags) -> Floats:
    """The level of each series under the weekday profile that its shop's other series have: (series, HORIZON_DAYS)."""
    long = np.where(is_short[:, None], np.nan, panel.normalised)
    shop = np.zeros((panel.shops.height, panel.past), dtype=np.float32)
    np.add.at(shop, panel.shop, np.nan_to_num(long))
    there = np.zeros_like(shop, dtype=bool)
    np.logical_or.at(there, panel.shop, ~np.isnan(long))
    profile = profiled(np.where(there, shop, np.nan).astype(np.float32)).profile[panel.shop]
    of_day = profile[:, (np.arange(panel.past) - panel.past) % WEEK]
    sold = np.where(panel.is_known, panel.normalised, np.nan)
    weight = np.where(np.isnan(sold), 0.0, of_day).sum(axis=1)
    size = np.where(weight > 0, np.nansum(sold, axis=1) / np.maximum(weight, 1e-9), 0.0)
    return (size[:, None] * profile[:, :HORIZON_DAYS]).astype(np.float32)


def _closed(panel: Panel, known: Known, ahead: pl.DataFrame) -> pl.DataFrame:
    """Why a series sells nothing on a day: ``SERIES, target_date, closed``."""
    days = range(panel.past, panel.past + HORIZON_DAYS)
    by_calendar = (
        as_series(panel.cells, panel, days, is_shut=panel.is_shut[panel.item, panel.past : panel.past + HORIZON_DAYS])
        .filter("is_shut")
        .select(*SERIES, "date", closed=pl.lit("calendar"))
    )
    by_habit = ahead.join(panel.series, on=SHOP).select(*SERIES, "date", "closed")
    return (
        pl.concat([by_calendar, by_habit])
        .unique([*SERIES, "date"], keep="first", maintain_order=True)
        .rename({"date": "target_date"})
    )


def _factors_of_series(panel: Panel, factors: pl.DataFrame) -> pl.DataFrame:
    """``SERIES, target_date, factor, factors`` of special days."""
    items = panel.items.with_row_index("item").select("item", "tenant_id", "product_id")
    return (
        factors_ahead(panel, factors)
        .join(items, on="item")
        .join(panel.series, on=["tenant_id", "product_id"])
        .join(panel.cells, on="tenant_id")
        .select(*SERIES, target_date=pl.col("plan_date") + pl.duration(days=pl.col("day") - panel.past),
                special="factor", factors="factors")
    )  # fmt: skip


def _spreads(rows: pl.DataFrame, panel: Panel, versions: Versions) -> pl.DataFrame:
    """``SERIES, knots, spread, spread_days``: error quantiles, whose errors they are, and how many."""
    own, of_tenant, count = error_quantiles(errors_of_usual_days(panel), panel.tenant, panel.cells.height)
    found = panel.series.with_columns(
        own=pl.Series(own.astype(np.float64).round(5).tolist(), dtype=pl.List(pl.Float64)),
        spread_days=pl.Series(count.astype(np.int64)),
    ).with_columns(own=pl.when(pl.Series(~np.isnan(own).any(axis=1))).then("own"))
    tenants = panel.cells.select("tenant_id").with_columns(
        theirs=pl.Series(of_tenant.astype(np.float64).round(5).tolist(), dtype=pl.List(pl.Float64))
    ).with_columns(theirs=pl.when(pl.Series(~np.isnan(of_tenant).any(axis=1))).then("theirs"))  # fmt: skip
    has_own = pl.col("own").is_not_null() & (pl.col("spread_days") >= ENOUGH_ERRORS)
    constant = pl.lit(pl.Series([usual_knots()], dtype=pl.List(pl.Float64)))
    return (
        rows.select(SERIES)
        .unique()
        .join(versions.of_series, on=SERIES, how="left")
        .join(versions.of_tenants.select("tenant_id", trained="error_quantiles"), on="tenant_id", how="left")
        .join(found, on=SERIES, how="left")
        .join(tenants, on="tenant_id", how="left")
        .with_columns(
            spread=pl.when(pl.col("error_quantiles").is_not_null())
            .then(pl.lit("model"))
            .when(has_own)
            .then(pl.lit("own"))
            .when(pl.col("trained").is_not_null() | pl.col("theirs").is_not_null())
            .then(pl.lit("tenant"))
            .otherwise(pl.lit("usual"))
        )
        .select(
            *SERIES,
            "spread",
            pl.when(pl.col("spread") == "model")
            .then("error_days")
            .otherwise("spread_days")
            .fill_null(0)
            .alias("spread_days"),
            knots=pl.coalesce("error_quantiles", pl.when(has_own).then("own"), "trained", "theirs", constant),
        )
    )


def _summed(made: pl.DataFrame) -> pl.DataFrame:
    closed = pl.col("closed").is_not_null()
    return made.with_columns(
        pl.col("history_days").fill_null(0),
        pl.col("factors").fill_null([]),
        pl.col("model_version").fill_null(UNTRAINED_VERSION),
        factor=pl.when(closed).then(0.0).otherwise(pl.col("special").fill_null(1.0)),
        model=pl.when(pl.col("model").is_null())
        .then(pl.lit(NONE))
        .when("is_short")
        .then(pl.lit(SHORT))
        .otherwise("model"),
        yhat=pl.when(closed).then(0.0).otherwise(pl.col("blended").fill_null(0.0)).round(6),
        scale=pl.when(closed).then(0.0).otherwise(pl.col("scale").fill_null(0.0)).round(6),
    )


def _with_quantiles(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``z_q10`` … ``z_q95`` and q10 … q95, which are at least 0 and rise with their level."""
    errors = rows.with_columns(
        at_level(pl.col("knots"), value).round(6).alias(f"z_{name}") for name, value in LEVELS.items()
    )
    return errors.with_columns(
        (pl.col("yhat") + pl.col("scale") * pl.col(f"z_{name}")).clip(lower_bound=0.0).round(6).alias(name)
        for name in LEVELS
    )


def _stored(made: pl.DataFrame) -> pl.DataFrame:
    def members(prefix: str) -> pl.Expr:
        values = [
            pl.when(pl.col(f"share_{name}") > 0).then(pl.col(f"{prefix}{name}")).round(6).alias(name)
            for name in sorted(MEMBERS)
        ]
        return pl.struct(values)

    same = pl.concat_list([pl.col(f"last_{n}").round(6) for n in range(SAME_WEEKDAYS)])
    # Fields in alphabetical order: the text has to be the same whoever writes it.
    reasoning = pl.struct(
        closed="closed",
        factor="factor",
        factor_limit=pl.lit(LARGEST_FACTOR),
        factors="factors",
        history_days="history_days",
        last_sale_date=pl.col("last_sale_date").dt.to_string("%Y-%m-%d"),
        last_same_weekdays=same.list.eval(pl.element().filter(pl.element().is_not_nan())).fill_null([]),
        members=members(""),
        model="model",
        override="override",
        quantiles=pl.struct(
            pl.col("spread_days").alias("error_days"),
            pl.col("spread").alias("errors_of"),
            pl.col("scale"),
            *(f"z_{name}" for name in sorted(LEVELS)),
        ),
        shares=members("share_"),
    ).struct.json_encode()
    return made.with_columns(reasoning=reasoning).select(DEMAND_FORECASTS)
