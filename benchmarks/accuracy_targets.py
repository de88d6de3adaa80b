"""What the forecasts must reach on each data set; every limit is a fraction."""

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any, Final

from bakery_assets.backtesting import BASELINES, SYSTEM
from bakery_assets.backtesting.coverage import WEEKDAYS
from bakery_assets.metrics import QUANTILE_LEVELS
from benchmarks.targets import Target, at_least, at_most, below, between, between_unless_chance

Figures = Mapping[str, Mapping[str, Any]]  # by model

COVERAGE: Final = 0.8
COVERAGE_LIMITS: Final = (0.77, 0.83)
ENOUGH_DAYS: Final = 1_000  # fewer cannot tell a level from one three points away
NEAR_HOLIDAY: Final = 0.70
WEEKDAY: Final = 0.72
LEVEL_MISS: Final = 0.03
CHAIN: Final = "bread_chain"
CHAIN_LEAD: Final = 0.92
CHAIN_PINBALL: Final = 0.90
CHAIN_BIAS: Final = 0.02


def targets(name: str, windows: Mapping[str, Figures], pooled: Figures) -> list[Target]:
    """Targets of a data set.

    Args:
        windows: figures of each window, by its last day.
        pooled: of all windows' days together.
    """
    own = _chain(windows, pooled) if name == CHAIN else _below_every_baseline(windows)
    return [*own, *_coverage(windows, pooled)]


def mean_open_wape(windows: Mapping[str, Figures], model: str) -> float:
    """Mean over the windows of a model's WAPE on open days."""
    return fmean(figures[model]["wape_open"] for figures in windows.values())


def level_miss(level: float, share: Mapping[str, float]) -> float:
    """How far a quantile is from its level: 0 where the level lies between the shares below and at or below it."""
    return max(0.0, share["below"] - level, level - share["at_or_below"])


def _chain(windows: Mapping[str, Figures], pooled: Figures) -> Iterator[Target]:
    best = min(BASELINES, key=lambda each: mean_open_wape(windows, each))
    ratio = mean_open_wape(windows, SYSTEM) / mean_open_wape(windows, best)
    yield at_most(f"open-day WAPE over {best}'s, mean of the windows", ratio, CHAIN_LEAD)
    for end, figures in windows.items():
        lowest = min(BASELINES, key=lambda each: figures[each]["wape_open"])
        ratio = figures[SYSTEM]["wape_open"] / figures[lowest]["wape_open"]
        yield at_most(f"open-day WAPE over {lowest}'s, until {end}", ratio, 1.0)
    against_ets = next(each for each in pooled[SYSTEM]["skill"] if each["baseline"] == "AutoETS")
    yield at_most("pinball loss on open days over AutoETS's", 1 - against_ets["lead_pinball"], CHAIN_PINBALL)
    yield between("bias", pooled[SYSTEM]["bias"], -CHAIN_BIAS, CHAIN_BIAS)


def _below_every_baseline(windows: Mapping[str, Figures]) -> Iterator[Target]:
    own = mean_open_wape(windows, SYSTEM)
    for each in BASELINES:
        yield below(f"open-day WAPE over {each}'s, mean of the windows", own / mean_open_wape(windows, each), 1.0)


def _coverage(windows: Mapping[str, Figures], pooled: Figures) -> Iterator[Target]:
    by_kind = pooled[SYSTEM]["coverage_by_kind"]
    yield between("open days in the 80% interval", by_kind["all"]["coverage80"], *COVERAGE_LIMITS)
    for end, figures in windows.items() if len(windows) > 1 else ():
        found = figures[SYSTEM]["coverage_by_kind"]["all"]
        yield between_unless_chance(
            f"open days in the 80% interval, until {end}",
            found["coverage80"],
            *COVERAGE_LIMITS,
            expected=COVERAGE,
            interval=found["coverage80_interval"],
        )
    for kind, limit in {"near_holiday": NEAR_HOLIDAY, **dict.fromkeys(WEEKDAYS, WEEKDAY)}.items():
        if by_kind[kind]["days"] >= ENOUGH_DAYS:
            yield at_least(f"in the 80% interval, {kind.replace('_', ' ')}", by_kind[kind]["coverage80"], limit)
    if by_kind["all"]["days"] >= ENOUGH_DAYS:
        for quantile, level in QUANTILE_LEVELS.items():
            missed = level_miss(level, by_kind["all"]["levels"][quantile])
            yield at_most(f"{quantile} off its level on open days", missed, LEVEL_MISS)
