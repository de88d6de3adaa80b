"""Loading: files into ``ops``, one transaction each, by set-based SQL over what was staged.

What a row must be is decided in bakery_assets/intake and by the tables' own descriptions; here is what
only the database knows: whether what a row refers to exists, and whether it was known before.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import available_timezones

import polars as pl

from bakery_assets.intake.chunks import (
    FAULTS,
    ROW_NUMBER,
    BadHeader,
    Source,
    Unreadable,
    as_read,
    faults_frame,
)
from bakery_assets.intake.folder import REQUIRED, require, table_files
from bakery_assets.intake.parsing import check_header, parse, staged_schema
from bakery_assets.intake.report import FileReport, LoadReport
from bakery_assets.intake.tables import TableSpec, dependents
from bakery_assets.intake.till import TillSales
from bakery_assets.intake.till_columns import TillOptions
from bakery_assets.intake.till_form import understand
from bakery_assets.intake.values import IDENTITY_RULE
from bakery_assets.schemas.columns import MAIN_LOCATION
from resources.schema import ops
from resources.warehouse import intake_sql as sql
from resources.warehouse.connection import Bulk, Warehouse
from resources.warehouse.intake_tables import described
from resources.warehouse.migrate import migrate

Progress = Callable[[str, int, int], None]


def silent(file: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def load_folder(
    warehouse: Warehouse,
    folder: Path,
    *,
    now: datetime,
    corrections: bool = False,
    progress: Progress = silent,
) -> LoadReport:
    """Load every table that ``folder`` holds; bad rows go to ``ops.quarantine`` and stop nothing.

    Args:
        now: the moment of loading, aware.
        corrections: facts without ``recorded_at`` that differ from what is stored are recorded as known now.
        progress: called with a file's name, and how much of how much of it is read.

    Raises:
        Unreadable: there is no such folder, it holds nothing to load, or what every bakery needs is missing.
    """
    migrate(warehouse.engine)
    files, ignored = table_files(folder, [table.name for table in ops.LOADED])
    with warehouse.bulk() as bulk:
        stored = {table for table in REQUIRED if sql.has_rows(bulk, table)}
    require(folder, {file.table for file in files}, stored)
    reports: list[FileReport] = []
    unread: set[str] = set()
    tables = tuple(described(table) for table in ops.LOADED)
    for file in files:
        blocked = file.table in dependents(tables, unread)
        if blocked:
            causes = ", ".join(sorted(unread))
            problem = f"{file.path.name} was not loaded: its rows refer to {causes}, which could not be read."
            reports.append(FileReport(file.path.name, file.table, problem=problem, is_refused=True))
            continue
        try:
            table = next(table for table in tables if table.name == file.table)
            reports.append(
                load_source(warehouse, table, file.source(), now=now, corrections=corrections, progress=progress)
            )
        except Unreadable as error:
            unread.add(file.table)
            reports.append(FileReport(file.path.name, file.table, problem=str(error), is_refused=True))
    return LoadReport(tuple(reports), tuple(ignored))


@dataclass(frozen=True)
class TillOwner:
    """Whose till it is; a tenant that is not known yet is made where ``timezone`` and ``country`` are given."""

    tenant_id: str
    timezone: str | None = None
    country: str | None = None
    name: str | None = None
    location_id: str = MAIN_LOCATION


def import_till(
    warehouse: Warehouse,
    path: Path,
    owner: TillOwner,
    options: TillOptions,
    *,
    now: datetime,
    corrections: bool = False,
    progress: Progress = silent,
) -> LoadReport:
    """Import a till's own export as a tenant's sales; articles that are not known yet become products.

    Raises:
        Unreadable: the file, the tenant or an option cannot be used; nothing was imported.
    """
    _check_tenant(owner.tenant_id)
    migrate(warehouse.engine)
    try:
        till = understand(path, options)
    except BadHeader as error:
        raise Unreadable(f"{path.name}: {error}.") from None
    with warehouse.bulk() as bulk:
        zone = sql.zone_of(bulk, owner.tenant_id)
        is_new = zone is None
        zone = zone or _new_zone(bulk, owner)
    sales = TillSales(till, owner.tenant_id, owner.location_id, zone)

    def prepare(bulk: Bulk) -> None:
        if is_new:
            sql.add_tenant(bulk, owner.tenant_id, owner.name or owner.tenant_id, zone, owner.country or "")
        sql.add_products(bulk, owner.tenant_id, sales.articles())

    report = load_source(
        warehouse,
        described(ops.sales),
        sales.source(),
        now=now,
        corrections=corrections,
        progress=progress,
        prepare=prepare,
    )
    return LoadReport((report,), notes=sales.notes())


def _check_tenant(tenant_id: str) -> None:
    pattern = described(ops.tenants).by_name["tenant_id"].pattern
    if pattern and not re.fullmatch(pattern, tenant_id):
        raise Unreadable(f"--tenant is '{tenant_id}'; {IDENTITY_RULE}.")


def _new_zone(bulk: Bulk, owner: TillOwner) -> str:
    if not owner.timezone or not owner.country:
        raise Unreadable(
            f"There is no tenant '{owner.tenant_id}'. To make it, give --timezone and --country, for example"
            " --timezone Europe/Paris --country FR."
        )
    if owner.timezone not in known_zones(bulk):
        raise Unreadable(f"'{owner.timezone}' is no IANA time zone; write it like Europe/Berlin.")
    return owner.timezone


def load_source(
    warehouse: Warehouse,
    table: TableSpec,
    source: Source,
    *,
    now: datetime,
    corrections: bool = False,
    progress: Progress = silent,
    prepare: Callable[[Bulk], None] | None = None,
) -> FileReport:
    """Load one stream of rows into one table, in one transaction.

    Args:
        prepare: adds rows in the same transaction, once all rows are read, that these refer to.

    Raises:
        Unreadable: the file cannot be used; nothing of it was loaded.
    """
    with warehouse.bulk() as bulk:
        sql.stage_faults(bulk, pl.DataFrame(schema=FAULTS))
        try:
            read, columns, unknown = _stage(bulk, table, source, progress)
        except BadHeader as error:
            sql.stage_faults(bulk, faults_frame([error.fault()]))
            sql.quarantine(bulk, source.name)
            problem = f"{source.name} was skipped: {error}."
            return FileReport(source.name, table.name, quarantined=1, problem=problem)
        if prepare is not None:
            prepare(bulk)
        if read == 0:
            return FileReport(source.name, table.name, unknown_columns=tuple(unknown))
        sql.find_strangers(bulk, table)
        sql.make_ready(bulk, table, columns, now)
        repeated = sql.find_repeats(bulk, table, columns)
        if table.fact is None:
            counts = sql.upsert(bulk, table, columns)
        else:
            counts = sql.append(bulk, table, now, corrections=corrections)
        late = sql.late_faults(bulk)
        if late.height:
            for faults in as_read(source, late):
                sql.stage_faults(bulk, faults)
        quarantined = sql.quarantine(bulk, source.name)
    new, changed, known = counts
    return FileReport(source.name, table.name, read, new, changed, known, repeated, quarantined, tuple(unknown))


def _stage(bulk: Bulk, table: TableSpec, source: Source, progress: Progress) -> tuple[int, list[str], list[str]]:
    """Read, parse and stage every chunk: rows read, the file's columns, and those the table does not have."""
    read = 0
    columns: list[str] = []
    unknown: list[str] = []
    zones = known_zones(bulk) if any(column.zone for column in table.columns) else frozenset()
    for chunk in source.chunks():
        if not columns:
            columns = [name for name in chunk.rows.columns if name != ROW_NUMBER]
            unknown = check_header(table, columns)
            sql.stage_rows(bulk, pl.DataFrame(schema=staged_schema(table, columns)))
        ready = parse(table, chunk, zones)
        if ready.rows.height:
            sql.stage_rows(bulk, ready.rows)
        if ready.faults.height:
            sql.stage_faults(bulk, ready.faults)
        read += chunk.rows.height + chunk.faults.height
        progress(source.name, chunk.position, source.size)
    progress(source.name, source.size, source.size)
    return read, columns, unknown


def known_zones(bulk: Bulk) -> frozenset[str]:
    """Time zones that both Python and this server know."""
    return _zones() & frozenset(bulk.read("SELECT name FROM pg_timezone_names")["name"].to_list())


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
