"""How a plan's reasons are written: JSON text with sorted keys, the same bytes for the same figures."""

from collections.abc import Mapping

import polars as pl


def as_json(terms: Mapping[str, pl.Expr]) -> pl.Expr:
    """A JSON object of ``terms`` as text."""
    return in_order(terms).struct.json_encode()


def in_order(terms: Mapping[str, pl.Expr]) -> pl.Expr:
    """A struct whose fields are sorted by name."""
    return pl.struct(terms[name].alias(name) for name in sorted(terms))


def instant(column: str) -> pl.Expr:
    """An instant as JSON writes it: 2026-01-05T04:30:00Z."""
    return pl.col(column).dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def figure(column: str) -> pl.Expr:
    """A quantity as a person writes it: 24, 2.5."""
    return pl.col(column).cast(pl.String).str.strip_suffix(".0")
