"""A folder in the load format as frames, without a warehouse: the same rows that `bakery load` would keep.

Rows that cannot be used are left out and reported. Of facts, the latest record of each subject is kept. The rules are
those of ``bakery_assets.intake.file_rows``; what is known besides a file are the files read before it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import available_timezones

import dataframely as dy
import polars as pl

from bakery_assets.intake.faults import Faults, Unreadable, faults_frame
from bakery_assets.intake.file_rows import FileRows, read_file_rows
from bakery_assets.intake.folder import REQUIRED, table_files
from bakery_assets.intake.records import latest_records
from bakery_assets.intake.report import ReportProgress, no_progress
from bakery_assets.intake.row_batches import Source
from bakery_assets.intake.tables import TableSpec
from bakery_assets.intake.timestamps import TenantZones
from bakery_assets.schemas import conform
from resources.schema import ops
from resources.warehouse.intake_tables import table_spec

_FILE = "__file"  # number of the file that a row comes from


@dataclass(frozen=True)
class FileRead:
    """What became of one file: ``read`` = kept rows + ``replaced`` + ``repeated`` + rows of ``faults``.

    Attributes:
        replaced: rows of which a later record, or a later file's row of master data, is kept.
        repeated: rows that say the same again.
        faults: rows left out.
        unknown_columns: columns that the table does not have; they were ignored.
    """

    file: str
    table: str
    read: int
    replaced: int
    repeated: int
    faults: dy.DataFrame[Faults]
    unknown_columns: tuple[str, ...]


@dataclass(frozen=True)
class Folder:
    """``frames``: table name to frame in the table's schema, sorted by key; empty where no file is."""

    frames: dict[str, pl.DataFrame]
    files: tuple[FileRead, ...]


def read_folder(
    folder: Path, tables: Collection[str], *, loaded_at: datetime, progress: ReportProgress = no_progress
) -> Folder:
    """Read the files of ``tables`` (names of ``ops`` tables) in ``folder``.

    Args:
        loaded_at: the instant from which facts are known whose files and dates do not say it, aware.

    Raises:
        Unreadable: there is no such folder, a file cannot be read, or one that every bakery needs is missing.
    """
    specs = {spec.name: spec for spec in map(table_spec, ops.LOADED) if spec.name in tables}
    files, _ = table_files(folder, list(specs))
    missing = [name for name in REQUIRED if name not in {file.table for file in files}]
    if missing:
        raise Unreadable(f"{folder} has no {' and no '.join(missing)}; add {missing[0]}.csv (or .parquet).")
    read = _ReadTables(specs)
    reports: list[FileRead] = []
    for name, spec in specs.items():
        sources = [file.source() for file in files if file.table == name]
        reports += _read_table(spec, sources, read, loaded_at, progress)
    return Folder({name: read.frame(spec) for name, spec in specs.items()}, tuple(reports))


class _ReadTables:
    """The rows of the files read so far, every record of them: ``references.KnownRows``."""

    name = "an earlier file"
    correction_hint = ""

    def __init__(self, specs: dict[str, TableSpec]) -> None:
        self._rows = {
            name: pl.DataFrame(schema={**pl.Schema(spec.schema), _FILE: pl.Int32}) for name, spec in specs.items()
        }

    def zone_names(self) -> frozenset[str]:
        return self._zones

    @cached_property
    def _zones(self) -> frozenset[str]:
        return frozenset(available_timezones())  # walks through the zone files

    def time_zones(self) -> dy.DataFrame[TenantZones]:
        return conform(TenantZones, self._rows["tenants"])

    def existing(self, table: str, keys: pl.DataFrame) -> pl.DataFrame:
        """All of ``keys`` where the table is not among those to be read."""
        return keys.join(self._rows[table], on=keys.columns, how="semi") if table in self._rows else keys

    def refused(self, table: str, keys: pl.DataFrame) -> pl.DataFrame:
        """None: what was left out of a file is reported with the file."""
        return keys.clear()

    def earlier(self, spec: TableSpec, subjects: pl.DataFrame) -> pl.DataFrame:
        return self._rows[spec.name].drop(_FILE).join(subjects, on=subjects.columns, how="semi", nulls_equal=True)

    def events_of(self, batches: pl.DataFrame) -> pl.DataFrame:
        return self._rows[ops.batch_events.name].drop(_FILE).join(batches, on=batches.columns, how="semi")

    def of_lots(self, table: str, lots: pl.DataFrame) -> pl.DataFrame:
        return self._rows[table].drop(_FILE).join(lots, on=lots.columns, how="semi")

    def planned_batches(self, batches: pl.DataFrame) -> pl.DataFrame:
        """None: a folder has no plan."""
        schema = {"tenant_id": pl.String, "schedule_date": pl.Date, "batch_number": pl.String, "product_id": pl.String}
        return pl.DataFrame(schema=schema)

    def add(self, spec: TableSpec, file: FileRows, number: int) -> None:
        """Keep a file's rows, and the locations that they name."""
        rows = self._rows[spec.name]
        if spec.fact is None:
            rows = rows.join(file.changed, on=spec.key, how="anti", nulls_equal=True, maintain_order="left")
        added = [each.with_columns(pl.lit(number, pl.Int32).alias(_FILE)) for each in (file.new, file.changed)]
        self._rows[spec.name] = pl.concat([rows, *added])
        if file.locations is not None and "locations" in self._rows:
            known = self._rows["locations"]
            lacking = file.locations.join(known, on=["tenant_id", "location_id"], how="anti", maintain_order="left")
            self._rows["locations"] = pl.concat([known, lacking], how="diagonal")

    def frame(self, spec: TableSpec) -> pl.DataFrame:
        """The table's rows, of facts the latest record of each subject."""
        latest = latest_records(spec, self._rows[spec.name])
        return conform(spec.schema, latest.sort(spec.key, nulls_last=False))

    def kept(self, spec: TableSpec, number: int) -> int:
        """How many rows of a file are in ``frame``."""
        return latest_records(spec, self._rows[spec.name]).filter(pl.col(_FILE) == number).height


def _read_table(
    spec: TableSpec, sources: Sequence[Source], known: _ReadTables, loaded_at: datetime, progress: ReportProgress
) -> list[FileRead]:
    found: list[tuple[FileRows, list[dy.DataFrame[Faults]]]] = []
    for number, source in enumerate(sources):
        faults = [faults_frame([])]
        file = read_file_rows(spec, source, known, loaded_at=loaded_at, report_faults=faults.append, progress=progress)
        if file.report.problem and spec.name in REQUIRED:
            raise Unreadable(f"{source.name} cannot be used: {faults[-1]['reason'].item()}.")
        known.add(spec, file, number)
        found.append((file, faults))
    reports = []
    for number, (file, faults) in enumerate(found):
        report = file.report
        reports.append(
            FileRead(
                report.file,
                report.table,
                read=report.read,
                replaced=report.new + report.changed - known.kept(spec, number),
                repeated=report.repeated + report.known,
                faults=conform(Faults, pl.concat(faults).sort("row_number")),
                unknown_columns=report.unknown_columns,
            )
        )
    return reports
