"""Frames in the form of their schema, and the tenants whose rows break its rules.

``BAKERY_VALIDATE_FRAMES=1`` in the environment makes ``conform`` check every rule of every frame; tests run with it.
Without it only types are checked between functions, and rules where facts are read and plans are written, by
``failing_tenants``.
"""

import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar, cast

import dataframely as dy
import polars as pl

from bakery_assets.schemas.rules import key_columns, rule_text

VALIDATE_FRAMES = "BAKERY_VALIDATE_FRAMES"
S = TypeVar("S", bound=dy.Schema)


def table_name(schema: type[dy.Schema]) -> str:
    """The name of a schema's table and frame: ``DemandForecasts`` is ``demand_forecasts``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", schema.__name__).lower()


def conform(schema: type[S], frame: pl.DataFrame) -> dy.DataFrame[S]:
    """The columns of ``schema`` in its order and types; other columns are dropped.

    Raises:
        dataframely.exc.SchemaError: a column is missing.
        polars.exceptions.InvalidOperationError: a value does not fit its column's type.
        dataframely.exc.ValidationError: a row breaks a rule, and frames are validated.
    """
    typed = _typed(schema, frame)
    if os.environ.get(VALIDATE_FRAMES) == "1" and not follows_rules(schema, typed):
        return schema.validate(typed)
    return typed


def follows_rules(schema: type[dy.Schema], frame: pl.DataFrame) -> bool:
    """Whether no row breaks a rule, as ``schema.is_valid(frame)`` says for a frame of these columns and types.

    It costs a seventh of that, and nothing for no rows: the rules' expressions are made once for each schema, not for
    each frame, and evaluated one by one, without looking for what they have in common. Polars counts empty values.
    """
    if frame.is_empty():
        return True
    required, rules = _rules_followed(schema)
    return not any(frame.get_column(name).null_count() for name in required) and all(frame.select(rules).row(0))


def failing_tenants(schema: type[dy.Schema], frame: pl.DataFrame) -> dict[str, str]:
    """Tenants with rows that break a rule of ``schema``, each with one reason that a person can act on.

    Args:
        frame: a frame with the columns and types of ``schema``, among them ``tenant_id``.

    Raises:
        dataframely.exc.SchemaError: the columns or types are others; then no tenant is at fault.
    """
    if frame.schema == _polars_schema(schema) and follows_rules(schema, frame):
        return {}
    failures = schema.filter(frame).failure.details()
    reasons: dict[str, str] = {}
    for rule in sorted(set(failures.columns) - set(schema.column_names()), key=_precedence(failures.columns)):
        broken = failures.filter(pl.col(rule) == "invalid").unique("tenant_id", keep="first", maintain_order=True)
        for row in broken.iter_rows(named=True):
            reasons.setdefault(row["tenant_id"], _reason(schema, rule, row))
    return reasons


def _typed(schema: type[S], frame: pl.DataFrame) -> dy.DataFrame[S]:
    """``schema.cast(frame)`` at half its cost, and at none where nothing changes: a round hands on 500 frames."""
    wanted = _polars_schema(schema)
    given = dict(zip(frame.columns, frame.dtypes, strict=True))
    if not wanted.keys() <= given.keys():
        return schema.cast(frame)
    if list(given.items()) == list(wanted.items()):
        return cast("dy.DataFrame[S]", frame)
    columns = (name if given[name] == dtype else pl.col(name).cast(dtype) for name, dtype in wanted.items())
    return cast("dy.DataFrame[S]", frame.select(columns))


@cache
def _polars_schema(schema: type[dy.Schema]) -> pl.Schema:
    return pl.Schema(schema)


@cache
def _rules_followed(schema: type[dy.Schema]) -> tuple[list[str], list[pl.Expr]]:
    """The columns without empty values, and for the other rules whether all rows follow them.

    As in dataframely a rule that is empty for a row is followed. A column's two limits are one expression, which
    infinite and undefined figures break, too: NaN is above every limit.
    """
    rules = {name: rule.expr for name, rule in schema._validation_rules(with_cast=False).items()}
    columns = schema.column_names()
    required = [name for name in columns if rules.pop(f"{name}|nullability", None) is not None]
    for name in columns:
        if f"{name}|min" in rules and f"{name}|max" in rules:
            rules[f"{name}|min"] &= rules.pop(f"{name}|max")
            rules.pop(f"{name}|inf", None)
            rules.pop(f"{name}|nan", None)
    return required, [expr.all().alias(str(number)) for number, expr in enumerate(rules.values())]


def _precedence(rules: list[str]) -> Callable[[str], tuple[int, int]]:
    """What says most comes first: an infinite figure is also above its maximum, an empty one may break row rules."""
    first = {"inf": 0, "nan": 0, "nullability": 1}
    return lambda rule: (first.get(rule.partition("|")[2], 2 if "|" in rule else 3), rules.index(rule))


def _reason(schema: type[dy.Schema], rule: str, row: Mapping[str, object]) -> str:
    table = table_name(schema)
    column, _, kind = rule.partition("|")
    if kind:
        subject, fault = f"{table}.{column}", _column_fault(schema.columns()[column], kind, row[column])
    elif rule == "primary_key":
        subject, fault = table, "has several rows with the same key"
    else:
        subject, fault = table, f"breaks the rule {rule_text(schema, rule)}"
    key = ", ".join(f"{name} {row[name]}" for name in key_columns(schema) if name != "tenant_id")
    return f"{subject} {fault} ({key})" if key else f"{subject} {fault}"


def _column_fault(column: dy.Column, rule: str, value: object) -> str:
    metadata = column.metadata or {}
    match rule:
        case "inf":
            return "is infinite; check this tenant's input quantities"
        case "nan":
            return "is undefined; check this tenant's input quantities"
        case "nullability" | "min_length":
            return "is empty and has to have a value"
        case "min" | "max" if isinstance(column, dy.Float64 | dy.Int32):
            return f"is {value} and has to be between {column.min:g} and {column.max:g}"
        case "check__choices":
            return f"is '{value}' and has to be one of {', '.join(metadata['choices'])}"
        case "regex" if isinstance(column, dy.String):
            return f"is '{value}' and has to match {column.regex}"
    return f"is {value} and breaks the rule {rule.removeprefix('check__')}"
