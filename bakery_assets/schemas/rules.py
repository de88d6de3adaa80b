"""Rules over several columns or rows of a table, in a form that frames, the database and the loader all follow.

Frames check a rule as an expression. The database and the loader ask ``rules_of`` a schema for those of a kind, and
make their own check of its ``columns``. A rule that only frames check is a plain ``dy.rule``, written in its schema.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import dataframely as dy
import polars as pl

if TYPE_CHECKING:
    from dataframely._rule import RuleFactory

_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class ExactlyOne:
    """Exactly one of ``columns`` has a value."""

    columns: tuple[str, ...]

    def __call__(self, _schema: type[dy.Schema]) -> pl.Expr:
        """Whether a row follows the rule."""
        return pl.sum_horizontal(pl.col(name).is_not_null() for name in self.columns) == 1

    def __str__(self) -> str:
        return f"exactly one of {', '.join(self.columns)} has to be given"


@dataclass(frozen=True)
class UniqueTogether:
    """``columns`` identify a row, though some of them may be empty; two empty values are the same."""

    columns: tuple[str, ...]

    def __call__(self, _schema: type[dy.Schema]) -> pl.Expr:
        """Whether a row is the only one with its values."""
        return pl.struct(self.columns).is_unique()

    def __str__(self) -> str:
        return f"{', '.join(self.columns)} together have to be unique"


def exactly_one(*columns: str) -> "RuleFactory":
    """The rule ``ExactlyOne``, for the body of a schema."""
    return dy.rule()(ExactlyOne(columns))


def unique_together(*columns: str) -> "RuleFactory":
    """The rule ``UniqueTogether``, for the body of a schema whose key has nullable columns."""
    return dy.rule()(UniqueTogether(columns))


def rules_of(schema: type[dy.Schema], kind: type[_Kind]) -> list[_Kind]:
    """The rules of a kind that a schema or the schemas it inherits from have."""
    return [rule for rule in _rules(schema).values() if isinstance(rule, kind)]


def rule_text(schema: type[dy.Schema], name: str) -> str:
    """What the rule of that name asks for, in words; a plain ``dy.rule`` is known by its name."""
    rule = _rules(schema).get(name)
    return f"that {rule}" if isinstance(rule, ExactlyOne | UniqueTogether) else name


def key_columns(schema: type[dy.Schema]) -> list[str]:
    """The columns that identify a row: the primary key, or those of ``unique_together``."""
    return schema.primary_key() or [name for rule in rules_of(schema, UniqueTogether) for name in rule.columns]


def row_rules(schema: type[dy.Schema]) -> dict[str, "RuleFactory"]:
    """The rules of a schema that one row follows or breaks, whatever the others are, by name."""
    return {
        name: factory
        for name, factory in _factories(schema).items()
        if not isinstance(factory.validation_fn, UniqueTogether)
    }


def _rules(schema: type[dy.Schema]) -> dict[str, object]:
    return {name: factory.validation_fn for name, factory in _factories(schema).items()}


def _factories(schema: type[dy.Schema]) -> dict[str, "RuleFactory"]:
    members = {name: member for each in schema.__mro__ for name, member in vars(each).items()}
    return {name: member for name, member in members.items() if hasattr(member, "validation_fn")}
