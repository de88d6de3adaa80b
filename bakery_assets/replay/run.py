"""The replay: every morning each policy says what it would bake from what was known, and the day's demand meets it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import dataframely as dy
import polars as pl

from bakery_assets.backtesting.series import LIVE_DAYS, SOLD, ScoredDays, scored_days
from bakery_assets.backtesting.system import PreviousTraining, Training, apply_system, train_system
from bakery_assets.backtesting.windows import BacktestFacts, cells_of, known_before
from bakery_assets.keys import PRODUCT
from bakery_assets.replay.outcomes import RATIO_AND_POLICY, Outcomes, add_up, meet_demand
from bakery_assets.replay.policies import (
    POLICIES,
    SAMPLE_QUANTILE,
    SYSTEM,
    AskedRatios,
    PolicyQuantities,
    quantities_of_bakers,
    quantities_of_system,
    same_weekday_sales,
)
from bakery_assets.schemas import conform, ops

Progress = Callable[[str, int, int], None]
RATIOS = (0.5, 0.7, 0.8, 0.9)


class CannotReplay(ValueError):
    """Options or data that no replay can be made of; the message is one line that says why and what to do."""


@dataclass(frozen=True)
class Replay:
    """The result of a replay.

    Attributes:
        policies: one mapping a policy and critical ratio, see ``outcomes.add_up``.
        products: the same by ``tenant_id`` and ``product_id``.
        products_over_ratios: the same over all critical ratios together.
        data: what was replayed, and what was left out.
        days: every policy's days, for a closer look.
    """

    policies: tuple[dict[str, Any], ...]
    products: tuple[dict[str, Any], ...]
    products_over_ratios: tuple[dict[str, Any], ...]
    data: dict[str, Any]
    days: dy.DataFrame[Outcomes]


def run_replay(
    facts: BacktestFacts,
    first: date,
    last: date,
    policies: Sequence[str] = tuple(POLICIES),
    ratios: Sequence[float] = RATIOS,
    progress: Progress = lambda *_: None,
) -> Replay:
    """Replay the mornings from ``first`` to ``last``, both included: single days, without lots or carry-over.

    Args:
        facts: the whole tables; it is here that the future is kept from the policies.
        policies: of ``POLICIES``. ``SAMPLE_QUANTILE`` is replayed in any case, because the others are compared with it.
        ratios: critical ratios, each above 0 and below 1.
        progress: called with what is done, and how many of how many mornings are.

    Raises:
        CannotReplay: the options contradict each other, or there is nothing to replay.
    """
    check_options(first, last, policies, ratios)
    scored = _replayed_days(facts, first, last)
    usable = scored.filter("is_open", ~pl.col("is_sold_out"))
    if usable.is_empty():
        raise CannotReplay(_nothing(facts["sales"], scored, first, last))
    asked = facts["products"].select(PRODUCT).join(pl.DataFrame({"critical_ratio": sorted(set(ratios))}), how="cross")
    replayed = [name for name in POLICIES if name in policies or name == SAMPLE_QUANTILE]
    quantities = pl.concat(_all_quantities(facts, scored, first, last, replayed, conform(AskedRatios, asked), progress))
    demand = usable.select("tenant_id", "location_id", "product_id", "date", demand=pl.col("actual").clip(0.0))
    days = meet_demand(cast(dy.DataFrame[PolicyQuantities], quantities), demand)
    return Replay(
        policies=_figures(days, policies, RATIO_AND_POLICY),
        products=_figures(days, policies, (*PRODUCT, *RATIO_AND_POLICY)),
        products_over_ratios=_figures(days, policies, (*PRODUCT, "policy")),
        data=_counts(scored, first, last),
        days=days,
    )


def last_sunday(morning: date) -> date:
    """The last Sunday before a morning: its night's models are the first that Monday's plan uses."""
    return morning - timedelta(days=morning.isoweekday())


def check_options(first: date, last: date, policies: Sequence[str], ratios: Sequence[float]) -> None:
    """Before anything is read.

    Raises:
        CannotReplay: days, policies or critical ratios are none that can be replayed.
    """
    if first > last:
        raise CannotReplay(f"The first day, {first}, is after the last, {last}.")
    unknown = [name for name in policies if name not in POLICIES]
    if unknown:
        raise CannotReplay(f"There is no policy {', '.join(unknown)}; choose from {', '.join(POLICIES)}.")
    outside = [f"{ratio:g}" for ratio in ratios if not 0 < ratio < 1]
    if outside:
        raise CannotReplay(f"A critical ratio is above 0 and below 1, for example 0.8; not {', '.join(outside)}.")


def _replayed_days(facts: BacktestFacts, first: date, last: date) -> dy.DataFrame[ScoredDays]:
    """Every day of a series that has sold something in the ``LIVE_DAYS`` before."""
    mornings = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    recent = facts["sales"].filter(pl.col("sales_date") >= first - timedelta(days=LIVE_DAYS))
    return scored_days(cast(BacktestFacts, {**facts, "sales": recent}), mornings, days=1)


def _nothing(sales: dy.DataFrame[ops.Sales], scored: pl.DataFrame, first: date, last: date) -> str:
    sold = sales.filter(SOLD)
    days = sold.filter(pl.col("sales_date").is_between(first, last))
    if days.is_empty():
        begin, end = (str(day) for day in (sold["sales_date"].min(), sold["sales_date"].max()))
        span = f"they span {begin} to {end}" if sold.height else "there are none at all"
        return f"There are no sales from {first} to {last}; {span}."
    if scored.is_empty():
        return f"Nothing sold in the {LIVE_DAYS} days before {first}, so no policy knows anything; give a later --from."
    return f"Everything sold out on every day from {first} to {last}, so that demand is not known."


def _all_quantities(
    facts: BacktestFacts,
    scored: pl.DataFrame,
    first: date,
    last: date,
    policies: Sequence[str],
    ratios: dy.DataFrame[AskedRatios],
    progress: Progress,
) -> Iterator[dy.DataFrame[PolicyQuantities]]:
    """Each morning's quantities, from the facts of the days before it."""
    tenants = facts["tenants"].join(scored, on="tenant_id", how="semi")
    training: Training | None = None
    trained_on: date | None = None
    mornings = (last - first).days + 1
    for number in range(mornings):
        progress("mornings", number, mornings)
        morning = first + timedelta(days=number)
        known = known_before(facts, morning)
        same = same_weekday_sales(known["sales"], morning)
        yield quantities_of_bakers(same, morning, policies, ratios)
        if SYSTEM in policies:
            if training is None or trained_on != last_sunday(morning):
                trained_on = last_sunday(morning)
                left = PreviousTraining() if training is None else training.left
                training = train_system(cells_of(tenants, trained_on), known_before(facts, trained_on), left)
            forecasts = apply_system(cells_of(tenants, morning), known, training)
            yield quantities_of_system(forecasts, same, morning, ratios)
        progress("mornings", number + 1, mornings)


def _counts(scored: dy.DataFrame[ScoredDays], first: date, last: date) -> dict[str, Any]:
    is_open, is_sold_out = pl.col("is_open"), pl.col("is_sold_out")
    return {
        "first_day": first.isoformat(),
        "last_day": last.isoformat(),
        "mornings": (last - first).days + 1,
        "tenants": scored["tenant_id"].n_unique(),
        "series": scored.select("tenant_id", "location_id", "product_id").n_unique(),
        "series_days": scored.height,
        "series_days_closed_left_out": scored.filter(~is_open).height,
        "series_days_sold_out_left_out": scored.filter(is_open, is_sold_out).height,
        "series_days_replayed": scored.filter(is_open, ~is_sold_out).height,
    }


def _figures(days: pl.DataFrame, policies: Sequence[str], by: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """The figures of the policies asked for, in the order of ``POLICIES``."""
    place = pl.col("policy").replace_strict({name: place for place, name in enumerate(POLICIES)}, return_dtype=pl.Int32)
    asked = add_up(days, by).filter(pl.col("policy").is_in(list(policies)))
    return tuple(asked.sort(*by[:-1], place).iter_rows(named=True))
