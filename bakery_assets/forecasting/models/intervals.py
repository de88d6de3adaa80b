"""How far a forecast may be off: quantiles of the past errors of the same kind of forecast.

Split conformal prediction with scaled residuals (Lei et al. 2018, Distribution-free predictive inference
for regression, section 5.2): z = (sold - yhat) / scale, and a quantile is yhat + scale * z(level). The scale is the
mean of the forecast and of the series' usual day, so that a strong day has the wider band, and a product that
hardly sells has one at all.
"""

import numpy as np
import polars as pl

from bakery_assets.forecasting.data.panel import Floats, Panel, Whole, row_mean

LEVELS = {"q10": 0.10, "q50": 0.50, "q80": 0.80, "q90": 0.90, "q95": 0.95}
# What is kept of a distribution of errors; any other quantile lies on the line between two of these.
KNOTS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975)
USUAL_DAYS = 28
RESIDUAL_DAYS = 84
ENOUGH_ERRORS = 28  # errors of its own that a series needs to go by them alone; fewer are eked out by its tenant's

# For a bakery without a past: midway between 60 series of a bakery chain (-0.32, 0.02, 0.23, 0.36, 0.53) and
# 148 articles of a French shop in a holiday resort (-0.97, 0.00, 0.54, 1.12, 1.90), each over 84 days.
USUAL = {0.1: -0.64, 0.5: 0.01, 0.8: 0.38, 0.9: 0.74, 0.95: 1.22}


def usual_day(normalised: Floats) -> Floats:
    """What a series usually sells a day: the mean of its last ``USUAL_DAYS`` normal days, in units."""
    return np.nan_to_num(row_mean(normalised[:, -USUAL_DAYS:]))


def scale(yhat: Floats, usual: Floats) -> Floats:
    """What errors are measured by: (series, days), in units.

    Args:
        yhat: (series, days). usual: of ``usual_day``.
    """
    return ((yhat + usual[:, None]) / 2).astype(np.float32)


def error_quantiles(errors: Floats, tenant: Whole, tenants: int) -> tuple[Floats, Floats, Whole]:
    """Quantiles of scaled errors at ``KNOTS``, of each series and of each tenant.

    Few errors of its own are drawn towards the tenant's; where they are many, the tenant's say nothing: a shop's
    rare cake is no measure of its bread. The quantiles are Hazen's (type 5 of Hyndman & Fan 1996, Sample quantiles in
    statistical packages), between the sample's own and conformal prediction's, which asks for (n + 1) / n more: the
    errors come from trees that lack the last weeks, and are somewhat wide as it is.

    Args:
        errors: (series, days) of z, NaN where there is none. tenant: the row of each series' tenant.

    Returns:
        (series, len(KNOTS)), NaN where neither the series nor its tenant has any; (tenants, len(KNOTS)); and the
        number of errors of each series.
    """
    own = _quantiles(errors)
    of_tenant = np.full((tenants, len(KNOTS)), np.nan, dtype=np.float32)
    row, day = np.nonzero(~np.isnan(errors))
    pooled = pl.DataFrame({"tenant": tenant[row], "z": errors[row, day]})
    groups = pooled.group_by("tenant").agg(
        pl.len().alias("count"), *(pl.col("z").quantile(knot, "linear").alias(str(knot)) for knot in KNOTS)
    )
    groups = groups.filter(pl.col("count") >= ENOUGH_ERRORS)
    of_tenant[groups["tenant"].to_numpy()] = groups.select(str(knot) for knot in KNOTS).to_numpy()
    count = (~np.isnan(errors)).sum(axis=1)
    share = np.minimum(count / ENOUGH_ERRORS, 1.0).astype(np.float32)[:, None]
    theirs = of_tenant[tenant]
    drawn = share * own + (1 - share) * theirs
    enough = (count >= ENOUGH_ERRORS)[:, None]
    made = np.where(np.isnan(theirs), np.where(enough, own, np.nan), np.where(np.isnan(own), theirs, drawn))
    return np.sort(made, axis=1).astype(np.float32), of_tenant, count


def _quantiles(errors: Floats) -> Floats:
    count = (~np.isnan(errors)).sum(axis=1)
    ordered = np.sort(errors, axis=1)  # NaN last
    rows = np.arange(len(errors))
    made = np.full((len(errors), len(KNOTS)), np.nan, dtype=np.float32)
    last = np.maximum(count - 1, 0)
    for number, knot in enumerate(KNOTS):
        at = np.clip(count * knot - 0.5, 0, last)
        low = np.floor(at).astype(np.int64)
        high = np.minimum(low + 1, last)
        value = ordered[rows, low] + (at - low) * (ordered[rows, high] - ordered[rows, low]) if errors.shape[1] else at
        made[:, number] = np.where(count > 0, value, np.nan)
    return made


def errors_of_usual_days(panel: Panel) -> Floats:
    """Scaled errors of taking the mean of the last same weekdays for a day: (series, RESIDUAL_DAYS).

    They stand in where no trained model has errors of its own.
    """
    days = slice(max(panel.past - RESIDUAL_DAYS, 0), panel.past)
    expected = panel.expected[0][:, days]
    normal = panel.is_normal[:, days] & ~np.isnan(expected)
    usual = row_mean(np.where(normal, expected, np.nan))
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (panel.demand[:, days] - expected) / scale(expected, usual)
    return np.where(normal & (usual > 0)[:, None], z, np.nan).astype(np.float32)


def at_level(knots: pl.Expr, level: float) -> pl.Expr:
    """A quantile from a list of those at ``KNOTS``; beyond the outermost knots, theirs."""
    upper = next((number for number, knot in enumerate(KNOTS) if knot >= level), len(KNOTS) - 1)
    lower = upper - 1 if upper and KNOTS[upper] > level else upper
    if lower == upper:
        return knots.list.get(upper)
    share = (level - KNOTS[lower]) / (KNOTS[upper] - KNOTS[lower])
    return knots.list.get(lower) * (1 - share) + knots.list.get(upper) * share


def usual_knots() -> list[float]:
    """The quantiles of a bakery without a past, at ``KNOTS``."""
    return [round(float(value), 6) for value in np.interp(KNOTS, list(USUAL), list(USUAL.values()))]
