"""Records: repeats within a file, and its rows compared with those of earlier files or loads.

Of facts every record is kept and the latest counts; of master data the last load does. What the rows refer to is
checked in ``references``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from bakery_assets.explanations.formats import plain_number
from bakery_assets.intake.faults import ROW_NUMBER, RowFaults, row_faults
from bakery_assets.intake.row_rules import IS_EXPLICIT
from bakery_assets.intake.tables import RECORDED_AT, TableSpec

_OTHER = "__other"  # suffix of the columns of the row that a row is compared with
_FOUND = "__found"


@dataclass(frozen=True)
class Compared:
    """A file's rows compared with earlier ones: ``new``, ``changed``, already ``known``, or contradicting them.

    ``new`` and ``changed`` have ``ROW_NUMBER`` and the table's columns. A changed row of master data replaces the
    earlier one, a changed fact is one more record.
    """

    new: pl.DataFrame
    changed: pl.DataFrame
    known: int
    faults: dy.DataFrame[RowFaults]

    def without(self, faulty: dy.DataFrame[RowFaults]) -> "Compared":
        """The rows that are not at fault."""
        numbers = faulty.select(pl.col("row_number").alias(ROW_NUMBER))
        new, changed = (
            rows.join(numbers, on=ROW_NUMBER, how="anti", maintain_order="left") for rows in (self.new, self.changed)
        )
        return replace(self, new=new, changed=changed)


def deduplicate(spec: TableSpec, rows: pl.DataFrame) -> tuple[pl.DataFrame, int, dy.DataFrame[RowFaults]]:
    """The first row of each key, how many facts repeat it alike, and the other rows of that key as faults."""
    # Equal keys have equal hashes; a set of the keys themselves would take more memory than the rows.
    suspects = rows.filter(rows.select(spec.key).hash_rows().is_duplicated())
    first = suspects.unique(spec.key, keep="first", maintain_order=True)
    if first.height == suspects.height:
        return rows, 0, row_faults()
    later = suspects.join(first, on=ROW_NUMBER, how="anti", maintain_order="left")
    rows = rows.join(later, on=ROW_NUMBER, how="anti", maintain_order="left")
    pairs = later.join(first, on=spec.key, suffix=_OTHER, nulls_equal=True, maintain_order="left")
    number = pl.col(ROW_NUMBER + _OTHER)
    if spec.fact is None:
        shown = pl.concat_str((_named_value(spec, name, name) for name in spec.key), separator=", ")
        reason = pl.format("row {} already gives this one, {}; remove one of the two", number, shown)
        return rows, 0, row_faults(_found(pairs, "repeated_key", pl.lit(spec.key[-1]), reason))
    compared = [name for name in spec.columns if name not in spec.key]
    contradicting = pairs.filter(_differs(compared))
    column, other = _first_difference(spec, compared)
    reason = pl.format("row {} already gives {} for the same key; remove one of the two", number, other)
    return rows, pairs.height - contradicting.height, row_faults(_found(contradicting, "repeated_key", column, reason))


def compare_facts(
    spec: TableSpec,
    rows: pl.DataFrame,
    earlier: pl.DataFrame,
    *,
    corrected_at: datetime | None = None,
    holder: str,
    correction_hint: str,
) -> Compared:
    """Facts that are new, and those that correct or contradict earlier records.

    A row is known where an earlier record has the same content and ``recorded_at``; without an explicit
    ``recorded_at``, where any earlier record of its subject has the same content.

    Args:
        rows: the rows of ``row_rules.row_schema``, each key once.
        earlier: all records of the same subjects.
        corrected_at: rows without an explicit ``recorded_at`` that differ from the latest record are corrections,
            known from then on; None: they are faults.
        holder: what has the earlier records, for the reasons, which end with ``correction_hint``.
    """
    names = list(spec.columns)
    kept = [ROW_NUMBER, *names]
    if earlier.is_empty():
        return Compared(rows.select(kept), rows.select(kept).clear(), 0, row_faults())
    read = rows.height
    changed = rows.clear()
    if corrected_at is not None and spec.is_versioned:
        rows, changed = _correct(spec, rows, earlier, corrected_at)
    content = [*spec.subject, *spec.content]
    rows = rows.filter(IS_EXPLICIT).vstack(_unlike(rows.filter(~pl.col(IS_EXPLICIT)), earlier, content))
    rows = _unlike(rows, earlier, [*content, RECORDED_AT])
    pairs = rows.join(earlier, on=spec.key, suffix=_OTHER, nulls_equal=True, maintain_order="left")
    column, other = _first_difference(spec, [name for name in names if name not in spec.key])
    if spec.is_versioned:
        unless_explicit = pl.when(IS_EXPLICIT).then(pl.lit("")).otherwise(pl.lit(correction_hint))
        hint = pl.concat_str(pl.lit("to correct it give a later recorded_at"), unless_explicit)
    else:
        hint = pl.lit(f"it cannot be changed, so give this one a {spec.key[-1]} of its own")
    reason = pl.format("{} already has {}; {}", pl.lit(holder), other, hint)
    faults = row_faults(_found(pairs, "contradicts_earlier", column, reason))
    new = rows.join(pairs, on=ROW_NUMBER, how="anti", maintain_order="left")
    known = read - new.height - changed.height - faults.height
    return Compared(new.select(kept), changed.select(kept), known, faults)


def compare_master_data(spec: TableSpec, rows: pl.DataFrame, earlier: pl.DataFrame, given: Sequence[str]) -> Compared:
    """Master data that is new, and rows that differ from the earlier one in a column that the file gives.

    Args:
        rows: the rows of ``row_rules.row_schema``, each key once.
        earlier: the rows with the same keys.
        given: the columns that the file gives; a changed row keeps its earlier value in the others.
    """
    names = list(spec.columns)
    present = earlier.with_columns(pl.lit(True).alias(_FOUND))
    pairs = rows.join(present, on=spec.key, how="left", suffix=_OTHER, nulls_equal=True, maintain_order="left")
    is_new = pl.col(_FOUND).is_null()
    values = [name for name in given if name not in spec.key]
    kept = [pl.col(name + _OTHER).alias(name) for name in names if name not in given]
    changed = pairs.filter(~is_new & _differs(values)).with_columns(kept)
    new = pairs.filter(is_new)
    columns = [ROW_NUMBER, *names]
    known = rows.height - new.height - changed.height
    return Compared(new.select(columns), changed.select(columns), known, row_faults())


def latest_records(spec: TableSpec, rows: pl.DataFrame) -> pl.DataFrame:
    """The latest record of each subject; rows of a table with one record each are all kept."""
    if not spec.is_versioned:
        return rows
    return rows.sort(RECORDED_AT, maintain_order=True).unique(spec.subject, keep="last", maintain_order=True)


def _correct(
    spec: TableSpec, rows: pl.DataFrame, earlier: pl.DataFrame, corrected_at: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that are still to be compared, and those that correct the latest record; rows like it are dropped."""
    latest = latest_records(spec, earlier)
    pairs = rows.filter(~pl.col(IS_EXPLICIT)).join(
        latest, on=spec.subject, suffix=_OTHER, nulls_equal=True, maintain_order="left"
    )
    # Today's sales count as known from midnight on; a correction made before that must still come last.
    follows = pl.max_horizontal(pl.lit(corrected_at), pl.col(RECORDED_AT + _OTHER) + timedelta(microseconds=1))
    changed = pairs.filter(_differs(spec.content)).with_columns(follows.alias(RECORDED_AT)).select(rows.columns)
    return rows.join(pairs, on=ROW_NUMBER, how="anti", maintain_order="left"), changed


def _unlike(rows: pl.DataFrame, earlier: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The rows that equal no earlier one in ``columns``."""
    return rows.join(earlier, on=list(columns), how="anti", nulls_equal=True, maintain_order="left")


def _found(rows: pl.DataFrame, code: str, column: pl.Expr, reason: pl.Expr) -> pl.DataFrame:
    return rows.select(ROW_NUMBER, code=pl.lit(code), column_name=column, reason=reason)


def _differs(names: Sequence[str]) -> pl.Expr:
    """Whether two rows differ in any of ``names``; two empties are equal."""
    return pl.any_horizontal(pl.lit(False), *(pl.col(name).ne_missing(pl.col(name + _OTHER)) for name in names))


def _first_difference(spec: TableSpec, names: Sequence[str]) -> tuple[pl.Expr, pl.Expr]:
    """The first column in which a row differs from the other one, and that column's name with the other's value."""
    differs = {name: pl.col(name).ne_missing(pl.col(name + _OTHER)) for name in names}
    column = [pl.when(test).then(pl.lit(name)) for name, test in differs.items()]
    value = [pl.when(test).then(_named_value(spec, name, name + _OTHER)) for name, test in differs.items()]
    return pl.coalesce(*column, pl.lit(None, pl.String)), pl.coalesce(*value, pl.lit("a row"))


def _named_value(spec: TableSpec, name: str, column: str) -> pl.Expr:
    match spec.columns[name]:
        case dy.Float64():
            value = plain_number(column)
        case dy.Datetime():
            value = pl.col(column).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
        case _:
            value = pl.col(column).cast(pl.String)
    return pl.format("{} {}", pl.lit(name), value.fill_null("(empty)"))
