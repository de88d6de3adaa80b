"""The procurement plan of a morning: needs and offers put together, orders placed, and the two tables made."""

import numpy as np
import polars as pl

from bakery_assets.cells import OUTLOOK_DAYS, Frames
from bakery_assets.explanations.procurement import with_words_for_plans, with_words_for_requirements
from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_instants
from bakery_assets.materials.expiry_buckets import by_day, shelf_lives, shelves, total
from bakery_assets.materials.gross_requirements import bakes_with, ingredient_requirements
from bakery_assets.materials.scheduled_receipts import open_orders
from bakery_assets.materials.stock import stock_on_hand
from bakery_assets.procurement.offers import DELIVERY_DAYS, Offers, delivery_days, offers_of
from bakery_assets.procurement.ordering import NEVER, Needs, look_ahead, place_orders
from bakery_assets.quantities import DECIMALS, ordered_sum

REQUIREMENTS = [
    "tenant_id",
    "plan_date",
    "requirement_number",
    "ingredient_id",
    "supplier_id",
    "gross",
    "on_hand",
    "incoming",
    "safety_stock",
    "net",
    "order_quantity",
    "cost",
    "order_by",
    "deliver_on",
    "needed_on",
    "is_late",
    "reasoning",
    "consequence",
]
PLANS = [
    "tenant_id",
    "plan_date",
    "version",
    "status",
    "orders",
    "total_cost",
    "first_order_by",
    "reasoning",
    "consequence",
]


def plan_procurement(cells: pl.DataFrame, frames: Frames) -> Frames:
    """What to order from whom and by when, for 14 days.

    On a row with an order, gross, on_hand, incoming and net are the terms of that order's sum: from the
    day on which stock falls short (needed_on) to the day that decides its size. on_hand is then the
    stock projected for that morning. On a row without an order they are the sums of the 14 days, with
    today's stock, and needed_on is the day stock falls short, if it does. In both,
    net = gross + safety_stock - on_hand - incoming, at least 0, and stock that expires before it is used
    is not in on_hand. An order that comes after the 14 days counts, in incoming, open orders up to its own day.

    Args:
        cells: the columns of ``cells.CELLS``, one row per tenant.
        frames: what the stage ``procurement_plans`` reads.

    Returns:
        ``procurement_plans``, one row per tenant, and ``procurement_requirements``, one row per ingredient
        and delivery to order, and one per ingredient that is needed and has no order to place.

    Raises:
        CannotPlan: a recipe that contains itself, units that do not go together, an unknown weekday.
    """
    items = frames["ingredients"].join(cells, on="tenant_id").sort(INGREDIENT).with_row_index("row")
    items = items.with_columns(pl.col("row").cast(pl.Int64))
    sold = offers_of(cells, frames).join(items.select(*INGREDIENT, "row"), on=INGREDIENT, maintain_order="left")
    coming = open_orders(cells, frames)
    needs = _needs(cells, frames, items, coming)
    orders = place_orders(needs, _offers(sold, cells, frames))
    rows = pl.concat([_ordered(orders, items, sold), _not_ordered(orders, items, sold, needs)], how="diagonal")
    overdue = coming.group_by(INGREDIENT).agg(overdue_not_counted=ordered_sum("overdue"))
    stock = items.select(*INGREDIENT, stock_today=pl.Series(total(needs.on_hand)))
    rows = (
        rows.join(overdue, on=INGREDIENT, how="left")
        .join(stock, on=INGREDIENT)
        .with_columns(pl.col("overdue_not_counted").fill_null(0.0))
    )
    requirements = with_words_for_requirements(_numbered(rows), bakes_with(cells, frames))
    return {
        "procurement_plans": _plans(cells, requirements),
        "procurement_requirements": requirements.select(REQUIREMENTS),
    }


def _needs(cells: pl.DataFrame, frames: Frames, items: pl.DataFrame, coming: pl.DataFrame) -> Needs:
    stock = stock_on_hand(cells, frames)
    required = ingredient_requirements(cells, frames, stock)
    lots = (
        stock.filter(pl.col("item_kind") == "ingredient")
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .select(
            "tenant_id",
            "quantity",
            ingredient_id="item_id",
            last_day=(pl.col("expires_on") - pl.col("plan_date")).dt.total_days(),
        )
    )
    days = min(max(OUTLOOK_DAYS, 1 + max(coming["day"].to_list(), default=0)), DELIVERY_DAYS)
    return Needs(
        gross=by_day(required, items, INGREDIENT, "gross", OUTLOOK_DAYS),
        incoming=by_day(coming, items, INGREDIENT, "quantity", days),
        on_hand=shelves(lots, items, INGREDIENT, OUTLOOK_DAYS),
        safety=items["safety_stock"].to_numpy(),
        shelf_life=shelf_lives(items["shelf_life_days"]),
    )


def _offers(sold: pl.DataFrame, cells: pl.DataFrame, frames: Frames) -> Offers:
    return Offers(
        item=sold["row"].to_numpy(),
        price=sold["price"].to_numpy(),
        minimum=sold["minimum_quantity"].to_numpy(),
        pack=sold["pack_size"].to_numpy(),
        delivers=delivery_days(sold, cells, frames),
    )


def _day(column: str) -> pl.Expr:
    """A day counted from the plan date as a date; null for ``NEVER``."""
    later = pl.col("plan_date") + pl.duration(days=pl.col(column))
    return pl.when(pl.col(column) < NEVER).then(later)


def _ordered(orders: pl.DataFrame, items: pl.DataFrame, sold: pl.DataFrame) -> pl.DataFrame:
    """The rows with an order, with every term of their sums."""
    offered = sold.with_row_index("offer").with_columns(pl.col("offer").cast(pl.Int64)).drop("row", *INGREDIENT)
    rows = (
        orders.join(items.rename({"row": "item"}), on="item")
        .join(offered, on="offer")
        .with_columns(
            order_quantity="quantity",
            cost=(pl.col("quantity") * pl.col("price")).round(2),
            order_date=pl.col("plan_date") + pl.duration(days=pl.col("deliver_day") - pl.col("lead_days")),
            deliver_on=_day("deliver_day"),
            needed_on=_day("needed_day"),
            covers_through=_day("last_day_covered"),
            sum_through=_day("decisive_day"),
            runs_out_on=_day("runs_out_day"),
            is_late=pl.col("deliver_day") > pl.col("needed_day"),
            has_offer=pl.lit(True),
        )
    )
    delivery = ["tenant_id", "supplier_id", "deliver_on"]
    return with_instants(rows, "order_by", day="order_date", wall_time="order_cutoff_time").with_columns(
        delivery_value=ordered_sum("cost").over(delivery).round(2)
    )


def _not_ordered(orders: pl.DataFrame, items: pl.DataFrame, sold: pl.DataFrame, needs: Needs) -> pl.DataFrame:
    """One row for each ingredient that is needed, or short, and has no order: the sum of the 14 days."""
    ahead = look_ahead(needs)
    is_short = ahead.shortage > 0
    first_short = np.where(is_short.any(axis=1), is_short.argmax(axis=1), NEVER)
    on_hand, lost = total(needs.on_hand), ahead.expired[:, -1]
    sums = items.with_columns(
        gross=pl.Series(ahead.gross[:, -1]),
        on_hand=pl.Series(np.maximum(on_hand - lost, 0.0)).round(DECIMALS),
        incoming=pl.Series(ahead.incoming[:, -1] - np.maximum(lost - on_hand, 0.0)).round(DECIMALS),
        incoming_later=pl.Series(needs.incoming[:, OUTLOOK_DAYS:].sum(axis=1)).round(DECIMALS),
        expires_unused=pl.Series(lost).round(DECIMALS),
        short_day=pl.Series(first_short),
        runs_out_day=pl.Series(ahead.runs_out_day),
        net=pl.Series(ahead.shortage[:, -1]),
    )
    cheapest = sold.unique("row", keep="first", maintain_order=True).select("row", "supplier_id", "supplier_name")
    return (
        sums.filter((pl.col("gross") > 0) | (pl.col("short_day") < NEVER))
        .join(orders, left_on="row", right_on="item", how="anti")
        .join(cheapest, on="row", how="left")
        .with_columns(
            order_quantity=pl.lit(0.0),
            cost=pl.lit(0.0),
            needed_on=_day("short_day"),
            runs_out_on=_day("runs_out_day"),
            is_late=pl.lit(False),
            has_offer=pl.col("supplier_id").is_not_null(),
        )
    )


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Number each tenant's rows by deadline and ingredient; rows without an order come last."""
    number = pl.int_range(1, pl.len() + 1).over("tenant_id").cast(pl.String)
    digits = pl.len().over("tenant_id").cast(pl.String).str.len_chars().cast(pl.Int64).clip(3)
    return rows.sort(
        "tenant_id", "order_by", "ingredient_id", "deliver_on", "supplier_id", nulls_last=True
    ).with_columns(requirement_number="R" + number.str.pad_start(digits, "0"))


def _plans(cells: pl.DataFrame, requirements: pl.DataFrame) -> pl.DataFrame:
    """One row per tenant: what its orders amount to."""
    has_order = pl.col("order_quantity") > 0
    delivery = pl.struct("supplier_id", "deliver_on").filter(has_order)
    sums = requirements.group_by("tenant_id").agg(
        orders=delivery.n_unique(),
        total_cost=ordered_sum("cost").round(2),
        first_order_by=pl.col("order_date").min(),
        deadline=pl.col("order_by").min(),
        ingredients_ordered=pl.col("ingredient_id").filter(has_order).n_unique(),
        ingredients_not_ordered=(~has_order).sum(),
        ingredients_nobody_sells=(~pl.col("has_offer")).sum(),
        late_requirements=pl.col("is_late").sum(),
        ingredients_running_out=pl.col("ingredient_id").filter(pl.col("runs_out_on").is_not_null()).n_unique(),
        first_runs_out_on=pl.col("runs_out_on").min(),
    )
    counts = [name for name in sums.columns if name.startswith(("ingredients_", "late_", "orders"))]
    rows = (
        cells.join(sums, on="tenant_id", how="left")
        .with_columns(pl.col(counts).fill_null(0), pl.col("total_cost").fill_null(0.0))
        .with_columns(version=pl.lit(1, pl.Int32), status=pl.lit("draft"), orders=pl.col("orders").cast(pl.Int32))
        .sort("tenant_id")
    )
    return with_words_for_plans(rows).select(PLANS)
