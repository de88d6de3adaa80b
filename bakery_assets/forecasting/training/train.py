"""Training: once a week, what the mornings then only apply.

``fit_booster`` fits the trees that all tenants share; ``train_models`` chooses, for each series, which blend of
trees and smoothing makes its forecast, and learns the rest a morning needs: what special days sell, which holidays
a shop keeps, how far a forecast may be off. Everything comes out as rows of text and numbers.
"""

import numpy as np
import polars as pl

from bakery_assets.cells import HORIZON_DAYS, CannotPlan, Frames
from bakery_assets.forecasting.data.history import HISTORY_DAYS, known_sales
from bakery_assets.forecasting.data.inputs import Known, gather, shut_from
from bakery_assets.forecasting.data.panel import WEEK, Floats, Panel, Whole
from bakery_assets.forecasting.models.day_effects import evidence, factor_matrix, factors_so_far, learn_factors
from bakery_assets.forecasting.models.gradient_boosting import Trees, booster_row, fit_trees, holdout_days
from bakery_assets.forecasting.models.intervals import error_quantiles, scale, usual_day
from bakery_assets.forecasting.models.selection import MEMBERS, best_point, blended, choose, mixed
from bakery_assets.forecasting.models.smoothing import SMOOTHED_DAYS, compare
from bakery_assets.forecasting.registry.decode import Incumbents, read_incumbents
from bakery_assets.forecasting.registry.encode import SERIES_MODELS, scores_of, series_rows, version_rows
from bakery_assets.keys import SERIES

LEAST_HISTORY_DAYS = 3 * WEEK  # less cannot be split into days to learn from and days to compare on


def fit_booster(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Fit the trees that all tenants share, on the series of the tenants given: a sample, or everybody.

    They are fitted twice: without the last weeks, on which ``train_models`` compares them with other models, and
    with them, for use.

    Args:
        cells: the columns of ``cells.CELLS``, one row per tenant; ``plan_date`` is the first day not used.
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
        cells: the columns of ``cells.CELLS``, one row per tenant; ``plan_date`` is the first day not used and
            ``planned_as_of`` the instant whose facts are used.
        frames: tenants, products, sales, sales_hourly, calendar, weather; ``boosters``, at most one row, of
            ``fit_booster``; ``incumbents``, the ``series_models`` in use; ``carried_over``, ``SERIES`` whose
            incumbent is kept as it is.
        cluster: address of a Dask scheduler to spread the comparison of models over; None: this process.

    Returns:
        model_versions and series_models: rows of ``version_rows`` and ``series_rows``, sorted by their keys. A series
        carried over counts with the model it keeps.

    Raises:
        CannotPlan: a tenant has less than ``LEAST_HISTORY_DAYS`` of sales.
    """
    known, factor = _with_factors(cells, frames)
    panel = known.panel
    for tenant, reason in _too_young(cells, known.sales).items():
        raise CannotPlan(f"tenant {tenant} has {reason}")
    weeks = _weeks(known, frames["boosters"])
    mornings = [panel.past - WEEK * week for week in range(weeks.max(initial=1), 0, -1)]
    is_compared = np.arange(mornings[0], panel.past) >= panel.past - WEEK * weeks[panel.tenant][:, None]
    sold = np.where(is_compared, panel.demand[:, mornings[0] :], np.float32(np.nan))
    incumbents = read_incumbents(panel, frames["incumbents"], frames["carried_over"])
    members, in_use, points = _members(
        known, factor, frames["calendar"], frames["boosters"], incumbents, mornings, sold, cluster
    )
    forecasts = blended(members)
    tenants = panel.cells.height
    choice = choose(forecasts, sold, panel.tenant, tenants, incumbents.blend)
    before = mixed(np.stack([in_use[name] for name in MEMBERS]), incumbents.shares)
    chosen = forecasts[choice.chosen, np.arange(len(panel.tenant))]
    yhat = np.where(incumbents.is_carried_over[:, None], before, chosen)
    errors = _scaled_errors(panel, yhat, sold, mornings)
    quantiles, of_tenant, count = error_quantiles(errors, panel.tenant, tenants)
    trained = series_rows(panel, choice, points, quantiles, count)
    series = _with_carried_over(trained, frames["incumbents"], frames["carried_over"])
    scores = scores_of(panel, sold, yhat, before, forecasts, weeks)
    versions = version_rows(cells, known, frames["boosters"], choice, scores, of_tenant, series)
    named = series.join(versions.select("tenant_id", "model_version"), on="tenant_id")
    return {
        "model_versions": versions,
        "series_models": named.select(SERIES_MODELS).sort("tenant_id", "model_version", "location_id", "product_id"),
    }


def _with_factors(cells: pl.DataFrame, frames: Frames) -> tuple[Known, Floats]:
    known = gather(cells, frames, HISTORY_DAYS)
    seen = evidence(known.panel)
    return known, factor_matrix(known.panel, learn_factors(seen), factors_so_far(seen, known.panel))


def _days_of_sales(cells: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Days from each tenant's first sale to its plan date: ``tenant_id, days``, 0 without a sale, in their order.

    Args:
        sales: of ``history.known_sales``.
    """
    first = sales.filter(pl.col("quantity") > 0).group_by("tenant_id").agg(pl.col("date").min())
    return cells.join(first, on="tenant_id", how="left", maintain_order="left").select(
        "tenant_id", days=(pl.col("plan_date") - pl.col("date")).dt.total_days().fill_null(0)
    )


def too_young(cells: pl.DataFrame, frames: Frames) -> dict[str, str]:
    """Tenants whose history cannot be split into days to learn from and days to compare on, with a sentence each.

    Args:
        frames: products, sales.
    """
    return _too_young(cells, known_sales(cells, frames["products"], frames["sales"], HISTORY_DAYS))


def _too_young(cells: pl.DataFrame, sales: pl.DataFrame) -> dict[str, str]:
    young = _days_of_sales(cells, sales).filter(pl.col("days") < LEAST_HISTORY_DAYS)
    return {
        tenant: f"{days} days of sales; models are trained from {LEAST_HISTORY_DAYS} on, until then forecasts come"
        " from the fallbacks"
        for tenant, days in young.iter_rows()
    }


def _weeks(known: Known, boosters: pl.DataFrame) -> Whole:
    """How many last weeks each tenant is compared on: as many as its own history and the trees' holdout allow."""
    days = _days_of_sales(known.panel.cells, known.sales)["days"]
    weeks = np.array([holdout_days(each) // WEEK for each in days], dtype=np.int64)
    if boosters.height:
        held = (known.panel.cells["plan_date"] - boosters["holdout_from"][0]).dt.total_days().to_numpy()
        weeks = np.minimum(weeks, held // WEEK)
    return np.maximum(weeks, 1)


def _members(
    known: Known,
    factor: Floats,
    calendar: pl.DataFrame,
    boosters: pl.DataFrame,
    incumbents: Incumbents,
    mornings: list[int],
    sold: Floats,
    cluster: str | None,
) -> tuple[dict[str, Floats], dict[str, Floats], dict[str, Whole]]:
    """Forecasts of each member from each morning, (series, mornings * 7), and the best point of each grid.

    Twice: with the best points, and with those in use. Both have the trees that have not seen the days compared; the
    champion's own have seen some of them.
    """
    panel = known.panel
    past = [panel.before(day) for day in mornings]
    special = np.concatenate([factor[panel.item, day : day + HORIZON_DAYS] for day in mornings], axis=1)
    best: dict[str, Floats] = {}
    in_use: dict[str, Floats] = {}
    points: dict[str, Whole] = {}
    series = np.arange(len(panel.tenant))
    recent = [each.normalised[:, max(day - SMOOTHED_DAYS, 0) : day] for each, day in zip(past, mornings, strict=True)]
    for name, grid in compare(recent, cluster).items():
        forecasts = grid * special[None]
        points[name] = best_point(forecasts, sold)
        best[name] = forecasts[points[name], series]
        kept = incumbents.points[name]
        in_use[name] = forecasts[np.where(kept >= 0, kept, points[name]), series]
    if boosters.height:
        trees = Trees(boosters["holdout_trees"][0])
        grown = np.concatenate(
            [
                trees.forecast(each, factor, shut_from(known, each, day, calendar), day)
                for each, day in zip(past, mornings, strict=True)
            ],
            axis=1,
        )
    else:
        grown = np.full_like(best["level"], np.nan)
    return {"trees": grown, **best}, {"trees": grown, **in_use}, points


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


def _with_carried_over(series: pl.DataFrame, incumbents: pl.DataFrame, carried_over: pl.DataFrame) -> pl.DataFrame:
    kept = incumbents.join(carried_over.select(SERIES), on=SERIES, how="semi").join(series, on=SERIES, how="semi")
    return pl.concat([series.join(kept, on=SERIES, how="anti"), kept.select(series.columns)])
