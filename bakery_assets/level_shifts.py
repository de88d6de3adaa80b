"""Level shifts: a series that has sold at another level for some days is forecast from that level.

Smoothing takes weeks to follow a bakery that doubled ten days ago. So a shift that chance does not explain rescales the
days before it: the weekday profile of the past is kept, its level is not. A few strong days are no shift. The same test
tells the data-quality gate that a bakery's sales have changed for good.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

WEEK = 7
SHORTEST_SHIFT = 5  # days; fewer are a good weekend
LONGEST_SHIFT = 3 * WEEK  # days after which smoothing has followed by itself
LONGEST_SEARCH = 2 * LONGEST_SHIFT  # so that an older shift is seen as what it is
DAYS_BEFORE = 8 * WEEK  # that a shift is measured against
LEAST_CHANGE = 0.3  # of the level, up or down
LEAST_SIGNIFICANCE = 6.0  # standard errors
SAME_SIDE = 0.85  # least share of the days since that lie clearly on the shift's side of the old level
CLEARLY = 1 + LEAST_CHANGE / 2  # so that ordinary days next to a strong weekend, every other above the mean, do not


def level_shifts(demand: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The ratio of the new level to the old, 1 without a shift, and how many days it has lasted: (series,) each.

    One older than ``LONGEST_SHIFT`` is none any more: smoothing has followed it.

    Args:
        demand: (series, days), normal days that end on the day before the forecast, NaN before the first sale.
    """
    ratio, lasted = lasting_shifts(demand)
    is_followed = lasted > LONGEST_SHIFT
    return np.where(is_followed, 1.0, ratio).astype(np.float32), np.where(is_followed, 0, lasted)


def lasting_shifts(demand: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The same of shifts of up to ``LONGEST_SEARCH`` days.

    Of every possible first day, the one with the largest deviation from the old level in standard errors is taken,
    those of the days before it (a test for a mean shift at an unknown time; Page 1955, A test for a change in a
    parameter occurring at an unknown point, Biometrika 42). At least ``SHORTEST_SHIFT`` known days have to say so.

    Args:
        demand: (series, days), NaN where the day says nothing: before the first sale, closed, a holiday.
    """
    series, days = demand.shape
    ratio = np.ones(series, dtype=np.float32)
    lasted = np.zeros(series, dtype=np.int64)
    best = np.full(series, LEAST_SIGNIFICANCE, dtype=np.float32)
    # What sells nothing at present has no new level; a window that begins before would give it a tiny one.
    sells = np.fmax.reduce(demand[:, -SHORTEST_SHIFT:], axis=1, initial=0.0) > 0
    for length in range(SHORTEST_SHIFT, LONGEST_SEARCH + 1):
        before = demand[:, max(days - length - DAYS_BEFORE, 0) : max(days - length, 0)]
        if before.shape[1] < 2 * WEEK:
            break
        expected, deviation = _expected(before, length)
        recent = demand[:, days - length :]
        is_known = ~np.isnan(recent + expected)
        known = is_known.sum(axis=1)
        sold, usual = (np.where(is_known, each, 0.0).sum(axis=1, dtype=np.float32) for each in (recent, expected))
        with np.errstate(invalid="ignore", divide="ignore"):
            change = sold / usual
            significance = np.abs(sold - usual) / (deviation * np.sqrt(known.astype(np.float32)))
            is_above = (recent > expected * CLEARLY).sum(axis=1) / known
            is_below = (recent < expected / CLEARLY).sum(axis=1) / known
        is_lasting = (np.where(change > 1, is_above, is_below) >= SAME_SIDE) & (known >= SHORTEST_SHIFT)
        is_large = (change > 1 + LEAST_CHANGE) | (change < 1 / (1 + LEAST_CHANGE))
        is_better: npt.NDArray[np.bool_] = sells & is_lasting & is_large & (significance > best)
        ratio = np.where(is_better, change, ratio)
        lasted = np.where(is_better, length, lasted)
        best = np.where(is_better, significance, best)
    return ratio, lasted


def _expected(before: Floats, length: int) -> tuple[Floats, Floats]:
    """What ``length`` days after ``before`` would sell by their weekday, and the standard deviation of a day."""
    days = before.shape[1]
    by_weekday = np.stack([_row_mean(before[:, (days + offset) % WEEK :: WEEK]) for offset in range(WEEK)], axis=1)
    of_before = by_weekday[:, (np.arange(days) - days) % WEEK]
    deviation = np.sqrt(_row_mean((before - of_before) ** 2))
    # Few whole units vary by chance however alike the days before were: the variance of a count is its mean (Poisson).
    least = np.sqrt(np.maximum(_row_mean(before), 1e-9))
    return by_weekday[:, np.arange(length) % WEEK], np.maximum(deviation, least)


def _row_mean(values: Floats) -> Floats:
    is_number = ~np.isnan(values)
    count = is_number.sum(axis=1)
    total = np.where(is_number, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
