"""The stage ``stock_movements``: facts and the plan of record become movements, and stock by lot is their sum.

Products are settled first, for what they show to have been made says what was taken of intermediates, and these say
what was taken of ingredients.
"""

from dataclasses import dataclass, replace
from typing import TypedDict, TypeVar, cast

import dataframely as dy
import polars as pl

from bakery_assets.batches.histories import BatchHistories, histories_of
from bakery_assets.batches.of_record import BATCH, RecordedBatches, batches_of_record
from bakery_assets.calendars import closed_days
from bakery_assets.cells import Frames, stock_instants
from bakery_assets.keys import ITEM, LOT
from bakery_assets.kitchens import serving_kitchens
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.assumed_receipts import assumed_receipts
from bakery_assets.materials.assumed_transfers import assumed_transfers
from bakery_assets.materials.items import INGREDIENT_KIND, INTERMEDIATE_KIND, PRODUCT_KIND
from bakery_assets.materials.recorded_supply import unknown_ingredients
from bakery_assets.materials.unit_values import UnitValues, unit_values
from bakery_assets.quantities import CENTS, DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.stages import of_tenants
from bakery_assets.stock import batches as made_of
from bakery_assets.stock import consumption as use
from bakery_assets.stock import recorded as fact_events
from bakery_assets.stock import sales as selling
from bakery_assets.stock.closing_balances import Opening, closing_balances, opening_of
from bakery_assets.stock.distributed import distributed, distributed_days
from bakery_assets.stock.events import Action, StockEvents
from bakery_assets.stock.expiry_limits import MOST_PASSES, ExpiryLimits, expiry_limits, limited, limited_tenants
from bakery_assets.stock.recipes import Recipes, intermediate_values, recipes_of
from bakery_assets.stock.scope import LOCATION_DAY, Scope, scope_of
from bakery_assets.stock.settling import Lots, Promised, Settled, settle

S = TypeVar("S", bound=dy.Schema)


class LedgerInputs(TypedDict):
    """What ``keep_ledger`` reads."""

    tenants: dy.DataFrame[ops.Tenants]
    locations: dy.DataFrame[ops.Locations]
    tenant_settings: dy.DataFrame[ops.TenantSettings]
    opening_hours: dy.DataFrame[ops.OpeningHours]
    calendar: dy.DataFrame[ops.Calendar]
    products: dy.DataFrame[ops.Products]
    ingredients: dy.DataFrame[ops.Ingredients]
    recipes: dy.DataFrame[ops.Recipes]
    recipe_lines: dy.DataFrame[ops.RecipeLines]
    suppliers: dy.DataFrame[ops.Suppliers]
    supplier_items: dy.DataFrame[ops.SupplierItems]
    exchange_rates: dy.DataFrame[ops.ExchangeRates]
    sales: dy.DataFrame[ops.Sales]
    sales_hourly: dy.DataFrame[ops.SalesHourly]
    stock_lots: dy.DataFrame[ops.StockLots]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    supplier_returns: dy.DataFrame[ops.SupplierReturns]
    waste: dy.DataFrame[ops.Waste]
    transfers: dy.DataFrame[ops.Transfers]
    batch_events: dy.DataFrame[ops.BatchEvents]
    batch_consumption: dy.DataFrame[ops.BatchConsumption]
    plan_versions: dy.DataFrame[plans.PlanVersions]
    published_batches: dy.DataFrame[plans.PublishedBatches]
    published_distributions: dy.DataFrame[plans.PublishedDistributions]
    day_forecasts: dy.DataFrame[plans.DemandForecasts]
    closing_balances: dy.DataFrame[plans.StockClosingBalances]


class LedgerTables(TypedDict):
    """What ``keep_ledger`` writes."""

    stock_movements: dy.DataFrame[plans.StockMovements]
    stock_balances: dy.DataFrame[plans.StockBalances]
    unexplained_usage: dy.DataFrame[plans.UnexplainedUsage]
    stock_closing_balances: dy.DataFrame[plans.StockClosingBalances]


@dataclass(frozen=True)
class Ledger:
    """Settled items: in two parts, before and from the instant whose stock is kept."""

    scope: Scope
    opening: Opening
    values: dy.DataFrame[UnitValues]
    before: list[Settled]
    after: list[Settled]

    def settle(self, events: dy.DataFrame[StockEvents], items: pl.Expr) -> pl.DataFrame:
        """Settle all events of some items; returns what was made."""
        timed = events.join(
            self.scope.cells.select("tenant_id", "planned_as_of", "begins_at", "keeps_at"), on="tenant_id"
        ).filter(
            (pl.col("happened_at") <= pl.col("planned_as_of"))
            & (pl.col("begins_at").is_null() | (pl.col("happened_at") >= pl.col("begins_at")))
        )
        is_before = pl.col("happened_at") < pl.col("keeps_at")
        lots, promised = self.opening.lots.filter(items), self.opening.promised.filter(items)
        made = []
        for part, until, settled in (
            (timed.filter(is_before), "keeps_at", self.before),
            (timed.filter(~is_before), "planned_as_of", self.after),
        ):
            ends = self.scope.cells.select("tenant_id", "kitchen_id", until).rename({"kitchen_id": "location_id"})
            expired = ends.select("tenant_id", expired_through=self.scope.expired_through(ends, until))
            done = settle(
                conform(StockEvents, part),
                conform(Lots, lots),
                conform(Promised, promised),
                self.scope.expired_through(part),
                ends_expired=expired,
                fifo_tenants=self.scope.fifo_tenants,
            )
            settled.append(done)
            made.append(done.made)
            lots, promised = done.lots, done.promised
        return pl.concat(made)


def keep_ledger(cells: dy.DataFrame[Cells], inputs: LedgerInputs) -> LedgerTables:
    """Movements and stock by lot of every cell at its planning instant; rows sorted by key.

    Where a day is planned before it begins, both are those expected when it does: until then the record and the
    forecast are taken to be carried out, as they are for what is not reported yet.

    The ledger begins with the last closing balance that no fact recorded since reaches back to, else with the first
    fact about stock; before that, there was none. Movements are written from the start of the day whose stock is kept,
    wherever the ledger began, so that planning a cell again gives the same rows.
    """
    is_limited = pl.col("tenant_id").is_in(limited_tenants(inputs["recipe_lines"]).implode())
    groups = [conform(Cells, cells.filter(is_limited)), conform(Cells, cells.filter(~is_limited))]
    # Bakeries whose recipes limit how long something keeps are settled more than once.
    tables = [_tables(group, _own(inputs, group)) for group in groups if group.height]
    return tables[0] if len(tables) == 1 else _together(tables)


def _tables(cells: dy.DataFrame[Cells], inputs: LedgerInputs) -> LedgerTables:
    known = cells.join(stock_instants(cells), on="tenant_id", maintain_order="left")
    as_the_day_begins = conform(Cells, known.with_columns(planned_as_of="stock_at"))
    # Facts of the evening before may be written down yet, so what is kept is as old as the planning instant asks for.
    ledger = derive(as_the_day_begins, inputs, opening_of(cells, cast("Frames", inputs)))
    keeping = ledger.scope.cells.drop("planned_as_of").join(
        cells.select("tenant_id", "planned_as_of"), on="tenant_id", maintain_order="left"
    )
    return LedgerTables(
        stock_movements=movements(ledger, ledger.after),
        stock_balances=_balances(ledger, inputs),
        unexplained_usage=_unexplained(ledger),
        stock_closing_balances=closing_balances(
            keeping,
            conform(Lots, pl.concat([each.lots for each in ledger.before])),
            conform(Promised, pl.concat([each.promised for each in ledger.before])),
        ),
    )


def _own(inputs: LedgerInputs, cells: dy.DataFrame[Cells]) -> LedgerInputs:
    return cast("LedgerInputs", {name: of_tenants(frame, cells) for name, frame in cast("Frames", inputs).items()})


def _together(tables: list[LedgerTables]) -> LedgerTables:
    """The tables of several groups of tenants, sorted by their keys."""
    return LedgerTables(
        stock_movements=_sorted(plans.StockMovements, [each["stock_movements"] for each in tables]),
        stock_balances=_sorted(plans.StockBalances, [each["stock_balances"] for each in tables]),
        unexplained_usage=_sorted(plans.UnexplainedUsage, [each["unexplained_usage"] for each in tables]),
        stock_closing_balances=_sorted(plans.StockClosingBalances, [each["stock_closing_balances"] for each in tables]),
    )


def _sorted(schema: type[S], parts: list[dy.DataFrame[S]]) -> dy.DataFrame[S]:
    return conform(schema, pl.concat(parts).sort(schema.primary_key()))


def derive(cells: dy.DataFrame[Cells], inputs: LedgerInputs, opening: Opening | None = None) -> Ledger:
    """The whole ledger of every cell, up to its planning instant.

    Args:
        opening: what the ledgers begin with, if not what holds at that instant.
    """
    opening = opening or opening_of(cells, cast("Frames", inputs))
    limits = ExpiryLimits.create_empty()
    ledger = _derive(cells, inputs, opening, limits)
    if limited_tenants(inputs["recipe_lines"]).is_empty():
        return ledger
    for _ in range(MOST_PASSES):
        settled = [*ledger.before, *ledger.after]
        found = expiry_limits(inputs["recipes"], inputs["recipe_lines"], settled)
        if found.equals(limits):
            break
        limits = found
        ledger = _derive(cells, inputs, opening, limits)
    return ledger


def _derive(
    cells: dy.DataFrame[Cells], inputs: LedgerInputs, opening: Opening, limits: dy.DataFrame[ExpiryLimits]
) -> Ledger:
    recipes = recipes_of(inputs["products"], inputs["recipes"], inputs["recipe_lines"], inputs["ingredients"])
    scope = _scope(cells, inputs, opening)
    values = unit_values(cells, inputs)
    values = conform(UnitValues, pl.concat([values, intermediate_values(recipes, values)]))
    ledger = Ledger(scope, opening, values, [], [])
    lives = _shelf_lives(inputs)
    counts = fact_events.counts(scope, inputs["stock_lots"], lives)
    moves = fact_events.transfers(inputs["transfers"])
    brought = assumed_transfers(cells, inputs["plan_versions"], inputs["published_distributions"], inputs["transfers"])
    waste = fact_events.waste(scope, inputs["waste"], counts)
    of_record = batches_of_record(scope.cells, inputs["plan_versions"], inputs["published_batches"])
    histories = histories_of(cells, inputs["batch_events"], of_record)
    made = made_of.made_batches(scope, of_record, histories)
    facts = selling.SalesFacts(inputs["sales"], inputs["sales_hourly"], inputs["day_forecasts"])
    sold = selling.sold_days(scope, facts)
    recorded = made_of.recorded_days(scope, inputs["plan_versions"])
    implied = selling.implied_production(scope, sold, waste, made, recorded, _reported(of_record, histories))
    of_products = pl.concat(
        [
            each.filter(pl.col("item_kind") == PRODUCT_KIND)
            for each in (
                counts,
                _with_made_on(scope, moves),
                distributed(brought),
                waste,
                limited(made_of.production(scope, made, lives), limits),
                limited(selling.implied_batches(scope, implied, lives), limits),
                selling.sales_events(scope, sold, counts, inputs["sales_hourly"], lives),
            )
        ]
    )
    raises = _with_raises(of_products, made, lives, distributed_days(brought))
    raised = ledger.settle(raises, pl.col("item_kind") == PRODUCT_KIND)
    baked = pl.concat(
        [
            implied.select("tenant_id", "product_id", "made_on", "quantity"),
            raised.select("tenant_id", product_id="item_id", made_on="made_on", quantity="amount"),
        ]
    ).rename({"made_on": "date"})
    baked = scope.at_opening(baked, "taken_at").rename({"date": "made_on"})
    taken = pl.concat(
        [
            use.taken_by_batches(recipes, made, inputs["batch_consumption"]),
            use.taken_by_baking(recipes, baked),
        ]
    )
    facts_of_all = pl.concat([counts, moves, waste])
    taken = _settle_intermediates(ledger, recipes, conform(use.Taken, taken), facts_of_all, made, inputs, limits)
    of_ingredients = pl.concat(
        [
            each.filter(pl.col("item_kind") == INGREDIENT_KIND)
            for each in (
                counts,
                moves,
                waste,
                fact_events.receipts(inputs["stock_receipts"]),
                fact_events.returns(scope, inputs["supplier_returns"], inputs["stock_receipts"]),
                _orders_received(scope, cells, inputs, lives),
                use.consumption(scope, taken),
            )
        ]
    )
    ledger.settle(conform(StockEvents, of_ingredients), pl.col("item_kind") == INGREDIENT_KIND)
    return ledger


def _scope(cells: dy.DataFrame[Cells], inputs: LedgerInputs, opening: Opening) -> Scope:
    facts = cast("Frames", inputs)
    named = [serving_kitchens(inputs["locations"]).select("tenant_id", "location_id", "kitchen_id")]
    named += [
        facts[name].select("tenant_id", location_id=column, kitchen_id=pl.lit(None, pl.String))
        for name, column in (
            ("sales", "location_id"), ("stock_lots", "location_id"), ("stock_receipts", "location_id"),
            ("supplier_returns", "location_id"), ("waste", "location_id"), ("transfers", "from_location_id"),
            ("transfers", "to_location_id"),
        )
    ]  # fmt: skip
    locations = pl.concat(named).group_by("tenant_id", "location_id").agg(pl.col("kitchen_id").drop_nulls().first())
    scope = scope_of(
        cells, opening.begins, locations, inputs["opening_hours"], inputs["calendar"], inputs["tenant_settings"]
    )
    past_midnight = with_local_times(
        scope.hours.join(cells.select("tenant_id", "timezone"), on="tenant_id"), closed="closes_at"
    ).filter(pl.col("closed") > pl.col("date").dt.offset_by("1d").cast(pl.Datetime("us")))
    late = pl.col("tenant_id").is_in(past_midnight["tenant_id"].unique().implode())
    known = scope.cells.join(opening.keeps, on="tenant_id", maintain_order="left")
    return replace(scope, cells=known.with_columns(sells_past_midnight=late))


def _shelf_lives(inputs: LedgerInputs) -> pl.DataFrame:
    columns = ["tenant_id", "item_kind", "item_id", "shelf_life_days"]
    return pl.concat(
        [
            inputs["products"].with_columns(item_kind=pl.lit(PRODUCT_KIND), item_id="product_id").select(columns),
            inputs["ingredients"]
            .with_columns(item_kind=pl.lit(INGREDIENT_KIND), item_id="ingredient_id")
            .select(columns),
        ]
    )


def _reported(recorded: dy.DataFrame[RecordedBatches], histories: dy.DataFrame[BatchHistories]) -> pl.DataFrame:
    """Products and days that batch events tell of: of planned batches by number, of others as they say."""
    planned = recorded.select(*BATCH, planned_product="product_id")
    named = histories.join(planned, on=BATCH, how="left").with_columns(
        product_id=pl.coalesce("planned_product", "product_id")
    )
    return named.select("tenant_id", "product_id", "schedule_date").drop_nulls().unique()


def _with_made_on(scope: Scope, moves: dy.DataFrame[StockEvents]) -> pl.DataFrame:
    zones = scope.cells.select("tenant_id", "timezone")
    local = with_local_times(moves.join(zones, on="tenant_id", maintain_order="left"), made_on="happened_at")
    return conform(StockEvents, local.with_columns(pl.col("made_on").dt.date()))


def _with_raises(
    events: pl.DataFrame, made: dy.DataFrame[made_of.MadeBatches], lives: pl.DataFrame, brought: pl.DataFrame
) -> dy.DataFrame[StockEvents]:
    """What is taken of a product beyond the book was made on that day, unless events tell of all its batches.

    Of what is only expected to be sold no more is sold than is there, after what was thrown away.

    Where it is only assumed what was brought to which shop, shops are taken to have helped each other out before
    more is taken to have been made, or something is unexplained.

    Args:
        brought: ``tenant_id, item_id, made_on`` of what is taken to have been brought.
    """
    reported = made.group_by("tenant_id", item_id="product_id", made_on="schedule_date").agg(
        all_reported=pl.col("is_recorded").all()
    )
    is_transfer = pl.col("action") == int(Action.TRANSFER)
    takes = pl.col("action").is_in([int(Action.SELL), int(Action.DISCARD)]) | (is_transfer & ~pl.col("is_assumed"))
    of_day = ["tenant_id", "item_id", "made_on"]
    joined = (
        events.join(reported, on=of_day, how="left", maintain_order="left")
        .join(brought.with_columns(is_brought=True), on=of_day, how="left", maintain_order="left")
        .join(lives, on=ITEM, how="left", maintain_order="left")
    )
    last = pl.col("made_on") + pl.duration(days=pl.col("shelf_life_days") - 1)
    is_waste = pl.col("action") == int(Action.DISCARD)
    of_any_lot = takes & (pl.col("lot_id").is_null() | is_waste)
    raised = of_any_lot & ~pl.col("all_reported").fill_null(value=False)
    return conform(
        StockEvents,
        joined.with_columns(
            is_raised=raised,
            takes_back=of_any_lot & pl.col("is_brought").fill_null(value=False),
            new_lot_id=pl.when(raised).then(pl.format("baked {}", "made_on")).otherwise("new_lot_id"),
            expires_on=pl.when(raised).then(last).otherwise("expires_on"),
        ),
    )


def _settle_intermediates(
    ledger: Ledger,
    recipes: Recipes,
    taken: dy.DataFrame[use.Taken],
    facts: pl.DataFrame,
    batches: dy.DataFrame[made_of.MadeBatches],
    inputs: LedgerInputs,
    limits: dy.DataFrame[ExpiryLimits],
) -> dy.DataFrame[use.Taken]:
    """Settle intermediates level by level; returns what was taken of everything."""
    closed = closed_days(inputs["calendar"])
    reported = facts.filter(pl.col("item_kind") == INTERMEDIATE_KIND)
    in_bill = recipes.bill.select("tenant_id", "item_id").unique()
    for number, level in enumerate(recipes.levels or [in_bill]):
        # Counted intermediates without a bill of their own settle with the first level.
        others = reported.join(in_bill, on=["tenant_id", "item_id"], how="anti") if number == 0 else reported.clear()
        due = taken.filter(pl.col("item_kind") == INTERMEDIATE_KIND).join(
            level, on=["tenant_id", "item_id"], how="semi"
        )
        due = conform(use.Taken, due)
        own = reported.join(level, on=["tenant_id", "item_id"], how="semi")
        begun = limited(use.begun(ledger.scope, recipes, closed, due, batches), limits)
        events = pl.concat([own, others, begun, use.consumption(ledger.scope, due)])
        if events.is_empty() and ledger.opening.lots.is_empty() and ledger.opening.promised.is_empty():
            continue
        members = pl.concat([level, others.select("tenant_id", "item_id").unique()])
        is_member = (pl.col("item_kind") == INTERMEDIATE_KIND) & pl.struct("tenant_id", "item_id").is_in(
            members.select(pl.struct("tenant_id", "item_id").implode()).to_series()
        )
        made = pl.concat([ledger.settle(conform(StockEvents, events), is_member), _still_to_come(ledger.scope, begun)],
                         how="diagonal")  # fmt: skip
        taken = conform(use.Taken, pl.concat([taken, use.taken_by_intermediates(recipes, made)]))
    return taken


def _still_to_come(scope: Scope, begun: dy.DataFrame[StockEvents]) -> pl.DataFrame:
    """What is begun after the planning instant for batches that have begun: what it takes may be begun before that."""
    ahead = begun.join(scope.cells.select("tenant_id", "planned_as_of"), on="tenant_id")
    return ahead.filter(pl.col("happened_at") > pl.col("planned_as_of")).with_columns(amount="quantity")


def _orders_received(
    scope: Scope, cells: dy.DataFrame[Cells], inputs: LedgerInputs, lives: pl.DataFrame
) -> dy.DataFrame[StockEvents]:
    """Orders of bakeries that record no receipts, received at the end of their window."""
    orders = assumed_receipts(cells, inputs["purchase_orders"], inputs["stock_receipts"])
    whose = scope.cells.select("tenant_id", "timezone", location_id="kitchen_id")
    local = with_local_times(orders.join(whose, on="tenant_id"), day="expected_to").with_columns(
        pl.col("day").dt.date()
    )
    named = local.with_columns(item_kind=pl.lit(INGREDIENT_KIND), item_id="ingredient_id")
    return fact_events.events_of(
        named.join(lives, on=ITEM, how="left"),
        happened_at=pl.col("expected_to"),
        action=int(Action.RECEIVE),
        lot_id=pl.format("order {}", "order_id"),
        expires_on=pl.col("day") + pl.duration(days=pl.col("shelf_life_days") - 1),
        source=pl.format("order {}", "order_id"),
        is_assumed=pl.lit(True),
    )


def movements(ledger: Ledger, parts: list[Settled]) -> dy.DataFrame[plans.StockMovements]:
    """The table's rows; what expired did so when its location closed on its last day.

    Args:
        parts: those of ``ledger`` whose movements are wanted, earlier ones first.
    """
    numbered = [each.movements().with_columns(part=pl.lit(number)) for number, each in enumerate(parts)]
    closing = ledger.scope.hours.select(*LOCATION_DAY, closed_at="closes_at").rename({"date": "expired_on"})
    cells = ledger.scope.cells.select("tenant_id", "plan_date")
    rows = (
        pl.concat(numbered)
        .join(closing, on=["tenant_id", "location_id", "expired_on"], how="left", maintain_order="left")
        .join(cells, on="tenant_id", maintain_order="left")
        .join(ledger.values, on=ITEM, how="left", maintain_order="left")
        .with_columns(
            happened_at=pl.when(pl.col("kind") == "expiry")
            .then(pl.coalesce("closed_at", pl.col("expired_on").cast(pl.Datetime("us", "UTC"))))
            .otherwise("happened_at"),
            source=pl.when(pl.col("kind") == "expiry").then(pl.format("last day {}", "expired_on")).otherwise("source"),
            quantity=pl.col("quantity").round(DECIMALS),
            value=pl.when(pl.col("kind").is_in(plans.VALUED_MOVEMENTS)).then(
                (pl.col("quantity") * pl.col("unit_value")).round(CENTS)
            ),
        )
        # What comes after its last day expires when it comes.
        .sort("part", "number")
        .with_columns(happened_at=pl.col("happened_at").cum_max().over(*LOT, "location_id"))
        .sort("tenant_id", "happened_at", *ITEM[1:], "part", "number")
        .with_columns(movement_number=pl.int_range(1, pl.len() + 1).over("tenant_id"))
    )
    return conform(plans.StockMovements, rows)


def _balances(ledger: Ledger, inputs: LedgerInputs) -> dy.DataFrame[plans.StockBalances]:
    """Lots at the planning instant, and ingredients that have none and of which nothing tells what there is."""
    dates = ledger.scope.cells.select("tenant_id", "plan_date", "kitchen_id")
    lots = pl.concat([each.lots for each in ledger.after]).join(dates, on="tenant_id")
    unreported = unknown_ingredients(ledger.scope.cells, inputs["ingredients"], inputs)
    unknown = (
        unreported.with_columns(item_kind=pl.lit(INGREDIENT_KIND), item_id="ingredient_id")
        .join(lots, on=ITEM, how="anti")
        .join(dates, on="tenant_id")
        .with_columns(
            location_id="kitchen_id", lot_id=pl.lit("unknown"), quantity=pl.lit(0.0), is_known=pl.lit(value=False)
        )
        .select("plan_date", *LOT, "location_id", "quantity", "is_known")
    )
    rows = pl.concat([lots.with_columns(is_known=pl.lit(True)), unknown], how="diagonal")
    return conform(plans.StockBalances, rows.sort(*ITEM, "location_id", "lot_id"))


def is_unexplained() -> pl.Expr:
    """Whether what an event took beyond the book is reported: more of an ingredient may have come than was recorded, so
    of what is used or thrown away of one it is not."""
    return (pl.col("item_kind") == PRODUCT_KIND) | (pl.col("action") == int(Action.SEND_BACK))


def _unexplained(ledger: Ledger) -> dy.DataFrame[plans.UnexplainedUsage]:
    """What the book did not have: of products sold or thrown away, though events tell of all that was made, and of
    ingredients that went back to suppliers."""
    rows = (
        pl.concat([each.unexplained for each in ledger.after])
        .filter(is_unexplained() & ~pl.col("is_assumed"))
        .group_by(*ITEM, "location_id", "source", "happened_at")
        .agg(quantity=ordered_sum("amount").round(DECIMALS))
        .join(ledger.scope.cells.select("tenant_id", "plan_date"), on="tenant_id")
        .sort(*ITEM, "location_id", "source", "happened_at")
    )
    return conform(plans.UnexplainedUsage, rows)
