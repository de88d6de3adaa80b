"""The kinds of columns that tables and frames are made of.

Each function returns a dataframely column. Its type, limits, nullability and place in the key are dataframely's own
attributes, its meaning with the unit is its ``description``. What only the database, the loader or the documentation
need is in its ``metadata``: ``default`` (stored where a row gives no value), ``choices``, ``zone`` (an IANA time zone)
and ``json`` (text in frames, JSONB in the database). SQL is in ``resources.schema.columns``, rules over several
columns are in ``rules``.
"""

from collections.abc import Iterable
from typing import Any

import dataframely as dy
import polars as pl

SLUG = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
LARGEST = 1e9  # more than any bakery sells, weighs or pays in one row; also what keeps infinity out
LARGEST_METRIC = 1e15
MAIN_LOCATION = "main"
EQUIPMENT_KINDS = ("mixer", "proofer", "oven", "bench", "cooler", "other")
UNITS = ("piece", "kg", "g", "l", "ml")


def key_text(description: str, *, primary_key: bool = False) -> dy.String:
    """An identifier: text that is never empty."""
    return dy.String(min_length=1, primary_key=primary_key, description=description)


def slug(description: str, *, primary_key: bool = False) -> dy.String:
    """An identifier that also names a Dagster partition and is part of a file name."""
    return dy.String(regex=SLUG, primary_key=primary_key, description=description)


def text(
    description: str, *, nullable: bool = False, default: str | None = None, primary_key: bool = False
) -> dy.String:
    """Free text."""
    return dy.String(nullable=nullable, primary_key=primary_key, description=description, metadata=_default(default))


def choice(
    description: str,
    choices: Iterable[str],
    *,
    default: str | None = None,
    primary_key: bool = False,
    nullable: bool = False,
) -> dy.String:
    """Text that is one of ``choices``; the description lists them."""
    allowed = tuple(choices)

    def is_allowed(value: pl.Expr) -> pl.Expr:
        return value.is_in(allowed)

    return dy.String(
        check={"choices": is_allowed},
        primary_key=primary_key,
        nullable=nullable,
        description=f"{description}: {', '.join(allowed)}",
        metadata={"choices": allowed, **_default(default)},
    )


def number(
    description: str,
    *,
    minimum: float | None = 0.0,
    maximum: float = LARGEST,
    nullable: bool = False,
    default: float | None = None,
) -> dy.Float64:
    """A finite number between ``minimum`` (None: minus ``maximum``) and ``maximum``, both allowed."""
    return dy.Float64(
        min=-maximum if minimum is None else minimum,
        max=maximum,
        nullable=nullable,
        description=description,
        metadata=_default(default),
    )


def metric(description: str, *, nullable: bool = True) -> dy.Float64:
    """A computed figure without limits of its own, still finite."""
    return number(description, minimum=None, maximum=LARGEST_METRIC, nullable=nullable)


def integer(
    description: str,
    *,
    minimum: int = 0,
    maximum: int = 1_000_000,
    nullable: bool = False,
    default: int | None = None,
    primary_key: bool = False,
) -> dy.Int32:
    """A whole number between ``minimum`` and ``maximum``, both allowed."""
    return dy.Int32(
        min=minimum,
        max=maximum,
        nullable=nullable,
        primary_key=primary_key,
        description=description,
        metadata=_default(default),
    )


def date(description: str, *, nullable: bool = False, primary_key: bool = False) -> dy.Date:
    """A tenant-local date."""
    return dy.Date(nullable=nullable, primary_key=primary_key, description=description)


def time(description: str, *, nullable: bool = False, default: str | None = None) -> dy.Time:
    """A tenant-local time of day."""
    return dy.Time(nullable=nullable, description=description, metadata=_default(default))


def instant(description: str, *, nullable: bool = False, primary_key: bool = False) -> dy.Datetime:
    """A point in time, in UTC and to the microsecond."""
    return dy.Datetime(
        time_unit="us", time_zone="UTC", nullable=nullable, primary_key=primary_key, description=description
    )


def boolean(description: str, *, nullable: bool = False, default: bool | None = None) -> dy.Bool:
    """Yes or no."""
    return dy.Bool(nullable=nullable, description=description, metadata=_default(default))


def json(description: str, *, nullable: bool = False) -> dy.String:
    """A JSON object or array that people and programs both read."""
    return dy.String(nullable=nullable, description=description, metadata={"json": True})


def tenant_id() -> dy.String:
    """The first column of every key."""
    return key_text("The bakery", primary_key=True)


def location_id(*, primary_key: bool = False) -> dy.String:
    """The location of a fact; files that know of none mean the main one."""
    return text("Shop or kitchen", default=MAIN_LOCATION, primary_key=primary_key)


def timezone() -> dy.String:
    """An IANA time zone; the database and the loader refuse names that they do not know."""
    return dy.String(description="IANA time zone", metadata={"zone": True})


def recorded_at(*, primary_key: bool = True) -> dy.Datetime:
    """When a fact was learned."""
    return instant(
        "When we learned this; a plan uses what was recorded by its planning instant", primary_key=primary_key
    )


def _default(value: str | float | None) -> dict[str, Any]:
    return {} if value is None else {"default": value}
