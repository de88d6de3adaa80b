"""Mornings: what each policy would bake, one morning after the other, each from what was known on it.

What a policy makes of what is known is in ``policies``; the system's models are trained here once a week.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from time import process_time

import dataframely as dy
import polars as pl

from bakery_assets.backtesting.series import ScoredDays
from bakery_assets.backtesting.system import apply_system, no_models, train_system
from bakery_assets.backtesting.windows import BacktestFacts, cells_of, known_before
from bakery_assets.replay.policies import (
    SYSTEM,
    AskedRatios,
    PolicyQuantities,
    quantities_of_bakers,
    quantities_of_system,
    same_weekday_sales,
)
from bakery_assets.schemas import conform, plans

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Morning:
    """What the policies would bake on a morning, and the system's forecasts of its week, none where it is not asked."""

    date: date
    quantities: dy.DataFrame[PolicyQuantities]
    forecasts: dy.DataFrame[plans.DemandForecasts]


def quantities_of_mornings(
    facts: BacktestFacts,
    scored: dy.DataFrame[ScoredDays],
    first: date,
    last: date,
    policies: Sequence[str],
    ratios: dy.DataFrame[AskedRatios],
    progress: Progress,
) -> Iterator[Morning]:
    """Each morning's quantities and forecasts, from the facts of the days before it.

    Args:
        facts: the whole tables; it is here that the future is kept from the policies.
        scored: what is replayed; other tenants are not forecast.
        progress: called with how many of how many mornings are done.
    """
    system = SystemForecasts(facts, scored)
    mornings = (last - first).days + 1
    for number in range(mornings):
        progress("mornings", number, mornings)
        morning = first + timedelta(days=number)
        same = same_weekday_sales(known_before(facts, morning)["sales"], morning)
        quantities = [quantities_of_bakers(same, morning, policies, ratios)]
        forecasts = plans.DemandForecasts.create_empty()
        if SYSTEM in policies:
            forecasts = system.of_morning(morning)
            quantities.append(quantities_of_system(forecasts, same, morning, ratios))
        yield Morning(morning, conform(PolicyQuantities, pl.concat(quantities)), forecasts)
        progress("mornings", number + 1, mornings)


class SystemForecasts:
    """The system's forecasts, morning after morning: trained on Sundays, each from the facts of the days before it.

    Args:
        facts: the whole tables.
        scored: what is replayed; other tenants are not forecast.
        weeks: from one training to the next.
    """

    def __init__(self, facts: BacktestFacts, scored: dy.DataFrame[ScoredDays], weeks: int = 1) -> None:
        self._facts = facts
        self._tenants = facts["tenants"].join(scored, on="tenant_id", how="semi")
        self._models = no_models()
        self._weeks = weeks
        self._trained_on: date | None = None
        self._published: list[dy.DataFrame[plans.DemandForecasts]] = []

    def of_morning(self, morning: date) -> dy.DataFrame[plans.DemandForecasts]:
        """The forecasts of the seven days from ``morning`` on; mornings have to be asked for in their order."""
        sunday = last_sunday(morning)
        if self._trained_on is None or (sunday - self._trained_on).days >= 7 * self._weeks:
            self._trained_on = sunday
            known_then = known_before(self._facts, self._trained_on)
            cells = cells_of(self._tenants, self._trained_on)
            self._models = train_system(cells, known_then, self._models, process_time)
        known = known_before(self._facts, morning)
        forecasts = apply_system(cells_of(self._tenants, morning), known, self._models, self._published)
        self._published.append(conform(plans.DemandForecasts, forecasts.filter(pl.col("target_date") == morning)))
        return forecasts


def last_sunday(morning: date) -> date:
    """The last Sunday before a morning: its night's models are the first that Monday's plan uses."""
    return morning - timedelta(days=morning.isoweekday())
