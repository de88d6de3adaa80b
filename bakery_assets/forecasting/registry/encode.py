"""What a training has learned, encoded as the rows of text and numbers that it is stored as.

The rows are read by ``decode``; the keys inside their JSON are the stored form, which outlives names in code.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.forecasting.data.context import ForecastContext
from bakery_assets.forecasting.data.history import DemandHistory, SeriesKey
from bakery_assets.forecasting.data.holiday_openings import KnownClosings, holidays_seen
from bakery_assets.forecasting.data.panel import WEEK, Floats, Integers, Panel
from bakery_assets.forecasting.models.day_effects import DayEffects
from bakery_assets.forecasting.models.gradient_boosting import FittedBoosters
from bakery_assets.forecasting.models.intervals import QUANTILE_GRID, RESIDUAL_DECIMALS
from bakery_assets.forecasting.models.selection import BLEND_NAMES, Choice
from bakery_assets.forecasting.models.smoothing import ALPHA_GRID
from bakery_assets.keys import SERIES
from bakery_assets.metrics import AbsoluteSums
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, conform, plans

METHOD = "5"  # goes up when the same facts would train another model
WAPE_DECIMALS = 5
PROFILE_DECIMALS = 4
LIBRARIES = ("holidays", "lightgbm", "numpy", "polars", "statsforecast")
Scores = list[dict[str, object]]  # by tenant


class EncodedSeries(SeriesKey):
    """Rows of ``series_models`` before their version has a name."""

    model = plans.SeriesModels.model
    parameters = plans.SeriesModels.parameters
    error_quantiles = plans.SeriesModels.error_quantiles
    scores = plans.SeriesModels.scores


class TrainedSeriesModels(dy.Schema):
    """Rows of ``series_models`` before they are stored."""

    tenant_id = plans.SeriesModels.tenant_id
    model_version = plans.SeriesModels.model_version
    location_id = plans.SeriesModels.location_id
    product_id = plans.SeriesModels.product_id
    model = plans.SeriesModels.model
    parameters = plans.SeriesModels.parameters
    error_quantiles = plans.SeriesModels.error_quantiles
    scores = plans.SeriesModels.scores


class TrainedVersions(dy.Schema):
    """Rows of ``model_versions`` before they are stored and have a role."""

    tenant_id = plans.ModelVersions.tenant_id
    model_version = plans.ModelVersions.model_version
    trained_as_of = plans.ModelVersions.trained_as_of
    trained_through = plans.ModelVersions.trained_through
    booster_id = plans.ModelVersions.booster_id
    effects = plans.ModelVersions.effects
    facts = plans.ModelVersions.facts
    libraries = plans.ModelVersions.libraries
    scores = plans.ModelVersions.scores


def backtest_scores(
    panel: Panel, sold: Floats, yhat: Floats, incumbent_yhat: Floats, blends: Floats, weeks: Integers
) -> Scores:
    """WAPE of each tenant's models over the weeks of the backtest, as fractions; null where nothing was sold.

    Args:
        sold: (series, days), NaN: not counted.
        yhat: of the models that the new version holds.
        incumbent_yhat: of those in use so far, NaN where there were none.
        blends: (blends, series, days).
        weeks: length of the backtest, per tenant.

    Returns:
        ``days_compared``; ``wape`` of the new version; ``wape_of_incumbents`` of the models in use so far and
        ``wape_where_incumbents`` of the new version on the same series and days; ``wape_by_model``.
    """

    def wape(forecast: Floats, actual: Floats) -> Floats:
        sums = AbsoluteSums.over_days(forecast, actual).by_group(panel.tenant, panel.cells.height)
        return sums.wape.astype(np.float32)

    same_days = np.where(np.isnan(incumbent_yhat) | np.isnan(yhat), np.nan, sold)
    wapes = {
        "wape": wape(yhat, sold),
        "wape_of_incumbents": wape(incumbent_yhat, same_days),
        "wape_where_incumbents": wape(yhat, same_days),
    }
    by_model = {name: wape(blend, sold) for name, blend in zip(BLEND_NAMES, blends, strict=True)}
    return [
        {
            "days_compared": int(weeks[tenant]) * WEEK,
            **{name: _number(of_tenants[tenant]) for name, of_tenants in wapes.items()},
            "wape_by_model": {name: _number(of_tenants[tenant]) for name, of_tenants in by_model.items()},
        }
        for tenant in range(panel.cells.height)
    ]


def encode_model_versions(
    cells: dy.DataFrame[Cells],
    context: ForecastContext,
    day_effects: dy.DataFrame[DayEffects],
    closings: dy.DataFrame[KnownClosings],
    spread: Floats,
    boosters: dy.DataFrame[FittedBoosters],
    choice: Choice,
    scores: Scores,
    tenant_quantiles: Floats,
    models: dy.DataFrame[EncodedSeries],
) -> dy.DataFrame[TrainedVersions]:
    """The versions' rows, by tenant.

    Args:
        spread: of ``day_spread``.
        tenant_quantiles: (tenants, len(QUANTILE_GRID)), of ``error_quantiles``.
    """
    booster = boosters["booster_id"][0] if boosters.height else None
    libraries = json.dumps({library: version(library) for library in LIBRARIES}, sort_keys=True)
    instants = dict(cells.select("tenant_id", "planned_as_of").iter_rows())
    training_facts = _training_facts(context.sales)
    effects = _effects(context, day_effects, closings, spread, choice, tenant_quantiles)
    contents = models.select("tenant_id", text=pl.concat_str(*_CONTENT, separator=" "))
    models_of = dict(contents.group_by("tenant_id").agg(pl.col("text").sort()).iter_rows())
    rows = []
    # One JSON document per tenant; the work was done for all at once above.
    for number, (tenant, plan_date) in enumerate(context.panel.cells.iter_rows()):
        facts = training_facts[tenant]
        # The name says what a version holds: carried-over series make another version of the same facts.
        text = json.dumps([METHOD, booster, effects[tenant], facts, libraries, models_of[tenant]], sort_keys=True)
        rows.append(
            {
                "tenant_id": tenant,
                "model_version": f"{plan_date:%Y%m%d}-{sha256(text.encode()).hexdigest()[:8]}",
                "trained_as_of": instants[tenant],
                "trained_through": facts["last_day"],
                "booster_id": booster,
                "effects": json.dumps(effects[tenant], sort_keys=True),
                "facts": json.dumps(facts, sort_keys=True),
                "libraries": libraries,
                "scores": json.dumps(scores[number], sort_keys=True),
            }
        )
    types = {name: column.dtype for name, column in TrainedVersions.columns().items()}
    versions = pl.DataFrame(rows, schema={**types, "trained_through": pl.String()})
    return conform(TrainedVersions, versions.with_columns(pl.col("trained_through").str.to_date()).sort("tenant_id"))


_CONTENT = ("location_id", "product_id", "model", "parameters", "error_quantiles", "scores")


def encode_series_models(
    panel: Panel,
    choice: Choice,
    alphas: Mapping[str, Integers],
    profile: Floats,
    quantiles: Floats,
    count: Integers,
) -> dy.DataFrame[EncodedSeries]:
    """The series' rows, sorted.

    Args:
        alphas: by family of smoothing, the chosen point of its grid per series.
        profile: of ``weekday_profile``, from the plan date on.
        quantiles: (series, len(QUANTILE_GRID)), NaN where there are too few residuals.
        count: how many residuals there are.
    """
    # Stored by weekday from Monday on, since it is applied on other dates.
    plan_weekday = panel.weekday[panel.tenant, panel.past].astype(np.int64)[:, None]
    by_weekday = np.take_along_axis(profile, (np.arange(WEEK) - plan_weekday) % WEEK, axis=1).astype(np.float64)
    parameters: dict[str, pl.Series] = {
        family: pl.Series(np.array(grid)[alphas[family]]).round(4) for family, grid in sorted(ALPHA_GRID.items())
    }
    parameters["weekdays"] = pl.Series(by_weekday.round(PROFILE_DECIMALS).tolist(), dtype=pl.List(pl.Float64))
    errors = pl.DataFrame(
        {name: choice.shrunk_wape[blend].astype(np.float64) for blend, name in enumerate(BLEND_NAMES)}
    )
    lists = pl.Series(quantiles.astype(np.float64), dtype=pl.Array(pl.Float64, len(QUANTILE_GRID)))
    texts = lists.cast(pl.List(pl.Float64)).list.eval(pl.element().round(RESIDUAL_DECIMALS).cast(pl.String))
    is_known = pl.Series(~np.isnan(quantiles).any(axis=1))
    rows = panel.series.with_columns(
        model=pl.Series([BLEND_NAMES[blend] for blend in choice.chosen], dtype=pl.String),
        parameters=pl.DataFrame(parameters).select(pl.struct(pl.all()).struct.json_encode()).to_series(),
        error_quantiles=pl.when(is_known).then(pl.format("[{}]", texts.list.join(", "))).otherwise(pl.lit("[]")),
        scores=errors.with_columns(pl.when(pl.all().is_finite()).then(pl.all().round(WAPE_DECIMALS)))
        .select(wape=pl.struct(sorted(BLEND_NAMES)), days=pl.Series(count.astype(np.int64)))
        .select(pl.struct("days", "wape").struct.json_encode())
        .to_series(),
    )
    return conform(EncodedSeries, rows)


def _effects(
    context: ForecastContext,
    day_effects: dy.DataFrame[DayEffects],
    closings: dy.DataFrame[KnownClosings],
    spread: Floats,
    choice: Choice,
    tenant_quantiles: Floats,
) -> dict[str, dict[str, object]]:
    """What each tenant's version holds besides its series; see ``decode``."""
    frames = (day_effects, holidays_seen(context.days, context.holidays), closings)
    by_tenant = [frame.partition_by("tenant_id", as_dict=True) for frame in frames]
    effects: dict[str, dict[str, object]] = {}
    for number, tenant in enumerate(context.panel.cells["tenant_id"]):
        factors, seen, in_country = (
            parts.get((tenant,), frame.clear()).drop("tenant_id").to_dicts()
            for parts, frame in zip(by_tenant, frames, strict=True)
        )
        effects[tenant] = {
            "day_spread": _numbers(spread[number]),
            "blend": BLEND_NAMES[int(np.argmin(choice.tenant_wape[:, number]))],
            "error_quantiles": _numbers(tenant_quantiles[number]),
            "factors": factors,
            "holidays_seen": seen,
            "country_closings": in_country,
        }
    return effects


def _training_facts(sales: dy.DataFrame[DemandHistory]) -> dict[str, dict[str, object]]:
    """What each tenant's version was trained on; the digest tells other facts from the same."""
    ordered = sales.sort(*SERIES, "date")
    hashed = ordered.with_columns(code=ordered.hash_rows(seed=0))
    counted = hashed.group_by("tenant_id").agg(
        series=pl.struct(SERIES).n_unique(),
        rows=pl.len(),
        first_day=pl.col("date").min().dt.to_string("%Y-%m-%d"),
        last_day=pl.col("date").max().dt.to_string("%Y-%m-%d"),
        digest=(pl.col("code") % 2**40).sum().cast(pl.String),
    )
    return {str(row.pop("tenant_id")): row for row in counted.iter_rows(named=True)}


def _number(value: float) -> float | None:
    return round(float(value), DECIMALS) if np.isfinite(value) else None


def _numbers(values: Floats) -> list[float]:
    return [] if np.isnan(values).any() else [round(float(value), RESIDUAL_DECIMALS) for value in values]
