"""What alerts about deliveries say: what comes and what to prepare, what is overdue and what that endangers.

Which orders they are about is in ``watch``; how alerts begin and end in ``alerts``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.deliveries.backups import BackupInputs, backup_offers
from bakery_assets.deliveries.threats import ThreatInputs, endangered_batches, endangered_orders
from bakery_assets.deliveries.watch import (
    CAUSE,
    INCOMPLETE,
    OVERDUE,
    SOON,
    ReportedLines,
    WatchedDeliveries,
    WatchedLines,
)
from bakery_assets.explanations.formats import as_json, clock, counted, iso_instant, listed, money, on_weekday, quantity
from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_local_times
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.schemas import columns as col

NAMED = 3  # of more lines, batches and orders these are named and the rest counted
COOL_DAYS = 7  # what keeps for less is put away at once
PRIORITIES = {SOON: 70, OVERDUE: 95, INCOMPLETE: 80}
SEVERITY = {SOON: "medium", OVERDUE: "critical", INCOMPLETE: "high"}


class PlanDates(dy.Schema):
    """The latest plan of each bakery."""

    tenant_id = col.tenant_id()
    planned_for = col.date("Date of the latest plan")


class TextInputs(ThreatInputs, BackupInputs, TypedDict):
    """What ``delivery_findings`` reads; of plans, the latest of each tenant."""

    plan_dates: dy.DataFrame[PlanDates]


class DeliveryFindings(dy.Schema):
    """What is to be reported now, with since when."""

    tenant_id = col.tenant_id()
    cause = ReportedLines.cause
    kind = plans.Alerts.kind
    subject = plans.Alerts.subject
    alert_class = plans.Alerts.alert_class
    severity = plans.Alerts.severity
    priority = plans.Alerts.priority
    deadline = plans.Alerts.deadline
    message = plans.Alerts.message
    reasoning = plans.Alerts.reasoning
    consequence = plans.Alerts.consequence
    suggested_action = plans.Alerts.suggested_action
    opened_at = col.instant("The threshold that was passed")


def delivery_findings(
    cells: dy.DataFrame[Cells],
    watched: dy.DataFrame[WatchedDeliveries],
    reported: dy.DataFrame[ReportedLines],
    lines: dy.DataFrame[WatchedLines],
    inputs: TextInputs,
) -> dy.DataFrame[DeliveryFindings]:
    """The texts of some of ``watched``, sorted by cause.

    Args:
        reported: lines of these.
        lines: all open lines of their bakeries.
    """
    orders = _with_lines(cells, watched, reported, inputs)
    batches = endangered_batches(cells, reported, lines, inputs)
    orders = (
        orders.join(_threat_words(cells, batches), on=CAUSE, how="left", maintain_order="left")
        .join(_customer_words(endangered_orders(batches, inputs["customer_orders"])), on=CAUSE, how="left",
              maintain_order="left")
        .join(_backup_words(cells, reported, inputs), on=CAUSE, how="left", maintain_order="left")
        .join(_plan_words(reported, inputs), on=CAUSE, how="left", maintain_order="left")
    )  # fmt: skip
    kind = pl.col("kind")
    texts = orders.select(
        *CAUSE,
        "kind",
        "opened_at",
        subject="order_id",
        alert_class=kind.replace_strict(plans.CLASS_OF, return_dtype=pl.String),
        severity=kind.replace_strict(SEVERITY, return_dtype=pl.String),
        priority=kind.replace_strict(PRIORITIES, return_dtype=pl.Int32),
        deadline=pl.when(kind == OVERDUE).then("first_at"),
        message=pl.when(kind == SOON).then(_soon()).when(kind == OVERDUE).then(_overdue()).otherwise(_incomplete()),
        consequence=pl.when(kind == SOON)
        .then(pl.lit("Perhaps no one is there to take it; what is wrong with it shows only when it is to be baked."))
        .when(kind == OVERDUE)
        .then(_overdue_consequence())
        .otherwise(pl.lit("Until it is recorded, plans take it as still to come, and it is in no stock.")),
        suggested_action=pl.when(kind == SOON)
        .then(_soon_action())
        .when(kind == OVERDUE)
        .then(_overdue_action())
        .otherwise(_record_action()),
        reasoning=as_json(
            order_id="order_id", supplier_id="supplier_id", window_from=iso_instant("window_from"),
            window_to=iso_instant("window_to"), lines="lines", days_late="days_late", told_of="told_of",
            endangered_batches="batches", endangered_orders="customer_orders", backups="backups",
            first_endangered_at=iso_instant("first_at"), ordered_again="ordered_again",
            asks_for_receipt="asks_for_receipt",
        ),
    )  # fmt: skip
    return conform(DeliveryFindings, texts.sort(CAUSE))


def _with_lines(
    cells: dy.DataFrame[Cells],
    watched: dy.DataFrame[WatchedDeliveries],
    reported: dy.DataFrame[ReportedLines],
    inputs: TextInputs,
) -> pl.DataFrame:
    """Watched orders with names, local times and texts of their lines."""
    stock = inputs["stock_balances"].group_by("tenant_id", ingredient_id="item_id").agg(ordered_sum("quantity"))
    items = inputs["ingredients"].select(*INGREDIENT, "unit", "storage_limit", "shelf_life_days", item="name")
    named = (
        reported.join(items, on=INGREDIENT)
        .join(stock.rename({"quantity": "there"}), on=INGREDIENT, how="left")
        .with_columns(room=(pl.col("storage_limit") - pl.col("there").fill_null(0.0)).clip(0.0).round(DECIMALS))
        .sort(*CAUSE, "item", "ingredient_id")
    )
    is_open = pl.col("draft").is_null()
    amount = pl.format("{} {}", "item", quantity("open"))
    drafted = pl.format("{} {}", "item", quantity("draft"))
    tight = pl.format("there is room for {} of {}", quantity("room"), "item")
    of_orders = (
        named.with_columns(amount=amount, drafted=drafted, tight=tight)
        .group_by(CAUSE, maintain_order=True)
        .agg(
            named=listed(pl.col("amount").filter(is_open), NAMED),
            drafts=listed(pl.col("drafted").filter(~is_open), NAMED),
            missing=is_open.sum(),
            drafted=(~is_open).sum(),
            cool=listed(pl.col("item").filter(pl.col("shelf_life_days") <= COOL_DAYS), NAMED),
            cools=(pl.col("shelf_life_days") <= COOL_DAYS).sum(),
            tight=listed(pl.col("tight").filter(pl.col("room") < pl.col("open")), NAMED),
            tights=(pl.col("room") < pl.col("open")).sum(),
            is_counted=pl.col("is_counted").all(),
            lines=pl.struct(
                "ingredient_id", "unit", "open", "draft", "is_counted", expected_to=iso_instant("expected_to")
            ),
        )
    )
    suppliers = inputs["suppliers"].select("tenant_id", "supplier_id", supplier="name")
    zoned = watched.join(cells.select("tenant_id", "plan_date", "timezone"), on="tenant_id").join(of_orders, on=CAUSE)
    named_orders = zoned.join(suppliers, on=["tenant_id", "supplier_id"], how="left").with_columns(
        order=pl.concat_str(pl.format("Order {}", "order_id"), pl.format(" from {}", "supplier").fill_null(""))
    )
    return with_local_times(named_orders, starts="window_from", ends="window_to")


def _window() -> pl.Expr:
    """``between 08:00 and 10:00 today``, or where it ends on another day with that."""
    other_day = pl.when(pl.col("starts").dt.date() != pl.col("ends").dt.date()).then(
        pl.format(" {}", on_weekday(pl.col("starts").dt.date()))
    )
    return pl.format(
        "between {}{} and {} {}",
        clock("starts"),
        other_day.fill_null(""),
        clock("ends"),
        on_weekday(pl.col("ends").dt.date()),
    )


def _soon() -> pl.Expr:
    return pl.format("{} arrives {}: {}.", "order", _window(), "named")


def _soon_action() -> pl.Expr:
    room = pl.when(pl.col("tights") > 0).then(pl.format(" Make room: {}.", "tight"))
    cool = pl.when(pl.col("cools") > 0).then(pl.format(" Into the cold at once: {}.", "cool"))
    return pl.concat_str(
        pl.format("Have someone there with the order and a place cleared.{}{}", room.fill_null(""), cool.fill_null("")),
        pl.lit(" Check quantities, packaging, temperature and last days of use before you sign; then "),
        pl.format("bakery receive --order {} --tenant {}.", "order_id", "tenant_id"),
    )


def _overdue() -> pl.Expr:
    late = pl.when(pl.col("days_late") > 0).then(pl.format(", {} ago,", counted("days_late", "day", "days")))
    due = pl.format(
        "{} was due by {} {}{} and is not recorded as received: {}.",
        "order", clock("ends"), on_weekday(pl.col("ends").dt.date()), late.fill_null(""), "named",
    )  # fmt: skip
    again = pl.when(pl.col("ordered_again").is_not_null()).then(
        pl.format(", and {} are ordered again: both may come", "ordered_again")
    )
    counted_on = (
        pl.when(pl.col("planned_for").is_null())
        .then(pl.lit(""))
        .when("is_counted")
        .then(pl.format(" The plan of {} counts on it.", _day("planned_for")))
        .otherwise(pl.format(" Plans no longer count on it{}.", again.fill_null("")))
    )
    receipt = (
        pl.when(pl.col("drafted") > 0)
        .then(pl.format(" A receipt is begun and has to be finished: {}.", "drafts"))
        .when("asks_for_receipt")
        .then(pl.lit(" If it has come, its receipt should be recorded by now."))
        .otherwise(pl.lit(""))
    )
    return pl.concat_str(due, counted_on, receipt)


def _overdue_consequence() -> pl.Expr:
    waiting = pl.when(pl.col("customers").is_not_null()).then(pl.format(" Customers wait for it: {}.", "customers"))
    return (
        pl.when(pl.col("first_at").is_not_null())
        .then(
            pl.format(
                "Without it there is not enough from {} {}: {} cannot be made.{}",
                clock("first_local"), on_weekday(pl.col("first_local").dt.date()), "batch_words", waiting.fill_null(""),
            )
        )
        .when("is_counted")
        .then(pl.lit("What is in stock, and what else is to come, is enough for the batches of the plan."))
        .otherwise(pl.lit("If it comes after all, there is more than the plan knows of."))
    )  # fmt: skip


def _overdue_action() -> pl.Expr:
    ask = pl.format("Call {} and ask when it comes.", pl.coalesce("supplier", pl.lit("the supplier")))
    backup = pl.when(pl.col("backup_words").is_not_null()).then(pl.format(" Otherwise: {}.", "backup_words"))
    drop = pl.when(pl.col("dropped").is_not_null()).then(pl.format(" If nothing comes, the plan drops {}.", "dropped"))
    none = pl.lit(" No other supplier is known.")
    return pl.concat_str(ask, pl.coalesce(backup, none), drop.fill_null(""), pl.lit(" "), _record_action())


def _incomplete() -> pl.Expr:
    begun = pl.format(
        "{}: its receipt is begun and not confirmed ({}). It was due by {} {}.",
        "order", "drafts", clock("ends"), on_weekday(pl.col("ends").dt.date()),
    )  # fmt: skip
    none = pl.format(
        "{} was due by {} {}, and no receipt is recorded: {}.",
        "order", clock("ends"), on_weekday(pl.col("ends").dt.date()), "named",
    )  # fmt: skip
    return pl.when(pl.col("drafted") > 0).then(begun).otherwise(none)


def _record_action() -> pl.Expr:
    finish = pl.when(pl.col("drafted") > 0).then(pl.lit("Finish its receipt")).otherwise(pl.lit("Record what has come"))
    return pl.format(
        "{}: bakery receive --order {} --tenant {}. If no more comes, record the order again with the quantity that "
        "did.",
        finish, "order_id", "tenant_id",
    )  # fmt: skip


def _threat_words(cells: dy.DataFrame[Cells], batches: pl.DataFrame) -> pl.DataFrame:
    """Of each cause ``batches``, ``batch_words``, ``dropped``, ``first_at`` and ``first_local``."""
    zoned = batches.join(cells.select("tenant_id", "timezone"), on="tenant_id", maintain_order="left")
    word = pl.format("{} {} (batch {})", quantity("quantity_planned"), "product", "batch_number")
    lost = (
        batches.group_by(*CAUSE, "product_id", "product", "unit", maintain_order=True)
        .agg(ordered_sum("quantity_planned"))
        .with_columns(word=pl.format("{} {}", quantity("quantity_planned"), "product"))
        .group_by(CAUSE, maintain_order=True)
        .agg(dropped=listed("word", NAMED))
    )
    return (
        with_local_times(zoned, local="begins_at")
        .with_columns(word=word)
        .group_by(CAUSE, maintain_order=True)
        .agg(
            first_at=pl.col("begins_at").first(),
            first_local=pl.col("local").first(),
            batch_words=listed("word", NAMED),
            batches=pl.struct("batch_number", "product_id", "quantity_planned", begins_at=iso_instant("begins_at")),
        )
        .join(lost, on=CAUSE, how="left")
    )


def _customer_words(orders: pl.DataFrame) -> pl.DataFrame:
    """Of each cause ``customers`` and ``customer_orders``."""
    word = pl.format("order {} for {}", "order_id", pl.col("due_date").dt.strftime("%a %-d %b"))
    return (
        orders.with_columns(word=word)
        .group_by(CAUSE, maintain_order=True)
        .agg(
            customers=listed(pl.col("word").unique(maintain_order=True), NAMED),
            customer_orders=pl.struct(
                "order_id", "product_id", "quantity", due_date=pl.col("due_date").cast(pl.String)
            ),
        )
    )


def _backup_words(
    cells: dy.DataFrame[Cells], reported: dy.DataFrame[ReportedLines], inputs: TextInputs
) -> pl.DataFrame:
    """Of each cause ``backup_words`` and ``backups``."""
    names = inputs["ingredients"].select(*INGREDIENT, "unit", item="name")
    offers = (
        backup_offers(cells, reported, inputs)
        .join(names, on=INGREDIENT, maintain_order="left")
        .join(cells.select("tenant_id", "plan_date", "timezone"), on="tenant_id", maintain_order="left")
    )
    word = pl.format(
        "{} brings {} {} if ordered by {} {} ({} per {})",
        "supplier", "item", on_weekday("deliver_on"), clock("order_local"), on_weekday(pl.col("order_local").dt.date()),
        money("price"), "unit",
    )  # fmt: skip
    return (
        with_local_times(offers, order_local="order_by")
        .with_columns(word=word)
        .group_by(CAUSE, maintain_order=True)
        .agg(
            backup_words=listed("word", NAMED),
            backups=pl.struct(
                "ingredient_id", "supplier_id", "price", "currency", order_by=iso_instant("order_by"),
                deliver_on=pl.col("deliver_on").cast(pl.String),
            ),
        )
    )  # fmt: skip


def _plan_words(reported: dy.DataFrame[ReportedLines], inputs: TextInputs) -> pl.DataFrame:
    """Of each cause ``planned_for`` and ``ordered_again``: what the latest plan orders of what it no longer expects."""
    names = inputs["ingredients"].select(*INGREDIENT, "unit", item="name")
    proposed = (
        inputs["procurement_requirements"]
        .filter(pl.col("planned_order_quantity") > 0)
        .group_by(INGREDIENT)
        .agg(ordered_sum("planned_order_quantity"))
    )
    again = (
        reported.filter((pl.col("kind") == OVERDUE) & ~pl.col("is_counted"))
        .join(proposed, on=INGREDIENT)
        .join(names, on=INGREDIENT)
        .sort(*CAUSE, "item", "ingredient_id")
        .with_columns(word=pl.format("{} {}", quantity("planned_order_quantity"), "item"))
        .group_by(CAUSE, maintain_order=True)
        .agg(ordered_again=listed("word", NAMED))
    )
    causes = reported.select(CAUSE).unique(maintain_order=True)
    return causes.join(inputs["plan_dates"], on="tenant_id", how="left").join(again, on=CAUSE, how="left")


def _day(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%a %-d %b")
