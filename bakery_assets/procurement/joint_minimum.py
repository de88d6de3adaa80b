"""Joint minimum order values: what a supplier's delivery has to be worth, all its lines together.

A delivery that is worth less is filled with what is ordered from the supplier next, then with what will be needed after
the outlook; never with what would expire. One that cannot be filled is brought forward to the delivery before it. How
single items are ordered is in ``replenishment``.
"""

from dataclasses import replace

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.materials.expiry_buckets import Floats, Ints, last_usable_day
from bakery_assets.procurement.offers import Offers
from bakery_assets.procurement.outcome import DAYS_AFTER, mean_use, outcome
from bakery_assets.procurement.records import NEVER, MrpRecords, PlannedOrders, most_within
from bakery_assets.procurement.replenishment import place_orders
from bakery_assets.quantities import CENTS, DECIMALS, TOLERANCE
from bakery_assets.schemas import conform

MAX_PASSES = 40  # deliveries of a supplier that are looked at, one in each pass
CENT = 0.005  # less than this is missing of no minimum
DELIVERY = ["supplier", "deliver_day"]


def place_joint_orders(records: MrpRecords, offers: Offers) -> dy.DataFrame[PlannedOrders]:
    """The orders of ``place_orders``, brought together so that deliveries meet the suppliers' minimum order values.

    One small delivery of each supplier after the other, the first to come first. What is ordered of the supplier later
    comes with it, what is needed next first and of that what keeps longest, until the minimum is met: the deliveries in
    between are then none for these items. Where all of that is not enough, and an earlier delivery can bring everything
    that the small one was to bring, it does. No item is brought forward that would expire before the last day for
    which it was ordered, or that could then be delivered only in part or too late. At last ``_fill_beyond`` adds what
    the weeks after the outlook need. What is still too small then stays as it is.
    """
    orders: pl.DataFrame = place_orders(records, offers)
    seen = pl.DataFrame(schema={"supplier": pl.Int64, "deliver_day": pl.Int32})
    for _ in range(MAX_PASSES):
        lines = _lines(orders, offers)
        small = _too_small(lines).join(seen, on=DELIVERY, how="anti")
        first = small.sort(DELIVERY).unique("supplier", keep="first", maintain_order=True)
        if first.is_empty():
            break
        seen = pl.concat([seen, first.select(DELIVERY)])
        moved = _moved(lines, first, records, offers)
        if not moved.is_empty():
            orders, offers = _bring_forward(moved, orders, records, offers)
    return conform(PlannedOrders, _fill_beyond(orders, records, offers))


def _lines(orders: pl.DataFrame, offers: Offers) -> pl.DataFrame:
    """Orders with ``supplier``, ``value``, and what the delivery is worth and has to be worth."""
    offer = orders["offer"].to_numpy()
    return orders.with_columns(
        supplier=pl.Series(offers.supplier[offer], dtype=pl.Int64),
        price=pl.Series(offers.price[offer]),
        minimum_value=pl.Series(offers.minimum_value[offer]),
    ).with_columns(
        value=(pl.col("quantity") * pl.col("price")).round(CENTS),
        delivery_value=(pl.col("quantity") * pl.col("price")).round(CENTS).sum().over(DELIVERY).round(CENTS),
    )


def _too_small(lines: pl.DataFrame) -> pl.DataFrame:
    """Deliveries that do not meet their minimum, with the ``gap``."""
    gap = (pl.col("minimum_value") - pl.col("delivery_value")).round(CENTS)
    return lines.select(*DELIVERY, gap=gap).filter(pl.col("gap") > CENT).unique(DELIVERY).sort(DELIVERY)


def _moved(lines: pl.DataFrame, first: pl.DataFrame, records: MrpRecords, offers: Offers) -> pl.DataFrame:
    """Lines to bring forward, with ``to_day``: the day of the delivery that brings them instead."""
    small = first.rename({"deliver_day": "to_day"})
    later = lines.join(small, on="supplier").filter(pl.col("deliver_day") > pl.col("to_day"))
    later = _that_keep(later, records, offers).sort(
        "supplier", "deliver_day", -pl.col("shelf_life"), -pl.col("value"), "item"
    )
    before = pl.col("value").cum_sum().over("supplier") - pl.col("value")
    filling = later.filter(before < pl.col("gap"))
    filled = later.group_by("supplier").agg(pl.col("value").sum() >= pl.col("gap").first() - CENT).filter("value")
    before_it = (
        lines.join(small, on="supplier")
        .filter(pl.col("deliver_day") < pl.col("to_day"))
        .group_by("supplier", small_day="to_day")
        .agg(to_day=pl.col("deliver_day").max())
        .join(filled, on="supplier", how="anti")
    )
    of_small = lines.join(before_it, left_on=DELIVERY, right_on=["supplier", "small_day"])
    whole = _that_keep(of_small, records, offers).filter(pl.len().over("supplier") == pl.col("lines"))
    columns = ["supplier", "item", "offer", "to_day", "usable_day"]
    return pl.concat([filling.join(whole, on="supplier", how="anti").select(columns), whole.select(columns)])


def _that_keep(lines: pl.DataFrame, records: MrpRecords, offers: Offers) -> pl.DataFrame:
    """Lines that can come on ``to_day`` and keep until the last day for which they were ordered.

    Adds ``shelf_life``, and ``lines``: how many there were of the supplier.
    """
    item, offer = lines["item"].to_numpy(), lines["offer"].to_numpy()
    to_day, shelf_life = lines["to_day"].to_numpy(), records.shelf_life[item]
    usable = offers.usable_day(offer, to_day)
    can_come = (usable >= 0) & offers.delivers[offer, usable] if len(offer) else np.zeros(0, dtype=bool)
    keeps = last_usable_day(to_day, shelf_life) >= lines["last_day_covered"].to_numpy()
    return lines.with_columns(shelf_life=pl.Series(shelf_life), lines=pl.len().over("supplier")).filter(
        pl.Series(can_come & keeps, dtype=pl.Boolean)
    )


def _bring_forward(
    moved: pl.DataFrame, orders: pl.DataFrame, records: MrpRecords, offers: Offers
) -> tuple[pl.DataFrame, Offers]:
    """Orders and offers without the deliveries between the new day and the old one, for the items that are moved.

    An item of which something would then be missing, or come still earlier, keeps its deliveries.
    """
    offer, item, to_day, usable = (moved[name].to_numpy() for name in ("offer", "item", "to_day", "usable_day"))
    day = np.arange(offers.delivers.shape[1])
    between = (day > offers.usable_day(offer, to_day)[:, None]) & (day <= usable[:, None])
    delivers = offers.delivers.copy()
    np.logical_and.at(delivers, offer, ~between)
    items: Ints = np.unique(item)
    rows = np.flatnonzero(np.isin(offers.item, items))
    fewer = replace(offers, delivers=delivers)
    placed = place_orders(records.of(items), fewer.of(rows, np.searchsorted(items, offers.item[rows])))
    again = placed.with_columns(
        item=pl.Series(items[placed["item"].to_numpy()], dtype=pl.Int32),
        offer=pl.Series(rows[placed["offer"].to_numpy()], dtype=pl.Int32),
    )
    before = orders.filter(pl.col("item").is_in(items.tolist()))
    own = records.of(items)
    is_worse = (_faults(own, again, items) > _faults(own, before, items) + TOLERANCE).any(axis=0)
    # What the new delivery cannot bring is not to come with one before it.
    earliest = _earliest(before, items)
    np.minimum.at(earliest, np.searchsorted(items, item), to_day)
    is_worse |= _earliest(again, items) < earliest
    worse = pl.DataFrame({"item": pl.Series(items[is_worse], dtype=pl.Int32)})
    kept = before.join(worse, on="item", how="semi")
    others = orders.join(before, on="item", how="anti")
    found = pl.concat([others, kept, again.join(worse, on="item", how="anti")])
    stays = np.isin(offers.item, items[is_worse])
    delivers[stays] = offers.delivers[stays]
    return found.sort("item", "needed_day", "deliver_day", "offer"), replace(offers, delivers=delivers)


def _faults(own: MrpRecords, orders: pl.DataFrame, items: Ints) -> Floats:
    """For each item what is missing on each day of the outlook, added up, and for how much of its orders there is no
    room: two rows, a column for each item.

    Args:
        own: the records of ``items``, which are ascending.
        orders: of these items.
    """
    row = np.searchsorted(items, orders["item"].to_numpy())
    missing = outcome(own, orders.with_columns(item=pl.Series(row)), days_after=0).short.sum(axis=1)
    no_room = np.zeros(len(items))
    np.add.at(no_room, row, orders["over_storage"].to_numpy())
    return np.stack([missing, no_room]).round(DECIMALS)


def _earliest(orders: pl.DataFrame, items: Ints) -> Ints:
    """The first day on which something of each item is delivered; ``NEVER``: none."""
    found = np.full(len(items), NEVER, dtype=np.int64)
    np.minimum.at(found, np.searchsorted(items, orders["item"].to_numpy()), orders["deliver_day"].to_numpy())
    return found


def _fill_beyond(orders: pl.DataFrame, records: MrpRecords, offers: Offers) -> pl.DataFrame:
    """Add to deliveries that are too small what is needed within ``DAYS_AFTER`` days after the outlook, of what keeps
    longest first; a delivery that would still be too small gets nothing.

    Added is only what is used before it expires, to orders after which the outlook needs no other of the item.
    """
    lines = _lines(orders, offers)
    is_last = pl.col("deliver_day") == pl.col("deliver_day").max().over("item")
    small = lines.filter(is_last).join(_too_small(lines), on=DELIVERY).unique("item", keep="first", maintain_order=True)
    if small.is_empty():
        return orders
    items, row = small["item"].to_numpy(), np.arange(small.height)
    own = records.of(items)
    orders_of = orders.join(small.select("item", row=pl.Series(row, dtype=pl.Int32)), on="item")
    then = outcome(own, orders_of.with_columns(item="row"))
    last_day = own.gross_requirement.shape[1] - 1
    usable, quantity, offer = (small[name].to_numpy() for name in ("usable_day", "quantity", "offer"))
    lasts = np.minimum(last_usable_day(small["deliver_day"].to_numpy(), own.shelf_life), last_day + DAYS_AFTER)
    used = mean_use(own) * np.maximum(lasts - last_day, 0) - then.closing[:, last_day]
    since = np.arange(then.morning.shape[1]) >= usable[:, None]
    room = own.storage_limit - np.where(since, then.morning, 0.0).max(axis=1)
    limit = np.minimum(np.minimum(used, room), offers.maximum[offer] - quantity)
    pack = offers.pack[offer]
    could_add = small.with_columns(
        pack=pl.Series(pack),
        shelf_life=pl.Series(own.shelf_life),
        most=pl.Series(most_within(np.maximum(limit, 0.0), pack)),
    )
    added = _shares(could_add)
    key = ["item", "needed_day", "deliver_day", "offer"]
    return (
        orders.join(added.select(*key, "added"), on=key, how="left", maintain_order="left")
        .with_columns(added_for_minimum=pl.col("added").fill_null(0.0))
        .with_columns(quantity=(pl.col("quantity") + pl.col("added_for_minimum")).round(DECIMALS))
        .drop("added")
    )


def _shares(could_add: pl.DataFrame) -> pl.DataFrame:
    """What each line adds of ``most`` so that its delivery meets the ``gap``, in packs or whole units."""
    worth = pl.col("most") * pl.col("price")
    before = worth.cum_sum().over(DELIVERY) - worth
    wanted = ((pl.col("gap") - before).clip(0.0).clip(upper_bound=worth) / pl.col("price")).fill_nan(0.0)
    step = pl.when(pl.col("pack") > 0).then("pack").otherwise(1.0)
    stepped = ((wanted / step).round(9).ceil() * step).round(DECIMALS)
    return (
        could_add.filter(pl.col("price") > 0)
        .sort(*DELIVERY, -pl.col("shelf_life"), "last_day_covered", "item")
        .filter(worth.sum().over(DELIVERY) >= pl.col("gap"))
        .with_columns(added=pl.min_horizontal(stepped, "most"))
    )
