"""Local time: the one place where wall times of a bakery become instants in UTC, and instants become wall times.

Which instant is now is read by ``resources.clock`` only; what a day is about stands in ``calendars``.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
# Conversions one by one cost 0.8 instead of 3.1 ms for one row, and 2.5 instead of 3.7 for a hundred.
FEW_ROWS = 100
_ROW, _WALL = "__row", "__wall"
_WALL_TIME, _DAY, _MIDNIGHT, _CONVERTED = "wall_time", "day", "midnight", "converted"


def to_instant(day: date, wall_time: time, zone: str) -> datetime:
    """The instant in UTC at which a zone's clocks show ``wall_time`` on ``day``.

    A skipped wall time uses the offset before the transition (``fold=0``); of a repeated one the first counts.
    """
    return datetime.combine(day, wall_time.replace(fold=0), ZoneInfo(zone)).astimezone(UTC)


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
    """Add the column ``name``: the instant of ``wall_time`` on ``day`` in each row's ``timezone``."""
    dated = rows.with_columns(pl.col(day).dt.combine(pl.col(wall_time), "us").alias(_WALL))
    return with_utc_times(dated, **{name: _WALL}).drop(_WALL)


def with_utc_times(rows: pl.DataFrame, **wall_times: str) -> pl.DataFrame:
    """Add columns, named after the keywords, with the instants at which each row's ``timezone`` shows the wall time
    (a date with a time) in another column; see ``to_instant``. Empty wall times and zones give empty instants.

    A column may replace itself. Of few rows Python converts every one. Of many it converts the distinct midnights of
    each zone, the others are midnight and the time since then; only on days on which a zone's clocks change every
    distinct wall time is converted by itself.
    """
    convert = _with_utc_time if rows.height > FEW_ROWS else _with_utc_time_of_few
    for name, wall_time in wall_times.items():
        rows = convert(rows, name, pl.col(wall_time).cast(pl.Datetime("us")))
    return rows


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


def _with_utc_time_of_few(rows: pl.DataFrame, name: str, wall_time: pl.Expr) -> pl.DataFrame:
    instants = [
        None if zone is None or wall is None else to_instant(wall.date(), wall.time(), zone)
        for zone, wall in rows.select("timezone", wall_time.alias(_WALL_TIME)).iter_rows()
    ]
    return rows.with_columns(pl.Series(name, instants, dtype=INSTANT))


def _with_utc_time(rows: pl.DataFrame, name: str, wall_time: pl.Expr) -> pl.DataFrame:
    key = rows.select("timezone", wall_time.alias(_WALL_TIME), wall_time.dt.date().alias(_DAY))
    days = key.select("timezone", _DAY).drop_nulls().unique()
    midnights = pl.Series(_MIDNIGHT, [_regular_midnight(*day) for day in days.iter_rows()], dtype=INSTANT)
    key = key.join(days.with_columns(midnights), on=["timezone", _DAY], how="left", maintain_order="left")
    since = pl.col(_WALL_TIME) - pl.col(_DAY).cast(pl.Datetime("us"))
    instant = pl.col(_MIDNIGHT) + since
    odd = key.filter(pl.col(_MIDNIGHT).is_null()).select("timezone", _WALL_TIME).drop_nulls().unique()
    if odd.height:
        converted = [to_instant(wall.date(), wall.time(), zone) for zone, wall in odd.iter_rows()]
        each = odd.with_columns(pl.Series(_CONVERTED, converted, dtype=INSTANT))
        key = key.join(each, on=["timezone", _WALL_TIME], how="left", maintain_order="left")
        instant = pl.coalesce(instant, _CONVERTED)
    return rows.with_columns(key.select(instant.alias(name)).to_series())


@lru_cache(maxsize=100_000)
def _regular_midnight(zone: str, day: date) -> datetime | None:
    """The instant at which a day of 24 hours begins; None for a day on which the clocks change.

    A change around midnight leaves one of the two days regular, as far as its wall times are concerned. No zone has a
    day with two changes that even out.
    """
    midnight = to_instant(day, time(), zone)
    return midnight if to_instant(day + timedelta(days=1), time(), zone) - midnight == timedelta(days=1) else None
