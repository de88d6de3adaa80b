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
    tenants = facts["tenants"].join(scored, on="tenant_id", how="semi")
    models = no_models()
    trained_on: date | None = None
    published: list[dy.DataFrame[plans.DemandForecasts]] = []
    mornings = (last - first).days + 1
    for number in range(mornings):
        progress("mornings", number, mornings)
        morning = first + timedelta(days=number)
        known = known_before(facts, morning)
        same = same_weekday_sales(known["sales"], morning)
        quantities = [quantities_of_bakers(same, morning, policies, ratios)]
        forecasts = plans.DemandForecasts.create_empty()
        if SYSTEM in policies:
            if trained_on != last_sunday(morning):
                trained_on = last_sunday(morning)
                known_then = known_before(facts, trained_on)
                models = train_system(cells_of(tenants, trained_on), known_then, models, process_time)
            forecasts = apply_system(cells_of(tenants, morning), known, models, published)
            published.append(conform(plans.DemandForecasts, forecasts.filter(pl.col("target_date") == morning)))
            quantities.append(quantities_of_system(forecasts, same, morning, ratios))
        yield Morning(morning, conform(PolicyQuantities, pl.concat(quantities)), forecasts)
        progress("mornings", number + 1, mornings)


def last_sunday(morning: date) -> date:
    """The last Sunday before a morning: its night's models are the first that Monday's plan uses."""
    return morning - timedelta(days=morning.isoweekday())
