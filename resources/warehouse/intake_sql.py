"""The statements of a load: what only the database knows of a file's rows, and storing them; each is set-based.

What a row must be, and what it is next to an earlier one, is decided in ``bakery_assets.intake``.

Temporary tables: ``wanted`` (keys that rows refer to), ``tenants``, ``subjects``, ``batches`` and ``lots`` (what rows
are about),
``faults`` (rows at fault, as read), ``staged`` and ``staged_locations`` (rows to store).
"""
# ruff: noqa: S608 - names come from the schema, values never do

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from zoneinfo import available_timezones

import dataframely as dy
import polars as pl
from sqlalchemy import Table

from bakery_assets.intake.faults import Faults, faults_frame
from bakery_assets.intake.file_rows import FileRows
from bakery_assets.intake.references import NamedLocations
from bakery_assets.intake.tables import TableSpec
from bakery_assets.intake.till import Articles
from bakery_assets.intake.timestamps import TenantZones
from bakery_assets.schemas import conform
from bakery_assets.schemas.columns import MAIN_LOCATION
from resources.schema import metadata, ops
from resources.warehouse.connection import Bulk, frame_schema, insert_from, selected
from resources.warehouse.record import RECORD_DAYS

STAGED_ROWS = 200_000  # rows that are copied to the database at a time


class StoredRows:
    """The rows of the database, as ``references.KnownRows``."""

    name = "the database"
    correction_hint = ", or load with --corrections"

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def zone_names(self) -> frozenset[str]:
        """Time zones that both Python and this server know."""
        return known_zones(self._bulk)

    def time_zones(self) -> dy.DataFrame[TenantZones]:
        return conform(TenantZones, self._bulk.read("SELECT tenant_id, timezone FROM ops.tenants"))

    def existing(self, table: str, keys: pl.DataFrame) -> pl.DataFrame:
        with _staged(self._bulk, "wanted", keys):
            match = _equal("r", "w", keys.columns)
            return self._bulk.read(f"SELECT w.* FROM wanted w WHERE EXISTS (SELECT FROM ops.{table} r WHERE {match})")

    def refused(self, table: str, keys: pl.DataFrame) -> pl.DataFrame:
        with _staged(self._bulk, "wanted", keys):
            match = " AND ".join(f"q.content->>'{name}' = w.{name}" for name in keys.columns if name != "tenant_id")
            same = f" AND {match}" if match else ""
            return self._bulk.read(
                "SELECT w.* FROM wanted w WHERE EXISTS (SELECT FROM ops.quarantine q"
                f" WHERE q.tenant_id = w.tenant_id AND q.file LIKE '{table}.%'{same})"
            )

    def earlier(self, spec: TableSpec, subjects: pl.DataFrame) -> pl.DataFrame:
        """All records about ``subjects``. Other loads of the table wait from here on until this one ends."""
        wait_for_loads(self._bulk, spec.name)
        table = metadata.tables[f"ops.{spec.name}"]
        if not self._has_rows_of(table, subjects.select("tenant_id").unique()):
            return pl.DataFrame(schema=pl.Schema(spec.schema))
        with _staged(self._bulk, "subjects", subjects):
            gaps = {name for name in subjects.columns if spec.columns[name].nullable}
            match = _equal("t", "s", subjects.columns, gaps)
            found = self._bulk.read(
                f"SELECT {selected(table)} FROM {table.fullname} t WHERE EXISTS (SELECT FROM subjects s WHERE {match})"
            )
        return found.cast(pl.Schema(spec.schema))

    def events_of(self, batches: pl.DataFrame) -> pl.DataFrame:
        with _staged(self._bulk, "batches", batches):
            return self._bulk.read(
                f"SELECT {selected(ops.batch_events)} FROM ops.batch_events t"
                " JOIN batches USING (tenant_id, plan_date, batch_number)"
            ).cast(frame_schema(ops.batch_events))

    def of_lots(self, table: str, lots: pl.DataFrame) -> pl.DataFrame:
        stored = metadata.tables[f"ops.{table}"]
        with _staged(self._bulk, "lots", lots):
            return self._bulk.read(
                f"SELECT {selected(stored)} FROM {stored.fullname} t JOIN lots USING (tenant_id, ingredient_id, lot_id)"
            ).cast(frame_schema(stored))

    def planned_batches(self, batches: pl.DataFrame) -> pl.DataFrame:
        with _staged(self._bulk, "batches", batches):
            return self._bulk.read(
                "SELECT DISTINCT ON (b.tenant_id, b.schedule_date, b.batch_number) b.tenant_id, b.schedule_date,"
                " b.batch_number, b.product_id FROM batches w JOIN plans.published_batches b"
                " ON b.tenant_id = w.tenant_id AND b.schedule_date = w.plan_date AND b.batch_number = w.batch_number"
                f" AND b.plan_date BETWEEN w.plan_date - {RECORD_DAYS} AND w.plan_date"
                " JOIN plans.plan_versions v ON v.tenant_id = b.tenant_id AND v.plan_date = b.plan_date"
                " AND v.version = b.version AND v.published_at IS NOT NULL"
                " ORDER BY b.tenant_id, b.schedule_date, b.batch_number, b.plan_date DESC, b.version DESC"
            )

    def _has_rows_of(self, table: Table, tenants: pl.DataFrame) -> bool:
        """Whether any of these tenants has rows; a new bakery's history need not be looked up row by row."""
        with _staged(self._bulk, "tenants", tenants):
            query = f"SELECT 1 FROM tenants s JOIN {table.fullname} t ON t.tenant_id = s.tenant_id LIMIT 1"
            return self._bulk.read(query).height > 0


def wait_for_loads(bulk: Bulk, table: str) -> None:
    """Wait until other loads of a table have ended; theirs wait from here on until this one ends."""
    bulk.run(f"DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('load {table}')); END $$")


@cache
def _python_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def known_zones(bulk: Bulk) -> frozenset[str]:
    """Time zones that both Python and this server know."""
    return _python_zones() & frozenset(bulk.read("SELECT name FROM pg_timezone_names")["name"].to_list())


def has_rows(bulk: Bulk, table: str) -> bool:
    """Whether ``ops.<table>`` has any row."""
    return bulk.read(f"SELECT 1 AS found FROM ops.{table} LIMIT 1").height > 0


def place_of(bulk: Bulk, tenant_id: str) -> tuple[str, str] | None:
    """A tenant's time zone and country; None: there is no such tenant."""
    found = bulk.read(f"SELECT timezone, country FROM ops.tenants WHERE tenant_id = {literal(tenant_id)}")
    return (str(found["timezone"].item()), str(found["country"].item())) if found.height else None


def add_tenant(bulk: Bulk, tenant_id: str, name: str, zone: str, country: str) -> None:
    """Add a tenant; everything else about it is the default."""
    values = ", ".join(literal(value) for value in (tenant_id, name, zone, country))
    bulk.run(f"INSERT INTO ops.tenants (tenant_id, name, timezone, country) VALUES ({values}) ON CONFLICT DO NOTHING")
    main = f"{literal(tenant_id)}, {literal(MAIN_LOCATION)}"
    bulk.run(f"INSERT INTO ops.locations (tenant_id, location_id) VALUES ({main}) ON CONFLICT DO NOTHING")


def add_products(bulk: Bulk, tenant_id: str, articles: dy.DataFrame[Articles]) -> None:
    """Add articles that are no products yet, under the name the till has for them."""
    bulk.put("articles", articles)
    bulk.run(
        "INSERT INTO ops.products (tenant_id, product_id, name, price)"
        f" SELECT {literal(tenant_id)}, product_id, product_id, price FROM articles ON CONFLICT DO NOTHING"
    )


def store(bulk: Bulk, spec: TableSpec, file: FileRows) -> None:
    """Store a file's rows, and the locations that they name.

    Master data that has changed replaces what is stored in the columns that the file gives. A fact that another
    program has stored since it was compared is left as it is.
    """
    if file.locations is not None and spec.creates:
        add_locations(bulk, file.locations)
    rows = pl.concat([file.new, file.changed])
    if rows.height:
        _insert(bulk, spec, rows, file.given)
    if file.locations is not None and not spec.creates:  # those of the tenants just stored
        add_locations(bulk, file.locations)


def _insert(bulk: Bulk, spec: TableSpec, rows: pl.DataFrame, given: Collection[str]) -> None:
    bulk.run("DROP TABLE IF EXISTS staged")  # of another table in the same transaction
    for start in range(0, rows.height, STAGED_ROWS):
        bulk.put("staged", rows.slice(start, STAGED_ROWS))
    insert = insert_from("staged", metadata.tables[f"ops.{spec.name}"], list(spec.columns))
    values = [f"{name} = excluded.{name}" for name in given if name not in spec.key]
    if spec.fact is not None or not values:
        bulk.run(f"{insert} ON CONFLICT DO NOTHING")
        return
    bulk.run(f"{insert} ON CONFLICT ({', '.join(spec.key)}) DO UPDATE SET {', '.join(values)}")


@contextmanager
def staged_faults(bulk: Bulk) -> Iterator[Callable[[dy.DataFrame[Faults]], None]]:
    """Takes rows at fault of one file, for ``quarantine``."""
    bulk.run("DROP TABLE IF EXISTS faults")  # of a file in the same transaction that could not be read
    with _staged(bulk, "faults", faults_frame([])):
        yield lambda faults: bulk.put("faults", faults)


def quarantine(bulk: Bulk, folder: str, file: str) -> None:
    """Move the staged faults of a file to ``ops.quarantine``, each distinct one once."""
    bulk.run(
        "INSERT INTO ops.quarantine (tenant_id, folder, file, row_number, code, column_name, reason, content)"
        f" SELECT tenant_id, {literal(folder)}, {literal(file)}, row_number, code, column_name, reason,"
        " content::jsonb FROM faults"
        " ORDER BY row_number ON CONFLICT DO NOTHING"
    )


def add_locations(bulk: Bulk, locations: dy.DataFrame[NamedLocations]) -> None:
    bulk.run("DROP TABLE IF EXISTS staged_locations")
    bulk.put("staged_locations", locations)
    bulk.run(
        "INSERT INTO ops.locations (tenant_id, location_id) SELECT tenant_id, location_id FROM staged_locations"
        " ON CONFLICT DO NOTHING"
    )


@contextmanager
def _staged(bulk: Bulk, name: str, rows: pl.DataFrame) -> Iterator[None]:
    """A temporary table with ``rows``; analyzed, or PostgreSQL would read whole tables for a few of them."""
    bulk.put(name, rows)
    bulk.run(f"ANALYZE {name}")
    yield
    bulk.run(f"DROP TABLE {name}")


def _equal(left: str, right: str, names: Iterable[str], gaps: Collection[str] = ()) -> str:
    """Whether two rows are equal in some columns; in those of ``gaps`` two empties are the same."""
    return " AND ".join(
        f"{left}.{name} IS NOT DISTINCT FROM {right}.{name}" if name in gaps else f"{left}.{name} = {right}.{name}"
        for name in names
    )


def literal(value: str) -> str:
    """A text as SQL; bytes of a file's name that are no UTF-8 are written out, as in \\udcff."""
    storable = value.encode("utf-8", "backslashreplace").decode("utf-8")
    return "'" + storable.replace("'", "''") + "'"
