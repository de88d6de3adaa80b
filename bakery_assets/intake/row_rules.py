"""Row rules: the limits, choices, patterns and rules over several columns of a table's schema, applied to typed rows.

The rules are those of ``bakery_assets.schemas.ops``; here each broken one becomes a reason that a person can act on.
What concerns several rows (keys, repeats, references) is in ``records`` and ``references``.
"""

from collections.abc import Callable
from functools import cache

import dataframely as dy
import polars as pl

from bakery_assets.intake.faults import ROW_NUMBER, RowFaults, row_faults
from bakery_assets.intake.tables import TableSpec
from bakery_assets.intake.values import NOT_FINITE_HINT, SLUG_RULE, shown_text, unreadable_reason
from bakery_assets.schemas.columns import SLUG
from bakery_assets.schemas.rules import ExactlyOne, row_rules, rule_text
from bakery_assets.schemas.setting_keys import ValueFitsKey

IS_EXPLICIT = "__has_explicit_recorded_at"
UNREADABLE = "unreadable"  # a rule like those of dataframely: the text gives a value
CODES = {
    UNREADABLE: "not_readable",
    "nullability": "missing_value",
    "min_length": "missing_value",
    "inf": "not_readable",
    "nan": "not_readable",
    "min": "out_of_range",
    "max": "out_of_range",
    "regex": "bad_identifier",
    "check__choices": "not_a_choice",
}
_PRECEDENCE = (UNREADABLE, "nullability", "min_length", "inf", "nan", "min", "max")


@cache
def row_schema(spec: TableSpec) -> type[dy.Schema]:
    """The schema of a table's rows while they are loaded: its columns and row rules, but no key.

    Rows have ``ROW_NUMBER`` before the table's columns; facts have ``IS_EXPLICIT`` after them, which says whether the
    file gave ``recorded_at``.
    """
    columns = {name: column.with_primary_key(False) for name, column in spec.columns.items()}
    explicit = {} if spec.fact is None else {"is_explicit": dy.Bool(alias=IS_EXPLICIT)}
    return type(
        f"{spec.schema.__name__}Loaded",
        (dy.Schema,),
        {"line": dy.Int32(alias=ROW_NUMBER), **columns, **explicit, **row_rules(spec.schema)},
    )


def broken_rules(spec: TableSpec, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that follow all rules, and of the others ``ROW_NUMBER`` and for each rule whether it is broken.

    A rule is named ``column|rule`` as in dataframely, or by its own name where it is over several columns.
    """
    good, failure = row_schema(spec).filter(rows)
    rules = [name for name, count in failure.counts().items() if count]
    return good, failure.details().select(ROW_NUMBER, *(pl.col(name) == "invalid" for name in rules))


def first_faults(spec: TableSpec, text: pl.DataFrame, broken: pl.DataFrame) -> dy.DataFrame[RowFaults]:
    """The first fault of each row: columns come in the table's order, rules over several columns last.

    Args:
        text: ``ROW_NUMBER`` and the table's columns as cleaned text.
        broken: the same rows in the same order, a column for each rule; null is not broken.
    """
    rules = sorted(set(broken.columns) - {ROW_NUMBER}, key=_precedence(spec))
    rows = pl.concat([text, broken.select(rules)], how="horizontal")
    reasons = [pl.when(pl.col(rule)).then(_reason(spec, rule)) for rule in rules]
    columns = [pl.when(pl.col(rule)).then(pl.lit(rule.partition("|")[0])) for rule in rules if "|" in rule]
    codes = [pl.when(pl.col(rule)).then(pl.lit(CODES.get(rule.partition("|")[2], "broken_rule"))) for rule in rules]
    return row_faults(
        rows.select(
            ROW_NUMBER,
            code=pl.coalesce(*codes, pl.lit("broken_rule")),
            column_name=pl.coalesce(*columns, pl.lit(None, pl.String)),
            reason=pl.coalesce(reasons),
        )
    )


def _precedence(spec: TableSpec) -> Callable[[str], tuple[int, int, str]]:
    """The most specific rule of a column comes first: an infinite figure is also above its maximum."""
    columns = list(spec.columns)

    def place(name: str) -> tuple[int, int, str]:
        column, _, rule = name.partition("|")
        if not rule:
            return len(columns), 0, name
        return columns.index(column), _PRECEDENCE.index(rule) if rule in _PRECEDENCE else len(_PRECEDENCE), rule

    return place


def _reason(spec: TableSpec, name: str) -> pl.Expr:
    column_name, _, rule = name.partition("|")
    if not rule:
        return _row_reason(spec, name)
    column, text = spec.columns[column_name], pl.col(column_name)
    shown = shown_text(column_name, text)
    match rule:
        case "unreadable":
            return unreadable_reason(column_name, text, column, is_indexed=column_name in spec.indexed)
        case "nullability" | "min_length":
            return pl.lit(f"{column_name} is empty; every row needs it")
        case "inf" | "nan":
            return shown + NOT_FINITE_HINT
        case "min" if isinstance(column, dy.Float64 | dy.Int32):
            word = "is negative" if column.min == 0 else "is too small"
            return shown + f"; {column_name} {word}, at least {column.min:,g} is expected"
        case "max" if isinstance(column, dy.Float64 | dy.Int32):
            return shown + f"; {column_name} is too large, at most {column.max:,g} is expected"
        case "regex" if isinstance(column, dy.String) and column.regex == SLUG:
            return shown + f"; {SLUG_RULE}"
        case "check__choices":
            return shown + f"; it must be one of {', '.join((column.metadata or {})['choices'])}"
    return shown + f"; it breaks the rule {rule.removeprefix('check__')}"


def _row_reason(spec: TableSpec, name: str) -> pl.Expr:
    rule = row_rules(spec.schema)[name].validation_fn
    if isinstance(rule, ExactlyOne):
        filled = pl.sum_horizontal(pl.col(each).is_not_null() for each in rule.columns)
        return pl.format(f"exactly one of {', '.join(rule.columns)} must be filled, here {{}} are", filled)
    if isinstance(rule, ValueFitsKey):
        return rule.reason()
    return pl.lit(f"the row breaks the rule {rule_text(spec.schema, name)}")
