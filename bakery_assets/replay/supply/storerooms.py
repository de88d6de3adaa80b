"""Storerooms of the supply replay: each policy's stock of every ingredient, day after day, and its orders.

Each policy keeps a bakery of its own, so that one pass serves them all: its ``tenant_id`` is ``policy/bakery``. Days
are counted from the first morning. A day's stock is that of ``materials.expiry_buckets``: what can be used comes, use
is issued first expired, first out, what comes too late for the day's baking is put away, and in the evening stock
expires. What a supplier brings is usable as of an unknown hour, whatever its own hours.
"""

from dataclasses import dataclass, field
from datetime import time
from typing import TypeVar

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_instants
from bakery_assets.materials.delivery_windows import WindowFacts, with_window
from bakery_assets.materials.expiry_buckets import Floats, Ints, expire, issue, last_usable_day, receive, total
from bakery_assets.materials.items import INGREDIENT_KIND
from bakery_assets.procurement.records import most_within
from bakery_assets.quantities import DECIMALS
from bakery_assets.replay.supply.deliveries import DeliveryChances
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

S = TypeVar("S", bound=dy.Schema)
BROUGHT_AT = time(9)
STATISTICS_DAYS = 56  # what policies look back on


class OrderLines(dy.Schema):
    """What a policy orders on a morning."""

    tenant_id = col.tenant_id()
    supplier_id = col.key_text("The supplier", primary_key=True)
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    deliver_on = col.date("Day of delivery", primary_key=True)
    quantity = col.number("Quantity ordered, in the ingredient's unit")
    price = col.number("What a unit costs, in the tenant's currency")
    pack_size = col.number("What is brought is a multiple of this; 0: any quantity")


@dataclass(frozen=True)
class Flow:
    """What became of stock: items by days, in each item's unit, but ``paid``, which is money.

    closing = opening + received - used - expired, and used + unmet is what was required.
    """

    opening: Floats
    received: Floats
    used: Floats
    unmet: Floats
    expired: Floats
    closing: Floats
    paid: Floats

    @classmethod
    def of(cls, items: int, days: int) -> "Flow":
        """Nothing has happened yet."""
        return cls(*(np.zeros((items, days)) for _ in range(7)))


@dataclass
class Storerooms:
    """Stock and orders of every policy's bakeries.

    Attributes:
        items: ``INGREDIENT, row, shelf_life_days``, the ``delay`` in days from a delivery until it is usable, and the
            bakery's ``timezone``.
        buckets: stock by last usable day, items by days + 1.
        chances: how deliveries come, by the tenants of ``items``.
    """

    items: pl.DataFrame
    shelf_life: Ints
    buckets: Floats
    chances: dy.DataFrame[DeliveryChances]
    flow: Flow
    lines: pl.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        self.lines = pl.DataFrame(
            schema={
                **pl.Schema(OrderLines),
                "ordered_on": pl.Date,
                "arrives_on": pl.Date,
                "brought": pl.Float64,
                "row": pl.Int64,
            }
        )

    def order(self, orders: dy.DataFrame[OrderLines], plan_date: pl.Expr) -> None:
        """Place orders; how they will come is drawn already."""
        coming = (
            orders.join(self.chances, on=["tenant_id", "supplier_id", "ingredient_id", "deliver_on"], how="left")
            .join(self.items.select(*INGREDIENT, pl.col("row").cast(pl.Int64)), on=INGREDIENT)
            .with_columns(
                ordered_on=plan_date,
                arrives_on=pl.col("deliver_on") + pl.duration(days=pl.col("days_late").fill_null(0)),
                brought_share=pl.col("brought_share").fill_null(1.0),
            )
        )
        part = (coming["quantity"] * coming["brought_share"]).to_numpy()
        least = np.where(
            coming["brought_share"].to_numpy() < 1.0, most_within(part, coming["pack_size"].to_numpy()), part
        )
        brought = coming.with_columns(brought=pl.Series(np.round(least, DECIMALS)))
        self.lines = pl.concat([self.lines, brought.select(self.lines.columns)])

    def on_order(self, plan_date: pl.Expr) -> Floats:
        """What each item still expects of its orders on a morning."""
        expected = np.zeros(len(self.buckets))
        waiting = self.lines.filter(pl.col("arrives_on") >= plan_date)
        np.add.at(expected, waiting["row"].to_numpy(), waiting["quantity"].to_numpy())
        return expected

    def live(self, day: int, plan_date: pl.Expr, required: Floats) -> None:
        """Let a day pass.

        Args:
            required: what each item's bakery needs that day.
        """
        flow, delay = self.flow, self.items["delay"].to_numpy()
        came = self.lines.filter(pl.col("arrives_on") == plan_date)
        brought = np.zeros(len(self.buckets))
        np.add.at(brought, came["row"].to_numpy(), came["brought"].to_numpy())
        np.add.at(flow.paid[:, day], came["row"].to_numpy(), (came["brought"] * came["price"]).to_numpy())
        last = last_usable_day(day, self.shelf_life)
        flow.opening[:, day] = total(self.buckets)
        receive(self.buckets, np.where(delay > 0, 0.0, brought), last)
        flow.used[:, day] = issue(self.buckets, required)
        flow.unmet[:, day] = np.round(required - flow.used[:, day], DECIMALS)
        receive(self.buckets, np.where(delay > 0, brought, 0.0), last)
        flow.received[:, day] = brought
        flow.expired[:, day] = expire(self.buckets, day)
        flow.closing[:, day] = total(self.buckets)

    def lots(self, cells: dy.DataFrame[Cells], day: int) -> dy.DataFrame[plans.StockBalances]:
        """The lots in stock on a morning, of the cells' bakeries, as a plan reads them."""
        row, last = np.nonzero(self.buckets)
        found = pl.DataFrame({"row": row.astype(np.uint32), "last": last, "quantity": self.buckets[row, last]})
        days = self.buckets.shape[1] - 1
        dated = (
            found.join(self.items.select(*INGREDIENT, pl.col("row").cast(pl.UInt32)), on="row")
            .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
            .select(
                "tenant_id",
                "plan_date",
                "quantity",
                item_kind=pl.lit(INGREDIENT_KIND),
                item_id="ingredient_id",
                location_id=pl.lit(col.MAIN_LOCATION),
                lot_id=pl.format("until {}", "last"),
                expires_on=pl.when(pl.col("last") < days).then(
                    pl.col("plan_date") + pl.duration(days=pl.col("last") - day)
                ),
                arrived_at=None,
                is_known=True,
            )
        )
        return conform(plans.StockBalances, dated.sort("tenant_id", "item_id", "lot_id"))

    def orders_and_receipts(
        self, cells: dy.DataFrame[Cells], facts: WindowFacts
    ) -> tuple[dy.DataFrame[ops.PurchaseOrders], dy.DataFrame[ops.StockReceipts]]:
        """What the cells' bakeries know of their orders of eight weeks: what has come, and what has not.

        An order is expected as one made of a proposal is (``materials.delivery_windows``). What a delivery did
        not bring is taken off the order when it comes.
        """
        known = (
            self.lines.join(cells, on="tenant_id")
            .filter(
                (pl.col("deliver_on") >= pl.col("plan_date") - pl.duration(days=STATISTICS_DAYS))
                | (pl.col("arrives_on") >= pl.col("plan_date"))
            )
            .with_columns(
                has_come=pl.col("arrives_on") < pl.col("plan_date"),
                order_id=pl.format("{}-{}-{}", "ordered_on", "supplier_id", "deliver_on"),
                midnight=pl.lit(time()),
                brought_at=pl.lit(BROUGHT_AT),
            )
        )
        for name, on, at in (
            ("ordered_at", "ordered_on", "midnight"),
            ("received_at", "arrives_on", "brought_at"),
        ):
            known = with_instants(known, name, day=on, wall_time=at)
        orders = with_window(known, facts).with_columns(
            quantity=pl.when("has_come").then("brought").otherwise("quantity"), recorded_at="ordered_at"
        )
        receipts = known.filter("has_come").with_columns(
            receipt_id=pl.format("{}-{}", "order_id", "ingredient_id"), lot_id=pl.lit("lot"), quantity="brought",
            rejected_quantity=pl.lit(0.0),
            location_id=pl.lit(col.MAIN_LOCATION), recorded_at="received_at", state=pl.lit("confirmed"),
        )  # fmt: skip
        return as_schema(ops.PurchaseOrders, orders), as_schema(ops.StockReceipts, receipts)


def as_schema(schema: type[S], rows: pl.DataFrame) -> dy.DataFrame[S]:
    """Rows in the form of a schema; columns that they lack are empty."""
    missing = [pl.lit(None).alias(name) for name in schema.columns() if name not in rows.columns]
    return conform(schema, rows.with_columns(missing))
