"""The replay: every morning each policy says what it would bake from what was known, and the day's demand meets it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import dataframely as dy
import polars as pl

from bakery_assets.backtesting.series import LIVE_DAYS, SOLD, ScoredDays, scored_days
from bakery_assets.backtesting.windows import BacktestFacts
from bakery_assets.keys import PRODUCT, PRODUCT_DAY, SERIES
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.newsvendor.critical_ratio import CriticalRatios, critical_ratios
from bakery_assets.newsvendor.demand_distribution import sum_of_days
from bakery_assets.production.lot_values import DemandToCome, demand_to_come
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.replay.mornings import Morning, Progress, quantities_of_mornings
from bakery_assets.replay.outcomes import RATIO_AND_POLICY, add_up, meet_demand
from bakery_assets.replay.policies import POLICIES, SAMPLE_QUANTILE, AskedRatios, PolicyQuantities
from bakery_assets.replay.shelf import PRODUCT_DATE, ProductDays, Targets, bake_and_sell, in_money, ordered_before
from bakery_assets.schemas import conform, ops

RATIOS = (0.5, 0.7, 0.8, 0.9)
CURRENCY_AND_POLICY = ("currency", "policy")


class ReplayFacts(BacktestFacts):
    """What a replay reads."""

    customer_orders: dy.DataFrame[ops.CustomerOrders]


READS = tuple(ReplayFacts.__annotations__)


class CannotReplay(ValueError):
    """Options or data that no replay can be made of; the message is one line that says why and what to do."""


@dataclass(frozen=True)
class Replay:
    """The result of a replay.

    Attributes:
        policies: one mapping a policy and critical ratio, or currency in full, see ``outcomes.add_up``.
        products: the same by ``tenant_id`` and ``product_id``.
        products_over_ratios: the same over all critical ratios together.
        data: what was replayed, and what was left out.
        days: every policy's days, for a closer look: ``outcomes.Outcomes``, in full those of ``shelf.in_money``.
        is_full: days in a row and money.
    """

    policies: tuple[dict[str, Any], ...]
    products: tuple[dict[str, Any], ...]
    products_over_ratios: tuple[dict[str, Any], ...]
    data: dict[str, Any]
    days: pl.DataFrame
    is_full: bool = False


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
        facts: the whole tables.
        policies: of ``POLICIES``. ``SAMPLE_QUANTILE`` is replayed in any case, because the others are compared with it.
        ratios: critical ratios, each above 0 and below 1.
        progress: called with what is done, and how many of how many mornings are.

    Raises:
        CannotReplay: the options contradict each other, or there is nothing to replay.
    """
    check_options(first, last, policies, ratios)
    scored = replayed_days(facts, first, last)
    levels = pl.DataFrame({"critical_ratio": sorted(set(ratios)), "shelf_life_days": 1})
    asked = facts["products"].select(PRODUCT).join(levels, how="cross")
    quantities = pl.concat(each.quantities for each in _mornings(facts, scored, first, last, policies, asked, progress))
    known = scored.filter("is_open", ~pl.col("is_sold_out"))
    days = meet_demand(
        cast(dy.DataFrame[PolicyQuantities], quantities),
        known.select(*SERIES, "date", demand=pl.col("actual").clip(0.0)),
    )
    return Replay(
        policies=_figures(days, policies, RATIO_AND_POLICY),
        products=_figures(days, policies, (*PRODUCT, *RATIO_AND_POLICY)),
        products_over_ratios=_figures(days, policies, (*PRODUCT, "policy")),
        data=_counts(scored, first, last),
        days=days,
    )


def run_full_replay(
    facts: ReplayFacts,
    first: date,
    last: date,
    policies: Sequence[str] = tuple(POLICIES),
    progress: Progress = lambda *_: None,
) -> Replay:
    """Replay days in a row, with lots, shelf life and customer orders, each product at its own critical ratio.

    Costs are money; a product without price and cost is left out, and currencies are not added up. Arguments and errors
    are those of ``run_replay``.
    """
    check_options(first, last, policies, RATIOS)
    scored = replayed_days(facts, first, last)
    ratios = critical_ratios(facts["products"])
    valued = conform(CriticalRatios, ratios.drop_nulls("price"))
    scored = conform(ScoredDays, scored.join(valued, on=PRODUCT, how="semi"))
    asked = valued.join(facts["products"].select(*PRODUCT, "shelf_life_days"), on=PRODUCT)
    quantities, worth = [PolicyQuantities.create_empty()], [DemandToCome.create_empty()]
    for morning in _mornings(facts, scored, first, last, policies, asked, progress):
        quantities.append(morning.quantities)
        worth.append(_demand_to_come(morning, facts["products"]))
    days = _product_days(facts, scored, first, last)
    targets = _targets(cast(dy.DataFrame[PolicyQuantities], pl.concat(quantities)), scored, days)
    lived = bake_and_sell(days, targets, facts["products"], cast(dy.DataFrame[DemandToCome], pl.concat(worth)))
    costs = in_money(lived, valued, facts["tenants"])
    unvalued = ratios.filter(pl.col("price").is_null()).height
    return Replay(
        policies=_figures(costs, policies, CURRENCY_AND_POLICY),
        products=_figures(costs, policies, (*PRODUCT, *CURRENCY_AND_POLICY)),
        products_over_ratios=_figures(costs, policies, (*PRODUCT, "policy")),
        data={**_counts(scored, first, last), "products_without_price_and_cost": unvalued},
        days=costs,
        is_full=True,
    )


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


def replayed_days(facts: BacktestFacts, first: date, last: date) -> dy.DataFrame[ScoredDays]:
    """Every day of a series that has sold something in the ``LIVE_DAYS`` before, of the mornings of a replay."""
    mornings = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    recent = facts["sales"].filter(pl.col("sales_date") >= first - timedelta(days=LIVE_DAYS))
    return scored_days(cast(BacktestFacts, {**facts, "sales": recent}), mornings, days=1)


def nothing_to_replay(sales: dy.DataFrame[ops.Sales], scored: pl.DataFrame, first: date, last: date) -> str:
    """Why there is no day to replay, as one line."""
    sold = sales.filter(SOLD)
    days = sold.filter(pl.col("sales_date").is_between(first, last))
    if days.is_empty():
        begin, end = (str(day) for day in (sold["sales_date"].min(), sold["sales_date"].max()))
        span = f"they span {begin} to {end}" if sold.height else "there are none at all"
        return f"There are no sales from {first} to {last}; {span}."
    if scored.is_empty():
        return f"Nothing sold in the {LIVE_DAYS} days before {first}, so no policy knows anything; give a later --from."
    return f"Everything sold out on every day from {first} to {last}, so that demand is not known."


def _mornings(
    facts: BacktestFacts,
    scored: dy.DataFrame[ScoredDays],
    first: date,
    last: date,
    policies: Sequence[str],
    ratios: pl.DataFrame,
    progress: Progress,
) -> Iterator[Morning]:
    """All mornings, with the policies asked for and the one that they are compared with.

    Raises:
        CannotReplay: no day can be replayed.
    """
    if scored.filter("is_open", ~pl.col("is_sold_out")).is_empty():
        raise CannotReplay(nothing_to_replay(facts["sales"], scored, first, last))
    replayed = [name for name in POLICIES if name in policies or name == SAMPLE_QUANTILE]
    return quantities_of_mornings(facts, scored, first, last, replayed, conform(AskedRatios, ratios), progress)


def _demand_to_come(morning: Morning, products: dy.DataFrame[ops.Products]) -> dy.DataFrame[DemandToCome]:
    """By product what a lot baked that morning meets until it is old, as the system's plan has it."""
    days = morning.forecasts.rename({"target_date": "schedule_date"}).select(*PRODUCT_DAY, *QUANTILE_LEVELS)
    of_products = demand_to_come(sum_of_days(days, PRODUCT_DAY), products)
    return conform(DemandToCome, of_products.filter(pl.col("schedule_date") == morning.date))


def _product_days(
    facts: ReplayFacts, scored: dy.DataFrame[ScoredDays], first: date, last: date
) -> dy.DataFrame[ProductDays]:
    """Every day of the products replayed, up to their bakery's last."""
    of_open_shops = (
        scored.filter("is_open")
        .with_columns(demand=pl.col("actual").clip(0.0))
        .group_by(PRODUCT_DATE)
        .agg(ordered_sum("demand"), is_known=~pl.col("is_sold_out").any())
        .with_columns(is_open=pl.lit(True))
    )
    ends = scored.group_by("tenant_id").agg(end=pl.col("date").max())
    days = (
        scored.select(PRODUCT)
        .unique()
        .join(ends, on="tenant_id")
        .select(*PRODUCT, date=pl.date_ranges(pl.lit(first), pl.min_horizontal("end", pl.lit(last))))
        .explode("date")
        .join(of_open_shops, on=PRODUCT_DATE, how="left")
        .join(ordered_before(facts["customer_orders"], facts["tenants"]), on=PRODUCT_DATE, how="left")
        .with_columns(pl.col("is_open").fill_null(False), pl.col("is_known").fill_null(True))
        .with_columns(
            pl.when("is_open").then(pl.col(name).fill_null(0.0)).otherwise(0.0).alias(name)
            for name in ("demand", "due", "ordered")
        )
        .with_columns(demand=pl.max_horizontal("demand", "due").round(DECIMALS))
    )
    return conform(ProductDays, days.sort(PRODUCT_DATE))


def _targets(
    quantities: dy.DataFrame[PolicyQuantities], scored: dy.DataFrame[ScoredDays], days: dy.DataFrame[ProductDays]
) -> dy.DataFrame[Targets]:
    """What each policy wants of a product: the sum over the shops that are open; 0 on other days."""
    of_open_shops = quantities.join(scored.filter("is_open"), on=[*SERIES, "date"], how="semi")
    wanted = of_open_shops.group_by(*PRODUCT_DATE, "policy").agg(target=ordered_sum("quantity").round(DECIMALS))
    policies = quantities.select("policy").unique()
    every = days.select(PRODUCT_DATE).join(policies, how="cross").join(wanted, on=[*PRODUCT_DATE, "policy"], how="left")
    return conform(Targets, every.with_columns(pl.col("target").fill_null(0.0)).sort(Targets.primary_key()))


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
