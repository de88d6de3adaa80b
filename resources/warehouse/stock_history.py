"""How far back facts about stock are read: to what the ledger's closing balances do not hold already.

Whether the ledger goes on from a balance is its own rule, ``bakery_assets.stock.closing_balances``. What it needs to
decide that, and everything since the oldest balance it may go on from, is read first; all of history only for tenants
for whom that shows that none holds.
"""
# ruff: noqa: S608 - names come from the schema

from collections.abc import Collection
from datetime import date, datetime
from typing import cast

import polars as pl
from sqlalchemy import Table

from bakery_assets.materials.scheduled_receipts import GIVEN_UP_DAYS
from bakery_assets.schemas.rules import key_columns
from bakery_assets.stock.closing_balances import DATED
from resources.schema import ops
from resources.schema.ops import LATE_DAYS, is_late
from resources.warehouse.connection import Bulk, instant

BALANCES = 5  # closing balances back to which facts may come late before the ledger is derived from the first fact
MARGIN_DAYS = 2  # before a balance: a batch of the day before may be made, or begun late, after midnight
ORDER_DAYS = GIVEN_UP_DAYS + 30  # orders, receipts that may be theirs, and what of these went back
FACTS_OF_THE_LEDGER = tuple(name for name in DATED if name != "plan_versions")
MASTER_DATA_OF_BALANCES = ("recipes", "recipe_lines", "calendar")  # says how far back facts reach
STOCK_FACTS = tuple(name for name in FACTS_OF_THE_LEDGER if name not in ("sales", "sales_hourly"))  # read for forecasts
_COUNTED = "coalesce({0}.counted_at, {0}.recorded_at)"
_ABOUT = {name: _COUNTED if name == "stock_lots" else f"{{0}}.{DATED[name]}" for name in STOCK_FACTS} | {
    "batch_events": "{0}.plan_date"
}  # as its key has it: an event's own time may be corrected
_DAY_IN_KEY = ("stock_lots", "batch_events", "batch_consumption")  # all records of a fact are about the same day
_ORDERS = ("purchase_orders", "stock_receipts", "supplier_returns")
# The first count of an item has nothing to be compared with, and how old the last one is, people are reported.
_ITEM = "coalesce({0}.ingredient_id, ''), coalesce({0}.product_id, ''), coalesce({0}.recipe_id, '')"
_FIRST_AND_LAST_COUNTS = (
    f" LEFT JOIN (SELECT l.tenant_id, ({_ITEM.format('l')}) AS item, min({_COUNTED.format('l')}) AS first,"
    f" max({_COUNTED.format('l')}) AS last FROM ops.stock_lots l JOIN reach n USING (tenant_id)"
    " WHERE l.recorded_at <= n.latest GROUP BY 1, 2) c"
    f" ON c.tenant_id = t.tenant_id AND c.item = ({_ITEM.format('t')}) AND {_COUNTED.format('t')} IN (c.first, c.last)"
)
NO_STOCK_HISTORY = pl.DataFrame(
    schema={"tenant_id": pl.String, "recorded_since": pl.Datetime("us", "UTC"), "dated_since": pl.Date,
            "ordered_since": pl.Date}
)  # fmt: skip


def is_read_by_the_ledger(reads: Collection[str]) -> bool:
    """Whether all is read that the ledger is made from; other stages get whole tables."""
    return {*FACTS_OF_THE_LEDGER, *MASTER_DATA_OF_BALANCES} <= set(reads)


def stock_history(bulk: Bulk, cells: pl.DataFrame) -> pl.DataFrame:
    """``tenant_id, recorded_since, dated_since, ordered_since`` of tenants with closing balances to go on from.

    Facts are needed that were recorded after the one, or are about days from the other on. A tenant of which several
    cells are read at once, as in a backfill, is left out.
    """
    single = cells.filter(pl.len().over("tenant_id") == 1)
    if single.is_empty():
        return NO_STOCK_HISTORY
    bulk.put("going", single.select("tenant_id", "plan_date", "planned_as_of"))
    found = bulk.read(
        "SELECT w.tenant_id::text, min(b.planned_as_of) AS recorded_since,"
        f" min(b.starts_on - b.reach_days) - {MARGIN_DAYS} AS dated_since,"
        f" least(min(b.starts_on - b.reach_days) - {MARGIN_DAYS}, min(w.plan_date) - {ORDER_DAYS}) AS ordered_since"
        " FROM going w CROSS JOIN LATERAL (SELECT * FROM plans.stock_closing_balances b"
        " WHERE b.tenant_id = w.tenant_id AND b.plan_date < w.plan_date"
        f" ORDER BY b.plan_date DESC LIMIT {BALANCES}) b"
        " GROUP BY 1"
    )
    return found.cast(NO_STOCK_HISTORY.schema)


def without_late_sales(bulk: Bulk, reach: pl.DataFrame) -> pl.DataFrame:
    """``tenant_id`` of those of ``reach`` without sales from before ``earliest`` that came since the oldest balance.

    Such sales may change the stock of that balance, and a ledger that does not read them would not know.

    Args:
        reach: ``tenant_id, earliest, recorded_since``.
    """
    # Only of what is so late the database keeps an index. Whose balances are too old for it is left out.
    by_index = pl.col("recorded_since").dt.date() > pl.col("earliest") + pl.duration(days=LATE_DAYS + 1)
    looked_up = reach.filter(by_index).select("tenant_id", "earliest", "recorded_since")
    if looked_up.is_empty():
        return looked_up.select("tenant_id")
    bulk.put("short_reach", looked_up)
    oldest = instant(cast(datetime, looked_up["recorded_since"].min()))
    late = " OR ".join(
        f"EXISTS (SELECT FROM {table.fullname} t WHERE t.tenant_id = r.tenant_id"
        f" AND t.recorded_at > {oldest} AND t.recorded_at > r.recorded_since AND {is_late('t.')}"
        " AND t.sales_date < r.earliest)"
        for table in (ops.sales, ops.sales_hourly)
    )
    return bulk.read(f"SELECT r.tenant_id::text FROM short_reach r WHERE NOT ({late})")


def since_the_balance(table: Table, reach: pl.DataFrame) -> tuple[str, str]:
    """A join to ``t`` and ``reach r``, and a condition: a fact of which any record is needed is read with all of them.

    Or else a record that was corrected to another day would come back. A join and no subquery, which PostgreSQL would
    go through for each row where it does not fit into memory.
    """
    since = "ordered_since" if table.name in _ORDERS else "dated_since"
    about = _ABOUT[table.name]
    if table.name in _DAY_IN_KEY:
        needed = f"t.recorded_at > r.recorded_since OR {about.format('t')} >= r.{since}"
        if table.name == "stock_lots":
            return _FIRST_AND_LAST_COUNTS, f"(r.recorded_since IS NULL OR {needed} OR c.tenant_id IS NOT NULL)"
        return "", f"(r.recorded_since IS NULL OR {needed})"
    recorded, dated = cast("datetime | None", reach["recorded_since"].min()), cast(date, reach[since].min())
    # The first of all tenants as values, too: PostgreSQL knows how much has come since.
    near = f" AND (q.recorded_at > {instant(recorded)} OR {about.format('q')} >= DATE '{dated}')" if recorded else ""
    subject = [name for name in key_columns(table.info["schema"]) if name != "recorded_at"]
    needed = (
        f" LEFT JOIN (SELECT DISTINCT {', '.join(f'q.{name}' for name in subject)}"
        f" FROM {table.fullname} q JOIN reach n USING (tenant_id)"
        f" WHERE (q.recorded_at > n.recorded_since OR {about.format('q')} >= n.{since}){near}) s"
        f" ON {' AND '.join(f's.{name} = t.{name}' for name in subject)}"
    )
    return needed, "(r.recorded_since IS NULL OR s.tenant_id IS NOT NULL)"
