"""Explanations of a procurement plan: every term of its sums as JSON, and what happens without its orders.

What is ordered is decided in ``procurement``; alerts about orders are in ``briefing``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.cells import OUTLOOK_DAYS
from bakery_assets.explanations.formats import as_json, counted, iso_date, money, plain_number, quantity
from bakery_assets.materials.gross_requirements import WhereUsed
from bakery_assets.quantities import TOLERANCE
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans

NAMED_PRODUCTS = 3

# Formulas of the safety stock are in ``procurement.safety_stock``.
OUTLOOK_TERMS = (
    "expires_unused", "gross_requirement", "needed_on", "net_requirement", "on_hand", "overdue_excluded",
    "planned_order_quantity", "is_stock_known", "stockout_on", "safety_stock", "safety_stock_rule",
    "safety_stock_level", "daily_use", "daily_use_variance", "lead_days", "review_days", "lead_time_variance",
    "margin_per_unit", "keeping_cost", "order_up_to",
    "reorder_point", "scheduled_receipts", "scheduled_receipts_later", "stock_today", "sum", "unit",
)  # fmt: skip
ORDER_TERMS = (
    *OUTLOOK_TERMS, "added_for_minimum_order_value", "cost", "covered_through", "currency", "deliver_on",
    "delivery_value", "exchange_rate", "expired_before", "expiring_cost", "expiring_quantity", "full_suppliers",
    "kept_quantity", "latest_deliver_on", "lead_time_days", "lead_time_unit", "left_out_quantity", "limited_to",
    "margin_at_stake", "maximum_quantity", "minimum_order_value", "rest_from", "rest_quantity",
    "minimum_quantity", "order_on", "ordered_before", "other_cost", "other_currency", "other_deliver_on",
    "other_quantity", "other_score", "other_supplier", "over_storage", "pack_size", "price", "quality", "reliability",
    "scheduled_receipts_before", "storage_limit", "max_shortage_on", "score", "supplier", "unmet_before", "usable_on",
    "used_before",
)  # fmt: skip
ORDER_SUM = (
    "net_requirement = gross_requirement + safety_stock (order_up_to where that is given) - on_hand - "
    "scheduled_receipts, from needed_on to max_shortage_on; gross_requirement includes unmet_before; "
    "scheduled_receipts includes scheduled_receipts_later, "
    "which arrives after the last day of requirements and by deliver_on; "
    "on_hand = stock_today + scheduled_receipts_before + ordered_before - used_before - expired_before - "
    "expires_unused, and what expires beyond that is subtracted from scheduled_receipts; planned_order_quantity = "
    "net_requirement, at least minimum_quantity, rounded up to a "
    "multiple of pack_size (0: any), or limited_to where that is given, or kept_quantity, plus "
    "added_for_minimum_order_value; kept_quantity is what the plan before proposed, where that is more by less than "
    "proposal_change_threshold of it; latest_deliver_on is the last delivery in time, where the plan before proposed "
    "one at most proposal_early_days earlier, which stays; "
    "limited_to is what maximum_quantity and the room up to storage_limit let come; left_out_quantity = "
    "net_requirement less what is ordered, at least 0, and rest_quantity of it is ordered from rest_from, for whom "
    "this order is in ordered_before; full_suppliers are preferred and can bring no more by needed_on; "
    "overdue_excluded is overdue for longer than overdue_grace_days and is not counted"
)
OUTLOOK_SUM = (
    "net_requirement = gross_requirement + safety_stock - on_hand - scheduled_receipts, at least 0, over "
    f"{OUTLOOK_DAYS} days; on_hand = stock_today - "
    "expires_unused, and what expires beyond that is subtracted from scheduled_receipts; scheduled_receipts_later "
    "arrives after these days and is in no sum; overdue_excluded is overdue for longer than overdue_grace_days and is "
    "not counted"
)
CYCLE_SUM = (
    "stock is not known: the order covers what is baked from usable_on to covered_through, after which the next "
    "delivery can come, whatever is there; net_requirement = gross_requirement - on_hand, which is what is left of "
    "packs of earlier orders of this plan; planned_order_quantity = net_requirement, at least minimum_quantity, "
    "rounded up to a multiple of pack_size (0: any), or limited_to where that is given, plus "
    "added_for_minimum_order_value"
)
PLAN_TERMS = (
    "first_order_by", "first_stockout_on", "ingredients_without_supplier", "ingredients_not_ordered",
    "ingredients_ordered", "ingredients_with_stockout", "ingredients_with_unknown_stock",
    "late_requirements", "orders_14d", "total_cost",
    "costs_in_other_currencies",
)  # fmt: skip


class RequirementTerms(plans.PlanRow):
    """Procurement requirements with the terms of their sums, in the ingredient's unit.

    With an order they are those of the order, from ``needed_on`` to ``max_shortage_on``; without one those of the
    outlook, and the columns of the order are empty.
    """

    requirement_number = plans.ProcurementRequirements.requirement_number
    ingredient_id = plans.ProcurementRequirements.ingredient_id
    name = col.text("The ingredient's name")
    unit = ops.Ingredients.unit
    gross_requirement = plans.ProcurementRequirements.gross_requirement
    on_hand = plans.ProcurementRequirements.on_hand
    scheduled_receipts = plans.ProcurementRequirements.scheduled_receipts
    safety_stock = plans.ProcurementRequirements.safety_stock
    net_requirement = plans.ProcurementRequirements.net_requirement
    planned_order_quantity = plans.ProcurementRequirements.planned_order_quantity
    cost = plans.ProcurementRequirements.cost
    left_out_quantity = plans.ProcurementRequirements.left_out_quantity
    expiring_quantity = plans.ProcurementRequirements.expiring_quantity
    needed_on = plans.ProcurementRequirements.needed_on
    stockout_on = col.date("First day with an unmet requirement if nothing is ordered", nullable=True)
    is_late = plans.ProcurementRequirements.is_late
    stock_today = col.number("Stock on the morning of the plan date")
    expires_unused = col.number("Stock that expires within the sum before it is used")
    overdue_excluded = col.number("Open orders overdue for so long that they are not counted")
    overdue_orders = col.text("These orders, as people read them", nullable=True)
    scheduled_receipts_later = col.number("Open orders that arrive after the last day of requirements")
    is_stock_known = col.boolean("Facts tell how much is there; otherwise it counts as none, and nothing runs out")
    has_offer = col.boolean("Some supplier offers it")
    safety_stock_rule = col.text("How the safety stock was set")
    safety_stock_level = col.number("Fraction of deliveries before which a statistical safety stock is enough")
    daily_use = col.number("Mean requirement of a day")
    daily_use_variance = col.metric("Variance of a day's use, from the forecasts' errors", nullable=False)
    lead_days = col.number("Lead time of the first offer, in calendar days")
    review_days = col.number("Days between its deliveries")
    lead_time_variance = col.metric("Variance of its lead time, in days squared", nullable=False)
    margin_per_unit = col.number(
        "Margin that a missing unit loses, in the tenant's currency; empty: not known", nullable=True
    )
    keeping_cost = col.number("What a unit too much costs until the next delivery; empty: not known", nullable=True)
    order_up_to = ops.Ingredients.order_up_to
    reorder_point = ops.Ingredients.reorder_point
    supplier_id = plans.ProcurementRequirements.supplier_id
    supplier = col.text("The supplier's name", nullable=True)
    # Of an order only.
    order_by = plans.ProcurementRequirements.order_by
    order_on = col.date("Day of the order's deadline", nullable=True)
    deliver_on = plans.ProcurementRequirements.deliver_on
    usable_on = col.date("First day whose requirement it covers", nullable=True)
    covered_through = col.date("Last day whose requirement the order covers", nullable=True)
    max_shortage_on = col.date("Day of the largest shortage that the order covers", nullable=True)
    unmet_before = col.number("Part of gross_requirement that was unmet before needed_on", nullable=True)
    used_before = col.number("Stock used before needed_on", nullable=True)
    expired_before = col.number("Stock expired before needed_on", nullable=True)
    scheduled_receipts_before = col.number("Open orders arriving before needed_on", nullable=True)
    ordered_before = col.number("Earlier orders of this plan arriving before needed_on", nullable=True)
    delivery_value = col.number("Cost of all the supplier brings that day, in its currency", nullable=True)
    currency = plans.ProcurementRequirements.currency
    exchange_rate = col.number(
        "What one unit of that currency is worth in the tenant's; empty: not known", nullable=True
    )
    price = col.number("Price per unit, in the supplier's currency", nullable=True)
    pack_size = col.number("Orders are a multiple of this; 0: any", nullable=True)
    minimum_quantity = col.number("Smallest order", nullable=True)
    minimum_order_value = col.number("Smallest order the supplier accepts, in its currency", nullable=True)
    lead_time_days = col.integer("Days from order to delivery", nullable=True)
    lead_time_unit = col.text("What these are: calendar days, or the supplier's working days", nullable=True)
    maximum_quantity = col.number("Largest order of a delivery; empty: any", nullable=True)
    storage_limit = ops.Ingredients.storage_limit
    limited_to = col.number("What of it the largest order and the storage let come; empty: all of it", nullable=True)
    kept_quantity = col.number("What the plan before proposed, where it stays although less is wanted", nullable=True)
    latest_deliver_on = col.date("Last delivery in time, where an earlier one that was proposed stays", nullable=True)
    over_storage = col.number("Part of the order for which there is no room", nullable=True)
    added_for_minimum_order_value = col.number("Part of the order that is for the weeks after the plan", nullable=True)
    expiring_cost = col.number("What expires of the order, at its price", nullable=True)
    margin_at_stake = col.number("Price less unit cost of what is baked of it on the days it covers", nullable=True)
    score = col.number("What the offer's price, reliability, lead time and quality are worth", nullable=True)
    reliability = col.number("Share of the supplier's lines that come on time and in full", nullable=True)
    quality = col.number("Share of the supplier's lines that come without complaint", nullable=True)
    rest_quantity = col.number("Part of left_out_quantity that other suppliers bring", nullable=True)
    rest_from = col.text("How much of it is ordered from whom", nullable=True)
    full_suppliers = col.text("Preferred suppliers that can bring no more of it by then", nullable=True)
    other_score = col.number("The same of the other supplier", nullable=True)
    other_supplier = col.text("Who else could deliver it", nullable=True)
    other_quantity = col.number("What would have to be ordered there for the same requirement", nullable=True)
    other_cost = col.number("What that would cost, in its currency", nullable=True)
    other_currency = col.text("ISO 4217 code of that currency", nullable=True)
    other_deliver_on = col.date("When it would come", nullable=True)


class ExplainedRequirements(RequirementTerms):
    """Procurement requirements with their explanation."""

    reasoning = plans.ProcurementRequirements.reasoning
    consequence = plans.ProcurementRequirements.consequence


class PlanTerms(plans.PlanRow):
    """What a tenant's requirements amount to."""

    orders_14d = plans.ProcurementPlans.orders_14d
    total_cost = plans.ProcurementPlans.total_cost
    costs_in_other_currencies = plans.ProcurementPlans.costs_in_other_currencies
    first_order_by = plans.ProcurementPlans.first_order_by
    ingredients_ordered = col.integer("Ingredients with an order")
    ingredients_not_ordered = col.integer("Ingredients required that have no order")
    ingredients_without_supplier = col.integer("Ingredients required that no supplier offers")
    ingredients_with_stockout = col.integer("Ingredients that run out if nothing is ordered")
    first_stockout_on = col.date("First day on which one runs out", nullable=True)
    ingredients_with_unknown_stock = col.integer("Ingredients required of which no fact tells what is there")
    late_requirements = col.integer("Orders that cannot be delivered by the day they are needed")


class ExplainedPlans(PlanTerms):
    """Procurement plans with their explanation."""

    reasoning = plans.ProcurementPlans.reasoning
    consequence = plans.ProcurementPlans.consequence


def add_requirement_explanations(
    requirements: dy.DataFrame[RequirementTerms], where_used: dy.DataFrame[WhereUsed]
) -> dy.DataFrame[ExplainedRequirements]:
    """Add the terms of every requirement's sum, and what happens without its order."""
    is_order = pl.col("planned_order_quantity") > 0
    named = requirements.join(
        _named_products(requirements, where_used), on=["tenant_id", "requirement_number"], how="left"
    ).with_columns(
        sum=pl.when(is_order & ~pl.col("is_stock_known"))
        .then(pl.lit(CYCLE_SUM))
        .when(is_order)
        .then(pl.lit(ORDER_SUM))
        .otherwise(pl.lit(OUTLOOK_SUM))
    )
    reasoning = pl.when(is_order).then(_as_json(named, ORDER_TERMS)).otherwise(_as_json(named, OUTLOOK_TERMS))
    return conform(ExplainedRequirements, named.with_columns(reasoning=reasoning, consequence=_consequence()))


def add_plan_explanations(totals: dy.DataFrame[PlanTerms]) -> dy.DataFrame[ExplainedPlans]:
    """Add the terms of every plan, and what happens without its orders."""
    count = pl.col("ingredients_with_stockout")
    what = (
        pl.when(count == 1)
        .then(pl.lit("1 ingredient runs out on"))
        .otherwise(pl.format("{} ingredients run out, the first on", count))
    )
    consequence = (
        pl.when(count > 0)
        .then(pl.format("Without these orders {} {}.", what, iso_date("first_stockout_on")))
        .when((pl.col("orders_14d") > 0) & (pl.col("ingredients_with_unknown_stock") > 0))
        .then(
            pl.format(
                "The stock of {} is not recorded, so what is missing without these orders is not known.",
                counted("ingredients_with_unknown_stock", "ingredient", "ingredients"),
            )
        )
        .when(pl.col("orders_14d") > 0)
        .then(pl.lit("Without these orders nothing runs out, but stock falls below its safety stock."))
    )
    return conform(ExplainedPlans, totals.with_columns(reasoning=_as_json(totals, PLAN_TERMS), consequence=consequence))


def _consequence() -> pl.Expr:
    """What happens if no one acts, by row; null where nothing does."""
    name = pl.col("name")
    is_short = pl.col("needed_on").is_not_null()
    without_order = _shortage()
    late = pl.when(pl.col("is_late")).then(
        pl.format(" It is late already: the earliest delivery possible is {}.", iso_date("deliver_on"))
    )
    twice = pl.when(pl.col("overdue_excluded") > 0).then(
        pl.format(
            " This may come twice: {} of earlier orders are overdue and no longer counted, but may still come: {}.",
            quantity("overdue_excluded"),
            "overdue_orders",
        )
    )
    cycle = pl.format(
        "The stock of {} is not recorded: the order is for what is baked from {} to {}, less what you still have.",
        name,
        iso_date("usable_on"),
        iso_date("covered_through"),
    )
    is_order = pl.col("planned_order_quantity") > 0
    return (
        pl.when(is_order & ~pl.col("is_stock_known"))
        .then(pl.concat_str(cycle, *_limits(), ignore_nulls=True))
        .when(is_order)
        .then(pl.concat_str(pl.lit("Without this order "), without_order, late, *_limits(), twice, ignore_nulls=True))
        .when(~pl.col("has_offer") & ~pl.col("is_stock_known"))
        .then(pl.format("No supplier for {}, and the stock of it is not recorded.", name))
        .when(~pl.col("has_offer") & is_short)
        .then(pl.format("No supplier for {}: {}", name, without_order))
        .when(~pl.col("has_offer"))
        .then(pl.format("No supplier for {}; current stock covers {} days.", name, OUTLOOK_DAYS))
        .when(is_short)
        .then(pl.format("No further order can prevent it: {}", without_order))
    )


def _limits() -> list[pl.Expr]:
    """Sentences about what the supplier's terms and the storage do to an order; each null where they do nothing."""
    is_small = pl.col("delivery_value") < pl.col("minimum_order_value")
    wasted = pl.col("expiring_quantity") > 0
    small = pl.when(is_small).then(
        pl.format(
            " The minimum order value of {} is {}, this delivery comes to {}, and no more is needed in time to fill "
            "it: ask whether it comes all the same.",
            pl.col("supplier"),
            plain_number("minimum_order_value"),
            plain_number("delivery_value"),
        )
    )
    waste = pl.when(wasted).then(
        pl.format(
            " {} of the {} will expire before they are used, {}: less cannot be ordered.",
            quantity("expiring_quantity"),
            quantity("planned_order_quantity"),
            money("expiring_cost"),
        )
    )
    added = pl.when(pl.col("added_for_minimum_order_value") > 0).then(
        pl.format(
            " {} of it are for later weeks: with them the delivery meets the minimum order value of {}.",
            quantity("added_for_minimum_order_value"),
            "supplier",
        )
    )
    split = pl.when(pl.col("rest_quantity") > 0).then(
        pl.format(
            " {} brings no more than {} of it; ordered as well: {}.", "supplier", quantity("limited_to"), "rest_from"
        )
    )
    missing = pl.col("left_out_quantity") - pl.col("rest_quantity")
    is_missing = missing > TOLERANCE
    left_out = pl.when(is_missing).then(
        pl.format(
            " {} more are needed than the supplier's largest order and the storage allow.", quantity(missing, up=True)
        )
    )
    full = pl.when(pl.col("full_suppliers").is_not_null()).then(
        pl.format(" More cannot come from {} by then.", "full_suppliers")
    )
    over = pl.when(pl.col("over_storage") > 0).then(
        pl.format(
            " There is no room for {} of it: the storage limit is {}, and less cannot be ordered.",
            quantity("over_storage", up=True),
            quantity("storage_limit"),
        )
    )
    other = pl.format(
        " {} would deliver {} on {} for {}.",
        pl.col("other_supplier"),
        quantity("other_quantity"),
        iso_date("other_deliver_on"),
        money("other_cost", "other_currency"),
    )
    dropped = pl.when(pl.col("margin_at_stake") > 0).then(
        pl.format(
            " Not baking {} with it until {} would lose {} of margin.",
            pl.coalesce("products", pl.lit("anything")),
            iso_date("covered_through"),
            plain_number("margin_at_stake"),
        )
    )
    asks = is_small | wasted | is_missing | pl.col("is_late") | (pl.col("over_storage") > 0)
    return [
        small,
        waste,
        added,
        split,
        left_out,
        full,
        over,
        pl.when(asks).then(other),
        pl.when(is_small | wasted).then(dropped),
    ]


def _shortage() -> pl.Expr:
    """What runs out when, and what cannot be baked then; else when stock falls below its safety stock."""
    not_baked = pl.when(pl.col("products").is_not_null()).then(pl.format("; {} cannot be baked", pl.col("products")))
    out = pl.format("{} runs out on {}{}.", "name", iso_date("stockout_on"), not_baked.otherwise(pl.lit("")))
    low = pl.format(
        "{} falls below its safety stock of {} {} on {}.",
        "name",
        plain_number("safety_stock"),
        "unit",
        iso_date("needed_on"),
    )
    return pl.when(pl.col("stockout_on").is_not_null()).then(out).otherwise(low)


def _named_products(requirements: pl.DataFrame, where_used: pl.DataFrame) -> pl.DataFrame:
    """Up to three products baked with the ingredient on or after its stockout, as one text."""
    stockout_day = (pl.col("stockout_on") - pl.col("plan_date")).dt.total_days()
    number = ["tenant_id", "requirement_number"]
    hit = (
        requirements.filter(pl.col("stockout_on").is_not_null())
        .select(*number, "ingredient_id", stockout_day=stockout_day)
        .join(where_used, on=["tenant_id", "ingredient_id"])
        .filter(pl.col("last_baked_day") >= pl.col("stockout_day"))
        .sort(*number, "name", "product_id")
        .group_by(number, maintain_order=True)
        .agg(first=pl.col("name").head(NAMED_PRODUCTS), more=pl.len().cast(pl.Int64) - NAMED_PRODUCTS)
    )
    listed = pl.col("first").list.join(", ")
    text = pl.when(pl.col("more") > 0).then(pl.format("{} and {} more", listed, "more")).otherwise(listed)
    return hit.select(*number, products=text)


def _as_json(rows: pl.DataFrame, columns: tuple[str, ...]) -> pl.Expr:
    """A row's columns as a JSON object with sorted keys; dates as text."""
    return as_json(
        **{name: pl.col(name).cast(pl.String) if rows.schema[name] == pl.Date else pl.col(name) for name in columns}
    )
