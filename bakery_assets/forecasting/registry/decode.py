"""The trained versions in use, decoded from their rows of text into what a forecast applies.

The rows are written by ``encode``; the keys inside their JSON are the stored form, which outlives names in code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dataframely as dy
import numpy as np
import numpy.typing as npt
import polars as pl

from bakery_assets.forecasting.data.history import SeriesKey
from bakery_assets.forecasting.data.holiday_openings import (
    ANY_HOLIDAY_SEEN,
    SAME_HOLIDAY_SEEN,
    HolidaysSeen,
    KnownClosings,
)
from bakery_assets.forecasting.data.panel import WEEK, Flags, Floats, Integers, Panel
from bakery_assets.forecasting.models.day_effects import DayEffects
from bakery_assets.forecasting.models.day_spread import KINDS_OF_DAY
from bakery_assets.forecasting.models.intervals import QUANTILE_GRID
from bakery_assets.forecasting.models.selection import BLEND_NAMES, BLENDS, MEMBERS
from bakery_assets.forecasting.models.smoothing import ALPHA_GRID, DEFAULT_ALPHAS
from bakery_assets.keys import SERIES
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, plans
from bakery_assets.schemas.plans import UNTRAINED_SMOOTHING

_WEIGHTS: dict[str, tuple[float, ...]] = dict([*BLENDS.items(), (UNTRAINED_SMOOTHING, BLENDS["smoothing"])])
_PARAMETERS = pl.Struct({**dict.fromkeys(sorted(DEFAULT_ALPHAS), pl.Float64()), "weekdays": pl.List(pl.Float64)})
_EFFECTS = pl.Struct(
    {
        "blend": pl.String(),
        "country_closings": pl.List(
            pl.Struct({"name": pl.String(), "share_closed": pl.Float64(), "tenants": pl.Int32()})
        ),
        "day_spread": pl.List(pl.Float64()),
        "error_quantiles": pl.List(pl.Float64()),
        "factors": pl.List(
            pl.Struct(
                {
                    "kind": pl.String(),
                    "name": pl.String(),
                    "on_sunday": pl.Boolean(),
                    "factor": pl.Float64(),
                    "days": pl.Int64(),
                }
            )
        ),
        "holiday_habits": pl.List(
            pl.Struct({"location_id": pl.String(), "name": pl.String(), "is_kept": pl.Boolean()})
        ),
        "holidays_seen": pl.List(
            pl.Struct({"location_id": pl.String(), "name": pl.String(), "seen": pl.Int32(), "closed": pl.Int32()})
        ),
    }
)


def quantile_grid(description: str) -> dy.List:
    """A column with the quantiles of scaled residuals at ``QUANTILE_GRID``."""
    return dy.List(
        dy.Float64(),
        nullable=True,
        min_length=len(QUANTILE_GRID),
        max_length=len(QUANTILE_GRID),
        description=description,
    )


class TenantVersions(dy.Schema):
    """The version in use of each trained tenant."""

    tenant_id = col.tenant_id()
    model_version = col.key_text("The version")
    booster_id = col.text("Its booster; empty: none", nullable=True)
    error_quantiles = quantile_grid("Quantiles of the tenant's scaled residuals; empty: too few")


class TrainedSeries(SeriesKey):
    """The residuals of each series of the versions in use."""

    error_quantiles = quantile_grid("Quantiles of its scaled residuals; empty: too few")
    error_days = dy.Int64(nullable=True, min=0, description="Residuals that these are made of")


@dataclass(frozen=True)
class VersionsInUse:
    """What the versions in use hold, aligned with the rows of a panel where it is a matrix.

    Attributes:
        models: per series: the model that forecasts it.
        booster: per series: its tenant's booster, None without one.
        weights: (members, series).
        alphas: per series, by family of smoothing.
        weekday_profile: (series, 7), by days from the plan date; NaN where there is none.
        day_spread: (tenants, KINDS_OF_DAY), of ``day_spread``; NaN where the version holds none.
    """

    of_tenants: dy.DataFrame[TenantVersions]
    of_series: dy.DataFrame[TrainedSeries]
    day_effects: dy.DataFrame[DayEffects]
    holidays_seen: dy.DataFrame[HolidaysSeen]
    country_closings: dy.DataFrame[KnownClosings]
    models: list[str]
    booster: npt.NDArray[np.object_]
    weights: Floats
    alphas: Mapping[str, Floats]
    weekday_profile: Floats
    day_spread: Floats


def decode_model_versions(
    panel: Panel,
    model_versions: dy.DataFrame[plans.ModelVersions],
    series_models: dy.DataFrame[plans.SeriesModels],
) -> VersionsInUse:
    """Decode the versions of the panel's tenants, at most one each.

    A series that is new since its tenant was trained takes the blend that is best for the tenant as a whole; one of
    a tenant that was never trained is smoothed with default parameters.
    """
    versions = model_versions.select(
        "tenant_id", "model_version", "booster_id", effects=pl.col("effects").str.json_decode(_EFFECTS)
    ).unnest("effects")
    series = series_models.select(
        *SERIES,
        "model",
        parameters=pl.col("parameters").str.json_decode(_PARAMETERS),
        error_quantiles=_null_if_empty(pl.col("error_quantiles").str.json_decode(pl.List(pl.Float64()))),
        error_days=pl.col("scores").str.json_path_match("$.days").cast(pl.Int64),
    ).unnest("parameters")
    rows = panel.series.join(series, on=SERIES, how="left", maintain_order="left").join(
        versions.select("tenant_id", "blend", "booster_id"), on="tenant_id", how="left", maintain_order="left"
    )
    models = rows.select(pl.coalesce("model", "blend", pl.lit(UNTRAINED_SMOOTHING))).to_series().to_list()
    weights = np.array([_WEIGHTS[model] for model in models], dtype=np.float32).reshape(-1, len(MEMBERS)).T
    alphas = rows.select(pl.col(family).fill_null(alpha) for family, alpha in DEFAULT_ALPHAS.items())
    return VersionsInUse(
        of_tenants=conform(TenantVersions, versions.with_columns(_null_if_empty(pl.col("error_quantiles")))),
        of_series=conform(TrainedSeries, series),
        day_effects=conform(DayEffects, _day_effects(versions)),
        holidays_seen=conform(HolidaysSeen, _holidays_seen(versions)),
        country_closings=conform(KnownClosings, _listed(versions, "country_closings")),
        models=models,
        booster=rows["booster_id"].to_numpy(),
        weights=weights.copy(),
        weekday_profile=_weekday_profile(panel, rows["weekdays"]),
        day_spread=_day_spread(panel, versions),
        alphas={family: alphas[family].to_numpy().astype(np.float32) for family in DEFAULT_ALPHAS},
    )


def _weekday_profile(panel: Panel, weekdays: pl.Series) -> Floats:
    none = [np.nan] * WEEK
    stored = np.array([each or none for each in weekdays.to_list()], dtype=np.float32).reshape(-1, WEEK)
    plan_weekday = panel.weekday[panel.tenant, panel.past].astype(np.int64)[:, None]
    return np.take_along_axis(stored, (plan_weekday + np.arange(WEEK)) % WEEK, axis=1)


def _day_spread(panel: Panel, versions: pl.DataFrame) -> Floats:
    known = panel.cells.join(versions, on="tenant_id", how="left", maintain_order="left")["day_spread"].to_list()
    none = [np.nan] * KINDS_OF_DAY
    rows = [each if each and len(each) == KINDS_OF_DAY else none for each in known]
    return np.array(rows, dtype=np.float32).reshape(-1, KINDS_OF_DAY)


@dataclass(frozen=True)
class Incumbents:
    """The models that a panel's series have before they are trained again; per series.

    Attributes:
        blend: the row of ``BLENDS``, -1 where there is none.
        weights: (members, series), 0 where there is none.
        alphas: by family of smoothing, the point of its grid, -1 where there is none.
        is_carried_over: its model is kept as it is.
    """

    blend: Integers
    weights: Floats
    alphas: Mapping[str, Integers]
    is_carried_over: Flags


def decode_incumbents(panel: Panel, series_models: pl.DataFrame, carried_over: pl.DataFrame) -> Incumbents:
    """Decode the ``series_models`` in use.

    Args:
        series_models: of ``plans.SeriesModels``.
        carried_over: ``SERIES`` whose models are kept.
    """
    kept = carried_over.select(SERIES).with_columns(is_carried_over=pl.lit(True))
    models = series_models.select(*SERIES, "model", parameters=pl.col("parameters").str.json_decode(_PARAMETERS))
    rows = panel.series.join(models.unnest("parameters"), on=SERIES, how="left", maintain_order="left").join(
        kept, on=SERIES, how="left", maintain_order="left"
    )
    blend = _positions(rows["model"], BLEND_NAMES)
    weights = np.array(list(BLENDS.values()), dtype=np.float32)[blend]
    return Incumbents(
        blend=blend,
        weights=np.where(blend[:, None] >= 0, weights, np.float32(0)).T,
        alphas={family: _positions(rows[family], grid) for family, grid in ALPHA_GRID.items()},
        is_carried_over=rows["is_carried_over"].fill_null(False).to_numpy() & (blend >= 0),
    )


def _day_effects(versions: pl.DataFrame) -> pl.DataFrame:
    """The factors of the versions; one of an older method, which knew no difference, is that of Sundays and others."""
    rows = _listed(versions, "factors")
    older = rows.filter(pl.col("on_sunday").is_null()).drop("on_sunday")
    for_both = older.join(pl.DataFrame({"on_sunday": [False, True]}), how="cross").select(rows.columns)
    return pl.concat([rows.drop_nulls("on_sunday"), for_both])


def _holidays_seen(versions: pl.DataFrame) -> pl.DataFrame:
    """What shops did on holidays; a version of an older method knew only whether one was closed each time, of holidays
    seen often enough and, without a name, of all together."""
    rows = _listed(versions, "holidays_seen")
    enough = pl.when(pl.col("name").is_null()).then(ANY_HOLIDAY_SEEN).otherwise(SAME_HOLIDAY_SEEN).cast(pl.Int32)
    older = _listed(versions, "holiday_habits").with_columns(
        pl.col("name").fill_null(""), seen=enough, closed=enough - (~pl.col("is_kept")).cast(pl.Int32)
    )
    return pl.concat([rows, older.select(rows.columns)])


def _listed(versions: pl.DataFrame, effect: str) -> pl.DataFrame:
    """The rows of a list inside the versions' effects, each with its tenant."""
    return versions.select("tenant_id", effect).explode(effect).drop_nulls(effect).unnest(effect)


def _positions(values: pl.Series, among: Sequence[object]) -> Integers:
    """Where each value stands in a sequence; -1: nowhere."""
    position = {value: number for number, value in enumerate(among)}
    return np.array([position.get(value, -1) for value in values], dtype=np.int64)


def _null_if_empty(quantiles: pl.Expr) -> pl.Expr:
    return pl.when(quantiles.list.len() > 0).then(quantiles)
