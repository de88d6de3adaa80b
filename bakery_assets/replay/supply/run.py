"""The supply replay: every morning each policy orders from what was known, then suppliers come and the day is baked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any, TypeVar, cast

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.backtesting.series import ScoredDays
from bakery_assets.backtesting.windows import known_before
from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_instants
from bakery_assets.materials.baking_starts import baking_lives, planned_delivery_delays
from bakery_assets.materials.expiry_buckets import Floats, by_day, last_usable_day, receive, shelf_lives
from bakery_assets.materials.ingredient_use import use_per_unit
from bakery_assets.materials.unit_values import unit_values
from bakery_assets.procurement.offers import supplier_offers
from bakery_assets.procurement.plan import ProcurementInputs
from bakery_assets.procurement.service_levels import HIGHEST_LEVEL, LOWEST_LEVEL, USUAL_LEVEL
from bakery_assets.quantities import DECIMALS
from bakery_assets.replay.mornings import Progress, SystemForecasts
from bakery_assets.replay.policies import SYSTEM
from bakery_assets.replay.run import CannotReplay, check_options, nothing_to_replay, replayed_days
from bakery_assets.replay.supply.deliveries import delivery_chances
from bakery_assets.replay.supply.demand import DrawnDemand, drawn_demand, used_by
from bakery_assets.replay.supply.figures import by_bakery, lost_products, over_bakeries
from bakery_assets.replay.supply.ordering import SupplyFacts, system_orders
from bakery_assets.replay.supply.storerooms import STATISTICS_DAYS, Flow, OrderLines, Storerooms
from bakery_assets.replay.supply.textbook import ORDER_UP_TO, REORDER_POINT, StockPositions, textbook_orders
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.tenant_settings import settings_on

READS = tuple(SupplyFacts.__annotations__)
SUPPLY_POLICIES = {
    SYSTEM: "this system's planner: forecasts exploded through recipes, statistical safety stocks",
    REORDER_POINT: "(s, Q): at the reorder point, in multiples of what is used between two deliveries",
    ORDER_UP_TO: "(R, S): up to the level at every delivery",
}
TEXTBOOK = (REORDER_POINT, ORDER_UP_TO)
PLANNED_AT = time(3)
WEEKS_BETWEEN_TRAININGS = 4  # how near the forecasts come is not the question here, and each takes half a minute
STATED = ("ingredients", "products", "recipes", "recipe_lines", "suppliers", "supplier_items", "exchange_rates",
          "shifts", "calendar", "tenants", "tenant_settings")  # fmt: skip
S = TypeVar("S", bound=dy.Schema)


@dataclass(frozen=True)
class SupplyReplay:
    """The result of a supply replay.

    Attributes:
        policies: one mapping a policy, see ``figures.over_bakeries``; bakeries: see ``figures.by_bakery``.
        data: what was replayed, and the ``target`` of the service.
    """

    policies: tuple[dict[str, Any], ...]
    bakeries: tuple[dict[str, Any], ...]
    data: dict[str, Any]


def run_supply_replay(
    facts: SupplyFacts, first: date, last: date, seed: int = 0, progress: Progress = lambda *_: None
) -> SupplyReplay:
    """Replay the mornings from ``first`` to ``last``, both included.

    Every policy begins with the same stock, meets the same demand and the same deliveries, and sets its safety stocks
    by the tenant's ``safety_stock_level``. Without one the system takes each ingredient's own, the textbook policies
    the usual one. Doughs are taken to be begun on the day of baking.

    Args:
        seed: decides every chance.
        progress: called with what is done, and how many of how many mornings are.

    Raises:
        CannotReplay: there is nothing to replay, or no bakery has recipes and suppliers.
    """
    check_options(first, last, (), ())
    facts = _that_buy(facts)
    scored = replayed_days(facts, first, last)
    if scored.filter("is_open").is_empty():
        raise CannotReplay(nothing_to_replay(facts["sales"], scored, first, last))
    days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    mornings = _forecasts(facts, scored, days, progress)
    world = _World.begin(facts, scored, mornings, days, seed)
    for day in range(len(days)):
        progress("days lived", day, len(days))
        world.live(day, mornings[day])
        progress("days lived", day + 1, len(days))
    bakeries = world.figures()
    return SupplyReplay(
        policies=_in_order(over_bakeries(bakeries)),
        bakeries=_in_order(bakeries),
        data={
            "first_day": first.isoformat(),
            "last_day": last.isoformat(),
            "mornings": len(days),
            "tenants": bakeries["bakery"].n_unique(),
            "ingredients": world.items.height // len(SUPPLY_POLICIES),
            "seed": seed,
            "target": world.target,
        },
    )


def _that_buy(facts: SupplyFacts) -> SupplyFacts:
    """Facts of the bakeries that have recipes and offers; doughs are begun on the day of baking, and safety stocks are
    statistical."""
    buys = facts["supplier_items"].select("tenant_id").unique()
    tenants = facts["tenants"].join(buys, on="tenant_id", how="semi")
    tenants = tenants.join(facts["recipe_lines"], on="tenant_id", how="semi")
    if tenants.is_empty():
        raise CannotReplay(
            "No bakery has recipe_lines and supplier_items, so it is not known what to order; add both files."
        )
    own = {
        name: cast(pl.DataFrame, frame).join(tenants, on="tenant_id", how="semi", maintain_order="left")
        for name, frame in facts.items()
    }
    statistical = tenants.select(
        "tenant_id", key=pl.lit("safety_stock_rule"), value=pl.lit("statistical"), valid_from=pl.lit(date(1970, 1, 1))
    )
    kept = own["tenant_settings"].filter(pl.col("key") != "safety_stock_rule")
    no_rule, no_level = pl.lit(None, pl.String), pl.lit(None, pl.Float64)
    own |= {
        "tenants": tenants,
        "tenant_settings": pl.concat([kept, statistical.select(kept.columns)]),
        "recipes": own["recipes"].with_columns(make_days=pl.lit(0, pl.Int32)),
        "ingredients": own["ingredients"].with_columns(
            safety_stock_rule=no_rule, order_up_to=no_level, reorder_point=no_level
        ),
        "suppliers": own["suppliers"].with_columns(safety_stock_rule=no_rule),
    }
    return cast(SupplyFacts, own)


def _forecasts(
    facts: SupplyFacts, scored: dy.DataFrame[ScoredDays], days: Sequence[date], progress: Progress
) -> list[dy.DataFrame[plans.DemandForecasts]]:
    """The system's forecasts of every morning."""
    system, found = SystemForecasts(facts, scored, WEEKS_BETWEEN_TRAININGS), []
    for number, morning in enumerate(days):
        progress("mornings", number, len(days))
        found.append(system.of_morning(morning))
        progress("mornings", number + 1, len(days))
    return found


def _of_policy(frame: pl.DataFrame, policies: Sequence[str]) -> pl.DataFrame:
    """The rows of every policy's bakeries; the tenant of each is ``policy/bakery``."""
    named = pl.format("{}/{}", pl.col("policy"), pl.col("tenant_id"))
    each = frame.join(pl.DataFrame({"policy": policies}), how="cross").with_columns(tenant_id=named)
    return each.select(frame.columns)


class _World:
    """Every policy's bakeries, and what decides what they order."""

    def __init__(self, facts: SupplyFacts, days: list[date], storerooms: Storerooms, items: pl.DataFrame) -> None:
        self.items, self._storerooms, self._days = items, storerooms, days
        self._system = self._facts_of(facts, (SYSTEM,))
        self._textbook = self._facts_of(facts, TEXTBOOK)
        self.demand = DrawnDemand.create_empty()
        self.history = self.required = np.zeros((items.height, 0))
        self.target = 0.0
        self._planned = plans.ProcurementRequirements.create_empty()
        self._used = use_per_unit(self._facts_of(facts, tuple(SUPPLY_POLICIES)))
        self._products = cast(dy.DataFrame[ops.Products], _of_policy(facts["products"], tuple(SUPPLY_POLICIES)))

    @classmethod
    def begin(
        cls,
        facts: SupplyFacts,
        scored: dy.DataFrame[ScoredDays],
        mornings: Sequence[dy.DataFrame[plans.DemandForecasts]],
        days: list[date],
        seed: int,
    ) -> "_World":
        """The evening before the first morning: what will be wanted and how suppliers will come is drawn."""
        first, policies = days[0], tuple(SUPPLY_POLICIES)
        cells = _cells(facts["tenants"], first)
        values = unit_values(cells, facts).rename({"item_id": "ingredient_id"})
        on = cells.select("tenant_id", date="plan_date")
        levels = settings_on(on, facts["tenant_settings"], ("safety_stock_level",)).drop("date")
        own = (
            facts["ingredients"]
            .join(facts["supplier_items"], on=INGREDIENT, how="semi")
            .join(facts["tenants"].select("tenant_id", "timezone", "currency"), on="tenant_id")
            .join(values.select(*INGREDIENT, "unit_value"), on=INGREDIENT, how="left")
            .join(levels, on="tenant_id")
            .with_columns(
                pl.col("unit_value").fill_null(0.0),
                level=pl.col("safety_stock_level").fill_null(USUAL_LEVEL).clip(LOWEST_LEVEL, HIGHEST_LEVEL),
            )
            .sort(INGREDIENT)
        )
        own = own.with_columns(
            baking_lives(own, facts["shifts"]), delay=pl.Series(planned_delivery_delays(own, facts["shifts"]))
        )
        items = _of_policy(own, policies).sort(INGREDIENT).with_row_index("row")
        of_day = [each.filter(pl.col("target_date") == pl.col("plan_date")) for each in mornings]
        demand = drawn_demand(
            cast(dy.DataFrame[plans.DemandForecasts], pl.concat(of_day)), scored, facts["products"], seed
        )
        used = use_per_unit(facts)
        before = first - timedelta(days=STATISTICS_DAYS)
        sold = known_before(facts, first)["sales"].filter(pl.col("sales_date") >= before)
        of_products = sold.select("tenant_id", "product_id", date="sales_date", quantity=pl.col("quantity").clip(0.0))
        history = used_by(of_products, used)
        required = used_by(demand.rename({"demand": "quantity"}), used)
        until = days[-1] + timedelta(days=60)
        chances = delivery_chances(facts["suppliers"], facts["supplier_items"], first, until, seed)
        shelf_life = shelf_lives(items["baking_life"])
        storerooms = Storerooms(
            items=items,
            shelf_life=shelf_life,
            buckets=np.zeros((items.height, len(days) + 1)),
            chances=cast(Any, _of_policy(chances, policies)),
            flow=Flow.of(items.height, len(days)),
        )
        world = cls(facts, days, storerooms, items)
        world.history = world._by_day(history, before, STATISTICS_DAYS)
        world.required = world._by_day(required, first, len(days))
        world.demand = cast(dy.DataFrame[DrawnDemand], _of_policy(demand, policies))
        world.target = float(min(own["level"].to_list()))
        cover = _days_of_first_stock(supplier_offers(cells, _without_orders(facts)), items)
        opening = world.history.mean(axis=1) * np.minimum(cover, np.maximum(shelf_life - 1, 0))
        receive(storerooms.buckets, np.round(opening, DECIMALS), last_usable_day(-1, shelf_life))
        return world

    def live(self, day: int, forecasts: dy.DataFrame[plans.DemandForecasts]) -> None:
        """A morning's orders, and the day that follows."""
        morning, storerooms = self._days[day], self._storerooms
        on = pl.lit(morning)
        cells = _cells(self._system["tenants"], morning)
        own = cast(dy.DataFrame[plans.DemandForecasts], _of_policy(forecasts, (SYSTEM,)))
        ordered, self._planned = system_orders(cells, self._system, own, storerooms, day, self._planned)
        orders = [ordered]
        others = _cells(self._textbook["tenants"], morning)
        placed, receipts = storerooms.orders_and_receipts(others, self._textbook)
        came = {"stock_receipts": receipts, "supplier_returns": ops.SupplierReturns.create_empty()}
        inputs = cast(ProcurementInputs, {**self._textbook, "purchase_orders": placed, **came})
        orders.append(textbook_orders(others, inputs, self._positions(day, on)))
        storerooms.order(cast(dy.DataFrame[OrderLines], pl.concat(orders)), on)
        storerooms.live(day, on, self.required[:, day])

    def figures(self) -> pl.DataFrame:
        """What it came to, by policy and bakery."""
        flow = self._storerooms.flow
        lost = lost_products(self.items, flow, self.demand, self._used, self._days)
        return by_bakery(self.items, flow, self._storerooms.lines, lost, self._products)

    def _positions(self, day: int, on: pl.Expr) -> dy.DataFrame[StockPositions]:
        known = np.concatenate([self.history, self.required[:, :day]], axis=1)[:, -STATISTICS_DAYS:]
        stock = self._storerooms.buckets.sum(axis=1) + self._storerooms.on_order(on)
        rows = self.items.with_columns(
            policy=pl.col("tenant_id").str.splitn("/", 2).struct[0],
            position=pl.Series(np.round(stock, DECIMALS)),
            daily_use=pl.Series(known.mean(axis=1)),
            daily_use_variance=pl.Series(known.var(axis=1, ddof=1)),
            shelf_life=pl.Series(self._storerooms.shelf_life),
        )
        return conform(StockPositions, rows.filter(pl.col("policy") != SYSTEM))

    def _by_day(self, use: pl.DataFrame, first: date, days: int) -> Floats:
        numbered = _of_policy(use, tuple(SUPPLY_POLICIES)).with_columns(
            day=(pl.col("date") - pl.lit(first)).dt.total_days()
        )
        return by_day(numbered, self.items, INGREDIENT, "quantity", days)

    @staticmethod
    def _facts_of(facts: SupplyFacts, policies: Sequence[str]) -> SupplyFacts:
        return cast(
            SupplyFacts, {name: _of_policy(cast(dict[str, pl.DataFrame], facts)[name], policies) for name in STATED}
        )


def _cells(tenants: pl.DataFrame, morning: date) -> dy.DataFrame[Cells]:
    """Every bakery's cell, planned before work begins."""
    dated = tenants.with_columns(plan_date=pl.lit(morning), at=pl.lit(PLANNED_AT))
    return conform(Cells, with_instants(dated, "planned_as_of", day="plan_date", wall_time="at").sort("tenant_id"))


def _without_orders(facts: SupplyFacts) -> ProcurementInputs:
    nothing = {
        "purchase_orders": ops.PurchaseOrders.create_empty(),
        "stock_receipts": ops.StockReceipts.create_empty(),
        "supplier_returns": ops.SupplierReturns.create_empty(),
    }
    return cast(ProcurementInputs, {**facts, **nothing})


def _days_of_first_stock(offers: pl.DataFrame, items: pl.DataFrame) -> Floats:
    """Days of mean use with which every policy begins: lead time and review period of the best offer, and two more."""
    first = offers.unique(INGREDIENT, keep="first", maintain_order=True)
    lasts = pl.col("lead_time_days") + 7 / pl.col("delivers_on").list.len().clip(1) + 2
    bakery = pl.col("tenant_id").str.splitn("/", 2).struct[1]
    rows = items.with_columns(tenant_id=bakery).join(
        first.select(*INGREDIENT, cover=lasts), on=INGREDIENT, how="left", maintain_order="left"
    )
    cover: Floats = rows["cover"].fill_null(0.0).to_numpy()
    return cover


def _in_order(rows: pl.DataFrame) -> tuple[dict[str, Any], ...]:
    place = pl.col("policy").replace_strict(
        {name: at for at, name in enumerate(SUPPLY_POLICIES)}, return_dtype=pl.Int32
    )
    return tuple(rows.sort(place, maintain_order=True).iter_rows(named=True))
