"""A folder in the load format as frames, without a warehouse: the same rows that `bakery load` would keep.

Rows that cannot be used are left out and named. Of facts, the latest record of each key is kept.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import available_timezones

import polars as pl

from bakery_assets.intake.chunks import (
    FAULT_COLUMN,
    FAULT_REASON,
    FAULTS,
    ROW_NUMBER,
    BadHeader,
    Source,
    Unreadable,
    as_read,
    faults_frame,
)
from bakery_assets.intake.folder import REQUIRED, table_files
from bakery_assets.intake.parsing import check_header, parse
from bakery_assets.intake.tables import AT_LOAD, RECORDED_AT, ColumnSpec, TableSpec
from bakery_assets.intake.values import LOCAL
from resources.schema import ops
from resources.warehouse.connection import frame_schema
from resources.warehouse.intake_tables import described

Progress = Callable[[str, int, int], None]
_SEEN = "__seen"  # order of the rows of all files of a table
_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class FileRead:
    """What became of one file: ``read`` = kept rows + ``replaced`` + ``repeated`` + rows of ``faults``.

    Attributes:
        replaced: records of facts of which a later record is kept.
        repeated: rows that say the same again.
        faults: rows left out, with the columns of ``chunks.FAULTS``.
        unknown_columns: columns that the table does not have; they were ignored.
    """

    file: str
    table: str
    read: int
    replaced: int
    repeated: int
    faults: pl.DataFrame
    unknown_columns: tuple[str, ...]


@dataclass(frozen=True)
class Folder:
    """``frames``: table name to frame with all of the table's columns, sorted by key; empty where no file is."""

    frames: dict[str, pl.DataFrame]
    files: tuple[FileRead, ...]


def read_folder(folder: Path, tables: Collection[str], progress: Progress = lambda *_: None) -> Folder:
    """Read the files of ``tables`` (names of ``ops`` tables) in ``folder``.

    Args:
        progress: called with a file's name, and how much of how much of it is read.

    Raises:
        Unreadable: there is no such folder, a file cannot be read, or one that every bakery needs is missing.
    """
    specs = {table.name: described(table) for table in ops.LOADED if table.name in tables}
    files, _ = table_files(folder, list(specs))
    missing = [name for name in REQUIRED if name not in {file.table for file in files}]
    if missing:
        raise Unreadable(f"{folder} has no {' and no '.join(missing)}; add {missing[0]}.csv (or .parquet).")
    frames: dict[str, pl.DataFrame] = {}
    told: list[FileRead] = []
    for name, spec in specs.items():
        sources = [file.source() for file in files if file.table == name]
        frames[name], of_table = _read_table(spec, sources, frames, progress)
        told += of_table
    return Folder(frames, tuple(told))


def _read_table(
    spec: TableSpec, sources: list[Source], frames: Mapping[str, pl.DataFrame], progress: Progress
) -> tuple[pl.DataFrame, list[FileRead]]:
    schema = frame_schema(next(table for table in ops.LOADED if table.name == spec.name))
    if not sources:
        return pl.DataFrame(schema=schema), []
    staged, early, unknown = zip(*(_stage(spec, source, progress) for source in sources), strict=True)
    rows = pl.concat([rows.with_columns(file=pl.lit(number)) for number, rows in enumerate(staged)], how="diagonal")
    rows = _whole(spec, rows.with_row_index(_SEEN), frames)
    rows, strangers = _without_strangers(spec, rows, frames)
    rows, twins, repeats = _without_twins(spec, rows)
    latest = _latest(spec, rows)
    late = pl.concat([strangers, twins])
    told = []
    for number, source in enumerate(sources):
        own = pl.col("file") == number
        found = late.filter(own).drop("file")
        faults = pl.concat([early[number], *as_read(source, found)]) if found.height else early[number]
        told.append(
            FileRead(
                source.name,
                spec.name,
                staged[number].height + early[number].height,
                rows.filter(own).height - latest.filter(own).height,
                repeats.filter(own).height,
                faults.sort("row_number"),
                unknown[number],
            )
        )
    return latest.select(schema.names()).cast(schema).sort(spec.key, nulls_last=False), told


def _stage(spec: TableSpec, source: Source, progress: Progress) -> tuple[pl.DataFrame, pl.DataFrame, tuple[str, ...]]:
    """A file's typed rows, its faults, and the columns the table does not have."""
    rows: list[pl.DataFrame] = []
    faults = [pl.DataFrame(schema=FAULTS)]
    unknown: list[str] = []
    zones = frozenset(available_timezones())
    try:
        for chunk in source.chunks():
            unknown = check_header(spec, [name for name in chunk.rows.columns if name != ROW_NUMBER])
            made = parse(spec, chunk, zones)
            rows.append(made.rows)
            faults.append(made.faults)
            progress(source.name, chunk.position, source.size)
    except BadHeader as error:
        if spec.name in REQUIRED:
            raise Unreadable(f"{source.name} cannot be used: {error}.") from None
        rows, faults = [pl.DataFrame(schema={ROW_NUMBER: pl.Int32})], [faults_frame([error.fault()])]
    progress(source.name, source.size, source.size)
    return pl.concat(rows), pl.concat(faults), tuple(unknown)


def _whole(spec: TableSpec, rows: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Rows with every column of the table: defaults where no file has it, local times made instants."""
    lacking = [column for column in spec.columns if column.name not in rows.columns]
    rows = rows.with_columns(_default(column) for column in lacking)
    instants = [column.name for column in spec.columns if column.kind == "instant"]
    if not instants:
        return rows
    zones = frames["tenants"].select("tenant_id", "timezone")
    zoned = rows.join(zones, on="tenant_id", how="left", maintain_order="left")
    # A zone is an argument of polars, not a column; there are as many rounds as zones, not as tenants.
    parts = [
        _in_zone(spec, instants, part, part["timezone"][0] or "UTC")
        for part in zoned.partition_by("timezone", maintain_order=True)
    ]
    return pl.concat(parts).drop("timezone").sort(_SEEN) if parts else rows


def _in_zone(spec: TableSpec, instants: list[str], rows: pl.DataFrame, zone: str) -> pl.DataFrame:
    made = {}
    for name in instants:
        own = pl.col(name).cast(_TIME)
        local = pl.col(name + LOCAL).cast(pl.Datetime("us")) if name + LOCAL in rows.columns else None
        made[name] = own if local is None else pl.coalesce(own, _at(local, zone))
    rows = rows.with_columns(**made)
    if spec.fact not in (None, AT_LOAD) and RECORDED_AT in made:
        about = pl.col(spec.fact or "")
        ends = _at((about + timedelta(days=1)).cast(pl.Datetime("us")), zone)
        follows = ends if spec.by_name[spec.fact or ""].kind == "date" else about
        rows = rows.with_columns(pl.coalesce(RECORDED_AT, follows).alias(RECORDED_AT))
    return rows


def _at(local: pl.Expr, zone: str) -> pl.Expr:
    """A wall time as an instant; one that the clocks skip is read an hour later, one that comes twice is the first."""
    first = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    skipped = (local + timedelta(hours=1)).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return pl.coalesce(first, skipped).dt.convert_time_zone("UTC")


def _default(column: ColumnSpec) -> pl.Expr:
    kinds = {"text": pl.String(), "number": pl.Float64(), "whole": pl.Int32(), "date": pl.Date(), "time": pl.Time()}
    value = time.fromisoformat(str(column.default)) if column.kind == "time" and column.default else column.default
    return pl.lit(value, kinds.get(column.kind, _TIME)).alias(column.name)


def _without_strangers(
    spec: TableSpec, rows: pl.DataFrame, frames: Mapping[str, pl.DataFrame]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows whose tenant and product exist, and the others; the first reference at fault counts."""
    found = [_faults(rows.clear(), "", pl.lit(""))]
    for reference in spec.references:
        if reference.table == spec.creates or reference.table not in frames:
            continue
        column = reference.columns[-1]
        known = frames[reference.table].select(
            pl.col(target).alias(name) for target, name in zip(reference.targets, reference.columns, strict=True)
        )
        unknown = rows.filter(pl.col(column).is_not_null()).join(known, on=reference.columns, how="anti")
        whose = pl.lit("") if column == "tenant_id" else pl.format(" of tenant '{}'", "tenant_id")
        why = pl.format(
            "{} is '{}', which is not among the {}{}", pl.lit(column), column, pl.lit(reference.table), whose
        )
        found.append(_faults(unknown, column, why))
        rows = rows.join(unknown, on=_SEEN, how="anti", maintain_order="left")
    return rows, pl.concat(found)


def _without_twins(spec: TableSpec, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The first row of each key, rows that contradict it, and rows of facts that repeat it."""
    content = [name for name in spec.content if name not in spec.key]
    first = rows.unique(spec.key, keep="first", maintain_order=True)
    later = rows.join(first, on=_SEEN, how="anti", maintain_order="left")
    if later.is_empty():
        return first, _faults(later, "", pl.lit("")), later
    if spec.fact is None:
        repeats = later.clear()
    else:
        repeats = later.join(first, on=[*spec.key, *content], how="semi", nulls_equal=True, maintain_order="left")
    twins = later.join(repeats, on=_SEEN, how="anti").join(
        first.select(*spec.key, named=ROW_NUMBER), on=spec.key, nulls_equal=True, maintain_order="left"
    )
    why = pl.format("row {} already gives this one; remove one of the two", "named")
    return first, _faults(twins, spec.key[-1], why), repeats


def _latest(spec: TableSpec, rows: pl.DataFrame) -> pl.DataFrame:
    if spec.fact is None or RECORDED_AT not in spec.key:
        return rows
    return rows.sort(RECORDED_AT, maintain_order=True).unique(spec.subject, keep="last", maintain_order=True)


def _faults(rows: pl.DataFrame, column: str, why: pl.Expr) -> pl.DataFrame:
    return rows.select("file", ROW_NUMBER, pl.lit(column).alias(FAULT_COLUMN), why.alias(FAULT_REASON))
