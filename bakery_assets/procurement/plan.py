"""The stage ``procurement_plans``: net requirements of ingredients, the orders that cover them, and both tables' rows.

How orders are timed and sized is in ``replenishment``, what people read about them in ``explanations.procurement``.
"""

from typing import TypedDict

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bakery_assets.cells import OUTLOOK_DAYS
from bakery_assets.explanations.formats import money
from bakery_assets.explanations.overdue_orders import listed_orders, named_overdue_orders
from bakery_assets.explanations.procurement import (
    ExplainedPlans,
    PlanTerms,
    RequirementTerms,
    add_plan_explanations,
    add_requirement_explanations,
)
from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_instants
from bakery_assets.materials.baking_starts import baking_lives
from bakery_assets.materials.delivery_windows import days_until_usable
from bakery_assets.materials.demand import DailyDemand, daily_demand
from bakery_assets.materials.expiry_buckets import Ints, by_day, expiry_buckets, shelf_lives, total
from bakery_assets.materials.gross_requirements import GrossRequirements, ingredient_requirements, where_used
from bakery_assets.materials.ingredient_use import daily_use_variance, use_per_unit
from bakery_assets.materials.items import INGREDIENT_KIND
from bakery_assets.materials.master_schedule import master_schedule
from bakery_assets.materials.recipe_faults import without_left_out
from bakery_assets.materials.scheduled_receipts import (
    LINE,
    ScheduledReceipts,
    open_orders,
    overdue_orders,
    scheduled_receipts,
)
from bakery_assets.materials.stock import StockOnHand, stock_on_hand, unknown_stock
from bakery_assets.procurement.alternatives import (
    exhausted_offers,
    expiring,
    margin_at_stake,
    margins,
    other_offers,
    splits,
)
from bakery_assets.procurement.earlier_proposals import ProposalInputs, proposed_by_day
from bakery_assets.procurement.joint_minimum import place_joint_orders
from bakery_assets.procurement.offers import (
    DELIVERY_DAYS,
    Offers,
    SupplierOffers,
    order_days,
    supplier_offers,
    usable_deliveries,
)
from bakery_assets.procurement.proposals import purchase_proposals, with_proposals, with_version
from bakery_assets.procurement.records import (
    NO_LIMIT,
    MrpRecords,
    by_delivery_cycle,
    days_or_null,
    most_within,
    order_quantity,
)
from bakery_assets.procurement.replenishment import look_ahead
from bakery_assets.procurement.safety_stock import with_safety_stock
from bakery_assets.procurement.service_levels import margin_per_unit
from bakery_assets.quantities import CENTS, DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.tenant_settings import settings_on

KEEPING = ("proposal_change_threshold", "proposal_early_days")


class ProcurementInputs(ProposalInputs):
    """What ``plan_procurement`` reads."""

    tenants: dy.DataFrame[ops.Tenants]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    customer_orders: dy.DataFrame[ops.CustomerOrders]
    production_batches: dy.DataFrame[plans.ProductionBatches]
    master_data_faults: dy.DataFrame[plans.MasterDataFaults]
    recipes: dy.DataFrame[ops.Recipes]
    recipe_lines: dy.DataFrame[ops.RecipeLines]
    products: dy.DataFrame[ops.Products]
    ingredients: dy.DataFrame[ops.Ingredients]
    suppliers: dy.DataFrame[ops.Suppliers]
    supplier_items: dy.DataFrame[ops.SupplierItems]
    exchange_rates: dy.DataFrame[ops.ExchangeRates]
    calendar: dy.DataFrame[ops.Calendar]
    shifts: dy.DataFrame[ops.Shifts]
    stock_movements: dy.DataFrame[plans.StockMovements]
    stock_balances: dy.DataFrame[plans.StockBalances]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    supplier_returns: dy.DataFrame[ops.SupplierReturns]


class ProcurementTables(TypedDict):
    """What ``plan_procurement`` writes."""

    procurement_plans: dy.DataFrame[plans.ProcurementPlans]
    purchase_proposals: dy.DataFrame[plans.PurchaseProposals]
    procurement_requirements: dy.DataFrame[plans.ProcurementRequirements]


def plan_procurement(cells: dy.DataFrame[Cells], inputs: ProcurementInputs) -> ProcurementTables:
    """What to order from whom and by when, for 14 days.

    ``procurement_requirements`` has one row per ingredient and delivery to order, and one per ingredient that is
    required and has no order to place. On a row with an order, gross_requirement, on_hand, scheduled_receipts and
    net_requirement are the terms of that order's sum: from the day on which stock falls short (needed_on) to the day
    of the largest shortage. on_hand is then
    the stock projected for that morning. On a row without an order they are the sums of the 14 days, with today's
    stock, and needed_on is the day stock falls short, if it does. In both, net_requirement = gross_requirement +
    safety_stock - on_hand - scheduled_receipts, at least 0, and stock that expires before it is used is not in
    on_hand. An order that arrives after the 14 days counts, in scheduled_receipts, open orders up to its own day.
    Nothing is required for products that ``master_data_faults`` leaves out. ``purchase_proposals`` has one row per
    supplier and delivery, whose lines are the requirements with an order.

    An ingredient whose stock is not known is planned by delivery cycle: each delivery brings what is baked from its day
    until the next possible delivery, without stock, without safety stock, and without saying that anything runs out.
    """
    demand = without_left_out(daily_demand(cells, inputs, OUTLOOK_DAYS), inputs["master_data_faults"])
    schedule = master_schedule(cells, inputs, conform(DailyDemand, demand))
    used = where_used(schedule, inputs, inputs["products"])
    stock = stock_on_hand(cells, inputs)
    items = inputs["ingredients"].join(cells, on="tenant_id").sort(INGREDIENT).with_row_index("row")
    items = items.with_columns(pl.col("row").cast(pl.Int32))
    receipts = scheduled_receipts(cells, inputs)
    gross = ingredient_requirements(cells, schedule, inputs, stock)
    offered = supplier_offers(cells, inputs).join(items, on=INGREDIENT, how="semi", maintain_order="left")
    offers = conform(SupplierOffers, offered)
    items = _with_levels(cells, items, offers, gross, inputs)
    records = _records(items, gross, receipts, stock, inputs["shifts"])
    order_by_delivery = order_days(offers, cells, inputs)
    comes = (order_by_delivery >= 0) & ~_full_deliveries(cells, offers, inputs)
    deliverable = _offers(cells, offers, items, comes, inputs)
    by_cycle = by_delivery_cycle(records, deliverable, ~items["is_known"].to_numpy())
    orders = place_joint_orders(by_cycle, deliverable)
    margin = margins(items, schedule, used, inputs["recipes"], inputs["products"], OUTLOOK_DAYS)
    judged = orders.with_columns(
        expiring_quantity=pl.Series(expiring(by_cycle, orders)),
        margin_at_stake=pl.Series(margin_at_stake(margin, orders)),
    ).hstack(other_offers(by_cycle, deliverable, orders))
    ordered = _ordered(judged, exhausted_offers(deliverable, orders), items, offers, order_by_delivery)
    not_ordered = _not_ordered(orders, items, offers, records)
    overdue = _no_longer_counted(cells, inputs)
    terms = _requirement_terms(ordered, not_ordered, items, records, overdue)
    explained = with_proposals(add_requirement_explanations(terms, used))
    proposals = purchase_proposals(explained, used, inputs["customer_orders"])

    def versioned(rows: pl.DataFrame) -> pl.DataFrame:
        return with_version(rows, cells, inputs["plan_versions"]).with_columns(status=pl.lit("draft"))

    return ProcurementTables(
        procurement_plans=conform(plans.ProcurementPlans, versioned(_plans(cells, explained))),
        purchase_proposals=conform(plans.PurchaseProposals, versioned(proposals)),
        procurement_requirements=conform(plans.ProcurementRequirements, versioned(explained)),
    )


def _with_levels(
    cells: dy.DataFrame[Cells],
    items: pl.DataFrame,
    offers: dy.DataFrame[SupplierOffers],
    gross: dy.DataFrame[GrossRequirements],
    inputs: ProcurementInputs,
) -> pl.DataFrame:
    """Items with their safety stocks and levels, and ``is_known``; where stock is not known no level is planned, for
    it cannot be kept."""
    mean = gross.group_by(INGREDIENT).agg(daily_use=(ordered_sum("gross_requirement") / OUTLOOK_DAYS).round(DECIMALS))
    used = items.join(mean, on=INGREDIENT, how="left", maintain_order="left").with_columns(
        pl.col("daily_use").fill_null(0.0)
    )
    forecasts, used_per = inputs["demand_forecasts"], use_per_unit(inputs)
    variance = daily_use_variance(cells, forecasts, used_per)
    lost = margin_per_unit(forecasts, used_per, inputs["products"])
    levels = with_safety_stock(cells, used, offers, variance, lost, inputs)
    unknown = unknown_stock(inputs).filter(pl.col("item_kind") == INGREDIENT_KIND)
    ingredients = unknown.select("tenant_id", ingredient_id="item_id", is_known=pl.lit(value=False))
    is_known = pl.col("is_known").is_null()
    return levels.join(ingredients, on=INGREDIENT, how="left", maintain_order="left").with_columns(
        *(pl.when(is_known).then(name).otherwise(0.0).alias(name) for name in ("safety_stock", "target_stock")),
        reorders=pl.col("reorders") & is_known,
        is_known=is_known,
    )


def _records(
    items: pl.DataFrame,
    gross: dy.DataFrame[GrossRequirements],
    receipts: dy.DataFrame[ScheduledReceipts],
    stock: dy.DataFrame[StockOnHand],
    shifts: dy.DataFrame[ops.Shifts],
) -> MrpRecords:
    lots = stock.filter(pl.col("item_kind") == INGREDIENT_KIND).rename({"item_id": "ingredient_id"})
    days = min(max(OUTLOOK_DAYS, 2 + max(receipts["day"].to_list(), default=0)), DELIVERY_DAYS)
    in_time, after = (by_day(receipts, items, INGREDIENT, name, days) for name in ("quantity", "after_baking"))
    shelf_life = shelf_lives(baking_lives(items, shifts))
    # What is good for one day's baking only and comes when baking has begun can never be used.
    late = np.zeros_like(after)
    late[:, 1:] = np.where(shelf_life[:, None] > 1, after[:, :-1], 0.0)
    return MrpRecords(
        gross_requirement=by_day(gross, items, INGREDIENT, "gross_requirement", OUTLOOK_DAYS),
        scheduled_receipts=np.round(in_time + late, DECIMALS),
        on_hand=expiry_buckets(lots, items, INGREDIENT, OUTLOOK_DAYS),
        safety_stock=items["safety_stock"].to_numpy(),
        shelf_life=shelf_life,
        late_receipts=late,
        storage_limit=items["storage_limit"].fill_null(NO_LIMIT).to_numpy(),
        target_stock=items["target_stock"].to_numpy(),
        reorders=items["reorders"].to_numpy(),
    )


def _offers(
    cells: dy.DataFrame[Cells],
    offers: dy.DataFrame[SupplierOffers],
    items: pl.DataFrame,
    comes: NDArray[np.bool_],
    inputs: ProcurementInputs,
) -> Offers:
    # What is ordered up to a level, or of unknown stock for a cycle, is what the level and the cycle say.
    can_keep = pl.col("is_known") & pl.col("order_up_to").is_null()
    numbered = items.select(*INGREDIENT, "row", can_keep=can_keep)
    chosen = settings_on(cells.select("tenant_id", date="plan_date"), inputs["tenant_settings"], KEEPING).drop("date")
    rows = offers.join(numbered, on=INGREDIENT, how="left", maintain_order="left").join(
        chosen, on="tenant_id", how="left", maintain_order="left"
    )
    item = rows["row"].to_numpy()
    waits = days_until_usable(rows, cells, inputs)
    delivered = usable_deliveries(comes, waits)
    minimum, pack = rows["minimum_quantity"].to_numpy(), rows["pack_size"].to_numpy()
    largest = most_within(rows["maximum_quantity"].fill_null(NO_LIMIT).to_numpy(), pack)
    return Offers(
        item=item,
        minimum=minimum,
        pack=pack,
        maximum=np.maximum(largest, order_quantity(np.zeros(len(item)), minimum, pack)),
        supplier=rows.select(pl.struct("tenant_id", "supplier_id").rank("dense"))["tenant_id"]
        .cast(pl.Int64)
        .to_numpy(),
        price=rows["price"].to_numpy(),
        minimum_value=rows["minimum_order_value"].to_numpy(),
        delivers=delivered >= 0,
        delivered=delivered,
        proposed=proposed_by_day(cells, rows, waits, inputs),
        change_threshold=rows["proposal_change_threshold"].to_numpy(),
        early_days=rows["proposal_early_days"].cast(pl.Int64).to_numpy(),
    )


def _full_deliveries(
    cells: dy.DataFrame[Cells], offers: dy.DataFrame[SupplierOffers], inputs: ProcurementInputs
) -> NDArray[np.bool_]:
    """Offers by ``DELIVERY_DAYS`` days: whether the delivery brings no more of the item, because the supplier has a
    largest quantity and something of it is on order for that day already."""
    placed = inputs["purchase_orders"].select(*LINE, "supplier_id")
    limited = offers.with_row_index("offer").filter(pl.col("maximum_quantity").is_not_null())
    taken = (
        open_orders(cells, inputs)
        .filter("is_expected", pl.col("day") < DELIVERY_DAYS)
        .join(placed, on=LINE)
        .join(limited.select("offer", *INGREDIENT, "supplier_id"), on=[*INGREDIENT, "supplier_id"])
    )
    full = np.zeros((offers.height, DELIVERY_DAYS), dtype=np.bool_)
    full[taken["offer"].to_numpy(), taken["day"].to_numpy()] = True
    return full


def _requirement_terms(
    ordered: pl.DataFrame,
    not_ordered: pl.DataFrame,
    items: pl.DataFrame,
    records: MrpRecords,
    overdue: pl.DataFrame,
) -> dy.DataFrame[RequirementTerms]:
    """Every order and every ingredient without one, numbered within each tenant by deadline and ingredient; rows
    without an order come last."""
    stock = items.select(*INGREDIENT, stock_today=pl.Series(total(records.on_hand)))
    number = pl.int_range(1, pl.len() + 1).over("tenant_id").cast(pl.String)
    digits = pl.len().over("tenant_id").cast(pl.String).str.len_chars().cast(pl.Int64).clip(3)
    terms = (
        pl.concat([ordered, not_ordered], how="diagonal_relaxed")
        .join(overdue, on=INGREDIENT, how="left")
        .join(stock, on=INGREDIENT)
        .with_columns(pl.col("overdue_excluded").fill_null(0.0), is_stock_known="is_known")
        .sort("tenant_id", "order_by", "ingredient_id", "deliver_on", "supplier_id", nulls_last=True)
        .with_columns(requirement_number="R" + number.str.pad_start(digits, "0"))
    )
    return conform(RequirementTerms, terms)


def _no_longer_counted(cells: dy.DataFrame[Cells], inputs: ProcurementInputs) -> pl.DataFrame:
    """By ingredient ``overdue_excluded``, what is overdue and no longer expected, and its ``overdue_orders``."""
    named = named_overdue_orders(cells, overdue_orders(cells, inputs), inputs["suppliers"], inputs["ingredients"])
    return (
        named.filter(~pl.col("is_expected"))
        .group_by(INGREDIENT, maintain_order=True)
        .agg(overdue_excluded=ordered_sum("open").round(DECIMALS), overdue_orders=listed_orders("phrase"))
    )


def _ordered(
    orders: pl.DataFrame, exhausted: pl.DataFrame, items: pl.DataFrame, offers: pl.DataFrame, order_by_delivery: Ints
) -> pl.DataFrame:
    """The requirements with an order."""
    order_day = order_by_delivery[orders["offer"].to_numpy(), orders["deliver_day"].to_numpy()]
    offered = offers.with_row_index("offer").with_columns(pl.col("offer").cast(pl.Int32)).drop(INGREDIENT)
    others = offered.select(
        pl.col("offer").cast(pl.Int64).alias("other"),
        other_supplier="supplier", other_price="price", other_currency="currency", other_score="score",
    )  # fmt: skip
    named = (
        orders.with_columns(order_day=pl.Series(order_day, dtype=pl.Int64))
        .with_row_index("order")
        .join(items.rename({"row": "item"}), on="item")
        .join(offered, on="offer")
        .join(others, on="other", how="left")
    )
    rows = splits(named, exhausted).with_columns(
        added_for_minimum_order_value="added_for_minimum",
        left_out_quantity="left_out",
        safety_stock="target_stock",
        expiring_cost=(pl.col("expiring_quantity") * pl.col("price")).round(CENTS),
        other_cost=(pl.col("other_quantity") * pl.col("other_price")).round(CENTS),
        other_deliver_on=_date("other_day"),
        latest_deliver_on=_date("latest_deliver_day"),
        planned_order_quantity="quantity",
        cost=(pl.col("quantity") * pl.col("price")).round(CENTS),
        order_on=_date("order_day"),
        deliver_on=_date("deliver_day"),
        needed_on=_date("needed_day"),
        covered_through=_date("last_day_covered"),
        max_shortage_on=_date("max_shortage_day"),
        stockout_on=pl.when("is_known").then(_date("stockout_day")),
        is_late=pl.col("usable_day") > pl.col("needed_day"),
        usable_on=_date("usable_day"),
        has_offer=pl.lit(True),
    )
    delivery = ["tenant_id", "supplier_id", "deliver_on"]
    return with_instants(rows, "order_by", day="order_on", wall_time="order_cutoff_time").with_columns(
        delivery_value=ordered_sum("cost").over(delivery).round(CENTS)
    )


def _not_ordered(orders: pl.DataFrame, items: pl.DataFrame, offers: pl.DataFrame, records: MrpRecords) -> pl.DataFrame:
    """The ingredients that are required, or short, and have no order: the sums of the 14 days."""
    ahead = look_ahead(records)
    on_hand, received, expired = total(records.on_hand), ahead.scheduled_receipts[:, -1], ahead.expired[:, -1]
    sums = items.with_columns(
        gross_requirement=pl.Series(ahead.gross_requirement[:, -1]),
        on_hand=pl.Series(np.maximum(on_hand - expired, 0.0)).round(DECIMALS),
        scheduled_receipts=pl.Series(received - np.maximum(expired - on_hand, 0.0)).round(DECIMALS),
        scheduled_receipts_later=pl.Series(records.scheduled_receipts[:, OUTLOOK_DAYS:].sum(axis=1)).round(DECIMALS),
        expires_unused=pl.Series(expired).round(DECIMALS),
        needed_day=days_or_null(ahead.shortage_day),
        stockout_day=days_or_null(ahead.stockout_day),
        net_requirement=pl.Series(ahead.shortage[:, -1]),
    )
    cheapest = offers.unique(INGREDIENT, keep="first", maintain_order=True)
    return (
        sums.filter((pl.col("gross_requirement") > 0) | pl.col("needed_day").is_not_null())
        .join(orders, left_on="row", right_on="item", how="anti")
        .join(cheapest.select(*INGREDIENT, "supplier_id", "supplier"), on=INGREDIENT, how="left")
        .with_columns(
            planned_order_quantity=pl.lit(0.0),
            cost=pl.lit(0.0),
            left_out_quantity=pl.lit(0.0),
            expiring_quantity=pl.lit(0.0),
            # What is not known to be there is not said to be missing.
            needed_on=pl.when("is_known").then(_date("needed_day")),
            stockout_on=pl.when("is_known").then(_date("stockout_day")),
            is_late=pl.lit(value=False),
            has_offer=pl.col("supplier_id").is_not_null(),
        )
    )


def _date(day: str | pl.Expr) -> pl.Expr:
    """A day counted from the plan date as a date; null stays null."""
    return pl.col("plan_date") + pl.duration(days=day)


def _plans(cells: dy.DataFrame[Cells], requirements: pl.DataFrame) -> dy.DataFrame[ExplainedPlans]:
    """One row per tenant: what its orders amount to, each currency without an exchange rate by itself."""
    has_order = pl.col("planned_order_quantity") > 0
    without_rate = requirements.filter(has_order & pl.col("exchange_rate").is_null())
    sums = (
        requirements.with_columns(own_cost=(pl.col("cost") * pl.col("exchange_rate").fill_null(0.0)).round(CENTS))
        .group_by("tenant_id")
        .agg(
            orders_14d=pl.struct("supplier_id", "deliver_on").filter(has_order).n_unique(),
            total_cost=ordered_sum("own_cost").round(CENTS),
            first_order_by=pl.col("order_on").min(),
            ingredients_ordered=pl.col("ingredient_id").filter(has_order).n_unique(),
            ingredients_not_ordered=(~has_order).sum(),
            ingredients_without_supplier=(~pl.col("has_offer")).sum(),
            late_requirements=pl.col("is_late").sum(),
            ingredients_with_stockout=pl.col("ingredient_id").filter(pl.col("stockout_on").is_not_null()).n_unique(),
            first_stockout_on=pl.col("stockout_on").min(),
            ingredients_with_unknown_stock=pl.col("ingredient_id").filter(~pl.col("is_stock_known")).n_unique(),
        )
    )
    counts = [name for name in sums.columns if name.startswith(("ingredients_", "late_", "orders"))]
    totals = (
        cells.join(sums, on="tenant_id", how="left")
        .join(_costs_in_other_currencies(without_rate), on="tenant_id", how="left")
        .with_columns(pl.col(counts).fill_null(0), pl.col("total_cost").fill_null(0.0))
        .sort("tenant_id")
    )
    return add_plan_explanations(conform(PlanTerms, totals))


def _costs_in_other_currencies(orders: pl.DataFrame) -> pl.DataFrame:
    """One text per tenant: its amounts in currencies without an exchange rate, by their codes."""
    amounts = orders.group_by("tenant_id", "currency").agg(cost=ordered_sum("cost").round(CENTS))
    return (
        amounts.sort("tenant_id", "currency")
        .group_by("tenant_id", maintain_order=True)
        .agg(costs_in_other_currencies=money("cost").str.join(" and "))
    )
