"""The statements of imports: what is stored of shops' days, and the records that an import or its undoing makes.

Temporary tables: ``shop_days`` (whose days are read), ``records`` and ``new_lines`` (rows to store).
"""
# ruff: noqa: S608 - names come from the schema, values never do

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import dataframely as dy
import polars as pl
from sqlalchemy import Table

from bakery_assets.intake.imports import KEY, SHOP_DAY, DirectSales, ImportLines
from bakery_assets.intake.jumps import AROUND_DAYS, UsualSales
from bakery_assets.schemas import conform
from resources.schema import ops
from resources.schema.imports import import_lines
from resources.warehouse.connection import Bulk, insert_from
from resources.warehouse.intake_sql import literal

DAY_CONTENT = ["quantity", "revenue", "sold_out_at"]
HOUR_CONTENT = ["quantity", "in_stock"]
HOUR_KEY = [*KEY, "hour"]
_IS_UNDONE = (
    "EXISTS (SELECT FROM ops.import_withdrawals w WHERE w.tenant_id = i.tenant_id AND w.import_id = i.import_id)"
)
_TEXT = ["tenant_id", "product_id", "location_id"]


@dataclass(frozen=True)
class Import:
    """An import as it was recorded."""

    import_id: int
    tenant_id: str
    source: str
    till: str | None
    file: str
    first_day: date
    last_day: date
    days: int
    rows: int
    days_taken: str
    recorded_at: datetime
    is_undone: bool


@dataclass(frozen=True)
class StoredDays:
    """What is stored of some shops' days.

    Attributes:
        lines: of imports that are not undone.
        direct, direct_hours: the latest records that no import made.
        days, hours: the latest records, with ``recorded_at`` and ``is_withdrawn``.
    """

    lines: dy.DataFrame[ImportLines]
    direct: dy.DataFrame[DirectSales]
    direct_hours: pl.DataFrame
    days: pl.DataFrame
    hours: pl.DataFrame


def read_days(bulk: Bulk, shop_days: pl.DataFrame) -> StoredDays:
    """What is stored of ``tenant_id, location_id, sales_date``."""
    bulk.run("DROP TABLE IF EXISTS shop_days")
    bulk.put("shop_days", shop_days.select(SHOP_DAY).unique())
    bulk.run("ANALYZE shop_days")
    mine = f"USING ({', '.join(SHOP_DAY)})"
    lines = bulk.read(
        "SELECT tenant_id::text, import_id, i.transaction_id::text::bigint AS written, i.source::text,"
        " i.days_taken::text, location_id::text, sales_date, l.product_id::text, l.receipt::text, l.minute,"
        f" l.quantity, l.revenue FROM ops.import_lines l JOIN shop_days {mine}"
        f" JOIN ops.imports i USING (tenant_id, import_id) WHERE NOT {_IS_UNDONE}"
    )
    direct_day, direct_hour = (
        _latest(bulk, table, key, content, ", transaction_id::text::bigint AS written", "WHERE import_id IS NULL")
        for table, key, content in _TABLES
    )
    days, hours = (_latest(bulk, table, key, content, ", is_withdrawn", "") for table, key, content in _TABLES)
    return StoredDays(
        conform(ImportLines, lines), conform(DirectSales, direct_day), direct_hour.drop("written"), days, hours
    )


_TABLES: Sequence[tuple[Table, list[str], list[str]]] = (
    (ops.sales, KEY, DAY_CONTENT),
    (ops.sales_hourly, HOUR_KEY, HOUR_CONTENT),
)


def _latest(bulk: Bulk, table: Table, key: list[str], content: list[str], more: str, condition: str) -> pl.DataFrame:
    names = [f"{name}::text" if name in _TEXT else name for name in key]
    mine = f"USING ({', '.join(SHOP_DAY)})"
    return bulk.read(
        f"SELECT DISTINCT ON ({', '.join(key)}) {', '.join([*names, *content])}, recorded_at{more}"
        f" FROM {table.fullname} JOIN shop_days {mine} {condition} ORDER BY {', '.join(key)}, recorded_at DESC"
    )


def usual_sales(bulk: Bulk, tenant_id: str, first: date, last: date) -> dy.DataFrame[UsualSales]:
    """What a tenant usually sells, by the latest records of the days around these, without those of ``shop_days``."""
    span = f"BETWEEN DATE '{first}' - {AROUND_DAYS} AND DATE '{last}' + {AROUND_DAYS}"
    mine = " AND ".join(f"d.{name} = s.{name}" for name in SHOP_DAY)
    found = bulk.read(
        "SELECT product_id::text, location_id::text, count(*) AS days,"
        " percentile_cont(0.5) WITHIN GROUP (ORDER BY quantity) AS quantity,"
        " percentile_cont(0.5) WITHIN GROUP (ORDER BY revenue / quantity) AS unit_revenue"
        f" FROM (SELECT DISTINCT ON ({', '.join(KEY)}) * FROM ops.sales s WHERE tenant_id = {literal(tenant_id)}"
        f" AND sales_date {span} AND NOT EXISTS (SELECT FROM shop_days d WHERE {mine})"
        f" ORDER BY {', '.join(KEY)}, recorded_at DESC) latest"
        " WHERE NOT is_withdrawn AND quantity > 0 GROUP BY product_id, location_id"
    )
    return conform(UsualSales, found)


def last_sale(bulk: Bulk, tenant_id: str) -> date | None:
    """The last day of which a tenant has sales."""
    later = " AND ".join(f"w.{name} = s.{name}" for name in KEY)
    found = bulk.read(  # ordered, so that an index gives the last one first
        f"SELECT sales_date FROM ops.sales s WHERE tenant_id = {literal(tenant_id)} AND NOT EXISTS"
        f" (SELECT FROM ops.sales w WHERE {later} AND w.recorded_at >= s.recorded_at AND w.is_withdrawn)"
        " ORDER BY sales_date DESC LIMIT 1"
    )
    last: date | None = found["sales_date"][0] if found.height else None
    return last


def add_records(bulk: Bulk, table: Table, records: pl.DataFrame, import_id: int) -> None:
    """Append records of sales that an import makes; one that another program has made meanwhile is left as it is."""
    if records.is_empty():
        return
    bulk.run("DROP TABLE IF EXISTS records")
    bulk.put("records", records.with_columns(import_id=pl.lit(import_id, pl.Int64)))
    bulk.run(f"{insert_from('records', table, [*records.columns, 'import_id'])} ON CONFLICT DO NOTHING")


def next_import(bulk: Bulk) -> tuple[int, int]:
    """The number of a new import, and the number of this transaction."""
    number, transaction = bulk.read(
        "SELECT nextval(pg_get_serial_sequence('ops.imports', 'import_id')) AS id,"
        " pg_current_xact_id()::text::bigint AS transaction"
    ).row(0)
    return int(number), int(transaction)


def add_import(bulk: Bulk, made: Import, digest: str, lines: dy.DataFrame[ImportLines]) -> None:
    """Store an import and its lines."""
    texts = [made.tenant_id, made.source, made.file, digest, made.days_taken]
    tenant, source, file, digest, taken = map(literal, texts)
    till = literal(made.till) if made.till else "NULL"
    bulk.run(
        "INSERT INTO ops.imports (import_id, tenant_id, source, till, file, digest, first_day, last_day, days, rows,"
        f" days_taken, recorded_at) OVERRIDING SYSTEM VALUE VALUES ({made.import_id}, {tenant}, {source},"
        f" {till}, {file}, {digest}, '{made.first_day}', '{made.last_day}', {made.days},"
        f" {made.rows}, {taken}, '{made.recorded_at.isoformat()}')"
    )
    columns = [column.name for column in import_lines.columns]
    bulk.put("new_lines", lines.select(columns))
    bulk.run(insert_from("new_lines", import_lines, columns))


def add_withdrawal(bulk: Bulk, undone: Import, now: datetime) -> None:
    """Store that an import is undone."""
    bulk.run(
        "INSERT INTO ops.import_withdrawals (import_id, tenant_id, recorded_at)"
        f" VALUES ({undone.import_id}, {literal(undone.tenant_id)}, '{now.isoformat()}')"
    )


def days_of(bulk: Bulk, made: Import) -> pl.DataFrame:
    """``tenant_id, location_id, sales_date`` of an import."""
    mine = f"tenant_id = {literal(made.tenant_id)} AND import_id = {made.import_id}"
    return bulk.read(
        f"SELECT DISTINCT tenant_id::text, location_id::text, sales_date FROM ops.import_lines WHERE {mine}"
    )


def find_imports(bulk: Bulk, condition: str) -> list[Import]:
    """Imports of a condition on ``i``, in their order."""
    found = bulk.read(
        "SELECT i.import_id, i.tenant_id::text, i.source::text, i.till::text, i.file::text, i.first_day, i.last_day,"
        f" i.days, i.rows, i.days_taken::text, i.recorded_at, {_IS_UNDONE} AS is_undone FROM ops.imports i"
        f" WHERE {condition} ORDER BY i.import_id"
    )
    return [Import(*row) for row in found.rows()]


def import_of_file(bulk: Bulk, tenant_id: str, digest: str) -> Import | None:
    """The import of the very same file that is not undone."""
    same = f"i.tenant_id = {literal(tenant_id)} AND i.digest = {literal(digest)} AND NOT {_IS_UNDONE}"
    return next(iter(find_imports(bulk, same)), None)
