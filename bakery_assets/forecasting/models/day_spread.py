"""Day spread: how much farther off forecasts of one kind of day are than those of another, by tenant.

Errors of Sundays, on which a shop opens for hours, and of the days around holidays are larger for their size than those
of a Tuesday. A band made of all days' errors is then too wide on most days and too narrow on these. So residuals are
scaled by the spread of their kind of day before they are pooled, which keeps the band's level on every kind (Lei et
al. 2018, Distribution-free predictive inference for regression, section 5.2, locally weighted conformal inference).
Eight weeks of a model's own errors hold too few of them: the spread is that of the mean of the last same weekdays, over
a year.
"""

import numpy as np

from bakery_assets.calendars import AROUND_HOLIDAY, HOLIDAY
from bakery_assets.forecasting.data.panel import WEEK, Floats, Integers, Panel, row_mean

HOLIDAYS = WEEK  # kinds of day: the weekdays from Monday on, holidays and the days around them, other special days
OTHER_SPECIAL = WEEK + 1
KINDS_OF_DAY = WEEK + 2
SPREAD_DAYS = 364
PRIOR_RESIDUALS = 20.0  # residuals that the usual spread counts for
# Where a tenant has seen too few. Not shrunk, a year of a chain (median of 20 shops), a restaurant, a branch and a
# shop gave 1.10, 1.11, 1.34 and 1.29 for holidays, and 1.12, 1.15, 0.73 and 1.15 for other special days.
USUAL_SPREAD = np.array([1.0] * WEEK + [1.2, 1.1], dtype=np.float32)
SMALLEST_SPREAD, LARGEST_SPREAD = 0.6, 2.5
SMALLEST_ERROR = 1e-4  # mean size of residuals that is more than rounding


def kinds_of_day(panel: Panel) -> Integers:
    """The kind of every day of every item: (items, past + AHEAD)."""
    tenant_of_item = np.zeros(panel.items.height, dtype=np.int64)
    tenant_of_item[panel.item] = panel.tenant
    kinds = panel.weekday[tenant_of_item].astype(np.int64)
    rows = panel.special_days
    is_holiday = rows["kind"].is_in([HOLIDAY, *AROUND_HOLIDAY.values()]).to_numpy()
    index = (rows["item"].to_numpy().astype(np.int64), rows["day"].to_numpy())
    kinds[index[0][~is_holiday], index[1][~is_holiday]] = OTHER_SPECIAL
    kinds[index[0][is_holiday], index[1][is_holiday]] = HOLIDAYS
    return kinds


def spread_of_days(panel: Panel, spread: Floats, days: range) -> Floats:
    """The spread of each series on ``days``, columns of the panel: (series, days)."""
    kinds = kinds_of_day(panel)[panel.item][:, days.start : days.stop]
    return np.take_along_axis(spread[panel.tenant], kinds, axis=1).astype(np.float32)


def day_spread(panel: Panel, day_effect: Floats) -> Floats:
    """Mean size of each kind of day's residuals over that of normal days: (tenants, KINDS_OF_DAY), 1 on average.

    A tenant whose forecasts are never off has the usual spread.

    Args:
        day_effect: of ``day_effects.day_effect_matrix``.
    """
    days = slice(max(panel.past - SPREAD_DAYS, 0), panel.past)
    forecast = panel.same_weekday_means[0][:, days] * day_effect[panel.item][:, days]
    base = np.nan_to_num(row_mean(forecast))[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        residual = np.abs(panel.demand[:, days] - forecast) / ((forecast + base) / 2)
    is_known = np.isfinite(residual)
    kind = kinds_of_day(panel)[panel.item][:, days]
    group = (panel.tenant[:, None] * KINDS_OF_DAY + kind)[is_known]
    size = panel.cells.height * KINDS_OF_DAY
    total = np.bincount(group, weights=np.minimum(residual[is_known], 3.0), minlength=size).reshape(-1, KINDS_OF_DAY)
    count = np.bincount(group, minlength=size).reshape(-1, KINDS_OF_DAY)
    normal = slice(0, WEEK)
    overall = (total[:, normal].sum(axis=1) / np.maximum(count[:, normal].sum(axis=1), 1))[:, None]
    is_off = overall > SMALLEST_ERROR
    relative = np.where(is_off, total / np.where(is_off, overall, 1.0), count * USUAL_SPREAD)
    spread = (relative + PRIOR_RESIDUALS * USUAL_SPREAD) / (count + PRIOR_RESIDUALS)
    limited: Floats = np.clip(spread, SMALLEST_SPREAD, LARGEST_SPREAD).astype(np.float32)
    return limited
