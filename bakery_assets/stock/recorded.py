"""Events that facts tell of directly: counts, receipts, returns to suppliers, transfers and waste.

Orders that are taken to have been received are in ``materials.assumed_receipts``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.keys import ITEM
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.items import INGREDIENT_KIND, INTERMEDIATE_KIND, PRODUCT_KIND
from bakery_assets.schemas import conform, ops
from bakery_assets.stock.events import Action, StockEvents
from bakery_assets.stock.scope import Scope

KINDS = {PRODUCT_KIND: "product_id", INGREDIENT_KIND: "ingredient_id", INTERMEDIATE_KIND: "recipe_id"}
NO_TEXT = pl.lit(None, pl.String)
NO_DATE = pl.lit(None, pl.Date)


def events_of(rows: pl.DataFrame, **columns: pl.Expr | str | int | bool) -> dy.DataFrame[StockEvents]:
    """Events from rows; what neither rows nor ``columns`` give is empty or false."""
    neutral = {
        "lot_id": NO_TEXT, "new_lot_id": NO_TEXT, "other_location_id": NO_TEXT, "expires_on": NO_DATE,
        "made_on": NO_DATE, "wasted": pl.lit(0.0), "takes_anywhere": pl.lit(False), "takes_back": pl.lit(False),
        "is_raised": pl.lit(False), "is_assumed": pl.lit(False),
    }  # fmt: skip
    missing = {name: value for name, value in neutral.items() if name not in rows.columns and name not in columns}
    given = {name: pl.lit(value) if isinstance(value, int) else value for name, value in columns.items()}
    return conform(StockEvents, rows.with_columns(**missing).with_columns(**given))


def with_item(facts: pl.DataFrame) -> pl.DataFrame:
    """Name the item of facts that have one column per kind of item."""
    present = {kind: name for kind, name in KINDS.items() if name in facts.columns}
    kind = pl.coalesce(pl.when(pl.col(name).is_not_null()).then(pl.lit(kind)) for kind, name in present.items())
    return facts.with_columns(item_kind=kind, item_id=pl.coalesce(present.values()))


def counts(
    scope: Scope, stock_lots: dy.DataFrame[ops.StockLots], shelf_lives: pl.DataFrame
) -> dy.DataFrame[StockEvents]:
    """Counts of lots, and of items; what an item's count finds beyond the book and no lot can have is a lot of its own.

    Args:
        shelf_lives: ``tenant_id, item_kind, item_id, shelf_life_days``.
    """
    counted = with_item(stock_lots).with_columns(happened_at=pl.coalesce("counted_at", "recorded_at"))
    counted = with_local_times(
        counted.join(scope.cells.select("tenant_id", "timezone"), on="tenant_id"), wall="happened_at"
    ).with_columns(day=pl.col("wall").dt.date())
    of_item = pl.col("lot_id").is_null()
    life = pl.col("day") + pl.duration(days=pl.col("shelf_life_days") - 1)
    return events_of(
        counted.join(shelf_lives, on=["tenant_id", "item_kind", "item_id"], how="left"),
        action=pl.when(of_item).then(int(Action.COUNT_ITEM)).otherwise(int(Action.COUNT_LOT)),
        new_lot_id=pl.when(of_item).then(pl.format("counted {}", "day")),
        expires_on=pl.when(of_item).then(pl.coalesce("expires_on", life)).otherwise("expires_on"),
        source=pl.format("count {}", "day"),
    )


def receipts(stock_receipts: dy.DataFrame[ops.StockReceipts]) -> dy.DataFrame[StockEvents]:
    """What was delivered, into its lots."""
    return events_of(
        stock_receipts,
        item_kind=pl.lit(INGREDIENT_KIND),
        item_id=pl.col("ingredient_id"),
        happened_at=pl.col("received_at"),
        action=int(Action.RECEIVE),
        source=pl.format("receipts {}", "receipt_id"),
    )


def returns(
    scope: Scope, facts: dy.DataFrame[ops.SupplierReturns], stock_receipts: dy.DataFrame[ops.StockReceipts]
) -> dy.DataFrame[StockEvents]:
    """What went back to suppliers, from its lot; other lots give what the book does not have of it, as of waste.

    A lot that went back after its last day has left the book by then, so it moves nothing.
    """
    lot = ["tenant_id", "ingredient_id", "lot_id"]
    last_days = stock_receipts.group_by(lot).agg(last_day=pl.col("expires_on").min())
    dated = facts.join(last_days, on=lot, how="left").join(scope.cells.select("tenant_id", "timezone"), on="tenant_id")
    local = with_local_times(dated, wall="returned_at")
    is_expired = (pl.col("last_day") < pl.col("wall").dt.date()).fill_null(value=False)
    return events_of(
        local.filter(~is_expired & (pl.col("quantity") > 0)),
        item_kind=pl.lit(INGREDIENT_KIND),
        item_id=pl.col("ingredient_id"),
        happened_at=pl.col("returned_at"),
        action=int(Action.SEND_BACK),
        takes_anywhere=pl.lit(True),
        source=pl.format("return {} of lot {}", "return_id", "lot_id"),
    )


def transfers(facts: dy.DataFrame[ops.Transfers]) -> dy.DataFrame[StockEvents]:
    """What was brought from one location to another."""
    return events_of(
        with_item(facts),
        location_id=pl.col("from_location_id"),
        other_location_id=pl.col("to_location_id"),
        happened_at=pl.col("transferred_at"),
        action=int(Action.TRANSFER),
        source=pl.format("transfer {}", "transfer_id"),
    )


def waste(scope: Scope, facts: dy.DataFrame[ops.Waste], counts: dy.DataFrame[StockEvents]) -> dy.DataFrame[StockEvents]:
    """What was thrown away: of products from its location, then from its kitchen, of anything else then from anywhere.

    It happens when it says. What only knows its day happens when its location closes, or at the first count of the item
    there, on that day, that comes after it was written down: whoever counts then no longer finds it. An intermediate
    that the book does not have was made for it, so that its ingredients are gone.
    """
    own = scope.cells.select("tenant_id", "begins_on", "timezone")
    thrown = with_item(facts).join(own, on="tenant_id").with_columns(date=pl.col("waste_date"))
    has_hour = pl.col("wasted_at").is_not_null()
    timed = with_local_times(thrown.filter(has_hour), wall="wasted_at")
    timed = timed.filter(pl.col("wall").dt.date() >= pl.col("begins_on")).with_columns(happened_at="wasted_at")
    dated = scope.at_closing(thrown.filter(~has_hour & (pl.col("date") >= pl.col("begins_on"))))
    rows = pl.concat([timed.drop("wall"), _before_counts(dated, counts)], how="diagonal")
    rows = rows.join(scope.kitchens, on=["tenant_id", "location_id"], how="left")
    is_product = pl.col("item_kind") == PRODUCT_KIND
    is_made = pl.col("item_kind") == INTERMEDIATE_KIND
    of_lot = pl.format(" of lot {}", "lot_id").fill_null("")
    # The lot, too: where the book does not have it, the movements are of others.
    source = pl.format("waste {}{}", "waste_id", of_lot)
    return events_of(
        rows,
        action=int(Action.DISCARD),
        other_location_id=pl.when(is_product & (pl.col("kitchen_id") != pl.col("location_id"))).then("kitchen_id"),
        takes_anywhere=~is_product,
        is_raised=is_made,
        new_lot_id=pl.when(is_made).then(pl.format("for {}", source)),
        made_on=pl.when(is_product).then("date"),
        source=source,
    )


def _before_counts(thrown: pl.DataFrame, counts: dy.DataFrame[StockEvents]) -> pl.DataFrame:
    """Rows with ``happened_at`` no later than the first count of the item on that day after they were recorded."""
    where = [*ITEM, "location_id"]
    counted = thrown.select("waste_id", "date", "timezone", "recorded_at", *where).join(
        counts.select(*where, counted_at="happened_at"), on=where
    )
    since = with_local_times(counted, wall="counted_at").filter(
        (pl.col("counted_at") >= pl.col("recorded_at")) & (pl.col("wall").dt.date() == pl.col("date"))
    )
    first = since.group_by("tenant_id", "waste_id").agg(pl.col("counted_at").min())
    return (
        thrown.join(first, on=["tenant_id", "waste_id"], how="left", maintain_order="left")
        .with_columns(happened_at=pl.min_horizontal("happened_at", "counted_at"))
        .drop("counted_at")
    )
