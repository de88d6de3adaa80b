"""What a training has learnt, as the rows of text and numbers that it is stored as."""

import json
from hashlib import sha256
from importlib.metadata import version

import numpy as np
import polars as pl

from bakery_assets.forecasting.data.closures import holiday_habits
from bakery_assets.forecasting.data.inputs import Known
from bakery_assets.forecasting.data.panel import WEEK, Floats, Panel, Whole
from bakery_assets.forecasting.models.day_effects import evidence, learn_factors
from bakery_assets.forecasting.models.intervals import KNOTS
from bakery_assets.forecasting.models.selection import NAMES, Choice
from bakery_assets.forecasting.models.smoothing import GRID
from bakery_assets.keys import SERIES

METHOD = "3"  # goes up when the same facts would train another model
SERIES_MODELS = [
    "tenant_id", "model_version", "location_id", "product_id", "model", "parameters", "error_quantiles", "scores",
]  # fmt: skip
LIBRARIES = ("holidays", "lightgbm", "numpy", "polars", "statsforecast")


def scores_of(
    panel: Panel, sold: Floats, yhat: Floats, before: Floats, blends: Floats, weeks: Whole
) -> list[dict[str, object]]:
    """How near each tenant's models would have come, over the weeks compared, as fractions; null without any.

    Args:
        sold: (series, days), NaN: not counted. yhat: of the models that the new version holds. before: of those in
            use so far, NaN where there were none. blends: (blends, series, days). weeks: compared, per tenant.

    Returns:
        ``days_compared``; ``wape`` of the new version; ``wape_of_incumbents`` of the models in use so far and
        ``wape_where_incumbents`` of the new version on the same series and days; ``wape_by_model``.
    """
    same_days = np.where(np.isnan(before) | np.isnan(yhat), np.nan, sold)
    wapes = {
        "wape": _wape(yhat, sold, panel),
        "wape_of_incumbents": _wape(before, same_days, panel),
        "wape_where_incumbents": _wape(yhat, same_days, panel),
    }
    by_model = {name: _wape(blend, sold, panel) for name, blend in zip(NAMES, blends, strict=True)}
    return [
        {
            "days_compared": int(weeks[tenant]) * WEEK,
            **{name: _number(wape[tenant]) for name, wape in wapes.items()},
            "wape_by_model": {name: _number(wape[tenant]) for name, wape in by_model.items()},
        }
        for tenant in range(panel.cells.height)
    ]


def version_rows(
    cells: pl.DataFrame,
    known: Known,
    boosters: pl.DataFrame,
    choice: Choice,
    scores: list[dict[str, object]],
    of_tenant: Floats,
    models: pl.DataFrame,
) -> pl.DataFrame:
    """Rows of ``model_versions`` without trained_at, role, champion_from and champion_until, by tenant.

    Args:
        scores: of ``scores_of``. of_tenant: (tenants, knots), of ``error_quantiles``. models: of ``series_rows``.
    """
    panel = known.panel
    factors = learn_factors(evidence(panel))
    habits = holiday_habits(known.days, known.holidays)
    booster = boosters["booster_id"][0] if boosters.height else None
    libraries = json.dumps({library: version(library) for library in LIBRARIES}, sort_keys=True)
    instants = dict(cells.select("tenant_id", "planned_as_of").iter_rows())
    described = _facts(known)
    rows_of_models = models.select("tenant_id", text=pl.concat_str(SERIES_MODELS[2:], separator=" "))
    chosen_models = dict(rows_of_models.group_by("tenant_id").agg(pl.col("text").sort()).iter_rows())
    by_tenant = {name: frame.partition_by("tenant_id", as_dict=True) for name, frame in
                 {"factors": factors, "habits": habits}.items()}  # fmt: skip
    rows = []
    # One JSON document per tenant; the work was done for all at once above.
    for number, (tenant, plan_date) in enumerate(panel.cells.iter_rows()):
        learnt = by_tenant["factors"].get((tenant,), factors.clear()).drop("tenant_id")
        kept = by_tenant["habits"].get((tenant,), habits.clear()).drop("tenant_id")
        effects = {
            "blend": NAMES[int(np.argmin(choice.tenant_wape[:, number]))],
            "error_quantiles": _numbers(of_tenant[number]),
            "factors": learnt.to_dicts(),
            "holiday_habits": kept.to_dicts(),
        }
        facts = described[tenant]
        # The name says what a version holds: carried-over series make another version of the same facts.
        text = json.dumps([METHOD, booster, effects, facts, libraries, chosen_models[tenant]], sort_keys=True)
        rows.append(
            {
                "tenant_id": tenant,
                "model_version": f"{plan_date:%Y%m%d}-{sha256(text.encode()).hexdigest()[:8]}",
                "trained_as_of": instants[tenant],
                "trained_through": facts["last_day"],
                "booster_id": booster,
                "effects": json.dumps(effects, sort_keys=True),
                "facts": json.dumps(facts, sort_keys=True),
                "libraries": libraries,
                "scores": json.dumps(scores[number], sort_keys=True),
            }
        )
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "tenant_id": pl.String, "model_version": pl.String, "trained_as_of": pl.Datetime("us", "UTC"),
        "trained_through": pl.String, "booster_id": pl.String, "effects": pl.String, "facts": pl.String,
        "libraries": pl.String, "scores": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema).with_columns(pl.col("trained_through").str.to_date()).sort("tenant_id")


def series_rows(
    panel: Panel, choice: Choice, points: dict[str, Whole], quantiles: Floats, count: Whole
) -> pl.DataFrame:
    """Rows of ``series_models`` without their version, by series.

    Args:
        points: per series, the chosen point of each grid. quantiles: (series, knots), NaN where there are too few
            errors; count: how many there are.
    """
    parameters = {
        name: pl.Series(np.array(grid)[points[name]]).round(4) for name, grid in sorted(GRID.items())
    }  # fmt: skip
    errors = pl.DataFrame({name: choice.error[blend].astype(np.float64) for blend, name in enumerate(NAMES)})
    knots = pl.Series(quantiles.astype(np.float64), dtype=pl.Array(pl.Float64, len(KNOTS))).cast(pl.List(pl.Float64))
    texts = knots.list.eval(pl.element().round(5).cast(pl.String)).list.join(", ")
    known = ~np.isnan(quantiles).any(axis=1)
    return panel.series.with_columns(
        model=pl.Series([NAMES[blend] for blend in choice.chosen], dtype=pl.String),
        parameters=pl.DataFrame(parameters).select(pl.struct(pl.all()).struct.json_encode()).to_series(),
        error_quantiles=pl.when(pl.Series(known)).then(pl.format("[{}]", texts)).otherwise(pl.lit("[]")),
        scores=errors.with_columns(pl.when(pl.all().is_finite()).then(pl.all().round(5)))
        .select(wape=pl.struct(sorted(NAMES)), days=pl.Series(count.astype(np.int64)))
        .select(pl.struct("days", "wape").struct.json_encode())
        .to_series(),
    )


def _facts(known: Known) -> dict[str, dict[str, object]]:
    """What each tenant's version was trained on; the digest tells other facts from the same."""
    sales = known.sales.sort(*SERIES, "date")
    hashed = sales.with_columns(code=sales.hash_rows(seed=0))
    counted = hashed.group_by("tenant_id").agg(
        series=pl.struct(SERIES).n_unique(),
        rows=pl.len(),
        first_day=pl.col("date").min().dt.to_string("%Y-%m-%d"),
        last_day=pl.col("date").max().dt.to_string("%Y-%m-%d"),
        digest=(pl.col("code") % 2**40).sum().cast(pl.String),
    )
    return {str(row.pop("tenant_id")): row for row in counted.iter_rows(named=True)}


def _wape(forecast: Floats, sold: Floats, panel: Panel) -> Floats:
    counted = ~np.isnan(sold) & ~np.isnan(forecast)
    errors = np.where(counted, np.abs(forecast - np.nan_to_num(sold)), 0.0).sum(axis=1, dtype=np.float64)
    sales = np.where(counted, np.nan_to_num(sold), 0.0).sum(axis=1, dtype=np.float64)
    tenants = panel.cells.height
    total = np.bincount(panel.tenant, weights=sales, minlength=tenants)
    wrong = np.bincount(panel.tenant, weights=errors, minlength=tenants)
    return np.where(total > 0, wrong / np.maximum(total, 1e-9), np.nan).astype(np.float32)


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def _numbers(values: Floats) -> list[float]:
    return [] if np.isnan(values).any() else [round(float(value), 5) for value in values]
