"""The watch: which deliveries are due soon, overdue or not recorded at an instant, and since when.

A threshold is an instant that follows from a delivery window, so it does not matter when someone looks. What the alerts
say is in ``texts``, how they begin and end in ``alerts``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.local_time import with_local_times
from bakery_assets.materials.scheduled_receipts import LINE, OrderFacts, open_orders
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col
from bakery_assets.schemas.plans import AlertKind, Alerts
from bakery_assets.tenant_settings import settings_on

SOON: AlertKind = "delivery_arriving_soon"
OVERDUE: AlertKind = "delivery_overdue"
INCOMPLETE: AlertKind = "stock_receipt_incomplete"
LIMITS = ("delivery_soon_hours", "delivery_overdue_minutes", "receipt_due_hours")
ORDER = ["tenant_id", "order_id"]
CAUSE = ["tenant_id", "cause"]


class WatchFacts(OrderFacts):
    """What ``watched_lines`` reads: orders, what came of them, and receipts that are begun and not finished."""

    draft_receipts: dy.DataFrame[ops.StockReceipts]


class WatchedLines(dy.Schema):
    """Lines of orders of which something is to come, as of an instant."""

    tenant_id = col.tenant_id()
    order_id = col.key_text("The order", primary_key=True)
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    supplier_id = col.key_text("The supplier")
    open = col.number("Quantity not received, in the ingredient's unit")
    draft = col.number("Quantity on a receipt that is not finished; empty: there is none", nullable=True)
    expected_from = ops.PurchaseOrders.expected_from
    expected_to = ops.PurchaseOrders.expected_to
    soon_at = col.instant("From when it is said that it arrives soon")
    overdue_at = col.instant("From when it is overdue")
    incomplete_at = col.instant("From when its receipt should be recorded and confirmed")
    is_soon = col.boolean("It arrives soon")
    is_overdue = col.boolean("It is overdue, and nothing tells that it has come")
    is_incomplete = col.boolean("No confirmed receipt is recorded, though one should be")
    is_counted = col.boolean("Plans still count on it")


class ReportedLines(WatchedLines):
    """Lines about which something has to be reported."""

    cause = dy.String(min_length=1, primary_key=True, description="What is wrong with what; see alerts")
    kind = Alerts.kind
    since = col.instant("The threshold that was passed; empty: reported with another line", nullable=True)


class WatchedDeliveries(dy.Schema):
    """What has to be reported of orders: one row for an order and kind of alert."""

    tenant_id = col.tenant_id()
    cause = dy.String(min_length=1, primary_key=True, description="What is wrong with what; see alerts")
    kind = Alerts.kind
    order_id = col.key_text("The order")
    supplier_id = col.key_text("The supplier")
    opened_at = col.instant("The threshold that was passed")
    window_from = col.instant("Start of the delivery window")
    window_to = col.instant("End of the delivery window")
    asks_for_receipt = col.boolean("Its receipt should be recorded by now")
    days_late = col.integer("Days since the window's last day", maximum=10_000)
    told_of = col.text("The facts it is about: an alert that says the same need not be reported again")


def watched_lines(cells: dy.DataFrame[Cells], facts: WatchFacts) -> dy.DataFrame[WatchedLines]:
    """Open lines of orders with their thresholds, sorted by key.

    A line that is on a receipt in draft has come: it is neither soon nor overdue.

    Args:
        cells: one row for a tenant; ``planned_as_of`` is the instant of the watch, ``plan_date`` its local date.
    """
    drafts = facts["draft_receipts"].drop_nulls("order_id").group_by(LINE).agg(draft=pl.col("quantity").sum())
    windows = facts["purchase_orders"].select(*LINE, "supplier_id", "expected_from", "expected_to")
    limits = settings_on(cells.select("tenant_id", date="plan_date"), facts["tenant_settings"], LIMITS).drop("date")
    lines = (
        open_orders(cells, facts)
        .join(windows, on=LINE)
        .join(drafts, on=LINE, how="left")
        .join(limits, on="tenant_id")
        .join(cells.select("tenant_id", at="planned_as_of"), on="tenant_id")
        .with_columns(
            soon_at=pl.col("expected_from") - _time("delivery_soon_hours", 3_600),
            overdue_at=pl.col("expected_to") + _time("delivery_overdue_minutes", 60),
            incomplete_at=pl.col("expected_to") + _time("receipt_due_hours", 3_600),
        )
    )
    has_come, at = pl.col("draft").is_not_null(), pl.col("at")
    is_overdue = (pl.col("overdue_at") <= at) & ~has_come
    timed = lines.with_columns(
        is_soon=(pl.col("soon_at") <= at) & (pl.col("overdue_at") > at) & ~has_come,
        is_overdue=is_overdue,
        is_incomplete=pl.col("incomplete_at") <= at,
        is_counted="is_expected",
    )
    return conform(WatchedLines, timed.sort(LINE))


def reported_lines(lines: dy.DataFrame[WatchedLines]) -> dy.DataFrame[ReportedLines]:
    """The lines about which something has to be reported, by kind of alert; sorted by key.

    An order that is overdue and whose receipt should be recorded is reported as overdue only, with all lines concerned.
    """
    order_is_overdue = pl.col("is_overdue").any().over(ORDER)
    kinds = (
        (OVERDUE, order_is_overdue & (pl.col("is_overdue") | pl.col("is_incomplete")), "overdue_at"),
        (INCOMPLETE, ~order_is_overdue & pl.col("is_incomplete"), "incomplete_at"),
        (SOON, pl.col("is_soon"), "soon_at"),
    )
    parts = [
        lines.filter(concerned).with_columns(
            kind=pl.lit(kind),
            since=pl.when(pl.col("is_overdue") | pl.lit(kind != OVERDUE)).then(since),
        )
        for kind, concerned, since in kinds
    ]
    named = pl.concat(parts).with_columns(cause=pl.format("{}:{}", "kind", "order_id"))
    return conform(ReportedLines, named.sort(*CAUSE, "expected_to", "expected_from", "ingredient_id"))


def watched_deliveries(
    cells: dy.DataFrame[Cells], reported: dy.DataFrame[ReportedLines]
) -> dy.DataFrame[WatchedDeliveries]:
    """What has to be reported, once per order and kind; sorted by key."""
    line = pl.format(
        "{} {} by {}{}{}",
        "ingredient_id",
        "open",
        pl.col("expected_to").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        pl.format(", draft {}", "draft").fill_null(""),
        pl.when("is_counted").then(pl.lit("")).otherwise(pl.lit(", not counted")),
    )
    orders = reported.group_by(*CAUSE, "kind", "order_id", maintain_order=True).agg(
        pl.col("supplier_id").first(),
        opened_at=pl.col("since").min(),
        window_from=pl.col("expected_from").first(),
        window_to=pl.col("expected_to").first(),
        asks_for_receipt=pl.col("is_incomplete").any(),
        lines=line.str.join("; "),
    )
    zones = cells.select("tenant_id", "plan_date", "timezone")
    days_late = (pl.col("plan_date") - pl.col("local_end").dt.date()).dt.total_days().clip(0)
    timed = with_local_times(orders.join(zones, on="tenant_id"), local_end="window_to").with_columns(
        days_late=days_late
    )
    days = pl.when(pl.col("kind") == OVERDUE).then(pl.format("; {} days late", "days_late")).otherwise(pl.lit(""))
    receipt = pl.when(pl.col("asks_for_receipt")).then(pl.lit("; receipt due")).otherwise(pl.lit(""))
    named = timed.with_columns(told_of=pl.concat_str("lines", days, receipt))
    return conform(WatchedDeliveries, named.sort(CAUSE))


def _time(setting: str, seconds: int) -> pl.Expr:
    """A setting in units of so many seconds as a duration."""
    return pl.duration(microseconds=(pl.col(setting) * seconds * 1_000_000).round().cast(pl.Int64))
