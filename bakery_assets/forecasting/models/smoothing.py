"""Exponential smoothing of normal days: StatsForecast backtests a grid of parameters, the stage applies the best.

Three families: each weekday smoothed by itself (seasonal), the level of the series under its weekday profile
(level), and Teunter, Syntetos and Babai's method for intermittent demand (TSB; Teunter et al. 2011, Intermittent
demand: linking forecasting to inventory obsolescence, European Journal of Operational Research 214). A parameter is a
point of a small grid, so that choosing it needs no optimizer and applying it is one pass over recent days. The passes
here give what StatsForecast's models of the same name give; a test holds them together.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.forecasting.data.panel import WEEK, Floats, Integers, row_mean

SEASONAL_ALPHAS = (0.1, 0.2, 0.3, 0.5)
LEVEL_ALPHAS = (0.02, 0.05, 0.1, 0.2, 0.4)
TSB_ALPHAS = (0.02, 0.05)
DEFAULT_ALPHAS = {"seasonal": 0.3, "level": 0.1, "tsb": 0.05}  # where nothing has been backtested yet
ALPHA_GRID = {"seasonal": SEASONAL_ALPHAS, "level": LEVEL_ALPHAS, "tsb": TSB_ALPHAS}

SMOOTHED_DAYS = 182  # what smoothing sees; longer did not forecast better and costs time
PROFILE_DAYS = 728  # what a trained weekday profile is the mean of
MIN_PROFILE_SHARE = 0.25  # a weekday with less of the mean than this says too little about the level


@dataclass(frozen=True)
class WeekdaySplit:
    """Series split into a weekday profile and what remains.

    Attributes:
        profile: (series, 7), by days from the plan date modulo 7, mean 1.
        level: (series, days), the series over its profile, in units; NaN where the profile is below
            ``MIN_PROFILE_SHARE``.
    """

    profile: Floats
    level: Floats


def weekday_profile(demand: Floats, shop: Integers) -> Floats:
    """What each weekday sells over the mean of the week: (series, 7), by days from the plan date modulo 7, mean 1.

    A profile that may as well be chance is shrunk towards that of the series' shop, by the positive-part rule of James
    and Stein (Efron & Morris 1975, Data analysis using Stein's estimator): 1 - 2 N / V of the distance is kept, V its
    mean square and N what errors of the means of weekdays would make of it; twice, as N is only what V is on average.

    Args:
        demand: (series, days), normal days that end on the day before the forecast, NaN before the first sale.
        shop: of each series.
    """
    own = _own_profile(demand)
    if not len(demand):
        return own
    of_shop = _own_profile(group_sums(demand, shop))[shop]
    mean = row_mean(demand)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        weeks = np.maximum((~np.isnan(demand)).sum(axis=1) / WEEK, 1.0)
        errors = (demand / np.maximum(mean, 1e-9) - own[:, _slots(demand)]).astype(np.float32)
        noise = row_mean(errors**2) / weeks
        distance = ((own - of_shop) ** 2).mean(axis=1)
        kept = np.nan_to_num(np.clip(1 - 2 * noise / np.maximum(distance, 1e-9), 0.0, 1.0))[:, None]
    profile: Floats = (of_shop + kept * (own - of_shop)).astype(np.float32)
    return profile


def _own_profile(demand: Floats) -> Floats:
    days = demand.shape[1]
    mean = row_mean(demand)[:, None]
    weekdays = np.stack([row_mean(demand[:, (days + offset) % WEEK :: WEEK]) for offset in range(WEEK)], axis=1)
    profile = np.where(mean > 0, weekdays / np.maximum(mean, 1e-9), 1.0)
    return np.where(np.isnan(profile), 1.0, profile).astype(np.float32)


def _slots(demand: Floats) -> Integers:
    """The slot of a profile of each column."""
    days = demand.shape[1]
    slots: Integers = (np.arange(days) - days) % WEEK
    return slots


def split_by_profile(demand: Floats, profile: Floats) -> WeekdaySplit:
    """Split series that end on the day before the forecast.

    Args:
        demand: (series, days), normal days, NaN before the first sale.
        profile: of ``weekday_profile``.
    """
    of_day = profile[:, _slots(demand)]
    level = np.where(of_day > MIN_PROFILE_SHARE, demand / np.maximum(of_day, MIN_PROFILE_SHARE), np.nan)
    return WeekdaySplit(profile, level.astype(np.float32))


def group_sums(demand: Floats, group: Integers) -> Floats:
    """Sums over the series of each group: (groups, days), NaN where none of them has a number."""
    groups = int(group.max(initial=-1)) + 1
    total = np.zeros((groups, demand.shape[1]), dtype=np.float32)
    np.add.at(total, group, np.nan_to_num(demand))
    is_number = np.zeros(total.shape, dtype=bool)
    np.logical_or.at(is_number, group, ~np.isnan(demand))
    return np.where(is_number, total, np.nan).astype(np.float32)


def seasonal(demand: Floats, alpha: Floats) -> Floats:
    """Each weekday smoothed by itself: (series, HORIZON_DAYS), in units."""
    days = demand.shape[1]
    state = np.full((len(demand), WEEK), np.nan, dtype=np.float32)
    for day in range(days):
        slot = (day - days) % WEEK
        state[:, slot] = _smoothed(state[:, slot], demand[:, day], alpha)
    return _over_horizon(np.where(np.isnan(state), row_mean(demand)[:, None], state))


def level(split: WeekdaySplit, alpha: Floats) -> Floats:
    """The smoothed level under the weekday profile: (series, HORIZON_DAYS), in units."""
    state = np.full(len(split.level), np.nan, dtype=np.float32)
    for day in range(split.level.shape[1]):
        state = _smoothed(state, split.level[:, day], alpha)
    return _over_horizon(state[:, None] * split.profile)


def tsb(split: WeekdaySplit, alpha: Floats) -> Floats:
    """Smoothed probability of a sale times its smoothed size, under the profile: (series, HORIZON_DAYS), in units."""
    probability = np.full(len(split.level), np.nan, dtype=np.float32)
    size = probability.copy()
    for day in range(split.level.shape[1]):
        value = split.level[:, day]
        sold = np.where(np.isnan(value), np.nan, value > 0).astype(np.float32)
        probability = _smoothed(probability, sold, alpha)
        size = np.where(value > 0, _smoothed(size, value, alpha), size)
    return _over_horizon((probability * np.nan_to_num(size))[:, None] * split.profile)


def _smoothed(state: Floats, value: Floats, alpha: Floats) -> Floats:
    updated = np.where(np.isnan(state), value, alpha * value + (1 - alpha) * state)
    return np.where(np.isnan(value), state, updated).astype(np.float32)


def _over_horizon(by_weekday: Floats) -> Floats:
    repeats = -(-HORIZON_DAYS // WEEK)
    return np.maximum(np.tile(by_weekday, (1, repeats))[:, :HORIZON_DAYS], 0.0).astype(np.float32)


def backtest_grid(demand: list[Floats], profiles: list[Floats], cluster: str | None = None) -> dict[str, Floats]:
    """Forecasts by every point of the grids from several origins, made by StatsForecast.

    Args:
        demand: for each origin the (series, days) of normal days before it.
        profiles: for each origin, of ``weekday_profile``.
        cluster: address of a Dask scheduler that the series are spread over; None: this process. The result is
            the same.

    Returns:
        By family: (points of its grid, series, origins * HORIZON_DAYS), in units; NaN for a series without a past.
    """
    from statsforecast.models import TSB, SeasonalExponentialSmoothing, SimpleExponentialSmoothing

    splits = [split_by_profile(*each) for each in zip(demand, profiles, strict=True)]
    seasonal_models = [SeasonalExponentialSmoothing(WEEK, alpha, alias=str(alpha)) for alpha in SEASONAL_ALPHAS]
    level_models = [SimpleExponentialSmoothing(alpha, alias=str(alpha)) for alpha in LEVEL_ALPHAS]
    tsb_models = [TSB(alpha, alpha, alias=f"tsb{alpha}") for alpha in TSB_ALPHAS]
    by_weekday = _forecasts(demand, seasonal_models, cluster)
    by_level = _forecasts([split.level for split in splits], [*level_models, *tsb_models], cluster)
    profile = np.concatenate([_over_horizon(split.profile) for split in splits], axis=1)
    under_profile = by_level * profile[None]
    count = len(LEVEL_ALPHAS)
    by_family = {"seasonal": by_weekday, "level": under_profile[:count], "tsb": under_profile[count:]}
    return {name: np.maximum(values, 0.0) for name, values in by_family.items()}


def _forecasts(origins: list[Floats], models: list[object], cluster: str | None) -> Floats:
    """(models, series, origins * HORIZON_DAYS)."""
    series = len(origins[0])
    forecasts = np.full((len(models), series, len(origins), HORIZON_DAYS), np.nan, dtype=np.float32)
    frames = []
    for origin, values in enumerate(origins):
        row, day = np.nonzero(~np.isnan(values))
        frames.append(pl.DataFrame({"unique_id": row * len(origins) + origin, "ds": day, "y": values[row, day]}))
    history = pl.concat(frames).sort("unique_id", "ds")
    # A series that has one weekday only would leave the others without a forecast.
    enough = history.filter(pl.len().over("unique_id") >= WEEK)
    if enough.is_empty():
        return forecasts.reshape(len(models), series, -1)
    found = _run(enough, models, cluster).sort("unique_id", "ds")
    ids = found["unique_id"].unique(maintain_order=True).to_numpy()
    for number, model in enumerate(models):
        values = found[str(model)].to_numpy().reshape(-1, HORIZON_DAYS)
        forecasts[number, ids // len(origins), ids % len(origins)] = values
    return forecasts.reshape(len(models), series, -1)


def _run(history: pl.DataFrame, models: list[object], cluster: str | None) -> pl.DataFrame:
    from statsforecast import StatsForecast

    forecaster = StatsForecast(models=models, freq=1)
    if cluster is None:
        local: pl.DataFrame = forecaster.forecast(df=history, h=HORIZON_DAYS)
        return local
    from dask import dataframe
    from distributed import Client

    with Client(cluster) as client:  # type: ignore[no-untyped-call]
        workers = max(len(client.scheduler_info()["workers"]), 1)
        spread = dataframe.from_pandas(history.to_pandas(), npartitions=workers)  # type: ignore[no-untyped-call]
        return pl.from_pandas(forecaster.forecast(df=spread, h=HORIZON_DAYS).compute())
