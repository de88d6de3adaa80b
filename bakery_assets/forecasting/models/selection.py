"""Model selection: how much each of the members counts in a series' forecast.

Weights that follow the errors of a few weeks forecast worse than fixed ones (the forecast combination puzzle: Claeskens
et al. 2016, The forecast combination puzzle: a simple theoretical explanation, International Journal of
Forecasting 32). On eight weeks of a chain the best blend of each series was off by 17.1%, one of 70% trees for all by
16.8%. So every series starts from one blend and leaves it for another by clear evidence only: its errors are shrunk
towards its tenant's, and another blend has to win by a margin against the one in use. Each blend keeps something of the
trees and of the level, but for that of products that sell seldom: three sales in a row would carry their level off. How
members forecast is in the modules next to this.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bakery_assets.forecasting.data.panel import Flags, Floats, Integers
from bakery_assets.metrics import AbsoluteSums
from bakery_assets.schemas.plans import SeriesModel

MEMBERS = ("trees", "seasonal", "level", "tsb")
# The weight of each of ``MEMBERS``: gradient boosting, weekdays smoothed each by itself, level under a weekday
# profile, and TSB.
BLENDS: dict[SeriesModel, tuple[float, float, float, float]] = {
    "trees_and_smoothing": (0.55, 0.1, 0.35, 0.0),
    "trees": (0.8, 0.05, 0.15, 0.0),
    "trees_half": (0.35, 0.15, 0.5, 0.0),
    "smoothing": (0.15, 0.25, 0.6, 0.0),
    "same_weekday_smoothing": (0.15, 0.65, 0.2, 0.0),
    "level_smoothing": (0.1, 0.0, 0.9, 0.0),
    "intermittent": (0.1, 0.0, 0.0, 0.9),
}
BLEND_NAMES = tuple(BLENDS)
USUAL_BLEND = BLEND_NAMES.index("trees_and_smoothing")
INTERMITTENT_BLEND = BLEND_NAMES.index("intermittent")
MARGIN = 0.08  # by how much less error another blend takes a series over
PRIOR_DAYS = 28.0  # days of a series' errors that its tenant's count for
ALPHA_PRIOR_DAYS = 224.0  # the same, where a smoothing parameter is chosen


@dataclass(frozen=True)
class Choice:
    """The blend chosen for each series, and how close each would have been.

    Attributes:
        chosen: (series,), rows of ``BLENDS``.
        shrunk_wape: (blends, series), WAPE shrunk towards the tenant's, as a fraction.
        tenant_wape: (blends, tenants), as a fraction; infinite where a blend has made no forecast.
    """

    chosen: Integers
    shrunk_wape: Floats
    tenant_wape: Floats


def blend_forecasts(members: Mapping[str, Floats]) -> Floats:
    """Forecasts of every blend: (blends, series, days).

    Args:
        members: forecasts by ``MEMBERS``; where one is NaN, a blend is made of its others.
    """
    stacked = np.stack([members[name] for name in MEMBERS])
    return np.stack(
        [weighted_mean(stacked, np.array(weights, dtype=np.float32)[:, None]) for weights in BLENDS.values()]
    )


def weighted_mean(members: Floats, weights: Floats) -> Floats:
    """Mean of (members, series, days) by weights (members, series); NaN where no weighted member has a number."""
    usable = np.where(np.isnan(members), 0.0, weights[:, :, None])
    total = usable.sum(axis=0)
    mean = (np.nan_to_num(members) * usable).sum(axis=0) / np.maximum(total, 1e-9)
    return np.where(total > 0, mean, np.nan).astype(np.float32)


def best_alpha(forecasts: Floats, sold: Floats, tenant: Integers, tenants: int) -> Integers:
    """The point of a grid of smoothing parameters with the least error, shrunk towards its tenant's: (series,).

    Args:
        forecasts: (points, series, days). sold: (series, days), NaN: not counted.
        tenant: the row of each series' tenant.
    """
    sums = AbsoluteSums.over_days(forecasts, sold[None])
    of_tenants = sums.by_group(tenant, tenants).wape[:, tenant]
    best: Integers = np.argmin(_shrunk_wape(sums, of_tenants, ALPHA_PRIOR_DAYS), axis=0).astype(np.int64)
    return best


def choose(
    forecasts: Floats, sold: Floats, tenant: Integers, tenants: int, incumbent: Integers, seldom: Flags
) -> Choice:
    """Choose a blend for each series.

    Args:
        forecasts: of ``blend_forecasts``. sold: (series, days), NaN: not counted.
        tenant: the row of each series' tenant. incumbent: the blend in use, -1 where there is none.
        seldom: of ``Panel.sells_seldom``.
    """
    sums = AbsoluteSums.over_days(forecasts, sold[None])
    pooled = sums.by_group(tenant, tenants)
    # A blend that has made no forecast for a tenant cannot be its best.
    tenant_wape = np.where(np.isnan(pooled.wape), np.inf, pooled.wape)
    shrunk = _shrunk_wape(sums, tenant_wape[:, tenant], PRIOR_DAYS)
    series = np.arange(len(tenant))
    reference = np.where(incumbent >= 0, incumbent, np.where(seldom, INTERMITTENT_BLEND, USUAL_BLEND))
    best = np.argmin(shrunk, axis=0)
    with np.errstate(invalid="ignore"):
        wins = shrunk[best, series] < (1 - MARGIN) * shrunk[reference, series]
    # Without errors of any blend there is no reason to leave the one in use.
    wins &= np.isfinite(shrunk[best, series])
    return Choice(np.where(wins, best, reference), shrunk.astype(np.float32), tenant_wape.astype(np.float32))


def _shrunk_wape(sums: AbsoluteSums, towards: npt.NDArray[np.float64], prior_days: float) -> npt.NDArray[np.float64]:
    """WAPE of each series as if ``prior_days`` of its mean sales had had the tenant's error."""
    mean_sales = sums.actuals / np.maximum(sums.days, 1)
    general = np.where(np.isfinite(towards), towards, 0.0)
    prior_sales = prior_days * mean_sales
    shrunk = (sums.errors + prior_sales * general) / np.maximum(sums.actuals + prior_sales, 1e-9)
    return np.where((sums.days > 0) & (sums.actuals > 0), shrunk, towards)
