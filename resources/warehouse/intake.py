"""Loading: files into ``ops``, one transaction each.

What becomes of a row is decided in ``bakery_assets.intake.file_rows``; the statements are in ``intake_sql``.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import select

from bakery_assets.intake.faults import BadHeader, Unreadable
from bakery_assets.intake.file_rows import FileRows, read_file_rows
from bakery_assets.intake.folder import REQUIRED, require, table_files
from bakery_assets.intake.report import FileReport, LoadReport, ReportProgress, no_progress
from bakery_assets.intake.row_batches import Source
from bakery_assets.intake.tables import TableSpec, dependents
from bakery_assets.intake.till import TillSales
from bakery_assets.intake.till_columns import OFF, TillOptions
from bakery_assets.intake.till_dialect import detect_dialect
from bakery_assets.intake.values import SLUG_RULE
from bakery_assets.schemas.columns import SLUG
from resources.schema import ops
from resources.warehouse import intake_sql as sql
from resources.warehouse.connection import Bulk, Warehouse
from resources.warehouse.intake_tables import table_spec
from resources.warehouse.migrate import migrate
from resources.warehouse.recipe_flags import RECIPE_TABLES, recipe_sentences
from resources.warehouse.till_forms import remember_form, till_form


def load_folder(
    warehouse: Warehouse,
    folder: Path,
    *,
    now: datetime,
    corrections: bool = False,
    check: bool = False,
    progress: ReportProgress = no_progress,
) -> LoadReport:
    """Load every table that ``folder`` holds; bad rows go to ``ops.quarantine`` and stop nothing.

    Args:
        now: the moment of loading, aware.
        corrections: facts without ``recorded_at`` that differ from what is stored are recorded as known now.
        check: store nothing, and report what would become of the rows.
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
    notes: list[str] = []
    unread: set[str] = set()
    tenants: set[str] = set()
    tables = tuple(table_spec(table) for table in ops.LOADED)
    with _transactions(warehouse, check=check) as transaction:
        for file in files:
            if file.table in dependents(tables, unread):
                causes = ", ".join(sorted(unread))
                problem = f"{file.path.name} was not loaded: its rows refer to {causes}, which could not be read."
                reports.append(FileReport(file.path.name, file.table, problem=problem, is_refused=True))
                continue
            table = next(table for table in tables if table.name == file.table)
            try:
                source = file.source()
                with transaction() as bulk:
                    rows = _load(bulk, table, source, now=now, corrections=corrections, progress=progress)
            except Unreadable as error:
                unread.add(file.table)
                reports.append(FileReport(file.path.name, file.table, problem=str(error), is_refused=True))
                continue
            reports.append(rows.report)
            notes += source.notes
            if file.table in RECIPE_TABLES:
                tenants.update(rows.new["tenant_id"], rows.changed["tenant_id"])
        if tenants:
            with transaction() as bulk:
                notes += recipe_sentences(bulk, tenants, now.date())
    return LoadReport(tuple(reports), tuple(ignored), tuple(notes), is_check=check)


@contextmanager
def _transactions(warehouse: Warehouse, *, check: bool) -> Iterator[Callable[[], AbstractContextManager[Bulk]]]:
    """Each file in a transaction of its own; those of a check all in one, which is rolled back."""
    if not check:
        yield warehouse.bulk
        return
    with warehouse.bulk(commit=False) as bulk:
        yield lambda: nullcontext(bulk)


@dataclass(frozen=True)
class TillOwner:
    """Whose till it is; a tenant that is not known yet is made where ``timezone`` and ``country`` are given.

    Without ``location_id`` the export says which shop a line is of, where it names several.
    """

    tenant_id: str
    timezone: str | None = None
    country: str | None = None
    name: str | None = None
    location_id: str | None = None


def import_till(
    warehouse: Warehouse,
    path: Path,
    owner: TillOwner,
    options: TillOptions,
    *,
    now: datetime,
    corrections: bool = False,
    check: bool = False,
    progress: ReportProgress = no_progress,
) -> LoadReport:
    """Import a till's own export as a tenant's sales; articles that are not known yet become products.

    Args:
        check: store nothing, and report what would become of the rows.

    Raises:
        Unreadable: the file, the tenant or an option cannot be used; nothing was imported.
    """
    _check_tenant(owner.tenant_id)
    migrate(warehouse.engine)
    with warehouse.bulk() as bulk:
        place = sql.place_of(bulk, owner.tenant_id)
        is_new = place is None
        zone, country = place or (_new_zone(bulk, owner), owner.country)
    try:
        dialect = detect_dialect(
            path,
            options,
            today=now.date() + timedelta(days=1),
            country=country,
            remembered=partial(till_form, warehouse, owner.tenant_id),
        )
    except BadHeader as error:
        raise Unreadable(f"{path.name}: {error}.") from None
    by_column = options.location_column is not None and options.location_column != OFF
    sales = TillSales(dialect, owner.tenant_id, owner.location_id, zone, by_column=by_column)
    load = partial(_load, now=now, corrections=corrections, progress=progress)
    with warehouse.bulk(commit=not check) as bulk:
        if is_new:
            sql.add_tenant(bulk, owner.tenant_id, owner.name or owner.tenant_id, zone, owner.country or "")
        sql.add_products(bulk, owner.tenant_id, sales.articles())
        reports = [load(bulk, table_spec(ops.sales), sales.source()).report]
        days, hourly = sales.days(), sales.hourly_source()
        if days and hourly:
            sales.know_hours(sql.hours_of(bulk, owner.tenant_id, *days))
            reports.append(load(bulk, table_spec(ops.sales_hourly), hourly).report)
    if not check:
        remember_form(warehouse, owner.tenant_id, dialect)
    return LoadReport(tuple(reports), notes=sales.notes(), is_check=check)


def _check_tenant(tenant_id: str) -> None:
    if not re.fullmatch(SLUG, tenant_id):
        raise Unreadable(f"--tenant is '{tenant_id}'; {SLUG_RULE}.")


def _new_zone(bulk: Bulk, owner: TillOwner) -> str:
    if not owner.timezone or not owner.country:
        raise Unreadable(
            f"There is no tenant '{owner.tenant_id}'. To make it, give --timezone and --country, for example"
            " --timezone Europe/Paris --country FR."
        )
    if owner.timezone not in sql.known_zones(bulk):
        raise Unreadable(f"'{owner.timezone}' is no IANA time zone; write it like Europe/Berlin.")
    return owner.timezone


def load_source(
    warehouse: Warehouse,
    table: TableSpec,
    source: Source,
    *,
    now: datetime,
    corrections: bool = False,
    progress: ReportProgress = no_progress,
) -> FileReport:
    """Load one stream of rows into one table, in one transaction.

    Raises:
        Unreadable: the file cannot be used; nothing of it was loaded.
    """
    with warehouse.bulk() as bulk:
        return _load(bulk, table, source, now=now, corrections=corrections, progress=progress).report


def _load(
    bulk: Bulk, table: TableSpec, source: Source, *, now: datetime, corrections: bool, progress: ReportProgress
) -> FileRows:
    with sql.staged_faults(bulk) as stage_faults:
        file = read_file_rows(
            table,
            source,
            sql.StoredRows(bulk),
            loaded_at=now,
            report_faults=stage_faults,
            progress=progress,
            corrections=corrections,
        )
        sql.store(bulk, table, file)
        sql.quarantine(bulk, source.folder, source.name)
    return file


def quarantine_reasons(warehouse: Warehouse, file: str, tenant_id: str, *, since: datetime) -> list[str]:
    """Why rows of a file that a tenant gave from an instant on are in quarantine, in their order."""
    table = ops.quarantine.c
    query = (
        select(table.reason)
        .where(
            table.file == file, table.tenant_id == tenant_id, table.content["recorded_at"].astext >= since.isoformat()
        )
        .order_by(table.quarantine_id)
    )
    with warehouse.engine.connect() as connection:
        return list(connection.execute(query).scalars())
