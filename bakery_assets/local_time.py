"""Local time: the one place where wall times of a bakery become instants in UTC, and instants become wall times.

Which instant is now is read by ``resources.clock`` only; what a day is about stands in ``calendars``.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
_ROW = "__row"


def to_instant(day: date, wall_time: time, zone: str) -> datetime:
    """The instant in UTC at which a zone's clocks show ``wall_time`` on ``day``.

    A skipped wall time uses the offset before the transition (``fold=0``); of a repeated one the first counts.
    """
    return datetime.combine(day, wall_time, ZoneInfo(zone)).astimezone(UTC)


def local_date(instant: datetime, zone: str) -> date:
    """The date that a zone's calendars show at an instant."""
    return instant.astimezone(ZoneInfo(zone)).date()


def is_zone(name: str) -> bool:
    """Whether this is the name of a time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def in_known_zones(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows whose ``timezone`` exists: one unknown name must not stop the others."""
    zones = [zone for zone in rows["timezone"].unique() if is_zone(zone)]
    return rows.filter(pl.col("timezone").is_in(zones))


def exists_locally(day: date, zone: str) -> bool:
    """Whether the zone has such a date; Apia had no 30 December 2011."""
    return local_date(to_instant(day, time(12), zone), zone) == day


def with_instants(rows: pl.DataFrame, name: str, *, day: str, wall_time: str) -> pl.DataFrame:
    """Add the column ``name``: the instant of ``wall_time`` on ``day`` in each row's ``timezone``; see ``to_instant``.

    Each distinct wall time is converted once: they are few, however many rows share them.
    """
    key = [day, wall_time, "timezone"]
    distinct = rows.select(key).unique()
    instants = pl.Series(name, [to_instant(*row) for row in distinct.iter_rows()], dtype=INSTANT)
    return rows.join(distinct.with_columns(instants), on=key, how="left", maintain_order="left")


def with_local_times(rows: pl.DataFrame, **instants: str) -> pl.DataFrame:
    """Add columns, named after the keywords, with the wall time of other columns' instants in each row's ``timezone``.

    A column may replace itself. The loop runs once for each distinct zone, not for each tenant.
    """
    numbered = rows.with_row_index(_ROW)
    parts = [
        part.with_columns(_wall_time(instant, zone).alias(name) for name, instant in instants.items())
        for (zone,), part in numbered.partition_by("timezone", as_dict=True).items()
    ]
    if not parts:
        return rows.with_columns(
            pl.col(instant).dt.replace_time_zone(None).alias(name) for name, instant in instants.items()
        )
    return pl.concat(parts).sort(_ROW).drop(_ROW)


def _wall_time(instant: str, zone: object) -> pl.Expr:
    return pl.col(instant).dt.convert_time_zone(str(zone)).dt.replace_time_zone(None)
