"""What the book says of a bakery's stock, at any instant of its last days, by all that is known now."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

import polars as pl

from bakery_assets.materials.items import INGREDIENT_KIND
from bakery_assets.quantities import DECIMALS

if TYPE_CHECKING:
    import dataframely as dy

    from bakery_assets.schemas import Cells
    from resources.warehouse import Warehouse

Item = tuple[str, str]  # kind and id


@dataclass(frozen=True)
class StockBook:
    """The ledger of one bakery.

    Attributes:
        movements: of ``plans.stock_movements``, from the instant on with which the ledger begins.
        lots: of ``stock.settling.Lots``, the sum of all movements, also of those before.
    """

    movements: pl.DataFrame
    lots: pl.DataFrame

    def quantity(self, item: Item, location_id: str | None, at: datetime, lot_id: str | None = None) -> float:
        """What the book has of an item at an instant, all of that instant included, in the item's unit.

        Args:
            location_id: None: everywhere.
            lot_id: None: all lots.
        """
        now = self.lots.filter(_is_of(item, location_id, lot_id))
        later = self.movements.filter(_is_of(item, location_id, lot_id) & (pl.col("happened_at") > at))
        return round(float(now["quantity"].sum()) - float(later["quantity"].sum()), DECIMALS)

    def around(
        self,
        item: Item,
        location_id: str,
        at: datetime,
        source: str,
        *,
        lot_id: str | None = None,
        since: datetime | None = None,
        receipt_of: str | None = None,
    ) -> tuple[float, float]:
        """What the book has of an item at the instant of a fact: without the fact, and with it.

        Args:
            source: how the source of movements that come from the fact begins.
            since: earlier movements from there are those of other facts; None: no other fact has the source.
            receipt_of: lot that the fact brings at this instant; if it has expired by then, it is gone at once.
        """
        after = self.quantity(item, location_id, at, lot_id)
        is_own = pl.col("source").str.starts_with(source) & (pl.col("happened_at") <= at)
        if since is not None:
            is_own &= pl.col("happened_at") >= since
        if receipt_of is not None:
            gone = (pl.col("kind") == "expiry") & (pl.col("lot_id") == receipt_of)
            is_own |= gone & (pl.col("happened_at") == at)
        own = self.movements.filter(_is_of(item, location_id, lot_id) & is_own)
        return round(after - float(own["quantity"].sum()), DECIMALS), after

    def left_by(self, item: Item, source: str) -> float:
        """How much of an item the book gave for what a fact took, beyond what it takes to have been made for that."""
        own = self.movements.filter(_is_of(item) & pl.col("source").str.starts_with(source))
        return round(-float(own["quantity"].sum()), DECIMALS)

    def taken_by(self, source: str) -> list[tuple[Item, float]]:
        """Ingredients and what the book gave of them, by id."""
        is_own = (pl.col("source") == source) & (pl.col("kind") == "consumption")
        own = self.movements.filter(is_own & (pl.col("item_kind") == INGREDIENT_KIND))
        taken = own.group_by("item_id").agg(-pl.col("quantity").sum()).sort("item_id")
        return [((INGREDIENT_KIND, item_id), quantity) for item_id, quantity in taken.iter_rows()]

    def lots_at(self, item: Item, at: datetime) -> list[str]:
        """The lots of an item of which something is there at an instant, sorted."""
        known = pl.concat([each.filter(_is_of(item)).select("lot_id") for each in (self.lots, self.movements)])
        return [lot for lot in known["lot_id"].unique().sort() if self.quantity(item, None, at, lot) > 0]


def stock_book(warehouse: "Warehouse", tenant_id: str, timezone: str, now: datetime) -> StockBook:
    """The book of a bakery by the facts and plans that are known at ``now``."""
    from bakery_assets.forecasting.data.history import HISTORY_DAYS
    from bakery_assets.stages import Stage
    from bakery_assets.stock.ledger import LedgerInputs, derive, keep_ledger, movements
    from resources.schema import metadata
    from resources.warehouse import read_plans
    from resources.warehouse.facts import read_known

    cells = _cell_at(tenant_id, timezone, now)
    reads = Stage.of(keep_ledger).reads
    facts = read_known(warehouse, cells, [name for name in reads if f"ops.{name}" in metadata.tables], HISTORY_DAYS)
    inputs = cast("LedgerInputs", {**facts, **read_plans(warehouse, cells, list(reads))})
    ledger = derive(cells, inputs)
    return StockBook(movements(ledger, [*ledger.before, *ledger.after]), pl.concat(each.lots for each in ledger.after))


def orders_of(
    warehouse: "Warehouse", tenant_id: str, timezone: str, now: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines of all orders that are known at ``now``, and the open ones with what is ``open`` of them."""
    from bakery_assets.forecasting.data.history import HISTORY_DAYS
    from bakery_assets.materials.scheduled_receipts import OrderFacts, open_orders
    from resources.warehouse.facts import read_known

    cells = _cell_at(tenant_id, timezone, now)
    known = read_known(warehouse, cells, ["purchase_orders", "stock_receipts", "tenant_settings"], HISTORY_DAYS)
    return known["purchase_orders"], open_orders(cells, cast("OrderFacts", known))


def receipts_and_returns(
    warehouse: "Warehouse", tenant_id: str, timezone: str, now: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Confirmed receipts, and what went back to suppliers, as known at ``now``."""
    from bakery_assets.forecasting.data.history import HISTORY_DAYS
    from resources.warehouse.facts import read_known

    known = read_known(
        warehouse, _cell_at(tenant_id, timezone, now), ["stock_receipts", "supplier_returns"], HISTORY_DAYS
    )
    return known["stock_receipts"], known["supplier_returns"]


def _cell_at(tenant_id: str, timezone: str, now: datetime) -> "dy.DataFrame[Cells]":
    from bakery_assets.local_time import local_date
    from bakery_assets.schemas import Cells, conform

    row = {"tenant_id": tenant_id, "plan_date": local_date(now, timezone), "timezone": timezone, "planned_as_of": now}
    return conform(Cells, pl.DataFrame([row], schema_overrides={"planned_as_of": pl.Datetime("us", "UTC")}))


def _is_of(item: Item, location_id: str | None = None, lot_id: str | None = None) -> pl.Expr:
    is_item = (pl.col("item_kind") == item[0]) & (pl.col("item_id") == item[1])
    if location_id is not None:
        is_item &= pl.col("location_id") == location_id
    if lot_id is not None:
        is_item &= pl.col("lot_id") == lot_id
    return is_item
