"""Features of a day for gradient boosting: recent sales relative to the series' level, and the kind of day.

Sales enter as ratios to the mean of the last four weeks, so that one model serves a kiosk and a factory
shop. A feature of a day that is forecast ``lead_days`` ahead uses nothing that was sold in these days.
"""

import numpy as np
import numpy.typing as npt

from bakery_assets.forecasting.data.panel import WEEK, Flags, Floats, Panel, row_mean

WINDOW = 56  # past days a feature looks back on
LEVEL_DAYS = 28
LAST_DAYS = (1, 2, 3)  # before the forecast is made
LAGS = (7, 14, 21, 28)  # before the day that is forecast
DAYS_FOR_SEASON = 400  # with less than a year, the day of the year only tells the past from the future

# Stored in every booster with its trees; another name makes another booster of the same facts.
FEATURE_NAMES = (
    *(f"last_{days}" for days in LAST_DAYS), *(f"lag_{days}" for days in LAGS),
    "same_weekday_2", "same_weekday_4", "same_weekday_8", "same_weekday_median", "same_weekday_deviation",
    "mean_7", "mean_14", "mean_56", "zero_share", "shop_last_1", "days_known",
    "weekday", "day_of_year",
    "holiday", "holiday_tomorrow", "holiday_yesterday", "holiday_in_2_days", "holiday_a_week_ago",
    "school", "school_tomorrow", "school_yesterday", "school_a_week_ago",
    "promotion", "promotion_yesterday", "promotion_a_week_ago", "promotion_share_7",
    "event", "event_a_week_ago", "factor", "factor_a_week_ago",
    "closed_yesterday", "closed_days_7", "shut_tomorrow",
    "price_ratio", "temperature", "rain", "log_level", "lead_days",
)  # fmt: skip
Features = dict[str, npt.NDArray[np.generic]]


def features(
    panel: Panel, demand: Floats, day_effect: Floats, day: int, closed: Flags, lead_days: int
) -> tuple[Floats, Floats]:
    """Features of every series on column ``day``.

    Args:
        demand: series, at least ``day + 1 - lead_days`` columns; NaN: none.
        day_effect: of ``day_effects.day_effect_matrix``.
        closed: series, past + AHEAD: days known to be closed.
        lead_days: 1 where the forecast is made in the morning of the day itself, 2 the morning before, and so on.

    Returns:
        (series, len(FEATURE_NAMES)), and the level of each series in units, NaN where it has none.
    """
    window = _window(demand, day, lead_days)
    level = row_mean(window[:, -LEVEL_DAYS:])
    level = np.where(np.isnan(level), row_mean(window), level)
    columns = {
        **_sales_features(panel, window, level, lead_days),
        **_calendar_features(panel, day_effect, day),
        "closed_yesterday": closed[:, day - 1] if day else np.zeros(len(level)),
        "closed_days_7": closed[:, max(day - WEEK, 0) : day].sum(axis=1),
        "shut_tomorrow": closed[:, day + 1],
        "price_ratio": _price_ratio(panel, day + 1 - lead_days),
        "temperature": panel.temperature[panel.tenant, day],
        "rain": panel.rain[panel.tenant, day],
        "lead_days": np.full(len(level), lead_days),
    }
    return np.stack([columns[name] for name in FEATURE_NAMES], axis=1).astype(np.float32), level


def _sales_features(panel: Panel, window: Floats, level: Floats, lead_days: int) -> Features:
    """What the ``WINDOW`` days before a day sold, as far as it is known, relative to the series' level."""
    known = window[:, : WINDOW + 1 - lead_days]
    recent, same = window[:, -LEVEL_DAYS:], window[:, ::-1][:, WEEK - 1 :: WEEK]
    unit = np.maximum(level, 1e-6)
    shop_total = np.zeros((panel.shops.height, 2))
    np.add.at(shop_total, panel.shop, np.nan_to_num(np.stack([known[:, -1], level], axis=1)))
    return {
        **{f"last_{last}": known[:, -last] / unit for last in LAST_DAYS},
        **{f"lag_{lag}": window[:, -lag] / unit for lag in LAGS},
        "same_weekday_2": row_mean(same[:, :2]) / unit,
        "same_weekday_4": row_mean(same[:, :4]) / unit,
        "same_weekday_8": row_mean(same) / unit,
        "same_weekday_median": _median(same) / unit,
        "same_weekday_deviation": _deviation(same) / unit,
        "mean_7": row_mean(known[:, -WEEK:]) / unit,
        "mean_14": row_mean(window[:, -2 * WEEK :]) / unit,
        "mean_56": row_mean(window) / unit,
        "zero_share": row_mean(np.where(np.isnan(recent), np.nan, recent <= 0)),
        "shop_last_1": (shop_total[:, 0] / np.maximum(shop_total[:, 1], 1e-6))[panel.shop],
        "days_known": np.minimum((~np.isnan(window)).sum(axis=1), WINDOW),
        "log_level": np.log1p(np.nan_to_num(level)),
    }


def _calendar_features(panel: Panel, day_effect: Floats, day: int) -> Features:
    """What the calendar says of a day and the days around it."""
    tenant, item = panel.tenant, panel.item
    week_ago = max(day - WEEK, 0)

    def of_tenant(values: npt.NDArray[np.generic], shift: int = 0) -> Floats:
        column = day + shift
        return values[tenant, column].astype(np.float32) if column >= 0 else np.zeros(len(tenant), dtype=np.float32)

    def of_item(values: npt.NDArray[np.generic], shift: int = 0) -> Floats:
        column = day + shift
        return values[item, column].astype(np.float32) if column >= 0 else np.zeros(len(item), dtype=np.float32)

    return {
        "weekday": of_tenant(panel.weekday),
        "day_of_year": of_tenant(panel.day_of_year),
        "holiday": of_tenant(panel.holiday),
        "holiday_tomorrow": of_tenant(panel.holiday, 1),
        "holiday_yesterday": of_tenant(panel.holiday, -1),
        "holiday_in_2_days": of_tenant(panel.holiday, 2),
        "holiday_a_week_ago": of_tenant(panel.holiday, -WEEK),
        "school": of_tenant(panel.school),
        "school_tomorrow": of_tenant(panel.school, 1),
        "school_yesterday": of_tenant(panel.school, -1),
        "school_a_week_ago": of_tenant(panel.school, -WEEK),
        "promotion": of_item(panel.promotion),
        "promotion_yesterday": of_item(panel.promotion, -1),
        "promotion_a_week_ago": of_item(panel.promotion, -WEEK),
        "promotion_share_7": panel.promotion[item, week_ago:day].mean(axis=1) if day else np.zeros(len(item)),
        "event": of_item(panel.event),
        "event_a_week_ago": of_item(panel.event, -WEEK),
        "factor": of_item(day_effect),
        "factor_a_week_ago": of_item(day_effect, -WEEK) if day >= WEEK else np.ones(len(item)),
    }


def _price_ratio(panel: Panel, end: int) -> Floats:
    """The last price before column ``end`` over the mean of the ``WINDOW`` days before it."""
    known = panel.price[:, max(end - WINDOW, 0) : max(min(end, panel.past), 0)]
    return (_latest(known) / np.maximum(row_mean(known), 1e-6)).astype(np.float32)


def _window(demand: Floats, day: int, lead_days: int) -> Floats:
    """The ``WINDOW`` days before column ``day``; NaN where there is none, and where it is not known yet."""
    window = np.full((len(demand), WINDOW), np.nan, dtype=np.float32)
    first, known = day - WINDOW, day + 1 - lead_days
    if known > max(first, 0):
        found = demand[:, max(first, 0) : known]
        offset = max(-first, 0)
        window[:, offset : offset + found.shape[1]] = found
    return window


def _median(values: Floats) -> Floats:
    """Median of each row's numbers; NaN where a row has none."""
    count = (~np.isnan(values)).sum(axis=1)
    ordered = np.sort(values, axis=1)  # NaN last
    rows = np.arange(len(values))
    low, high = (np.maximum(at, 0) for at in ((count - 1) // 2, count // 2))
    middle = (ordered[rows, low] + ordered[rows, np.minimum(high, values.shape[1] - 1)]) / 2
    return np.where(count > 0, middle, np.nan).astype(np.float32)


def _deviation(values: Floats) -> Floats:
    mean = row_mean(values)
    return np.sqrt(row_mean((values - mean[:, None]) ** 2))


def _latest(values: Floats) -> Floats:
    """The last number of each row; NaN where it has none."""
    if not values.shape[1]:
        return np.full(len(values), np.nan, dtype=np.float32)
    is_number = ~np.isnan(values)
    last = values.shape[1] - 1 - np.argmax(is_number[:, ::-1], axis=1)
    return np.where(is_number.any(axis=1), values[np.arange(len(values)), last], np.nan).astype(np.float32)
