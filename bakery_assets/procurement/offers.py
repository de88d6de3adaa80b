"""Supplier offers: prices, feasible delivery days and order deadlines.

Days are counted from the plan date, which is day 0. An order placed on day ``o`` can be delivered from day ``o`` +
lead time on, on the supplier's delivery weekdays, and neither on days on which the bakery is closed nor on
holidays, unless the calendar gives opening hours for them. What is ordered is decided in ``replenishment``.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TypedDict

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bakery_assets.calendars import closed_days, tenant_holidays
from bakery_assets.cells import OUTLOOK_DAYS, CannotPlan, with_day
from bakery_assets.local_time import with_instants
from bakery_assets.materials.expiry_buckets import Floats, Ints
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_LEAD_DAYS = 365  # the schema's largest lead time
DELIVERY_DAYS = OUTLOOK_DAYS + MAX_LEAD_DAYS  # days on which an order placed within the outlook can arrive


class SupplierOfferInputs(TypedDict):
    """What ``supplier_offers`` reads."""

    suppliers: dy.DataFrame[ops.Suppliers]
    supplier_items: dy.DataFrame[ops.SupplierItems]


class DeliveryInputs(TypedDict):
    """What ``delivery_days`` reads."""

    tenants: dy.DataFrame[ops.Tenants]
    calendar: dy.DataFrame[ops.Calendar]


class SupplierOffers(dy.Schema):
    """What suppliers sell, in the ingredient's unit and the supplier's currency."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    supplier_id = col.key_text("The supplier", primary_key=True)
    supplier = col.text("The supplier's name")
    currency = ops.Suppliers.currency
    price = ops.SupplierItems.price
    minimum_quantity = ops.SupplierItems.minimum_quantity
    minimum_order_value = ops.Suppliers.minimum_order_value
    pack_size = col.number("Orders are a multiple of this; 0: any quantity")
    lead_time_days = col.integer("Days from order to delivery, the item's own, else the supplier's", maximum=365)
    order_cutoff_time = ops.Suppliers.order_cutoff_time
    first_order_day = col.integer("0: it can be ordered today; 1: today's cutoff time has passed", maximum=1)
    weekdays = dy.List(dy.Int64(min=1, max=7), min_length=1, description="ISO weekdays on which the supplier delivers")


@dataclass(frozen=True)
class Offers:
    """What can be ordered, best first for each item: arrays with one element per offer.

    Attributes:
        item: row of the item; ascending.
        price, minimum, pack: per unit of the item, smallest order, and what orders are a multiple of (0: any quantity).
        delivers: offers by days: whether an order placed within the outlook can be delivered that day.
    """

    item: Ints
    price: Floats
    minimum: Floats
    pack: Floats
    delivers: NDArray[np.bool_]

    @cached_property
    def latest_delivery(self) -> Ints:
        """Offers by days: the last delivery on or before that day; -1: none."""
        days = np.arange(self.delivers.shape[1])
        return np.maximum.accumulate(np.where(self.delivers, days, -1), axis=1)

    @cached_property
    def next_delivery(self) -> Ints:
        """Offers by days: the first delivery after that day; the number of days: none."""
        days = self.delivers.shape[1]
        marked = np.where(self.delivers, np.arange(days), days)
        first = np.minimum.accumulate(marked[:, ::-1], axis=1)[:, ::-1]
        return np.concatenate([first[:, 1:], np.full((len(first), 1), days)], axis=1)


def supplier_offers(cells: dy.DataFrame[Cells], inputs: SupplierOfferInputs) -> dy.DataFrame[SupplierOffers]:
    """Every supplier's items, the cheapest of each ingredient first, equal prices by supplier_id.

    Raises:
        CannotPlan: a word among the delivery weekdays is not a weekday; names tenant, supplier, word.
    """
    suppliers = _with_weekdays(inputs["suppliers"]).rename({"name": "supplier", "lead_time_days": "supplier_lead_days"})
    offered = inputs["supplier_items"].join(suppliers, on=["tenant_id", "supplier_id"]).join(cells, on="tenant_id")
    offers = (
        with_instants(offered, "order_by", day="plan_date", wall_time="order_cutoff_time")
        .with_columns(
            pl.col("pack_size").fill_null(0.0),
            lead_time_days=pl.coalesce("lead_time_days", "supplier_lead_days"),
            first_order_day=(pl.col("planned_as_of") > pl.col("order_by")).cast(pl.Int32),
        )
        .sort("tenant_id", "ingredient_id", "price", "supplier_id")
    )
    return conform(SupplierOffers, offers)


def delivery_days(
    offers: dy.DataFrame[SupplierOffers], cells: dy.DataFrame[Cells], inputs: DeliveryInputs
) -> NDArray[np.bool_]:
    """Offers by ``DELIVERY_DAYS`` days: whether an order placed within the outlook can be delivered that day."""
    tenants = cells.sort("tenant_id").with_row_index("place")
    dated = offers.select("tenant_id", "lead_time_days", "first_order_day", "weekdays").join(
        tenants.select("tenant_id", "place", weekday=pl.col("plan_date").dt.weekday()),
        on="tenant_id",
        how="left",
        maintain_order="left",
    )
    day = np.arange(DELIVERY_DAYS)
    lead = dated["lead_time_days"].to_numpy()[:, None]
    in_reach = (day >= dated["first_order_day"].to_numpy()[:, None] + lead) & (day < OUTLOOK_DAYS + lead)
    delivers_on = np.stack([dated["weekdays"].list.contains(number).to_numpy() for number in range(1, 8)], axis=1)
    weekday = (dated["weekday"].cast(pl.Int64).to_numpy()[:, None] - 1 + day) % 7
    closed = (
        with_day(_days_without_deliveries(cells, inputs), cells, of="date")
        .join(tenants.select("tenant_id", "place"), on="tenant_id")
        .filter(pl.col("day").is_between(0, DELIVERY_DAYS - 1))
    )
    is_closed = np.zeros((tenants.height, DELIVERY_DAYS), dtype=bool)
    is_closed[closed["place"].to_numpy(), closed["day"].to_numpy()] = True
    open_days = ~is_closed[dated["place"].to_numpy()]
    delivering: NDArray[np.bool_] = in_reach & np.take_along_axis(delivers_on, weekday, axis=1) & open_days
    return delivering


def _days_without_deliveries(cells: pl.DataFrame, inputs: DeliveryInputs) -> pl.DataFrame:
    """Days on which no one can receive a delivery or suppliers do not drive: ``tenant_id, date``, distinct.

    These are the calendar's closed days, and the holidays for which it gives no opening hours.
    """
    calendar = inputs["calendar"]
    plan_dates: list[date] = cells["plan_date"].to_list() or [date(1970, 1, 1)]
    last = max(plan_dates) + timedelta(days=DELIVERY_DAYS)
    opened = calendar.filter(pl.col("opens").is_not_null() & (pl.col("kind") != "closed"))
    holidays = tenant_holidays(inputs["tenants"], calendar, min(plan_dates), last).join(
        opened, on=["tenant_id", "date"], how="anti"
    )
    return pl.concat([closed_days(calendar), holidays.select("tenant_id", "date")]).unique()


def _with_weekdays(suppliers: pl.DataFrame) -> pl.DataFrame:
    """Add ``weekdays``, ISO numbers, from the text in ``delivery_weekdays``; no text means every day."""
    texts = suppliers["delivery_weekdays"].unique().sort().to_list()
    parsed = [_iso_weekdays(text) for text in texts]
    numbers = pl.DataFrame(
        {
            "delivery_weekdays": texts,
            "weekdays": [days if isinstance(days, list) else None for days in parsed],
            "unknown": [days if isinstance(days, str) else None for days in parsed],
        },
        schema={"delivery_weekdays": pl.String, "weekdays": pl.List(pl.Int64), "unknown": pl.String},
    )
    known = suppliers.join(numbers, on="delivery_weekdays", how="left", nulls_equal=True)
    wrong = known.filter(pl.col("unknown").is_not_null()).sort("tenant_id", "supplier_id")
    for row in wrong.head(1).iter_rows(named=True):
        raise CannotPlan(
            f"tenant {row['tenant_id']}: supplier {row['supplier_id']} delivers on {row['unknown']!r}, which is no "
            "weekday; write delivery_weekdays as mon,tue,wed,thu,fri,sat,sun"
        )
    return known.drop("unknown")


def _iso_weekdays(text: str | None) -> list[int] | str:
    """ISO weekdays named in a text such as "mon,thu" or "Monday; Thursday"; else the first unknown word."""
    numbers = set()
    words: list[str] = re.findall(r"[^\s,;/|]+", text or "")
    for word in words:
        plain = word.strip(".").lower()
        match = [number for number, name in enumerate(WEEKDAYS, 1) if len(plain) >= 3 and name.startswith(plain)]
        if not match:
            return word
        numbers.update(match)
    return sorted(numbers) or list(range(1, 8))
