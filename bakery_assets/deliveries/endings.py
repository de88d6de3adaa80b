"""Endings: why an alert about a delivery or an order is over."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.deliveries.order_reminders import KIND as ORDER_DUE
from bakery_assets.deliveries.watch import INCOMPLETE, ORDER, OVERDUE, SOON, ReportedLines, WatchedLines
from bakery_assets.explanations.formats import clock, on_weekday
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.scheduled_receipts import GIVEN_UP_DAYS, LINE
from bakery_assets.quantities import TOLERANCE, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

ALERT = ["tenant_id", "alert_id"]
# What the reasoning of an alert about a delivery says of its lines.
REPORTED = pl.Struct({"lines": pl.List(pl.Struct({"ingredient_id": pl.String, "open": pl.Float64}))})


class EndingFacts(TypedDict):
    """What ``endings`` reads of the orders that alerts are about: all lines, and what was received for them."""

    purchase_orders: dy.DataFrame[ops.PurchaseOrders]
    stock_receipts: dy.DataFrame[ops.StockReceipts]


class Endings(dy.Schema):
    """Why alerts end."""

    tenant_id = col.tenant_id()
    alert_id = col.key_text("The alert", primary_key=True)
    resolution = col.text("Why it went")


def endings(
    cells: dy.DataFrame[Cells],
    over: dy.DataFrame[plans.Alerts],
    lines: dy.DataFrame[WatchedLines],
    reported: dy.DataFrame[ReportedLines],
    facts: EndingFacts,
) -> dy.DataFrame[Endings]:
    """One sentence for each alert that is over.

    Args:
        lines: lines of which something is still to come.
        reported: what alerts are about now.
    """
    orders = (
        facts["purchase_orders"]
        .group_by(ORDER)
        .agg(is_canceled=(pl.col("quantity") == 0).all(), last_end=pl.col("expected_to").max(), ordered=pl.len())
    )
    still_open = lines.group_by(ORDER).agg(
        pl.col("expected_from").min(), pl.col("expected_to").min(), has_draft=pl.col("draft").is_not_null().any()
    )
    came = facts["stock_receipts"].drop_nulls("order_id").group_by(ORDER).agg(received_at=pl.col("received_at").max())
    now_overdue = reported.filter(pl.col("kind") == OVERDUE).select(*ORDER, is_overdue=pl.lit(value=True)).unique()
    short = _short_alerts(over, facts["stock_receipts"])
    window_to = (
        pl.col("reasoning")
        .str.json_path_match("$.window_to")
        .str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC", strict=False)
    )
    rows = (
        over.select(*ALERT, "kind", "deadline", order_id="subject", reported_window_to=window_to)
        .join(orders, on=ORDER, how="left")
        .join(still_open, on=ORDER, how="left")
        .join(came, on=ORDER, how="left")
        .join(now_overdue, on=ORDER, how="left")
        .join(short, on=ALERT, how="left")
        .join(cells.select("tenant_id", "plan_date", "timezone", at="planned_as_of"), on="tenant_id")
    )
    local = with_local_times(rows, starts="expected_from", ends="expected_to", came="received_at")
    return conform(Endings, local.with_columns(resolution=_resolution()).sort(ALERT))


def _short_alerts(over: dy.DataFrame[plans.Alerts], receipts: dy.DataFrame[ops.StockReceipts]) -> pl.DataFrame:
    """``ALERT, is_short`` of alerts since whose telling less was received of a line than was open then."""
    reported = over.select(
        *ALERT,
        "last_planned_as_of",
        order_id="subject",
        line=pl.col("reasoning").str.json_decode(REPORTED).struct.field("lines"),
    ).explode("line")
    lines = reported.drop_nulls("line").unnest("line")
    is_new = (pl.col("recorded_at") > pl.col("last_planned_as_of")).fill_null(value=False)
    since = (
        lines.join(receipts.drop_nulls("order_id").select(*LINE, "quantity", "recorded_at"), on=LINE, how="left")
        .with_columns(quantity=pl.when(is_new).then("quantity").otherwise(0.0))
        .group_by(*ALERT, "ingredient_id")
        .agg(pl.col("open").first(), came=ordered_sum("quantity"))
    )
    came_less = pl.col("came") < pl.col("open") - TOLERANCE
    return since.group_by(ALERT).agg(is_short=came_less.any())


def _resolution() -> pl.Expr:
    kind, is_open = pl.col("kind"), pl.col("expected_to").is_not_null()
    given_up = pl.col("last_end") < pl.col("at") - pl.duration(days=GIVEN_UP_DAYS)
    moved = pl.format(
        "The delivery window was moved: it is expected {} between {} and {}.",
        on_weekday(pl.col("ends").dt.date()), clock("starts"), clock("ends"),
    )  # fmt: skip
    came = (on_weekday(pl.col("came").dt.date()), clock("came"))
    received = pl.format("It was received {} at {}.", *came)
    short = pl.format("Less than was ordered was received {} at {}, and no more is expected.", *came)
    return (
        pl.when((kind == ORDER_DUE) & (pl.col("deadline") <= pl.col("at")))
        .then(pl.lit("The time to order has passed."))
        .when(kind == ORDER_DUE)
        .then(pl.lit("It was ordered or decided, or the plan no longer proposes it."))
        .when(pl.col("ordered").is_null())
        .then(pl.lit("The order is not known any more."))
        .when(pl.col("is_canceled"))
        .then(pl.lit("The order was canceled."))
        .when(pl.col("is_overdue") & (kind == SOON))
        .then(pl.lit("It did not come in its window, which another alert says."))
        .when(pl.col("is_overdue") & (kind == INCOMPLETE))
        .then(pl.lit("The alert that it is overdue says this, too."))
        .when(is_open & (pl.col("expected_to") != pl.col("reported_window_to")))
        .then(moved)
        .when(pl.col("has_draft"))
        .then(pl.lit("It has come: its receipt is begun and has to be finished."))
        .when(pl.col("received_at").is_not_null() & ~is_open & pl.col("is_short").fill_null(value=False))
        .then(short)
        .when(pl.col("received_at").is_not_null())
        .then(received)
        .when(given_up)
        .then(pl.lit(f"It was given up, {GIVEN_UP_DAYS} days after its window."))
        .when(pl.col("last_end") <= pl.col("at"))
        .then(pl.lit("Its window has passed, and as no receipts are recorded here it is taken as received."))
        .otherwise(pl.lit("Nothing of it is to come any more."))
    )
