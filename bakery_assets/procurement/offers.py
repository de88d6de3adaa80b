"""Supplier offers: prices, feasible delivery days and order deadlines.

Days are counted from the plan date, which is day 0. Orders are placed, and delivered on the supplier's delivery
weekdays, on days on which both work: the bakery is not closed, and it is one of the supplier's working weekdays and no
holiday, unless the calendar gives opening hours for it. A supplier with a country of its own keeps the public holidays
of that country and region instead, and one with order weekdays takes orders only on these. A lead time counts all
days, or where the supplier says so its own working days. What is ordered is decided in ``replenishment``.
"""

import re
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import cached_property
from typing import TypedDict

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bakery_assets.calendars import closed_days, public_holidays, tenant_holidays
from bakery_assets.cells import OUTLOOK_DAYS, with_day
from bakery_assets.exchange_rates import rates_on, with_exchange_rate
from bakery_assets.local_time import with_instants
from bakery_assets.materials.delivery_windows import WEEK
from bakery_assets.materials.expiry_buckets import Floats, Ints
from bakery_assets.procurement.supplier_choice import (
    PerformanceInputs,
    SupplierPerformance,
    supplier_performance,
    with_score,
)
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]
MAX_LEAD_DAYS = 365  # the schema's largest lead time
MAX_WAIT = 3  # days until a delivery is usable: one, and each for an end after midnight and after baking has begun
DELIVERY_DAYS = OUTLOOK_DAYS + MAX_LEAD_DAYS  # days on which an order placed within the outlook can arrive


class SupplierOfferInputs(PerformanceInputs):
    """What ``supplier_offers`` reads."""

    tenants: dy.DataFrame[ops.Tenants]
    tenant_settings: dy.DataFrame[ops.TenantSettings]
    supplier_items: dy.DataFrame[ops.SupplierItems]
    exchange_rates: dy.DataFrame[ops.ExchangeRates]


class DeliveryInputs(TypedDict):
    """What ``order_days`` reads."""

    tenants: dy.DataFrame[ops.Tenants]
    calendar: dy.DataFrame[ops.Calendar]


class SupplierOffers(dy.Schema):
    """What suppliers sell, in the ingredient's unit and the supplier's currency."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    supplier_id = col.key_text("The supplier", primary_key=True)
    supplier = col.text("The supplier's name")
    currency = col.text("ISO 4217 code of its prices, the supplier's own, else the tenant's", nullable=True)
    exchange_rate = col.number(
        "What one unit of that currency is worth in the tenant's; empty: not known", nullable=True
    )
    price = ops.SupplierItems.price
    minimum_quantity = ops.SupplierItems.minimum_quantity
    maximum_quantity = ops.SupplierItems.maximum_quantity
    minimum_order_value = ops.Suppliers.minimum_order_value
    pack_size = col.number("Orders are a multiple of this; 0: any quantity")
    lead_time_days = col.integer("Days from order to delivery, the item's own, else the supplier's", maximum=365)
    order_cutoff_time = ops.Suppliers.order_cutoff_time
    first_order_day = col.integer("0: it can be ordered today; 1: today's cutoff time has passed", maximum=1)
    lead_time_unit = ops.Suppliers.lead_time_unit
    delivers_on = dy.List(dy.Int64(min=1, max=7), description="ISO weekdays on which the supplier delivers")
    works_on = dy.List(dy.Int64(min=1, max=7), description="ISO weekdays on which the supplier works")
    takes_orders_on = dy.List(dy.Int64(min=1, max=7), description="ISO weekdays on which the supplier takes orders")
    country = ops.Suppliers.country
    region = ops.Suppliers.region
    reliability = SupplierPerformance.reliability
    lines_measured = SupplierPerformance.lines_measured
    quality = SupplierPerformance.quality
    lines_delivered = SupplierPerformance.lines_delivered
    score = col.number("Price, reliability, lead time and quality, weighted; the higher the better", maximum=1.0)


@dataclass(frozen=True)
class Offers:
    """What can be ordered, best first for each item: arrays with one element per offer.

    Attributes:
        item: row of the item; ascending.
        minimum, pack: smallest order, and what orders are a multiple of (0: any quantity).
        maximum: largest order of a delivery, at least the smallest; infinite: any.
        supplier: number of the supplier, in no particular order.
        price: of a unit, in the supplier's currency.
        minimum_value: smallest value of a delivery that the supplier makes, in its currency.
        delivers: offers by days: whether an order placed within the outlook can be usable from that day on.
        delivered: offers by days: the last delivery that is usable from that day on (``materials.delivery_windows``).
        proposed: offers by days of the outlook: what the plan before proposed, by its first usable day; 0: nothing.
        change_threshold, early_days: what of it stays, see ``kept_proposals``.
    """

    item: Ints
    minimum: Floats
    pack: Floats
    maximum: Floats
    supplier: Ints
    price: Floats
    minimum_value: Floats
    delivers: NDArray[np.bool_]
    delivered: NDArray[np.int16]
    proposed: Floats
    change_threshold: Floats
    early_days: Ints

    @cached_property
    def latest_delivery(self) -> Ints:
        """Offers by days: the last delivery on or before that day; -1: none."""
        return _latest(self.delivers)

    @cached_property
    def next_delivery(self) -> Ints:
        """Offers by days: the first delivery after that day; the number of days: none."""
        return _following(self.delivers)

    def delivery(self, offer: Ints, usable: Ints) -> Ints:
        """The day on which each of some orders is delivered that is usable from a day on; -1: not from that day on."""
        found: Ints = np.where(usable < 0, -1, self.delivered[offer, np.maximum(usable, 0)]).astype(np.int64)
        return found

    def usable_day(self, offer: Ints, delivered: Ints) -> Ints:
        """The day from which each of some deliveries is usable; -1: another delivery is usable from the same day on."""
        days, found = self.delivered.shape[1], np.full(len(offer), -1, dtype=np.int64)
        for wait in range(MAX_WAIT + 1):
            usable = delivered + wait
            is_so = (usable < days) & (self.delivered[offer, np.minimum(usable, days - 1)] == delivered)
            found = np.where((found < 0) & is_so, usable, found)
        return found

    def of(self, rows: Ints, item: Ints) -> "Offers":
        """Some of the offers, whose items now have the rows ``item``."""
        others = {each.name: getattr(self, each.name)[rows] for each in fields(self) if each.name != "item"}
        return Offers(item=item, **others)


def usable_deliveries(comes: NDArray[np.bool_], waits: Ints) -> NDArray[np.int16]:
    """Offers by days: the last delivery that is usable from that day on; -1: none.

    Args:
        comes: offers by days: whether something can be delivered.
        waits: offers by the days of a week, as of ``days_until_usable``.
    """
    days = comes.shape[1]
    delivered = np.full(comes.shape, -1, dtype=np.int16)
    for wait in np.unique(waits)[::-1]:
        is_so = comes & (waits[:, np.arange(days) % WEEK] == wait)
        there = delivered[:, wait:]
        there[:] = np.where(is_so[:, : days - wait], np.arange(days - wait, dtype=np.int16), there)
    return delivered


class OpenDeliveries:
    """The deliveries of offers that can bring more, while orders are placed.

    Attributes:
        delivers, latest, following: offers by days, as ``delivers``, ``latest_delivery`` and ``next_delivery`` of
            ``Offers``.
    """

    def __init__(self, offers: Offers) -> None:
        self.latest, self.following = offers.latest_delivery, offers.next_delivery
        self.delivers, self._are_own = offers.delivers, False

    def close(self, offer: Ints, usable: Ints, by_store: NDArray[np.bool_]) -> None:
        """Deliveries that bring no more; each offer at most once.

        Args:
            by_store: there is no room for more by then, whichever delivery brings it; otherwise one before it can.
        """
        if not len(offer):
            return
        if not self._are_own:
            self.latest, self.following = self.latest.copy(), self.following.copy()
            self.delivers, self._are_own = self.delivers.copy(), True
        day = np.arange(self.delivers.shape[1])
        first = np.where(by_store, 0, usable)[:, None]
        rows = self.delivers[offer] & ~((day >= first) & (day <= usable[:, None]))
        self.delivers[offer], self.latest[offer], self.following[offer] = rows, _latest(rows), _following(rows)


def _latest(delivers: NDArray[np.bool_]) -> Ints:
    return np.maximum.accumulate(np.where(delivers, np.arange(delivers.shape[1]), -1), axis=1)


def _following(delivers: NDArray[np.bool_]) -> Ints:
    days = delivers.shape[1]
    marked = np.where(delivers, np.arange(days), days)
    first = np.minimum.accumulate(marked[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([first[:, 1:], np.full((len(first), 1), days)], axis=1)


def supplier_offers(cells: dy.DataFrame[Cells], inputs: SupplierOfferInputs) -> dy.DataFrame[SupplierOffers]:
    """Every supplier's items, the best score of each ingredient first (see ``supplier_choice``), then the cheapest.

    Prices are compared in the tenant's currency. What is offered in a currency of which no exchange rate is known is
    not compared with the others: it comes after them, by the currency's code, and is ordered only where none of them
    can come in time. A supplier whose weekdays cannot be read offers nothing.
    """
    readable = with_weekdays(inputs["suppliers"]).filter(pl.col("unreadable").is_null())
    performance = supplier_performance(cells, inputs)
    suppliers = (
        readable.rename({"name": "supplier", "lead_time_days": "supplier_lead_days"})
        .drop("reliability")
        .join(performance, on=["tenant_id", "supplier_id"])
    )
    offered = inputs["supplier_items"].join(suppliers, on=["tenant_id", "supplier_id"]).join(cells, on="tenant_id")
    priced = with_exchange_rate(offered, inputs["tenants"], rates_on(cells, inputs))
    has_rate = pl.col("exchange_rate").is_not_null()
    dated = with_instants(priced, "order_by", day="plan_date", wall_time="order_cutoff_time").with_columns(
        pl.col("pack_size").fill_null(0.0),
        lead_time_days=pl.coalesce("lead_time_days", "supplier_lead_days"),
        first_order_day=(pl.col("planned_as_of") > pl.col("order_by")).cast(pl.Int32),
        compared_in=pl.when(has_rate).then("own_currency").otherwise("currency"),
        compared_price=pl.col("price") * pl.col("exchange_rate").fill_null(1.0),
        is_apart=~has_rate,
    )
    offers = with_score(dated, cells, inputs["tenant_settings"]).sort(
        "tenant_id", "ingredient_id", "is_apart", "compared_in", -pl.col("score"), "compared_price", "supplier_id"
    )
    return conform(SupplierOffers, offers)


def order_days(offers: dy.DataFrame[SupplierOffers], cells: dy.DataFrame[Cells], inputs: DeliveryInputs) -> Ints:
    """Offers by ``DELIVERY_DAYS`` days: the last day on which to order for a delivery that day.

    -1 where nothing can be delivered that day, or the order is not due within the outlook.
    """
    masks = ("delivers_on", "works_on", "takes_orders_on")
    terms = ["place", "lead_time_days", "lead_time_unit", "first_order_day", "country", "region", *masks]
    tenants = cells.sort("tenant_id").with_row_index("place")
    dated = offers.join(tenants, on="tenant_id", how="left", maintain_order="left").select(
        *terms[:6], *(_as_mask(name) for name in masks)
    )
    calendars = dated.unique().with_row_index("calendar")
    rows = dated.join(calendars, on=terms, how="left", maintain_order="left", nulls_equal=True)["calendar"].to_numpy()
    place, lead, first = (calendars[name].to_numpy() for name in ("place", "lead_time_days", "first_order_day"))
    day = np.arange(DELIVERY_DAYS)
    weekday = (tenants["plan_date"].dt.weekday().cast(pl.Int64).to_numpy()[place][:, None] - 1 + day) % 7
    closed, holiday = _days_off(cells, tenants, inputs)
    off = _with_own_holidays(holiday[place], calendars, tenants["plan_date"].gather(place))
    works = _on_weekdays(calendars["works_on"], weekday) & ~off
    both_work = works & ~closed[place]
    in_working_days = (calendars["lead_time_unit"] == "working_days").to_numpy()[:, None]
    arrives = np.where(in_working_days, _after_working_days(works, lead), day + lead[:, None])
    takes_orders = both_work & _on_weekdays(calendars["takes_orders_on"], weekday)
    at, ordered = np.nonzero(takes_orders & (day >= first[:, None]) & (arrives < DELIVERY_DAYS))
    last_order = np.full(works.shape, -1, dtype=np.int64)
    np.maximum.at(last_order, (at, arrives[at, ordered]), ordered)
    last_order = np.maximum.accumulate(last_order, axis=1)
    can_come = both_work & _on_weekdays(calendars["delivers_on"], weekday) & (last_order < OUTLOOK_DAYS)
    found: Ints = np.where(can_come, last_order, -1)[rows]
    return found


def _as_mask(weekdays: str) -> pl.Expr:
    """ISO weekdays as one number: bit 0 is Monday."""
    bits = (pl.col(weekdays).list.contains(number).cast(pl.Int64) * 2 ** (number - 1) for number in range(1, 8))
    return pl.sum_horizontal(bits).alias(weekdays)


def _on_weekdays(masks: pl.Series, weekday: Ints) -> NDArray[np.bool_]:
    on: NDArray[np.bool_] = (masks.to_numpy()[:, None] >> weekday) & 1 == 1
    return on


def _with_own_holidays(holiday: NDArray[np.bool_], calendars: pl.DataFrame, plan_dates: pl.Series) -> NDArray[np.bool_]:
    """Rows by days: the bakery's ``holiday``, or where a supplier has a country the public holidays there."""
    found = holiday.copy()
    own = calendars.with_columns(plan_date=plan_dates).with_row_index("row").filter(pl.col("country").is_not_null())
    for (country, region), places in own.group_by("country", "region"):
        first = places["plan_date"].to_numpy().astype("datetime64[D]")
        dates = first[:, None] + np.arange(DELIVERY_DAYS)
        years = range(dates.min().astype(object).year, dates.max().astype(object).year + 1)
        kept = [day for day, _ in public_holidays(str(country), None if region is None else str(region), years)]
        found[places["row"].to_numpy()] = np.isin(dates, np.array(kept, dtype="datetime64[D]"))
    return found


def _after_working_days(works: NDArray[np.bool_], lead: Ints) -> Ints:
    """Rows by days: the day that comes ``lead`` working days after each working day; the number of days: none."""
    days = works.shape[1]
    nth = np.argsort(~works, axis=1, kind="stable")  # the days of a row that are working days first, in their order
    place = np.cumsum(works, axis=1) - 1 + lead[:, None]
    after = np.take_along_axis(nth, np.clip(place, 0, days - 1), axis=1)
    found: Ints = np.where(place < works.sum(axis=1)[:, None], after, days)
    return found


def _days_off(
    cells: pl.DataFrame, tenants: pl.DataFrame, inputs: DeliveryInputs
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tenants by days: whether the bakery is closed, and whether it is a holiday on which suppliers do not work.

    These are the holidays for which the calendar gives no opening hours.
    """
    calendar = inputs["calendar"]
    plan_dates: list[date] = cells["plan_date"].to_list() or [date(1970, 1, 1)]
    last = max(plan_dates) + timedelta(days=DELIVERY_DAYS)
    opened = calendar.filter(pl.col("opens").is_not_null() & (pl.col("kind") != "closed"))
    holidays = tenant_holidays(inputs["tenants"], calendar, min(plan_dates), last).join(
        opened, on=["tenant_id", "date"], how="anti"
    )
    found = []
    for days in (closed_days(calendar), holidays):
        marked = (
            with_day(days, cells, of="date")
            .join(tenants.select("tenant_id", "place"), on="tenant_id")
            .filter(pl.col("day").is_between(0, DELIVERY_DAYS - 1))
        )
        off = np.zeros((tenants.height, DELIVERY_DAYS), dtype=bool)
        off[marked["place"].to_numpy(), marked["day"].to_numpy()] = True
        found.append(off)
    return found[0], found[1]


def with_weekdays(suppliers: dy.DataFrame[ops.Suppliers]) -> pl.DataFrame:
    """Add ISO numbers ``delivers_on``, ``works_on``, ``takes_orders_on``, and ``unreadable``: the first word that is no
    weekday.

    No delivery weekdays mean every day on which it works; no working weekdays mean every day, or where lead times are
    working days Monday to Friday and the days on which it delivers.
    """
    given = (suppliers[f"{column}_weekdays"] for column in ("delivery", "working", "order"))
    texts = pl.concat(given).unique().sort().to_list()
    parsed = [_iso_weekdays(text) for text in texts]
    numbers = pl.DataFrame(
        {
            "text": texts,
            "days": [days if isinstance(days, list) else None for days in parsed],
            "unreadable": [days if isinstance(days, str) else None for days in parsed],
        },
        schema={"text": pl.String, "days": pl.List(pl.Int64), "unreadable": pl.String},
    )
    read: pl.DataFrame = suppliers
    for column in ("delivery", "working", "order"):
        named = numbers.rename({"text": f"{column}_weekdays", "days": column, "unreadable": f"{column}_unreadable"})
        read = read.join(named, on=f"{column}_weekdays", how="left", nulls_equal=True, maintain_order="left")
    is_given = pl.col("working").list.len() > 0
    usual = (
        pl.when(pl.col("lead_time_unit") == "working_days").then(pl.lit([1, 2, 3, 4, 5])).otherwise(pl.lit(EVERY_DAY))
    )
    works_on = pl.when(is_given).then("working").otherwise(usual.list.set_union("delivery"))
    delivers = pl.when(pl.col("delivery").list.len() > 0).then("delivery").otherwise(pl.lit(EVERY_DAY))
    takes_orders = pl.when(pl.col("order").list.len() > 0).then("order").otherwise(pl.lit(EVERY_DAY))
    unreadable = [f"{column}_unreadable" for column in ("delivery", "working", "order")]
    return (
        read.with_columns(works_on=works_on, takes_orders_on=takes_orders, unreadable=pl.coalesce(unreadable))
        .with_columns(delivers_on=delivers.list.set_intersection("works_on"))
        .drop("delivery", "working", "order", *unreadable)
    )


def unknown_weekday(text: str) -> str | None:
    """The first word of a text such as "mon,thu" that is no weekday."""
    found = _iso_weekdays(text)
    return found if isinstance(found, str) else None


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
    return sorted(numbers)
