"""References: whether what a row refers to exists, and rows of other tables that a load adds by itself."""

from typing import Protocol

import dataframely as dy
import polars as pl

from bakery_assets.intake.faults import ROW_NUMBER, RowFaults, row_faults
from bakery_assets.intake.tables import Reference, TableSpec
from bakery_assets.intake.timestamps import Clocks, TenantZones
from bakery_assets.local_time import in_known_zones
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform

_REFUSED = "__refused"


class KnownRows(Protocol):
    """The rows that are known before a file: those in the database, or in the files of a folder read so far."""

    name: str
    """What holds these rows, as reasons name it, for example "the database"."""

    correction_hint: str
    """The end of a reason: how to correct a fact other than by a later ``recorded_at``."""

    def zone_names(self) -> frozenset[str]:
        """Time zones that a tenant may be in."""

    def time_zones(self) -> dy.DataFrame[TenantZones]:
        """The tenants that are known, with their clocks."""

    def existing(self, table: str, keys: pl.DataFrame) -> pl.DataFrame:
        """Those rows of ``keys`` (some columns of ``table``, without gaps) that a row of ``table`` has."""

    def refused(self, table: str, keys: pl.DataFrame) -> pl.DataFrame:
        """Those rows of ``keys`` that a refused row of ``table`` has."""

    def earlier(self, spec: TableSpec, subjects: pl.DataFrame) -> pl.DataFrame:
        """All records of a table, in its schema, about ``subjects`` (the columns of ``TableSpec.subject``)."""

    def events_of(self, batches: pl.DataFrame) -> pl.DataFrame:
        """All records of batch events of ``batches`` (``tenant_id, plan_date, batch_number``)."""

    def of_lots(self, table: str, lots: pl.DataFrame) -> pl.DataFrame:
        """All records of receipts or returns, in their schema, of ``lots`` (``tenant_id, ingredient_id, lot_id``)."""

    def planned_batches(self, batches: pl.DataFrame) -> pl.DataFrame:
        """Those of ``batches`` that a plan published, ``tenant_id, schedule_date, batch_number, product_id``."""


class NamedLocations(dy.Schema):
    """Shops and kitchens that rows name, each of which becomes a location."""

    tenant_id = col.tenant_id()
    location_id = col.key_text("Shop or kitchen", primary_key=True)


def check_references(
    spec: TableSpec, rows: pl.DataFrame, known: KnownRows, clocks: Clocks
) -> tuple[pl.DataFrame, dy.DataFrame[RowFaults]]:
    """Rows whose references all exist, and the others; the first reference at fault counts."""
    found: list[pl.DataFrame] = []
    for reference in spec.references:
        if reference.table == spec.creates:
            continue
        columns = list(reference.columns)
        wanted = rows.select(columns).drop_nulls().unique()
        keys = wanted.rename(dict(zip(columns, reference.targets, strict=True)))
        existing = known.existing(reference.table, keys).select(reference.targets)
        if existing.height == wanted.height:
            continue
        missing = wanted.join(existing, left_on=columns, right_on=reference.targets, how="anti")
        refused = known.refused(reference.table, missing.rename(dict(zip(columns, reference.targets, strict=True))))
        missing = missing.with_columns(
            pl.struct(columns)
            .is_in(refused.select(pl.struct(reference.targets).struct.rename_fields(columns)).to_series().implode())
            .alias(_REFUSED)
        )
        rows = _split(rows, missing, reference.columns[-1], _missing_reason(reference), found, code=_missing_code())
    return _with_known_zones(spec, rows, clocks, found), row_faults(*found)


def named_locations(spec: TableSpec, rows: pl.DataFrame) -> dy.DataFrame[NamedLocations] | None:
    """Locations that are added where they are missing: those that facts name, and the main one of each tenant."""
    if spec.creates == "locations":
        return conform(NamedLocations, rows.select("tenant_id", "location_id").unique())
    if spec.name == "tenants":
        return conform(NamedLocations, rows.select("tenant_id", location_id=pl.lit(col.MAIN_LOCATION)))
    return None


def _with_known_zones(spec: TableSpec, rows: pl.DataFrame, clocks: Clocks, found: list[pl.DataFrame]) -> pl.DataFrame:
    """Without a clock, none of a tenant's instants is known."""
    if not spec.instants:
        return rows
    without = clocks.tenants.join(in_known_zones(clocks.tenants), on="tenant_id", how="anti")
    if without.is_empty():
        return rows
    why = pl.format("tenant_id is '{}', whose timezone '{}' is unknown; correct it there", "tenant_id", "timezone")
    return _split(rows, without, "tenant_id", why, found, code=pl.lit("unknown_timezone"))


def _split(
    rows: pl.DataFrame, missing: pl.DataFrame, column: str, reason: pl.Expr, found: list[pl.DataFrame], *, code: pl.Expr
) -> pl.DataFrame:
    """Rows without those of ``missing``, which are added to ``found``."""
    on = [name for name in missing.columns if name in rows.columns]
    faulty = rows.select(ROW_NUMBER, *on).join(missing, on=on, how="inner", maintain_order="left")
    found.append(faulty.select(ROW_NUMBER, code=code, column_name=pl.lit(column), reason=reason))
    return rows.join(faulty, on=ROW_NUMBER, how="anti", maintain_order="left")


def _missing_reason(reference: Reference) -> pl.Expr:
    column = reference.columns[-1]
    whose = pl.lit("") if column == "tenant_id" else pl.format(" of tenant '{}'", "tenant_id")
    because = (
        pl.when(_REFUSED)
        .then(pl.lit(", because its row was refused; correct that row"))
        .otherwise(pl.lit("; add it there, or correct it"))
    )
    return pl.format(
        "{} is '{}', which is not among the {}{}{}", pl.lit(column), column, pl.lit(reference.table), whose, because
    )


def _missing_code() -> pl.Expr:
    return pl.when(_REFUSED).then(pl.lit("refers_to_refused")).otherwise(pl.lit("missing_reference"))
