"""Multi-level explosion: what is wanted of things made, turned into what that takes of everything below.

Material requirements planning as in Orlicky's textbook, with low-level codes: an item is netted once, when
all its parents on every level are known. Days are counted from the plan date, which is day 0.
"""

import numpy as np
import polars as pl

from bakery_assets.cells import CannotPlan
from bakery_assets.keys import ITEM
from bakery_assets.materials.expiry_buckets import by_day, expiry_buckets, issue
from bakery_assets.quantities import DECIMALS, ordered_sum

COMPONENT = {"component_kind": "item_kind", "component_id": "item_id"}


def explode(
    demand: pl.DataFrame,
    bill_lines: pl.DataFrame,
    items: pl.DataFrame,
    on_hand: pl.DataFrame,
    scheduled_receipts: pl.DataFrame,
    days: int,
) -> pl.DataFrame:
    """Gross and net requirements of every item, by day.

    On each day an item's receipts arrive, and its stock, first expired first, serves what is asked for; the
    rest is the net requirement. What is net of an item with a bill is made to be ready that day, so its
    components are asked for ``lead_days`` earlier. What had to begin before day 0 has been begun: its
    components are in it, and the count of stock shows it, so they are not asked for again. A scheduled
    receipt of an item with a bill is an open make order: it asks for its components in the same way, and is
    not netted.

    Args:
        demand: ``tenant_id, item_kind, item_id, day, quantity``: independent demand.
        bill_lines: the parent as ``tenant_id, item_kind, item_id``, then ``component_kind, component_id`` and
            ``quantity_per`` (of the component, for one unit of the parent that is ready).
        items: ``tenant_id, item_kind, item_id, lead_days``; an item not named is made on the day.
        on_hand: ``tenant_id, item_kind, item_id, last_usable_day`` (null: keeps), ``quantity``.
        scheduled_receipts: columns of ``demand``; they keep.
        days: length of the horizon; what is later is left out.

    Returns:
        ``tenant_id, item_kind, item_id, day, gross, net`` where gross is above 0, sorted.

    Raises:
        CannotPlan: an item contains itself; the message names tenant and cycle.
    """
    levels = low_level_codes(bill_lines)
    wanted = demand.select(*ITEM, "day", "quantity")
    made_above = scheduled_receipts.select(*ITEM, "day", "quantity")
    done = []
    for level in range(max(levels["level"].to_list(), default=0) + 1):
        depth = wanted.select(ITEM).unique().join(levels, on=ITEM, how="left")
        now = depth.filter(pl.col("level").fill_null(0) == level)
        gross = (
            wanted.join(now, on=ITEM, how="semi")
            .group_by(*ITEM, "day")
            .agg(gross=ordered_sum("quantity").round(DECIMALS))
            .filter((pl.col("gross") > 0) & (pl.col("day") < days))
        )
        net = _net(gross, on_hand, scheduled_receipts, days)
        done.append(net)
        open_orders = made_above.join(levels.filter(pl.col("level") == level), on=ITEM, how="semi")
        made = pl.concat([net.select(*ITEM, "day", quantity="net"), open_orders])
        wanted = pl.concat([wanted.join(now, on=ITEM, how="anti"), _components(made, bill_lines, items)])
    return pl.concat(done).sort(*ITEM, "day")


def low_level_codes(bill_lines: pl.DataFrame) -> pl.DataFrame:
    """How deep each item stands: 0 where nothing takes it, else one below its lowest parent.

    Args:
        bill_lines: as for ``explode``.

    Returns:
        ``tenant_id, item_kind, item_id, level`` of every item in a bill.

    Raises:
        CannotPlan: an item contains itself; the message names tenant and cycle.
    """
    edges = bill_lines.select(*ITEM, *COMPONENT).unique()
    left = pl.concat([edges.select(ITEM), edges.select("tenant_id", **_as_items())]).unique()
    levels: list[pl.DataFrame] = []
    while left.height:
        taken = edges.select("tenant_id", **_as_items())
        free = left.join(taken, on=ITEM, how="anti")
        stuck = left.join(free.select("tenant_id").unique(), on="tenant_id", how="anti")
        if stuck.height:
            raise CannotPlan(_cycle_message(edges.join(stuck, on=ITEM, how="semi")))
        levels.append(free.with_columns(level=pl.lit(len(levels), pl.Int64)))
        left = left.join(free, on=ITEM, how="anti")
        edges = edges.join(free, on=ITEM, how="anti")
    return pl.concat([left.with_columns(level=pl.lit(0, pl.Int64)), *levels])


def _as_items() -> dict[str, pl.Expr]:
    return {item: pl.col(component) for component, item in COMPONENT.items()}


def _net(gross: pl.DataFrame, on_hand: pl.DataFrame, receipts: pl.DataFrame, days: int) -> pl.DataFrame:
    """Gross by day less what stock and receipts serve: adds ``net``."""
    stocked = pl.concat([on_hand.select(ITEM), receipts.select(ITEM)]).unique()
    items = gross.select(ITEM).unique().join(stocked, on=ITEM, how="semi").sort(ITEM).with_row_index("row")
    buckets = expiry_buckets(on_hand, items, ITEM, days)
    arriving = by_day(receipts.group_by(*ITEM, "day").agg(ordered_sum("quantity")), items, ITEM, "quantity", days)
    asked = by_day(gross, items, ITEM, "gross", days)
    net = np.zeros_like(asked)
    for day in range(days):
        buckets[:, days] += arriving[:, day]
        net[:, day] = np.round(asked[:, day] - issue(buckets, asked[:, day]), DECIMALS)
        buckets[:, day] = 0.0
    rows, columns = np.indices(net.shape)
    of_stocked = pl.DataFrame({"row": rows.ravel(), "day": columns.ravel(), "net": net.ravel()}).join(
        items.with_columns(pl.col("row").cast(pl.Int64)), on="row"
    )
    return gross.join(of_stocked.select(*ITEM, "day", "net"), on=[*ITEM, "day"], how="left").with_columns(
        pl.col("net").fill_null(pl.col("gross"))
    )


def _components(made: pl.DataFrame, bill_lines: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """What making things takes, and when; what was begun before day 0 has taken it already."""
    return (
        made.join(bill_lines, on=ITEM)
        .join(items.select(*ITEM, "lead_days"), on=ITEM, how="left")
        .with_columns(
            day=pl.col("day") - pl.col("lead_days").fill_null(0),
            quantity=pl.col("quantity") * pl.col("quantity_per"),
        )
        .filter(pl.col("day") >= 0)
        .select("tenant_id", "day", "quantity", **_as_items())
        .select(*ITEM, "day", "quantity")
    )


def _cycle_message(edges: pl.DataFrame) -> str:
    """Name the cycle of the first tenant that has one; every item in ``edges`` has a parent in them."""
    tenant = min(edges["tenant_id"].to_list())
    own = edges.filter(pl.col("tenant_id") == tenant).sort(*ITEM, *COMPONENT)
    parent = {
        (part_kind, part): (kind, whole)
        for kind, whole, part_kind, part in own.select("item_kind", "item_id", *COMPONENT).reverse().iter_rows()
    }
    path = [own.select("item_kind", "item_id").row(0)]
    while parent[path[-1]] not in path:
        path.append(parent[path[-1]])
    cycle = [name for _, name in path[path.index(parent[path[-1]]) :]][::-1]
    first = cycle.index(min(cycle))
    names = [*cycle[first:], *cycle[: first + 1]]
    return f"tenant {tenant}: a recipe contains itself: {' > '.join(names)}; take one of these lines out"
