"""Training: once a week, what the mornings then only apply.

``fit_booster`` fits the trees that all tenants share; ``train_models`` chooses, for each series, which blend of
trees and smoothing makes its forecast, and learns the rest a morning needs: what special days sell, which holidays
a shop keeps, how far a forecast may be off. Everything comes out as rows of text and numbers.
"""

import json
from hashlib import sha256
from importlib.metadata import version

import numpy as np
import polars as pl

from bakery_assets.forecasting.booster import Trees, booster_row, fit_trees, holdout_days
from bakery_assets.forecasting.closings import holiday_habits
from bakery_assets.forecasting.factors import evidence, factor_matrix, factors_so_far, learn_factors
from bakery_assets.forecasting.history import HISTORY_DAYS, SERIES
from bakery_assets.forecasting.intervals import KNOTS, error_quantiles, scale, usual_day
from bakery_assets.forecasting.known import Known, gather, shut_matrix
from bakery_assets.forecasting.panel import WEEK, Floats, Panel, Whole
from bakery_assets.forecasting.selection import (
    MEMBERS,
    NAMES,
    Choice,
    best_point,
    blended,
    choose,
)
from bakery_assets.forecasting.smoothing import GRID, SMOOTHED_DAYS, compare
from bakery_assets.frames import HORIZON_DAYS, CannotPlan, Frames

METHOD = "2"  # goes up when the same facts would train another model
LEAST_HISTORY_DAYS = 3 * WEEK  # less cannot be split into days to learn from and days to compare on
SERIES_MODELS = [
    "tenant_id", "model_version", "location_id", "product_id", "model", "parameters", "error_quantiles", "scores",
]  # fmt: skip
LIBRARIES = ("lightgbm", "numpy", "polars", "statsforecast")


def fit_booster(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Fit the trees that all tenants share, on the series of the tenants given: a sample, or everybody.

    They are fitted twice: without the last weeks, on which ``train_models`` compares them with other models, and
    with them, for use.

    Args:
        cells: the columns of ``frames.CELLS``, one row per tenant; ``plan_date`` is the first day not used.
        frames: tenants, products, sales, sales_hourly, calendar, weather.

    Returns:
        One row, the columns of ``boosters`` without ``trained_at``; no row where there is too little history.
    """
    known, factor = _with_factors(cells, frames)
    panel = known.panel
    holdout = holdout_days(panel.history_days)
    if not holdout:
        return pl.DataFrame(schema=_BOOSTER)
    try:
        held, _ = fit_trees(panel, factor, panel.past - holdout)
        full, rows = fit_trees(panel, factor, panel.past)
    except ValueError:  # not one usable day; smoothing does without
        return pl.DataFrame(schema=_BOOSTER)
    return booster_row(panel, full, held, holdout, rows).cast(_BOOSTER)


_BOOSTER = pl.Schema(
    {
        "booster_id": pl.String(),
        "trained_through": pl.Date(),
        "trees": pl.String(),
        "holdout_trees": pl.String(),
        "holdout_from": pl.Date(),
        "parameters": pl.String(),
    }
)


def train_models(cells: pl.DataFrame, frames: Frames, cluster: str | None = None) -> Frames:
    """Train a model version for each tenant.

    Each week of the last eight is forecast as it would have been on its first morning, by every model; a series
    takes the blend that was nearest, and its errors on these weeks say how far the blend may be off.

    Args:
        cells: the columns of ``frames.CELLS``, one row per tenant; ``plan_date`` is the first day not used and
            ``planned_as_of`` the instant whose facts are used.
        frames: tenants, products, sales, sales_hourly, calendar, weather; ``boosters``, at most one row, of
            ``fit_booster``; ``incumbents``, the ``series_models`` in use; ``carried_over``, ``SERIES`` whose
            incumbent is kept as it is.
        cluster: address of a Dask scheduler to spread the comparison of models over; None: this process.

    Returns:
        model_versions (without trained_at, role, champion_from, champion_until) and series_models, sorted by their
        keys. ``scores`` of a version hold, over the weeks compared, ``wape`` of the models chosen,
        ``wape_of_incumbents`` of the blends in use before and ``wape_where_incumbents`` of the new ones on the same
        series, and ``wape_by_model``, as fractions; null without any.

    Raises:
        CannotPlan: a tenant has less than ``LEAST_HISTORY_DAYS`` of sales.
    """
    known, factor = _with_factors(cells, frames)
    panel = known.panel
    _require_history(panel)
    weeks = _weeks(panel, frames["boosters"])
    mornings = [panel.past - WEEK * week for week in range(weeks.max(initial=1), 0, -1)]
    is_compared = np.arange(mornings[0], panel.past) >= panel.past - WEEK * weeks[panel.tenant][:, None]
    sold = np.where(is_compared, panel.demand[:, mornings[0] :], np.float32(np.nan))
    members, points = _members(panel, factor, frames["boosters"], mornings, sold, cluster)
    forecasts = blended(members)
    incumbent = _incumbents(panel, frames["incumbents"])
    tenants = panel.cells.height
    choice = choose(forecasts, sold, panel.tenant, tenants, incumbent)
    yhat = forecasts[choice.chosen, np.arange(len(panel.tenant))]
    errors = _scaled_errors(panel, yhat, sold, mornings)
    quantiles, of_tenant, count = error_quantiles(errors, panel.tenant, tenants)
    trained = _series_models(panel, choice, points, quantiles, count)
    series = _with_carried_over(trained, frames["incumbents"], frames["carried_over"])
    versions = _versions(cells, known, frames["boosters"], choice, forecasts, sold, incumbent, of_tenant, weeks, series)
    named = series.join(versions.select("tenant_id", "model_version"), on="tenant_id")
    return {
        "model_versions": versions,
        "series_models": named.select(SERIES_MODELS).sort("tenant_id", "model_version", "location_id", "product_id"),
    }


def _with_factors(cells: pl.DataFrame, frames: Frames) -> tuple[Known, Floats]:
    known = gather(cells, frames, HISTORY_DAYS)
    seen = evidence(known.panel)
    return known, factor_matrix(known.panel, learn_factors(seen), factors_so_far(seen, known.panel))


def _history_days(panel: Panel) -> Whole:
    """Days from each tenant's first sale to its plan date."""
    days = np.zeros(panel.cells.height, dtype=np.int64)
    first = np.where(panel.is_known.any(axis=1), panel.past - panel.is_known.argmax(axis=1), 0)
    np.maximum.at(days, panel.tenant, first)
    return days


def _require_history(panel: Panel) -> None:
    for tenant, found in zip(panel.cells["tenant_id"], _history_days(panel), strict=True):
        if found < LEAST_HISTORY_DAYS:
            raise CannotPlan(
                f"tenant {tenant} has {found} days of sales; models are trained from {LEAST_HISTORY_DAYS} on,"
                " until then its forecasts come from the fallbacks"
            )


def _weeks(panel: Panel, boosters: pl.DataFrame) -> Whole:
    """How many last weeks each tenant is compared on: as many as its own history and the trees' holdout allow."""
    weeks = np.array([holdout_days(int(days)) // WEEK for days in _history_days(panel)], dtype=np.int64)
    if boosters.height:
        held = (panel.cells["plan_date"] - boosters["holdout_from"][0]).dt.total_days().to_numpy()
        weeks = np.minimum(weeks, held // WEEK)
    return np.maximum(weeks, 1)


def _members(
    panel: Panel, factor: Floats, boosters: pl.DataFrame, mornings: list[int], sold: Floats, cluster: str | None
) -> tuple[dict[str, Floats], dict[str, Whole]]:
    """Forecasts of each member from each morning, (series, mornings * 7), and the best point of each grid."""
    shut = shut_matrix(panel, _NOTHING_SHUT)
    past = [panel.before(day) for day in mornings]
    special = np.concatenate([factor[panel.item, day : day + HORIZON_DAYS] for day in mornings], axis=1)
    made: dict[str, Floats] = {}
    points: dict[str, Whole] = {}
    recent = [each.normalised[:, max(day - SMOOTHED_DAYS, 0) : day] for each, day in zip(past, mornings, strict=True)]
    for name, grid in compare(recent, cluster).items():
        forecasts = grid * special[None]
        points[name] = best_point(forecasts, sold)
        made[name] = forecasts[points[name], np.arange(len(panel.tenant))]
    if boosters.height:
        trees = Trees(boosters["holdout_trees"][0])
        made["trees"] = np.concatenate(
            [trees.forecast(each, factor, shut, day) for each, day in zip(past, mornings, strict=True)], axis=1
        )
    else:
        made["trees"] = np.full_like(made["level"], np.nan)
    return {name: made[name] for name in MEMBERS}, points


_NOTHING_SHUT = pl.DataFrame(
    schema={"tenant_id": pl.String, "location_id": pl.String, "date": pl.Date, "closed": pl.String}
)


def _incumbents(panel: Panel, incumbents: pl.DataFrame) -> Whole:
    number = pl.DataFrame({"model": NAMES, "blend": range(len(NAMES))}, schema={"model": pl.String, "blend": pl.Int64})
    found = (
        panel.series.join(incumbents.select(*SERIES, "model"), on=SERIES, how="left", maintain_order="left")
        .join(number, on="model", how="left", maintain_order="left")
    )  # fmt: skip
    return found["blend"].fill_null(-1).to_numpy()


def _scaled_errors(panel: Panel, yhat: Floats, sold: Floats, mornings: list[int]) -> Floats:
    usual = [usual_day(panel.normalised[:, :day]) for day in mornings]
    width = np.concatenate(
        [
            scale(yhat[:, number * HORIZON_DAYS : (number + 1) * HORIZON_DAYS], usual[number])
            for number in range(len(mornings))
        ],
        axis=1,
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (sold - yhat) / width
    return np.where(width > 0, z, np.nan).astype(np.float32)


def _versions(
    cells: pl.DataFrame,
    known: Known,
    boosters: pl.DataFrame,
    choice: Choice,
    forecasts: Floats,
    sold: Floats,
    incumbent: Whole,
    of_tenant: Floats,
    weeks: Whole,
    models: pl.DataFrame,
) -> pl.DataFrame:
    panel = known.panel
    factors = learn_factors(evidence(panel))
    habits = holiday_habits(known.days, known.holidays)
    series = np.arange(len(panel.tenant))
    chosen = _wape(forecasts[choice.chosen, series], sold, panel)
    in_use = np.where(incumbent[:, None] >= 0, sold, np.nan)
    same = _wape(forecasts[choice.chosen, series], in_use, panel)
    before = _wape(forecasts[np.maximum(incumbent, 0), series], in_use, panel)
    by_blend = np.stack([_wape(each, sold, panel) for each in forecasts])
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
        scores = {
            "days_compared": int(weeks[number]) * WEEK,
            "wape": _number(chosen[number]),
            "wape_by_model": {name: _number(by_blend[blend, number]) for blend, name in enumerate(NAMES)},
            "wape_of_incumbents": _number(before[number]),
            "wape_where_incumbents": _number(same[number]),
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
                "scores": json.dumps(scores, sort_keys=True),
            }
        )
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "tenant_id": pl.String, "model_version": pl.String, "trained_as_of": pl.Datetime("us", "UTC"),
        "trained_through": pl.String, "booster_id": pl.String, "effects": pl.String, "facts": pl.String,
        "libraries": pl.String, "scores": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema).with_columns(pl.col("trained_through").str.to_date()).sort("tenant_id")


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


def _series_models(
    panel: Panel, choice: Choice, points: dict[str, Whole], quantiles: Floats, count: Whole
) -> pl.DataFrame:
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


def _with_carried_over(series: pl.DataFrame, incumbents: pl.DataFrame, carried_over: pl.DataFrame) -> pl.DataFrame:
    kept = incumbents.join(carried_over.select(SERIES), on=SERIES, how="semi").join(series, on=SERIES, how="semi")
    return pl.concat([series.join(kept, on=SERIES, how="anti"), kept.select(series.columns)])


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def _numbers(values: Floats) -> list[float]:
    return [] if np.isnan(values).any() else [round(float(value), 5) for value in values]
