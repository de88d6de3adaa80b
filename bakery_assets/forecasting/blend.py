"""The blend: what every member forecasts of the days ahead, and their weighted mean.

Nothing is fitted here. Which blend a series has is decided in ``models.selection`` and kept in ``registry``; closures
and human overrides come after, in ``system_forecasts`` and ``overrides``.
"""

from dataclasses import dataclass

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.forecasting.data.closures import PredictedClosures
from bakery_assets.forecasting.data.context import closure_mask
from bakery_assets.forecasting.data.history import SeriesKey
from bakery_assets.forecasting.data.panel import SAME_WEEKDAYS, WEEK, Flags, Floats, Integers, Panel, as_rows
from bakery_assets.forecasting.data.pauses import is_absent
from bakery_assets.forecasting.models.day_spread import spread_of_days
from bakery_assets.forecasting.models.gradient_boosting import GradientBoostedModel
from bakery_assets.forecasting.models.intervals import base_level, residual_scale, smallest_scale
from bakery_assets.forecasting.models.selection import BLENDS, MEMBERS, weighted_mean
from bakery_assets.forecasting.models.smoothing import (
    SMOOTHED_DAYS,
    group_sums,
    level,
    seasonal,
    split_by_profile,
    tsb,
    weekday_profile,
)
from bakery_assets.forecasting.registry.decode import VersionsInUse
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, plans
from bakery_assets.schemas.plans import SERIES_MODELS, UNTRAINED_SMOOTHING

SMALL_VOLUME = 10.0  # units a day below which the gaps between whole numbers are wide compared with the uncertainty
FORECAST_DECIMALS = 4  # single precision carries no more; the noise beyond makes 15.999999 of 16
SHORT_HISTORY_DAYS = 28  # fewer days since the first sale make a short history


class BlendTerms(dy.Schema):
    """What a forecast is the blend of; all terms are empty for a series that has sold nothing."""

    trees = col.number("Gradient boosting, in units, with the day's effect", minimum=None, nullable=True)
    seasonal = col.number("Weekdays smoothed each by itself, in units of a normal day", nullable=True)
    level = col.number("Level smoothed under the weekday profile, in units of a normal day", nullable=True)
    tsb = col.number("TSB under the weekday profile, in units of a normal day", nullable=True)
    share_trees = col.number("Share of the blend, as a fraction", maximum=1.0 + 1e-6, nullable=True)
    share_seasonal = col.number("Share of the blend, as a fraction", maximum=1.0 + 1e-6, nullable=True)
    share_level = col.number("Share of the blend, as a fraction", maximum=1.0 + 1e-6, nullable=True)
    share_tsb = col.number("Share of the blend, as a fraction", maximum=1.0 + 1e-6, nullable=True)
    last_same_weekdays = dy.List(
        dy.Float64(), nullable=True, description="Normal demand of the last same weekdays, oldest first, in units"
    )


class BlendedForecasts(SeriesKey, BlendTerms):
    """The blend of every series and day of the horizon, as if no day were closed."""

    target_date = col.date("Day forecast", primary_key=True)
    model = col.choice("Model that the version has chosen", (*SERIES_MODELS, UNTRAINED_SMOOTHING))
    blended = col.number("Mean of the members, in units")
    scale = col.number("What residuals are scaled by, in units")
    highest_sold = col.number(f"Most that was sold in a day of the last {SMOOTHED_DAYS}, in units")
    is_count = col.boolean(f"Only whole units were sold in these days, and fewer than {SMALL_VOLUME:g} are forecast")
    history_days = col.integer("Days from the first sale on")
    is_short = col.boolean(f"Fewer than {SHORT_HISTORY_DAYS} of these")


def blended_forecasts(
    panel: Panel,
    versions: VersionsInUse,
    day_effect: Floats,
    spread: Floats,
    closures: dy.DataFrame[PredictedClosures],
    boosters: dy.DataFrame[plans.Boosters],
) -> dy.DataFrame[BlendedForecasts]:
    """Forecast every series of the panel over the horizon.

    Args:
        day_effect: of ``day_effects.day_effect_matrix``.
        spread: (tenants, KINDS_OF_DAY).
    """
    recent = panel.imputed_normal_demand[:, max(panel.past - SMOOTHED_DAYS, 0) :]
    sold = panel.quantity[:, max(panel.past - SMOOTHED_DAYS, 0) : panel.past]
    days_observed = panel.is_observed.sum(axis=1)
    is_short = days_observed < SHORT_HISTORY_DAYS
    profile = np.where(
        np.isnan(versions.weekday_profile), weekday_profile(recent, panel.shop), versions.weekday_profile
    )
    split = split_by_profile(recent, profile)
    by_weekday = seasonal(recent, versions.alphas["seasonal"])
    members = {
        # A new series follows the week of others until it has one of its own, trained or not.
        "seasonal": np.where(is_short[:, None], _like_others(panel, is_short), by_weekday),
        "level": level(split, versions.alphas["level"]),
        "tsb": tsb(split, versions.alphas["tsb"]),
        "trees": _tree_forecasts(panel, versions, day_effect, closures, boosters),
    }
    effect = day_effect[panel.item, panel.past : panel.past + HORIZON_DAYS]
    stacked: Floats = np.stack([members[name] * (1.0 if name == "trees" else effect) for name in MEMBERS])
    weights = _weights(panel, versions, stacked, is_short)
    usable = np.where(np.isnan(stacked), 0.0, weights[:, :, None])
    shares = usable / np.maximum(usable.sum(axis=0), 1e-9)
    absent = is_absent(panel.quantity, panel.is_open)
    yhat = np.where(absent[:, None], np.float32(0), np.nan_to_num(weighted_mean(stacked, weights)))
    scale = residual_scale(yhat, base_level(recent), smallest_scale(recent, panel.tenant))
    days_ahead = range(panel.past, panel.past + HORIZON_DAYS)
    rows = as_rows(
        panel,
        days_ahead,
        blended=yhat.astype(np.float64).round(FORECAST_DECIMALS),
        scale=(scale * spread_of_days(panel, spread, days_ahead)).astype(np.float64),
        highest_sold=np.repeat(sold.max(axis=1, initial=0.0)[:, None], HORIZON_DAYS, axis=1).astype(np.float64),
        is_count=(sold == np.round(sold)).all(axis=1)[:, None] & (yhat < SMALL_VOLUME),
        history_days=np.repeat(days_observed[:, None], HORIZON_DAYS, axis=1),
        is_short=np.repeat(is_short[:, None], HORIZON_DAYS, axis=1),
        **{name: members[name].astype(np.float64) for name in MEMBERS},
        **{f"share_{name}": shares[number].astype(np.float64) for number, name in enumerate(MEMBERS)},
        **_last_same_weekdays(panel),
    )
    same = pl.concat_list(pl.col(f"last_{week}").round(DECIMALS) for week in range(SAME_WEEKDAYS))
    models = np.repeat(np.array(versions.models, dtype=object), HORIZON_DAYS)
    named = rows.with_columns(model=pl.Series(models, dtype=pl.String), last_same_weekdays=same.list.drop_nulls())
    return conform(BlendedForecasts, named.rename({"date": "target_date"}))


def _weights(panel: Panel, versions: VersionsInUse, members: Floats, is_short: Flags) -> Floats:
    """The weights of the members, (members, series), as the versions say; others where these make no forecast."""
    weights = versions.weights.copy()
    is_untrained = np.array([model == UNTRAINED_SMOOTHING for model in versions.models], dtype=bool)
    weights[:, is_untrained & panel.sells_seldom] = np.array(BLENDS["intermittent"], dtype=np.float32)[:, None]
    weights[:, is_short] = 0.0
    weights[MEMBERS.index("seasonal"), is_short] = 1.0
    # Gradient boosting has no forecast for a series that has sold nothing for weeks; smoothing has.
    has_none = np.isnan(weighted_mean(members, weights)).all(axis=1)
    weights[:, has_none] = np.array(BLENDS["smoothing"], dtype=np.float32)[:, None]
    return weights


def _tree_forecasts(
    panel: Panel,
    versions: VersionsInUse,
    day_effect: Floats,
    closures: dy.DataFrame[PredictedClosures],
    boosters: pl.DataFrame,
) -> Floats:
    forecasts = np.full((len(panel.tenant), HORIZON_DAYS), np.nan, dtype=np.float32)
    closed = closure_mask(panel, closures)
    # Tenants trained in different weeks have different boosters; there are as many as weeks, not as tenants.
    for booster, text in boosters.select("booster_id", "trees").sort("booster_id").iter_rows():
        users = versions.booster == booster
        model = GradientBoostedModel(text)
        if users.any() and model.is_applicable:
            forecasts[users] = model.forecast(panel, day_effect, closed, panel.past)[users]
    return forecasts


def _like_others(panel: Panel, is_short: Flags) -> Floats:
    """The level of each series under the weekday profile that series with more history have: (series, HORIZON_DAYS).

    The profile is that of the same product in other shops, else of the shop's other products, else of the tenant's. A
    tenant without such a series has that of its few days together, drawn towards a flat week as if by one more.
    """
    long = np.where(is_short[:, None], np.nan, panel.imputed_normal_demand)
    of_few_days = _weekday_profiles(panel.imputed_normal_demand, panel.tenant)
    weeks = of_few_days.days[panel.tenant][:, None] / WEEK
    profile = (weeks * of_few_days.profile[panel.tenant] + 1) / (weeks + 1)
    for group in (panel.tenant, panel.shop, panel.item):  # the closest last
        known = _weekday_profiles(long, group)
        profile = np.where(known.days[group][:, None] > 0, known.profile[group], profile)
    of_day = profile[:, (np.arange(panel.past) - panel.past) % WEEK]
    sold = np.where(panel.is_observed, panel.imputed_normal_demand, np.nan)
    weight = np.where(np.isnan(sold), 0.0, of_day).sum(axis=1)
    size = np.where(weight > 0, np.nansum(sold, axis=1) / np.maximum(weight, 1e-9), 0.0)
    return (size[:, None] * profile[:, :HORIZON_DAYS]).astype(np.float32)


@dataclass(frozen=True)
class _WeekdayProfiles:
    """Weekday profiles of the sums of groups of series.

    Attributes:
        days: (groups,), days on which any series has demand.
        profile: (groups, 7), as in ``WeekdaySplit``.
    """

    days: Integers
    profile: Floats


def _weekday_profiles(demand: Floats, group: Integers) -> _WeekdayProfiles:
    total = group_sums(demand, group)
    return _WeekdayProfiles((~np.isnan(total)).sum(axis=1), weekday_profile(total, np.arange(len(total))))


def _last_same_weekdays(panel: Panel) -> dict[str, Floats]:
    """Normal demand of the last same weekdays of each day of the horizon, NaN before the first sale."""
    weeks = range(SAME_WEEKDAYS, 0, -1)
    sold = [panel.imputed_normal_demand[:, panel.past - WEEK * week :][:, :HORIZON_DAYS] for week in weeks]
    observed = [panel.is_observed[:, panel.past - WEEK * week :][:, :HORIZON_DAYS] for week in weeks]
    return {
        f"last_{number}": np.where(is_observed, values, np.nan).astype(np.float64)
        for number, (values, is_observed) in enumerate(zip(sold, observed, strict=True))
    }
