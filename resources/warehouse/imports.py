"""Imports of tills' exports: the sales that they make together with earlier ones, and undoing them.

Which lines count is decided in ``bakery_assets.intake.imports``; the statements are in ``imports_sql``.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import dataframely as dy
import polars as pl

from bakery_assets.explanations.formats import plain_number
from bakery_assets.intake.date_order import KnownOfTenant
from bakery_assets.intake.faults import ROW_NUMBER, BadHeader, RowFaults, Unreadable, row_faults
from bakery_assets.intake.file_rows import FileRows, read_file_rows
from bakery_assets.intake.import_notes import import_notes
from bakery_assets.intake.imports import (
    ADDED,
    KEY,
    RECEIPTS,
    REPLACED,
    SHOP_DAY,
    ImportLines,
    canceled_lines,
    day_totals,
    hour_totals,
    records,
    without_gone_hours,
)
from bakery_assets.intake.jumps import find_jump, jump_sentence
from bakery_assets.intake.lines import require_regular
from bakery_assets.intake.meaning import no_country
from bakery_assets.intake.report import FileReport, LoadReport, ReportProgress, no_progress
from bakery_assets.intake.row_batches import Source
from bakery_assets.intake.tables import TableSpec
from bakery_assets.intake.till import TillSales
from bakery_assets.intake.till_columns import OFF, TillOptions
from bakery_assets.intake.till_dialect import TillDialect, detect_dialect
from bakery_assets.intake.values import LONGEST_CODE, SLUG_RULE
from bakery_assets.quantities import counted
from bakery_assets.schemas import conform
from bakery_assets.schemas.columns import SLUG
from resources.schema import ops
from resources.warehouse import imports_sql as stored
from resources.warehouse import intake_sql as sql
from resources.warehouse.connection import Bulk, Warehouse
from resources.warehouse.imports_sql import Import, StoredDays
from resources.warehouse.intake_tables import table_spec
from resources.warehouse.migrate import migrate
from resources.warehouse.till_forms import remember_form, till_form


class NoSuchImport(ValueError):
    """An import that cannot be undone; the message is one line that says why."""


@dataclass(frozen=True)
class TillOwner:
    """Whose till it is; a tenant that is not known yet is made where ``timezone`` and ``country`` are given.

    Without ``location_id`` the export says which shop a line is of, where it names several. ``source`` tells several
    tills of one shop apart; without it exports that are written alike are of the same till.
    """

    tenant_id: str
    timezone: str | None = None
    country: str | None = None
    name: str | None = None
    location_id: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class _Taking:
    """How a file is taken, as ``import_till`` says."""

    now: datetime
    corrections: bool
    adds: bool
    accepts_jumps: bool
    progress: ReportProgress


def import_till(
    warehouse: Warehouse,
    path: Path,
    owner: TillOwner,
    options: TillOptions,
    *,
    now: datetime,
    corrections: bool = False,
    adds: bool = False,
    accepts_jumps: bool = False,
    check: bool = False,
    progress: ReportProgress = no_progress,
) -> LoadReport:
    """Import a till's own export as a tenant's sales; articles that are not known yet become products.

    A file that was imported already, by its content, is not read again.

    Args:
        corrections: it may replace sales that were recorded otherwise than by an import.
        adds: its sales come on top of what is known of their days.
        accepts_jumps: it may tell of a hundred or a thousand times what the bakery usually sells.
        check: store nothing, and report what would become of the rows.

    Raises:
        Unreadable: the file, the tenant or an option cannot be used; nothing was imported.
    """
    _check_names(owner)
    migrate(warehouse.engine)
    digest = _digest(path)
    with warehouse.bulk() as bulk:
        place = sql.place_of(bulk, owner.tenant_id)
        is_new = place is None
        earlier = stored.import_of_file(bulk, owner.tenant_id, digest)
        if earlier is not None:
            return _imported_already(path, earlier, check=check)
        last_sale = stored.last_sale(bulk, owner.tenant_id)
        zone, country = place or (_new_zone(bulk, owner), owner.country)
    try:
        dialect = detect_dialect(
            path,
            options,
            tenant=KnownOfTenant(now.date() + timedelta(days=1), country, last_sale),
            remembered=lambda source: till_form(warehouse, owner.tenant_id, owner.source or source),
        )
    except BadHeader as error:
        raise Unreadable(f"{path.name}: {error}.") from None
    by_column = options.location_column is not None and options.location_column != OFF
    sales = TillSales(dialect, owner.tenant_id, owner.location_id, zone, by_column=by_column)
    source = owner.source or dialect.source
    taking = _Taking(now, corrections, adds, accepts_jumps, progress)
    with warehouse.bulk(commit=not check) as bulk:
        sql.wait_for_loads(bulk, "sales")
        earlier = stored.import_of_file(bulk, owner.tenant_id, digest)
        if earlier is not None:  # by another process, meanwhile
            return _imported_already(path, earlier, check=check)
        if is_new:
            sql.add_tenant(bulk, owner.tenant_id, owner.name or owner.tenant_id, zone, owner.country or "")
        sql.add_products(bulk, owner.tenant_id, sales.articles())
        report = _import(bulk, sales, dialect, source, digest, taking)
    if not check:
        remember_form(warehouse, owner.tenant_id, source, dialect.shown)
    return replace(report, is_check=check)


def undo_import(warehouse: Warehouse, import_id: int, now: datetime) -> tuple[Import, int]:
    """Undo an import: sales become what they would be without it. The import, and how many sales changed.

    Raises:
        NoSuchImport: there is none with this number, or it is undone already.
    """
    migrate(warehouse.engine)
    with warehouse.bulk() as bulk:
        sql.wait_for_loads(bulk, "sales")
        found = stored.find_imports(bulk, f"i.import_id = {import_id}")
        if not found:
            raise NoSuchImport(f"There is no import {import_id}; `bakery imports` lists them.")
        if found[0].is_undone:
            raise NoSuchImport(f"Import {import_id}, {found[0].file}, is undone already.")
        days = stored.days_of(bulk, found[0])
        stored.add_withdrawal(bulk, found[0], now)
        kept = stored.read_days(bulk, days)
        changed, _ = _record(bulk, kept, kept.lines, import_id, now)
    return found[0], changed.height


def list_imports(warehouse: Warehouse, tenant_id: str | None = None) -> list[Import]:
    """Imports in their order, of a tenant or of all."""
    migrate(warehouse.engine)
    with warehouse.bulk() as bulk:
        return stored.find_imports(bulk, f"i.tenant_id = {sql.literal(tenant_id)}" if tenant_id else "true")


def _import(
    bulk: Bulk, sales: TillSales, dialect: TillDialect, source: str, digest: str, taking: _Taking
) -> LoadReport:
    """Store an export's lines and the sales that follow."""
    import_id, transaction = stored.next_import(bulk)
    taken = ADDED if taking.adds else RECEIPTS if sales.has_receipts else REPLACED
    made = pl.DataFrame({"import_id": [import_id], "written": [transaction], "source": [source], "days_taken": [taken]})
    lines = conform(ImportLines, sales.lines().join(made, how="cross"))
    void = sales.canceled() if taken == RECEIPTS else sales.canceled().clear()
    before = stored.read_days(bulk, pl.concat([lines.select(SHOP_DAY), void.select(SHOP_DAY)]))
    taken_back = conform(ImportLines, canceled_lines(void, before.lines, made))
    if lines.height and not taking.accepts_jumps:
        _refuse_jump(bulk, sales, dialect, lines)
    totals = day_totals(_together(before.lines, lines, taken_back), before.direct)
    own = sales.days().select(KEY).join(totals, on=KEY)
    refused = row_faults() if taking.corrections or taking.adds else _contested(sales, own, before)
    days = _read(bulk, table_spec(ops.sales), sales.source(own, refused), taking)
    if days.locations is not None:
        sql.add_locations(bulk, days.locations)
    good = _together(conform(ImportLines, lines.join(days.new, on=KEY, how="semi")), taken_back)
    every = _together(before.lines, good)
    hours = hour_totals(every, before.direct, before.direct_hours).join(sales.hours(), on=stored.HOUR_KEY, how="semi")
    hourly = sales.hourly_source(hours)
    hour_rows = None if hourly is None else _read(bulk, table_spec(ops.sales_hourly), hourly, taking)
    if good.height:
        stored.add_import(bulk, _described(import_id, dialect, source, taken, good, taking.now), digest, good)
    changed_days, changed_hours = _record(
        bulk, before, every, import_id, taking.now, days.new, None if hour_rows is None else hour_rows.new
    )
    reports = [_report(days, before.days, changed_days, KEY)]
    if hour_rows is not None:
        reports.append(_report(hour_rows, before.hours, changed_hours, stored.HOUR_KEY))
    return LoadReport(
        tuple(reports),
        notes=(*sales.notes(), *import_notes(good, before.lines)),
        import_id=import_id if good.height else None,
    )


def _refuse_jump(bulk: Bulk, sales: TillSales, dialect: TillDialect, lines: dy.DataFrame[ImportLines]) -> None:
    first, last = lines.select(pl.col("sales_date").min(), pl.col("sales_date").max().alias("last")).row(0)
    jump = find_jump(sales.days(), stored.usual_sales(bulk, lines["tenant_id"][0], first, last))
    if jump is None:
        return
    columns = dialect.columns
    name = columns.quantity if jump.measure == "quantity" else None
    name = name or columns.revenue or columns.price or columns.quantity
    raise Unreadable(jump_sentence(dialect.path.name, jump, dialect.decimals[name] if name else "."))


def _read(bulk: Bulk, spec: TableSpec, source: Source, taking: _Taking) -> FileRows:
    """The rows that follow the table's rules; the others go to quarantine."""
    with sql.staged_faults(bulk) as stage_faults:
        rows = read_file_rows(
            spec,
            source,
            _WithoutEarlier(bulk),
            loaded_at=taking.now,
            report_faults=stage_faults,
            progress=taking.progress,
        )
        sql.quarantine(bulk, source.folder, source.name)
    return rows


class _WithoutEarlier(sql.StoredRows):
    """What is known, but for earlier sales: what the rows are next to these is not for a row alone to say."""

    def earlier(self, spec: TableSpec, subjects: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame(schema=pl.Schema(spec.schema))


def _record(
    bulk: Bulk,
    before: StoredDays,
    lines: dy.DataFrame[ImportLines],
    import_id: int,
    now: datetime,
    new_days: pl.DataFrame | None = None,
    new_hours: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Append the records by which the days' sales become what ``lines`` say; these of days and of hours.

    Args:
        new_days, new_hours: rows that say from when on what nothing is recorded of yet is known.
    """
    days = day_totals(lines, before.direct)
    hours = without_gone_hours(hour_totals(lines, before.direct, before.direct_hours), before.hours)
    made = (
        records(_with_known(days, new_days, KEY), before.days, KEY, stored.DAY_CONTENT, now),
        records(
            _with_known(hours, new_hours, stored.HOUR_KEY), before.hours, stored.HOUR_KEY, stored.HOUR_CONTENT, now
        ),
    )
    for table, rows in zip((ops.sales, ops.sales_hourly), made, strict=True):
        stored.add_records(bulk, table, rows, import_id)
    return made


def _with_known(totals: pl.DataFrame, new: pl.DataFrame | None, key: Sequence[str]) -> pl.DataFrame:
    if new is None:
        return totals.with_columns(recorded_at=pl.lit(None, pl.Datetime("us", "UTC")))
    return totals.join(new.select(*key, "recorded_at"), on=key, how="left")


def _contested(sales: TillSales, own: pl.DataFrame, before: StoredDays) -> dy.DataFrame[RowFaults]:
    """Rows of what was recorded directly and differs."""
    stands = day_totals(before.lines, before.direct).filter("has_direct")
    differing = own.join(stands, on=KEY, suffix="_stored").filter(
        (pl.col("quantity") != pl.col("quantity_stored"))
        | (pl.col("revenue").is_not_null() & pl.col("revenue").ne_missing(pl.col("revenue_stored")))
    )
    numbered = differing.join(sales.row_numbers(), on=KEY[1:])
    reason = pl.format(
        "the database already has quantity {}, which no import gave; to replace it give --corrections, to add to it"
        " --add",
        plain_number("quantity_stored"),
    )
    found = numbered.select(
        ROW_NUMBER, code=pl.lit("contradicts_earlier"), column_name=pl.lit("quantity"), reason=reason
    )
    return row_faults(found.unique(ROW_NUMBER, keep="first", maintain_order=True))


def _together(*lines: dy.DataFrame[ImportLines]) -> dy.DataFrame[ImportLines]:
    return conform(ImportLines, pl.concat(lines))


def _report(rows: FileRows, current: pl.DataFrame, changed: pl.DataFrame, key: list[str]) -> FileReport:
    """The file's report with its rows as new, changed or known by the records that were made."""
    own = rows.new.select(key)
    moved = own.join(changed, on=key, how="semi")
    new = moved.join(current.filter(~pl.col("is_withdrawn")), on=key, how="anti").height
    return replace(rows.report, new=new, changed=moved.height - new, known=own.height - moved.height)


def _described(
    import_id: int, dialect: TillDialect, source: str, taken: str, lines: dy.DataFrame[ImportLines], now: datetime
) -> Import:
    dates = lines["sales_date"].unique().sort()
    return Import(
        import_id,
        lines["tenant_id"][0],
        source,
        dialect.profile.name if dialect.profile else None,
        dialect.path.name,
        dates[0],
        dates[-1],
        len(dates),
        lines.select(KEY).n_unique(),
        taken,
        now,
        is_undone=False,
    )


def _imported_already(path: Path, earlier: Import, *, check: bool) -> LoadReport:
    rows = counted(earlier.rows, "row", "rows")
    note = (
        f"{path.name} was imported before, as import {earlier.import_id} ({earlier.file}, {rows} of"
        f" {earlier.first_day} to {earlier.last_day}), and nothing was loaded. To read it otherwise, undo that first:"
        f" bakery undo-import {earlier.import_id}"
    )
    report = FileReport(path.name, "sales", read=earlier.rows, known=earlier.rows)
    return LoadReport((report,), notes=(note,), is_check=check)


def _digest(path: Path) -> str:
    require_regular(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror or error}.") from None


def _check_names(owner: TillOwner) -> None:
    if not re.fullmatch(SLUG, owner.tenant_id):
        raise Unreadable(f"--tenant is '{owner.tenant_id}'; {SLUG_RULE}.")
    if owner.source is not None and not (0 < len(owner.source.strip()) <= LONGEST_CODE):
        raise Unreadable(f"--source is a name of up to {LONGEST_CODE} characters.")


def _new_zone(bulk: Bulk, owner: TillOwner) -> str:
    if not owner.timezone or not owner.country:
        raise Unreadable(
            f"There is no tenant '{owner.tenant_id}'. To make it, give --timezone and --country, for example"
            " --timezone Europe/Paris --country FR."
        )
    if owner.timezone not in sql.known_zones(bulk):
        raise Unreadable(f"'{owner.timezone}' is no IANA time zone; write it like Europe/Berlin.")
    if fault := no_country(owner.country):
        raise Unreadable(f"--country is '{owner.country}', {fault}.")
    return owner.timezone
