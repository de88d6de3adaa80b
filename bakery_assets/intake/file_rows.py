"""A file through all rules, in their order: parsing and row rules, references, repeats, earlier records, batches.

The one implementation for every reader. What is known before the file is an argument, ``KnownRows``; what is done
with the rows is in ``resources.folder`` (frames) and ``resources.warehouse.intake`` (the database).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import dataframely as dy
import polars as pl

from bakery_assets.intake.batch_faults import contradicting_events
from bakery_assets.intake.faults import (
    ROW_NUMBER,
    BadHeader,
    Faults,
    RowFaults,
    faults_frame,
    row_faults,
    with_content,
    without_others,
)
from bakery_assets.intake.meaning import check_meaning
from bakery_assets.intake.parsing import check_header, parse
from bakery_assets.intake.records import Compared, compare_facts, compare_master_data, deduplicate
from bakery_assets.intake.references import KnownRows, NamedLocations, check_references, named_locations
from bakery_assets.intake.report import FaultGroup, FileReport, ReportProgress
from bakery_assets.intake.return_faults import excessive_returns
from bakery_assets.intake.row_batches import Source
from bakery_assets.intake.row_rules import row_schema
from bakery_assets.intake.tables import TableSpec
from bakery_assets.intake.timestamps import Clocks
from bakery_assets.schemas import conform

COMPARED_ROWS = 200_000
ReportFaults = Callable[[dy.DataFrame[Faults]], None]


@dataclass(frozen=True)
class FileRows:
    """The rows of a file that can be used, in the columns of their table, and what became of all of its rows.

    Attributes:
        new: rows that were not known.
        changed: master data that replaces the rows with the same keys, or facts that correct earlier records.
        given: columns that the file gives; of a changed row only these are its own.
        locations: locations that the rows name.
    """

    report: FileReport
    new: pl.DataFrame
    changed: pl.DataFrame
    given: tuple[str, ...] = ()
    locations: dy.DataFrame[NamedLocations] | None = None


@dataclass(frozen=True)
class _Read:
    rows: pl.DataFrame
    read: int
    columns: list[str]
    unknown: list[str]


def read_file_rows(
    spec: TableSpec,
    source: Source,
    known: KnownRows,
    *,
    loaded_at: datetime,
    report_faults: ReportFaults,
    progress: ReportProgress,
    corrections: bool = False,
) -> FileRows:
    """Read a file's rows and apply every rule to them.

    All typed rows are held in memory, 0.1 GB for a million of sales; text is held a batch at a time.

    Args:
        loaded_at: the moment of loading, aware.
        report_faults: takes rows that cannot be used, in several frames.
        corrections: facts without ``recorded_at`` that differ from the latest record are corrections, known from
            ``loaded_at`` on.

    Raises:
        Unreadable: the file cannot be used; what was reported so far does not count.
    """
    # The server reads its zones' files to name them, which is not worth it for a table that names none.
    names_zones = any("zone" in (column.metadata or {}) for column in spec.columns.values())
    clocks = Clocks(known.zone_names() if names_zones else frozenset(), known.time_zones(), loaded_at)
    found: list[pl.DataFrame] = []
    names: list[str] = []  # the file's columns, once they are read

    def refuse(faults: dy.DataFrame[Faults]) -> None:
        if faults.height:
            faults = faults if source.is_trimmed else without_others(faults, spec.columns, names)
            found.append(_grouped(faults.with_columns(rows=pl.lit(1, pl.Int64))))
            report_faults(faults)

    nothing = pl.DataFrame(schema=pl.Schema(spec.schema))
    try:
        file = _read(spec, source, clocks, refuse, progress, names)
    except BadHeader as error:
        refuse(faults_frame([error.fault()]))
        problem = f"{source.name} was skipped: {error}."
        report = FileReport(source.name, spec.name, quarantined=1, faults=_groups(found), problem=problem)
        return FileRows(report, nothing, nothing)
    rows, strange = check_meaning(spec, file.rows, loaded_at)
    rows, missing = check_references(spec, rows, known, clocks)
    rows, repeated, repeats = deduplicate(spec, rows)
    given = spec.given(file.columns)
    compared = _compare(spec, rows, known, given, loaded_at if corrections or spec.is_revised else None)
    added = pl.concat([compared.new, compared.changed])
    contradicting = contradicting_events(spec, added, known)
    excessive = excessive_returns(spec, added, known)
    compared = compared.without(contradicting).without(excessive)
    late = [strange, missing, repeats, compared.faults, contradicting, excessive]
    _refuse_again(source, conform(RowFaults, pl.concat(late)), refuse)
    groups = _groups(found)
    report = FileReport(
        source.name,
        spec.name,
        read=file.read,
        new=compared.new.height,
        changed=compared.changed.height,
        known=compared.known,
        repeated=repeated,
        quarantined=sum(group.rows for group in groups),
        unknown_columns=tuple(file.unknown),
        faults=groups,
    )
    new, changed = compared.new.drop(ROW_NUMBER), compared.changed.drop(ROW_NUMBER)
    return FileRows(report, new, changed, given, named_locations(spec, rows))


def _grouped(faults: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("reason").sort_by("row_number").first()
    return faults.group_by("code", "column_name").agg(pl.col("rows").sum(), first, pl.col("row_number").min())


def _groups(parts: list[pl.DataFrame]) -> tuple[FaultGroup, ...]:
    if not parts:
        return ()
    groups = _grouped(pl.concat(parts)).sort("rows", "row_number", "code", descending=[True, False, False])
    columns = groups.select("code", "column_name", "rows", "row_number", "reason")
    return tuple(FaultGroup(*row) for row in columns.iter_rows())


def _read(
    spec: TableSpec,
    source: Source,
    clocks: Clocks,
    refuse: ReportFaults,
    progress: ReportProgress,
    columns: list[str],
) -> _Read:
    """The typed rows; ``columns`` is filled with the file's columns."""
    parts = [pl.DataFrame(schema=pl.Schema(row_schema(spec)))]
    read = 0
    unknown: list[str] = []
    for batch in source.batches():
        if not columns:
            columns.extend(batch.columns)
            unknown = check_header(spec, batch.columns)
        parsed = parse(spec, batch, clocks)
        parts.append(parsed.rows)
        refuse(parsed.faults)
        read += batch.rows.height + batch.faults.height
        progress(source.name, batch.position, source.size)
    progress(source.name, source.size, source.size)
    return _Read(pl.concat(parts), read, columns, unknown)


def _compare(
    spec: TableSpec, rows: pl.DataFrame, known: KnownRows, given: tuple[str, ...], corrected_at: datetime | None
) -> Compared:
    """What the rows are next to the earlier ones, of which only those of ``COMPARED_ROWS`` rows are held at a time."""
    parts: list[Compared] = []
    for some in rows.iter_slices(COMPARED_ROWS):
        earlier = known.earlier(spec, some.select(spec.subject))
        if spec.fact is None:
            parts.append(compare_master_data(spec, some, earlier, given))
        else:
            hint = known.correction_hint
            parts.append(
                compare_facts(spec, some, earlier, corrected_at=corrected_at, holder=known.name, correction_hint=hint)
            )
    nothing = rows.select(ROW_NUMBER, *spec.columns).clear()
    return Compared(
        new=pl.concat([nothing, *(part.new for part in parts)]),
        changed=pl.concat([nothing, *(part.changed for part in parts)]),
        known=sum(part.known for part in parts),
        faults=conform(RowFaults, pl.concat([row_faults(), *(part.faults for part in parts)])),
    )


def _refuse_again(source: Source, found: dy.DataFrame[RowFaults], refuse: ReportFaults) -> None:
    """Report rows that were found to be at fault after reading; their content is read again."""
    if found.height:
        for batch in source.batches():
            refuse(with_content(batch.rows, found))
