"""Deliveries that came otherwise than a published plan counts on.

Whether one replans the day is decided in ``replanning``; what is open of an order, and when it is expected, in
``materials.scheduled_receipts``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.scheduled_receipts import LINE, OrderFacts, open_orders
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, conform
from bakery_assets.schemas import columns as col


class TouchedDeliveries(dy.Schema):
    """Lines of orders that a plan counts on and of which something was recorded since its instant."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the cell", primary_key=True)
    order_id = col.key_text("The order", primary_key=True)
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    recorded_at = col.instant("When the last of it was recorded")
    detail = col.text("What became of it, in words")
    book = col.number("What the plan counts on, in the ingredient's unit; 0: it no longer does")
    found = col.number("What came on the day the plan counts on, or where nothing has come yet, is expected then")


def touched_deliveries(
    cells: dy.DataFrame[Cells], planned_with: OrderFacts, known: OrderFacts
) -> dy.DataFrame[TouchedDeliveries]:
    """Lines of open orders of which facts tell since their plan, sorted.

    A receipt counts for the day on which it came, and before the plan date for that; what it leaves open does not come
    that day. A receipt that names no order counts for the orders that ``scheduled_receipts`` takes it for. What is
    received beyond an order, or for one that the plan does not know, is not a difference.

    Args:
        cells: planned cells as of their plan's instant, each tenant once.
        planned_with: orders and receipts known at that instant.
        known: those known now.
    """
    named, unnamed = _received_since(cells, known)
    orders = known["purchase_orders"].join(cells.select("tenant_id", "planned_as_of"), on="tenant_id")
    changed = pl.when(pl.col("recorded_at") > pl.col("planned_as_of")).then("recorded_at")
    latest = orders.select(*LINE, now_ordered="quantity", order_recorded_at=changed)
    still_open = open_orders(cells, known).select(*LINE, now_open="open", now_day="day")
    lines = (
        open_orders(cells, planned_with)
        .join(latest, on=LINE)
        .join(still_open, on=LINE, how="left")
        .join(named, on=LINE, how="left")
        .join(unnamed, on=INGREDIENT, how="left", suffix="_unnamed")
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .with_columns(pl.col("now_open").fill_null(0.0))
        .with_columns(
            came=(pl.col("now_ordered") - pl.col("now_open") - pl.col("quantity") + pl.col("open"))
            .clip(0.0)
            .round(DECIMALS)
        )
    )
    is_named = pl.col("came_day").is_not_null()
    has_come = is_named | ((pl.col("came") > 0) & pl.col("came_day_unnamed").is_not_null())
    came_day = pl.coalesce("came_day", "came_day_unnamed")
    now_day = pl.when(has_come).then(came_day).otherwise(pl.coalesce("now_day", "day"))
    lines = lines.with_columns(
        book=pl.when("is_expected").then("open").otherwise(0.0),
        amount=pl.when(has_come).then("came").otherwise("now_open"),
        is_that_day=(now_day == pl.col("day")) | ~pl.col("is_expected"),
        has_come=has_come,
        recorded_at=pl.max_horizontal(
            "order_recorded_at",
            "received_recorded_at",
            pl.when(has_come & ~is_named).then("received_recorded_at_unnamed"),
        ),
    )
    what = (
        pl.when("has_come")
        .then(pl.format("{} of {} received", _figure("amount"), _figure("open")))
        .otherwise(pl.format("{} of {} still expected", _figure("amount"), _figure("open")))
    )
    other_day = pl.when("is_that_day").then(pl.lit("")).otherwise(pl.lit(", on another day"))
    touched = lines.filter(pl.col("recorded_at").is_not_null()).with_columns(
        found=pl.when("is_that_day").then("amount").otherwise(0.0),
        detail=pl.concat_str(pl.format("order {}, {}: ", "order_id", "ingredient_id"), what, other_day),
    )
    return conform(TouchedDeliveries, touched.sort("tenant_id", "plan_date", "order_id", "ingredient_id"))


def _received_since(cells: dy.DataFrame[Cells], known: OrderFacts) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Last day and record of the receipts recorded since the plans' instants: by line, and of those that name none."""
    receipts = (
        known["stock_receipts"]
        .join(cells.select("tenant_id", "plan_date", "planned_as_of", "timezone"), on="tenant_id")
        .filter(pl.col("recorded_at") > pl.col("planned_as_of"))
    )
    days = with_local_times(receipts, received="received_at").with_columns(
        day=(pl.col("received").dt.date() - pl.col("plan_date")).dt.total_days().clip(0)
    )
    last = (pl.col("day").max().alias("came_day"), pl.col("recorded_at").max().alias("received_recorded_at"))
    named = days.filter(pl.col("order_id").is_not_null()).group_by(LINE).agg(last)
    return named, days.filter(pl.col("order_id").is_null()).group_by(INGREDIENT).agg(last)


def _figure(column: str) -> pl.Expr:
    """A quantity without a decimal point where it is whole."""
    return pl.col(column).cast(pl.String).str.strip_suffix(".0")
