"""Textbook policies of the supply replay: reorder point (s, Q) and order-up-to level (R, S), each item by itself.

Both look at the inventory position, what is in stock and on order, on every morning on which an order has to leave for
the next delivery. It has to last until the delivery after that one can be used: the lead time and the review period,
counted by the calendars of the bakery and its supplier. With d mean and V variance of a day's use in the last eight
weeks, S variance of the lead time, P these days and Z the normal quantile of the safety stock's level it is down to

    s = d P + Z sqrt(P V + d^2 S)

(Silver, Pyke & Thomas 2017, sections 6.7, 6.9 and 6.10). (R, S) orders up to that level, (s, Q) in multiples of what
is used between two deliveries. Quantities are rounded to packs and minimum quantities as the planner's are. Neither
buys what its mean use would let expire. Where a supplier's delivery does not reach its minimum order value, the levels
of all its items are raised, by whole days of use, until it does.
"""

from dataclasses import dataclass
from statistics import NormalDist

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bakery_assets.keys import INGREDIENT
from bakery_assets.materials.expiry_buckets import Floats, Ints
from bakery_assets.procurement.offers import SupplierOffers, order_days, supplier_offers
from bakery_assets.procurement.plan import ProcurementInputs
from bakery_assets.procurement.records import NO_LIMIT, most_within, order_quantity
from bakery_assets.procurement.safety_stock import lead_time_variances
from bakery_assets.quantities import CENTS, DECIMALS
from bakery_assets.replay.supply.ordering import order_lines
from bakery_assets.replay.supply.storerooms import OrderLines
from bakery_assets.schemas import Cells, conform
from bakery_assets.schemas import columns as col

REORDER_POINT, ORDER_UP_TO = "reorder_point", "order_up_to"
MOST_DAYS_ADDED = 28  # to levels, for a minimum order value
CENT = 0.005


class StockPositions(dy.Schema):
    """What a policy knows of an item on a morning."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    policy = col.choice("Who orders", (REORDER_POINT, ORDER_UP_TO))
    position = col.number("In stock and on order, in the ingredient's unit")
    daily_use = col.number("Mean use of a day of the last eight weeks")
    daily_use_variance = col.number("Its variance")
    level = col.number("Level of the safety stock, a fraction", maximum=1.0)
    shelf_life = col.integer("Days that a delivery keeps")
    delay = col.integer("Days from a delivery until it is usable")


@dataclass(frozen=True)
class _Terms:
    """One element for each item that has to be looked at on a morning."""

    is_up_to: NDArray[np.bool_]
    position: Floats
    daily_use: Floats
    level: Floats
    highest: Floats
    cycle_use: Floats
    minimum: Floats
    pack: Floats
    maximum: Floats

    def quantities(self, days_added: Ints) -> Floats:
        """What is ordered where levels are raised by so many days of use."""
        level = np.minimum(self.level + days_added * self.daily_use, self.highest)
        below = np.maximum(level - self.position, 0.0)
        lot = np.maximum(self.cycle_use, 10.0**-DECIMALS)
        lots = np.maximum(np.ceil(np.round(below / lot, 9)), 1.0) * lot
        most = np.maximum(self.highest - self.position, 0.0)
        in_lots = np.where(self.position <= level, np.minimum(lots, most), 0.0)
        wanted = np.where(self.is_up_to, below, in_lots).round(DECIMALS)
        rounded = np.minimum(order_quantity(wanted, self.minimum, self.pack), most_within(self.maximum, self.pack))
        found: Floats = np.where((wanted > 0) & (self.daily_use > 0), rounded, 0.0)
        return found


def textbook_orders(
    cells: dy.DataFrame[Cells], inputs: ProcurementInputs, items: dy.DataFrame[StockPositions]
) -> dy.DataFrame[OrderLines]:
    """What both policies order on a morning, of each item's best offer.

    Args:
        inputs: master data, orders and receipts of the policies' bakeries.
    """
    offers = supplier_offers(cells, inputs)
    best = conform(SupplierOffers, offers.unique(INGREDIENT, keep="first", maintain_order=True))
    last_order = order_days(best, cells, inputs)
    day = np.arange(last_order.shape[1])
    due = last_order == 0
    comes = due.argmax(axis=1)
    later = (last_order >= 0) & (day > comes[:, None])
    following = np.where(later.any(axis=1), later.argmax(axis=1), comes + 7)
    variances = lead_time_variances(inputs["purchase_orders"], inputs["stock_receipts"])
    rows = (
        best.with_columns(comes=pl.Series(comes), following=pl.Series(following), is_due=pl.Series(due.any(axis=1)))
        .filter("is_due")
        .join(items, on=INGREDIENT, maintain_order="left")
        .join(variances, on=["tenant_id", "supplier_id"], how="left", maintain_order="left")
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id", maintain_order="left")
        .with_columns(pl.col("lead_time_variance").fill_null(0.0))
    )
    quantity = _meeting_minimum_values(rows, _terms(rows))
    ordered = rows.with_columns(
        quantity=pl.Series(quantity), deliver_on=pl.col("plan_date") + pl.duration(days="comes")
    ).filter(pl.col("quantity") > 0)
    return order_lines(ordered.select(*INGREDIENT, "supplier_id", "deliver_on", "quantity"), best)


def _terms(rows: pl.DataFrame) -> _Terms:
    mean, variance, lead_variance = (
        rows[name].to_numpy() for name in ("daily_use", "daily_use_variance", "lead_time_variance")
    )
    z = np.array([NormalDist().inv_cdf(level) for level in rows["level"].to_list()])
    comes, following, delay = (rows[name].to_numpy() for name in ("comes", "following", "delay"))
    covered = following + delay
    return _Terms(
        is_up_to=(rows["policy"] == ORDER_UP_TO).to_numpy(),
        position=rows["position"].to_numpy(),
        daily_use=mean,
        level=mean * covered + z * np.sqrt(covered * variance + mean**2 * lead_variance),
        highest=mean * (comes + rows["shelf_life"].to_numpy()),
        cycle_use=mean * (following - comes),
        minimum=rows["minimum_quantity"].to_numpy(),
        pack=rows["pack_size"].to_numpy(),
        maximum=rows["maximum_quantity"].fill_null(NO_LIMIT).to_numpy(),
    )


def _meeting_minimum_values(rows: pl.DataFrame, terms: _Terms) -> Floats:
    """Quantities with levels raised, supplier by supplier, until the delivery is worth its minimum."""
    supplier = (
        rows.select(pl.struct("tenant_id", "supplier_id").rank("dense")).to_series().cast(pl.Int64).to_numpy() - 1
    )
    price, minimum_value = rows["price"].to_numpy(), rows["minimum_order_value"].to_numpy()
    added = np.zeros(rows.height, dtype=np.int64)
    found = terms.quantities(added)
    for days in range(1, MOST_DAYS_ADDED + 1):
        worth = np.bincount(supplier, weights=np.round(found * price, CENTS), minlength=rows.height)[supplier]
        is_small = (worth > 0) & (worth < minimum_value - CENT)
        if not is_small.any():
            break
        added = np.where(is_small, days, added)
        found = terms.quantities(added)
    return found
