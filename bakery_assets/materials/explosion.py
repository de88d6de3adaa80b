"""Multi-level explosion: demand for items that are made, turned into requirements of everything below them.

Material requirements planning as in Orlicky's textbook, with low-level codes: an item is netted once, when
all its parents on every level are known. Days are counted from the plan date, which is day 0. What is exploded and
which stock is netted is decided in ``gross_requirements``.
"""

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.cells import CannotPlan
from bakery_assets.keys import ITEM
from bakery_assets.materials.bill_of_materials import BillLines
from bakery_assets.materials.expiry_buckets import by_day, expiry_buckets, issue
from bakery_assets.materials.items import DatedQuantities, Item
from bakery_assets.materials.make_days import MakeDays, on_make_days
from bakery_assets.materials.stock import StockOnHand
from bakery_assets.quantities import DECIMALS, TOLERANCE, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform

COMPONENT = {"component_kind": "item_kind", "component_id": "item_id"}
_NUMBER, _LEVEL = "number", "low_level_code"


class LeadTimes(Item):
    """How long before it is needed the making of an item has to start."""

    lead_days = col.integer("Days between the start and the day it is ready")


class LowLevelCodes(Item):
    """How deep items stand in the bills."""

    low_level_code = col.integer("0 where nothing takes it, else one more than that of its lowest parent")


class ExplodedRequirements(Item):
    """Requirements of items by day."""

    day = col.integer("Days after the plan date", primary_key=True)
    gross_requirement = col.metric("Quantity required, above 0, in the item's unit", nullable=False)
    net_requirement = col.metric(
        "Part of it that neither stock nor scheduled receipts cover, in the item's unit", nullable=False
    )

    @dy.rule()
    def net_is_part_of_gross(cls) -> pl.Expr:
        """0 <= net_requirement <= gross_requirement, which is above 0."""
        gross, net = pl.col("gross_requirement"), pl.col("net_requirement")
        return (gross > 0) & (net >= 0) & (net <= gross + TOLERANCE)


def explode(
    demand: dy.DataFrame[DatedQuantities],
    bill_lines: dy.DataFrame[BillLines],
    lead_times: dy.DataFrame[LeadTimes],
    on_hand: dy.DataFrame[StockOnHand],
    scheduled_receipts: dy.DataFrame[DatedQuantities],
    days: int,
    made: dy.DataFrame[MakeDays],
) -> dy.DataFrame[ExplodedRequirements]:
    """Gross and net requirements of every item, by day, sorted.

    On each day an item's receipts arrive, and its stock, issued FEFO, covers the gross requirement; the
    rest is the net requirement. What is net of an item with a bill is a planned order that is ready that day, so its
    components are required ``lead_days`` earlier, or on the last day before that on which someone works. What had to
    start before day 0 has been started: its components are in it, and the count of stock shows it, so they are not
    required again. A scheduled
    receipt of an item with a bill is an open make order: it requires its components in the same way, and is
    not netted.

    Args:
        demand: independent demand.
        lead_times: an item without one is made on the day.
        scheduled_receipts: open orders; what they bring does not expire.
        days: length of the horizon; what is later is left out.
        made: on which day work is done that is due on a day; without a row it is done that day.

    Raises:
        CannotPlan: an item contains itself; the message names tenant and cycle.
    """
    items = _numbered_items(demand, bill_lines, on_hand, scheduled_receipts)
    lines = _numbered_lines(bill_lines, items)
    lead = items.select(_NUMBER, *ITEM).join(lead_times.select(*ITEM, "lead_days"), on=ITEM, how="left")
    stock = on_hand.join(items.select(*ITEM, _NUMBER), on=ITEM)
    required, receipts = (
        given.join(items, on=ITEM).select(_NUMBER, _LEVEL, "day", "quantity") for given in (demand, scheduled_receipts)
    )
    done = []
    for level in range(max(items[_LEVEL].to_list(), default=0) + 1):
        is_now = pl.col(_LEVEL) == level
        gross = (
            required.filter(is_now & (pl.col("day") < days))
            .group_by(_NUMBER, "day")
            .agg(gross_requirement=ordered_sum("quantity").round(DECIMALS))
            .filter(pl.col("gross_requirement") > 0)
        )
        net = _net(gross, stock, receipts, days)
        done.append(net)
        make_orders = receipts.filter(is_now).select(_NUMBER, "day", "quantity")
        orders = pl.concat([net.select(_NUMBER, "day", quantity="net_requirement"), make_orders])
        required = pl.concat([required.filter(~is_now), _components(orders, lines, lead, made)])
    exploded = pl.concat(done).sort(_NUMBER, "day").join(items, on=_NUMBER, how="left", maintain_order="left")
    return conform(ExplodedRequirements, exploded)


def _numbered_items(
    demand: pl.DataFrame, bill_lines: dy.DataFrame[BillLines], on_hand: pl.DataFrame, receipts: pl.DataFrame
) -> pl.DataFrame:
    """Every item with its low-level code and a number, in the order of the items: joins on three texts cost thrice."""
    parts = bill_lines.select("tenant_id", **_as_items())
    named = pl.concat([given.select(ITEM) for given in (demand, bill_lines, parts, on_hand, receipts)]).unique()
    levels = low_level_codes(bill_lines)
    numbered = named.sort(ITEM).with_row_index(_NUMBER).join(levels, on=ITEM, how="left", maintain_order="left")
    return numbered.with_columns(pl.col(_LEVEL).fill_null(0))


def _numbered_lines(bill_lines: dy.DataFrame[BillLines], items: pl.DataFrame) -> pl.DataFrame:
    """Bill lines by the number of the item, with number and low-level code of the component."""
    of_parts = items.select("tenant_id", pl.col("item_kind").alias("component_kind"),
                            pl.col("item_id").alias("component_id"), _LEVEL, component=_NUMBER)  # fmt: skip
    return (
        bill_lines.join(items.select(*ITEM, _NUMBER), on=ITEM)
        .join(of_parts, on=["tenant_id", *COMPONENT])
        .select(_NUMBER, "component", _LEVEL, "quantity_per")
    )


def low_level_codes(bill_lines: dy.DataFrame[BillLines]) -> dy.DataFrame[LowLevelCodes]:
    """How deep each item in a bill stands.

    Raises:
        CannotPlan: an item contains itself; the message names tenant and cycle.
    """
    edges = bill_lines.select(*ITEM, *COMPONENT).unique()
    left = pl.concat([edges.select(ITEM), edges.select("tenant_id", **_as_items())]).unique()
    levels: list[pl.DataFrame] = [left.clear().with_columns(low_level_code=pl.lit(0))]
    while left.height:
        taken = edges.select("tenant_id", **_as_items())
        free = left.join(taken, on=ITEM, how="anti")
        stuck = left.join(free.select("tenant_id").unique(), on="tenant_id", how="anti")
        if stuck.height:
            raise CannotPlan(_cycle_message(edges.join(stuck, on=ITEM, how="semi")))
        levels.append(free.with_columns(low_level_code=pl.lit(len(levels) - 1)))
        left = left.join(free, on=ITEM, how="anti")
        edges = edges.join(free, on=ITEM, how="anti")
    return conform(LowLevelCodes, pl.concat(levels))


def _as_items() -> dict[str, pl.Expr]:
    return {item: pl.col(component) for component, item in COMPONENT.items()}


def _net(gross: pl.DataFrame, on_hand: pl.DataFrame, receipts: pl.DataFrame, days: int) -> pl.DataFrame:
    """Gross requirements by day less what stock and receipts cover: adds ``net_requirement``."""
    stocked = pl.concat([on_hand.select(_NUMBER), receipts.select(_NUMBER)]).unique()
    items = gross.select(_NUMBER).unique().join(stocked, on=_NUMBER, how="semi").sort(_NUMBER).with_row_index("row")
    buckets = expiry_buckets(on_hand, items, [_NUMBER], days)
    coming = receipts.group_by(_NUMBER, "day").agg(ordered_sum("quantity"))
    arriving = by_day(coming, items, [_NUMBER], "quantity", days)
    required = by_day(gross, items, [_NUMBER], "gross_requirement", days)
    net = np.zeros_like(required)
    for day in range(days):
        buckets[:, days] += arriving[:, day]
        net[:, day] = np.round(required[:, day] - issue(buckets, required[:, day]), DECIMALS)
        buckets[:, day] = 0.0
    rows, columns = np.indices(net.shape)
    of_stocked = pl.DataFrame(
        {"row": rows.ravel(), "day": columns.ravel(), "net_requirement": net.ravel()},
        schema_overrides={"row": items.schema["row"], "day": gross.schema["day"]},
    ).join(items, on="row")
    return gross.join(
        of_stocked.select(_NUMBER, "day", "net_requirement"), on=[_NUMBER, "day"], how="left"
    ).with_columns(pl.col("net_requirement").fill_null(pl.col("gross_requirement")))


def _components(
    orders: pl.DataFrame, lines: pl.DataFrame, lead: pl.DataFrame, made: dy.DataFrame[MakeDays]
) -> pl.DataFrame:
    """What planned orders take, and when; what was started before day 0 has taken it already."""
    due = (
        orders.join(lines, on=_NUMBER, how="semi")
        .join(lead.select(_NUMBER, "tenant_id", "lead_days"), on=_NUMBER)
        .with_columns(pl.col("lead_days").fill_null(0))
        .with_columns(day=pl.col("day") - pl.col("lead_days"))
    )
    return (
        on_make_days(due, made)
        .filter(pl.col("day") >= 0)
        .join(lines, on=_NUMBER)
        .select(pl.col("component").alias(_NUMBER), _LEVEL, "day", quantity=pl.col("quantity") * pl.col("quantity_per"))
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
