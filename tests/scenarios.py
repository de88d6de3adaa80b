"""Golden scenarios: a small bakery as text, facts in and the plan that is right for it, for any stage.

A text has sections. ``[table]`` is followed by a line of column names and one line per row, words separated by blanks,
``-`` for empty. What is left out gets the schema's default, the tenant is
``bakery``, instants are local wall times of the bakery. Without ``[cells]`` it is Monday 2026-01-05, 03:00, in Berlin.
A line that begins with ``#`` is a comment. A row with a span of dates stands for a row on each of them:
``2025-12-01..2026-01-04``, or only on some weekdays, ``2025-12-01..2026-01-04:mon,sat``.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.planning_day import STAGES, WRITTEN_BY, PlanningRound
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.stages import Stage
from bakery_assets.target_stock import set_target_stock_levels

MONDAY = "[cells]\ntenant_id timezone plan_date planned_as_of\nbakery Europe/Berlin 2026-01-05 2026-01-05T03:00"
TARGETS = Stage.of(set_target_stock_levels)
Rows = list[dict[str, str | None]]
Sections = dict[str, Rows]
NO_BUFFER = {"quantity_policy": "buffer", "quantity_buffer": "0"}


@cache
def frame_schema(schema: type[dy.Schema]) -> dict[str, pl.DataType]:
    """Column names and polars types."""
    return {name: column.dtype for name, column in schema.columns().items()}


@cache
def defaults_of(schema: type[dy.Schema]) -> dict[str, Any]:
    """Values that the database gives a column that a row leaves out."""
    found = {name: (column.metadata or {}).get("default") for name, column in schema.columns().items()}
    return {
        name: time.fromisoformat(value) if isinstance(schema.columns()[name], dy.Time) and value else value
        for name, value in found.items()
    }


def sections(text: str) -> Sections:
    """The tables of a text, cells as words."""
    found: Sections = {}
    name, header = "", []
    for line in (line.split("#")[0].split() for line in text.splitlines()):
        if line and line[0].startswith("["):
            name, header = line[0].strip("[]"), []
            found[name] = []
        elif line and not header:
            header = line
        elif line:
            assert len(line) == len(header), f"[{name}] {line} does not fit {header}"
            found[name] += [
                {column: None if word == "-" else word for column, word in zip(header, words, strict=True)}
                for words in each_day(line)
            ]
    return found


def each_day(line: list[str]) -> list[list[str]]:
    """The rows that a line stands for: one, or one for each date of a span."""
    for place, word in enumerate(line):
        first, is_span, rest = word.partition("..")
        if is_span:
            last, _, weekdays = rest.partition(":")
            days = pl.date_range(date.fromisoformat(first), date.fromisoformat(last), eager=True)
            chosen = [day for day in days if not weekdays or f"{day:%a}".lower() in weekdays.split(",")]
            return [[*line[:place], day.isoformat(), *line[place + 1 :]] for day in chosen]
    return [line]


def value(word: str | None, kind: Any, zone: str) -> Any:
    """A word as a value of a polars type."""
    if word is None:
        return None
    if kind in (pl.Float64, pl.Int32):
        return float(word) if kind == pl.Float64 else int(word)
    if kind == pl.Boolean:
        return word == "true"
    if kind in (pl.Date, pl.Time):
        return date.fromisoformat(word) if kind == pl.Date else time.fromisoformat(word)
    if isinstance(kind, pl.Datetime):
        given = datetime.fromisoformat(word)
        return (given if given.tzinfo else given.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    return word


def frame_of(rows: Rows, schema: type[dy.Schema], defaults: dict[str, Any], zone: str) -> pl.DataFrame:
    """A table's frame from words; what a row leaves out is taken from ``defaults``."""
    types = frame_schema(schema)
    read = [
        {name: value(row[name], kind, zone) if name in row else defaults.get(name) for name, kind in types.items()}
        for row in rows
    ]
    return pl.DataFrame(read, schema=types, orient="row")


def filled(schema: type[dy.Schema], rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of any schema: what a row leaves out is empty, or where that is not allowed 0, false or the column's name."""
    columns = set(schema.columns())
    assert all(set(row) <= columns for row in rows), f"a row names a column that {schema.__name__} does not have"
    return pl.DataFrame([neutral_values(schema) | row for row in rows], schema=frame_schema(schema), orient="row")


@cache
def neutral_values(schema: type[dy.Schema]) -> dict[str, Any]:
    """Empty for each column, or where that is not allowed 0 or the least that is, false or the column's name."""
    kinds: dict[Any, Any] = {pl.Boolean: False, pl.Float64: 0.0, pl.Int32: 0, pl.Int64: 0}

    def neutral(name: str, column: dy.Column) -> Any:
        if column.nullable:
            return None
        if column.dtype == pl.String:
            return name
        least = getattr(column, "min", None)
        found = kinds.get(type(column.dtype))
        return least if isinstance(found, int | float) and isinstance(least, int | float) and least > 0 else found

    return {name: neutral(name, column) for name, column in schema.columns().items()}


def facts_of(text: str, stage: Stage) -> tuple[pl.DataFrame, Frames]:
    """The cells of a text, and a frame for everything that ``stage`` reads; without targets they are the forecast."""
    tables = sections(text)
    cells, frames = frames_of(tables, stage.reads)
    return cells, frames if "target_stock_levels" in tables else as_forecast(cells, frames)


def frames_of(tables: Sections, reads: Mapping[str, type[dy.Schema]]) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Cells, and a frame for everything that a stage reads, from the tables of a text."""
    rows = tables.get("cells") or sections(MONDAY)["cells"]
    zone = str(rows[0]["timezone"])
    cells = frame_of(rows, Cells, {"tenant_id": "bakery"}, zone)
    first = cells.row(0, named=True)
    own = {
        "tenant_id": "bakery",
        "plan_date": first["plan_date"],
        "recorded_at": first["planned_as_of"],
        "timezone": zone,
    }
    return cells, {
        name: frame_of(tables.get(name, []), schema, defaults_of(schema) | own, zone) for name, schema in reads.items()
    }


def as_forecast(cells: pl.DataFrame, frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The frames with targets that are the forecast itself, where a stage reads them and nothing else is given; and
    without quantiles the forecast is certain."""
    if "demand_forecasts" in frames:
        certain = (pl.col(name).fill_null(pl.col("yhat")) for name in QUANTILE_LEVELS)
        frames = {**frames, "demand_forecasts": frames["demand_forecasts"].with_columns(certain)}
    if not {"target_stock_levels", "demand_forecasts", "products"} <= set(frames):
        return frames
    settings = [{"tenant_id": tenant, "key": key, "value": value, "valid_from": date(2000, 1, 1)}
                for tenant in cells["tenant_id"] for key, value in NO_BUFFER.items()]  # fmt: skip
    inputs = {**frames, "tenant_settings": filled(ops.TenantSettings, settings)}
    return {**frames, **TARGETS.plan(cells, {name: inputs[name] for name in TARGETS.reads})}


def with_policy(tables: Sections) -> Sections:
    """The tables of a text; a bakery that chooses no quantity policy has the forecast ready, and nothing beyond it."""
    settings = tables.get("tenant_settings", [])
    if any(row["key"] == "quantity_policy" for row in settings):
        return tables
    added: Rows = [{"key": key, "value": value, "valid_from": "2000-01-01"} for key, value in NO_BUFFER.items()]
    return {**tables, "tenant_settings": [*settings, *added]}


def together(parts: Mapping[str, tuple[pl.DataFrame, Frames]]) -> tuple[pl.DataFrame, Frames]:
    """Cells and facts of several texts' bakeries, for one call: each is the tenant of its key.

    A stage takes hardly longer for ten small bakeries than for one, so a property is looked at in ten at a time.
    """

    def of(tenant: str, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(tenant_id=pl.lit(tenant)) if "tenant_id" in frame.columns else frame

    named = [
        (of(tenant, cells), {name: of(tenant, frame) for name, frame in frames.items()})
        for tenant, (cells, frames) in parts.items()
    ]
    cells = pl.concat([part[0] for part in named])
    return cells, {name: pl.concat([frames[name] for _, frames in named]) for name in named[0][1]}


def morning(text: str) -> Frames:
    """Every table that the stages of a planning day make of a text, by its ``with_policy``; no stage may fail."""
    return mornings({"bakery": text})["bakery"]


def mornings(texts: Mapping[str, str]) -> dict[str, Frames]:
    """The same of several texts' bakeries, planned in one round."""
    cells, facts = together({name: _facts_of_day(text) for name, text in texts.items()})
    planned = PlanningRound.start(conform(Cells, cells), facts, {})
    for stage in STAGES:
        planned = planned.run(stage)
    assert not planned.failed, planned.failed
    tables = planned.output_tables()
    return {name: {table: rows.filter(tenant_id=name) for table, rows in tables.items()} for name in texts}


def _facts_of_day(text: str) -> tuple[pl.DataFrame, Frames]:
    reads = {name: schema for stage in STAGES for name, schema in stage.reads.items() if name not in WRITTEN_BY}
    return frames_of(with_policy(sections(text)), reads)


def as_words(frame: pl.DataFrame, columns: list[str], zone: str) -> list[list[str]]:
    """Rows as the scenarios write them: local wall times, - for empty, 24 rather than 24.0, _ for a blank."""
    ready = frame.select(
        pl.col(name).dt.convert_time_zone(str(ZoneInfo(zone))).dt.strftime("%Y-%m-%dT%H:%M")
        if isinstance(frame.schema[name], pl.Datetime)
        else pl.col(name).cast(pl.String).str.strip_suffix(".0").str.replace_all(" ", "_")
        for name in columns
    )
    return [["-" if word is None else word for word in row] for row in ready.iter_rows()]


def check_morning(path: Path, tables: Frames) -> None:
    """Of every table that a stage has made of a text's day and the text has, the rows that begin with a word of its first
    column must be as written there."""
    expected = sections(path.read_text())
    zone = str((expected.get("cells") or sections(MONDAY)["cells"])[0]["timezone"])
    compared = [name for name in tables if name in expected]
    assert compared, f"{path.name} expects no table"
    known = {"cells", *tables, *(name for stage in STAGES for name in stage.reads)}
    assert set(expected) <= known, f"{path.name} has tables that nothing reads or writes"
    for name in compared:
        columns = list(expected[name][0])
        rows = [["-" if word is None else word for word in row.values()] for row in expected[name]]
        named = {row[0] for row in rows}
        assert [row for row in as_words(tables[name], columns, zone) if row[0] in named] == rows, name


def check(path: Path, stage: Stage, *, alone: bool = False) -> None:
    """Plan the bakery of a text with ``stage``; every table of it that the text has must come out as written there.

    Args:
        alone: not in one call with the other texts of its folder, where a bakery's plan depends on who else is planned.
    """
    expected = sections(path.read_text())
    cells, frames, tables = _planned_alone(path, stage) if alone else _planned_with_others(path, stage)
    assert set(expected) & set(stage.writes), f"{path.name} expects no table of {stage.name}"
    assert set(expected) <= {"cells", *frames, *stage.writes}, (
        f"{path.name} has tables that it neither reads nor writes"
    )
    for name in stage.writes:
        if name in expected:
            columns = list(expected[name][0])
            rows = [["-" if word is None else word for word in row.values()] for row in expected[name]]
            assert as_words(tables[name], columns, cells["timezone"][0]) == rows, name


Planned = tuple[pl.DataFrame, Frames, Frames]  # cells, facts, tables
_planned: dict[tuple[str, Path], dict[Path, Planned]] = {}


def _planned_alone(path: Path, stage: Stage) -> Planned:
    cells, frames = facts_of(path.read_text(), stage)
    return cells, frames, dict(stage.plan(cells, frames))


def _planned_with_others(path: Path, stage: Stage) -> Planned:
    """The text's bakery, planned once with those of all texts of its folder that are of one bakery's day, as it is."""
    key = (stage.name, path.parent)
    if key not in _planned:
        parts = {each: facts_of(each.read_text(), stage) for each in sorted(path.parent.glob("*.txt"))}
        joined = {each.stem: part for each, part in parts.items() if part[0]["tenant_id"].to_list() == ["bakery"]}
        tables = stage.plan(*together(joined)) if joined else {}
        _planned[key] = {
            each: (*part, {name: frame.filter(tenant_id=each.stem) for name, frame in tables.items()})
            if each.stem in joined
            else _planned_alone(each, stage)
            for each, part in parts.items()
        }
    return _planned[key][path]
