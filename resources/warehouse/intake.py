"""Loading: files into ``ops``, one transaction each; tills' exports are imported in ``imports``.

What becomes of a row is decided in ``bakery_assets.intake.file_rows``; the statements are in ``intake_sql``.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.file_rows import FileRows, read_file_rows
from bakery_assets.intake.folder import REQUIRED, require, table_files
from bakery_assets.intake.report import FileReport, LoadReport, ReportProgress, no_progress
from bakery_assets.intake.row_batches import Source
from bakery_assets.intake.tables import TableSpec, dependents
from resources.schema import ops
from resources.warehouse import delivery_events
from resources.warehouse import intake_sql as sql
from resources.warehouse.connection import Bulk, Warehouse
from resources.warehouse.intake_tables import table_spec
from resources.warehouse.migrate import migrate
from resources.warehouse.recipe_flags import RECIPE_TABLES, recipe_sentences


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
        if table.name in delivery_events.TABLES:
            delivery_events.announce_written(bulk)
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
