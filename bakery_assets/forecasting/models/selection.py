"""Which model makes a series' forecast: the one that would have been nearest over the last weeks.

Errors of a few weeks are mostly chance, so a series does not go its own way for a little: its errors are drawn
towards its tenant's, and another model has to win by a margin against the one in use, or, where none is, against
the one that is best for the tenant as a whole.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bakery_assets.forecasting.data.panel import Floats, Whole

# Shares of trees, weekdays smoothed each by itself, level under a weekday profile, and TSB.
BLENDS: dict[str, tuple[float, float, float, float]] = {
    "trees_and_smoothing": (0.7, 0.15, 0.15, 0.0),
    "trees": (1.0, 0.0, 0.0, 0.0),
    "trees_half": (0.5, 0.25, 0.25, 0.0),
    "smoothing": (0.0, 0.5, 0.5, 0.0),
    "same_weekday_smoothing": (0.0, 1.0, 0.0, 0.0),
    "level_smoothing": (0.0, 0.0, 1.0, 0.0),
    "intermittent": (0.0, 0.0, 0.0, 1.0),
}
NAMES = tuple(BLENDS)
MEMBERS = ("trees", "seasonal", "level", "tsb")
MARGIN = 0.03  # by how much less error another model takes a series over
PRIOR_DAYS = 28.0  # days of a series' errors that its tenant's count for


@dataclass(frozen=True)
class Choice:
    """The chosen row of ``BLENDS`` for each series, and how good each would have been."""

    chosen: Whole
    error: Floats  # (blends, series): absolute errors over sales, drawn towards the tenant's
    tenant_wape: Floats  # (blends, tenants)


def blended(members: dict[str, Floats]) -> Floats:
    """Forecasts of every blend: (blends, series, days).

    Args:
        members: forecasts by ``MEMBERS``; where one is NaN, a blend is made of its others.
    """
    stacked = np.stack([members[name] for name in MEMBERS])
    return np.stack([mixed(stacked, np.array(shares, dtype=np.float32)[:, None]) for shares in BLENDS.values()])


def mixed(members: Floats, shares: Floats) -> Floats:
    """Weighted mean of (members, series, days) by (members, series); NaN where no member with a share has a number."""
    weight = np.where(np.isnan(members), 0.0, shares[:, :, None])
    total = weight.sum(axis=0)
    value = (np.nan_to_num(members) * weight).sum(axis=0) / np.maximum(total, 1e-9)
    return np.where(total > 0, value, np.nan).astype(np.float32)


def best_point(forecasts: Floats, sold: Floats) -> Whole:
    """The point of a grid with the least absolute error: (series,).

    Args:
        forecasts: (points, series, days). sold: (series, days), NaN: not counted.
    """
    errors = np.nansum(np.abs(forecasts - sold[None]), axis=2, dtype=np.float64)
    best: Whole = np.argmin(errors, axis=0).astype(np.int64)
    return best


def choose(forecasts: Floats, sold: Floats, tenant: Whole, tenants: int, incumbent: npt.NDArray[np.int64]) -> Choice:
    """Choose a blend for each series.

    Args:
        forecasts: of ``blended``. sold: (series, days), NaN: not counted.
        tenant: the row of each series' tenant. incumbent: the blend in use, -1 where there is none.
    """
    counted = ~np.isnan(sold)[None] & ~np.isnan(forecasts)
    errors = np.where(counted, np.abs(forecasts - np.nan_to_num(sold)), 0.0).sum(axis=2, dtype=np.float64)
    sales = np.where(counted, np.nan_to_num(sold), 0.0).sum(axis=2, dtype=np.float64)
    days = counted.sum(axis=2)
    pooled = np.stack([_by_tenant(errors[blend], tenant, tenants) for blend in range(len(NAMES))])
    pooled_sales = np.stack([_by_tenant(sales[blend], tenant, tenants) for blend in range(len(NAMES))])
    # A blend that has made no forecast for a tenant cannot be its best.
    wape = np.where(pooled_sales > 0, pooled / np.maximum(pooled_sales, 1e-9), np.inf)
    usual = sales / np.maximum(days, 1)
    general = np.where(np.isfinite(wape), wape, 0.0)[:, tenant]
    shrunk = (errors + PRIOR_DAYS * usual * general) / np.maximum(sales + PRIOR_DAYS * usual, 1e-9)
    shrunk = np.where((days > 0) & (sales > 0), shrunk, wape[:, tenant])
    series = np.arange(len(tenant))
    tenant_best = np.argmin(wape, axis=0)[tenant]
    reference = np.where(incumbent >= 0, incumbent, tenant_best)
    best = np.argmin(shrunk, axis=0)
    with np.errstate(invalid="ignore"):
        wins = shrunk[best, series] < (1 - MARGIN) * shrunk[reference, series]
    # Nothing can be said against a model that has no errors to speak of.
    wins &= np.isfinite(shrunk[best, series])
    return Choice(np.where(wins, best, reference), shrunk.astype(np.float32), wape.astype(np.float32))


def _by_tenant(values: npt.NDArray[np.float64], tenant: Whole, tenants: int) -> npt.NDArray[np.float64]:
    return np.bincount(tenant, weights=values, minlength=tenants).astype(np.float64)
