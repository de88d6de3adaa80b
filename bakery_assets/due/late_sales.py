"""Late sales and gaps: which cells have to check their days again; pure functions of what was found and the time.

A cell has read a row of sales when the row's transaction had ended before the cell was begun, and the row was
recorded by the instant up to which sales count for the cell. What is asked for is always "expected minus
done", kept with the cells themselves: a tick that comes late, twice or not at all changes nothing in the end.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

import polars as pl

from bakery_assets.cells import Cell
from bakery_assets.due.planning import CATCH_UP_DAYS
from bakery_assets.local_time import in_known_zones, with_instants

_INSTANT = pl.Datetime("us", "UTC")

# A day's sales, and the state of a cell that checks the day.
CANDIDATES = pl.Schema(
    {
        "tenant_id": pl.String(),
        "tenant_status": pl.String(),
        "timezone": pl.String(),
        "planning_time": pl.Time(),
        "today": pl.Date(),  # the tenant's
        "sales_date": pl.Date(),
        "recorded_at": _INSTANT,  # of the day's rows found, the latest
        "transaction": pl.Int64(),  # of the same rows, the latest; null: not known, database restored elsewhere
        "plan_date": pl.Date(),
        "is_closed": pl.Boolean(),  # the bakery is closed on the plan date
        "status": pl.String(),  # null: nobody has begun the cell
        "attempts": pl.Int32(),
        "claimed_at": _INSTANT,
        "planned_as_of": _INSTANT,
        "facts_until": _INSTANT,
        "asked_in": pl.Int64(),
        "begun_in": pl.Int64(),
        "validated_in": pl.Int64(),
    }
)
MARKS = pl.Schema(
    {"tenant_id": pl.String(), "plan_date": pl.Date(), "planned_as_of": _INSTANT, "facts_until": _INSTANT}
)


@dataclass(frozen=True)
class Asked:
    """A cell that is asked to check its days again, and the version of the facts it is asked for.

    ``is_today``: it is its tenant's today and planned, so that it is planned again as a whole.
    """

    cell: Cell
    version: str
    is_today: bool

    @property
    def mark(self) -> str:
        """Names cell and version."""
        return f"{self.cell.tenant_id}|{self.cell.plan_date}|{self.version}"


@dataclass(frozen=True)
class Start:
    """A run to start, for one day of different tenants; it is today for all of them, or for none."""

    asked: tuple[Asked, ...]

    @property
    def is_today(self) -> bool:
        """The cells are planned again as a whole."""
        return self.asked[0].is_today

    @property
    def key(self) -> str:
        """Names which facts of which cells it is for."""
        marks = sorted(each.mark for each in self.asked)
        if len(marks) == 1:
            return marks[0]
        return f"{len(marks)} cells {sha256(chr(10).join(marks).encode()).hexdigest()[:16]}"


def late_marks(candidates: pl.DataFrame) -> pl.DataFrame:
    """Cells that were begun before the sales were there, or count sales only up to an earlier instant.

    Args:
        candidates: of ``CANDIDATES``; only cells that somebody has begun.

    Returns:
        ``MARKS``, one row a cell, sorted: ``facts_until`` is the instant up to which sales have to count, null
        where the planning instant is late enough.
    """
    return _marks(_unread(_with_instant(candidates)))


def gap_marks(
    candidates: pl.DataFrame, now: datetime, *, include_demo: bool, claim_for: timedelta, attempts: int
) -> pl.DataFrame:
    """Cells to ask for days with a forecast and with sales that nobody has validated; ``MARKS`` as ``late_marks``.

    Left out are days whose cell has looked at the very same sales (it found nothing to judge, and would again),
    cells that the planning waves are going to plan anyway, and failed ones whose retries are not over.

    Args:
        candidates: of ``CANDIDATES``; the cell of each day is the one that should have validated it.
        now: an aware instant.
        claim_for: a claim older than this is void. attempts: how often a failed cell is tried.
    """
    status = pl.col("status")
    is_served = pl.col("tenant_status").is_in(["active", "demo"] if include_demo else ["active"])
    in_reach = pl.col("plan_date") >= pl.col("today") - pl.duration(days=CATCH_UP_DAYS)
    unplanned = status.is_null() | status.is_in(["partial", "claimed"])
    waits = (
        (is_served & in_reach & unplanned & ~pl.col("is_closed"))
        | ((status == "claimed") & (pl.col("claimed_at") > now - claim_for)).fill_null(False)
        | ((status == "failed") & (pl.col("attempts") < attempts)).fill_null(False)
        | (pl.col("plan_date") > pl.col("today"))
    )
    return _marks(_unread(_with_instant(candidates.filter(~waits))))


def starts(
    asked: Sequence[Asked],
    tries: Mapping[str, int],
    under_way: Collection[Cell],
    *,
    room: int,
    attempts: int,
    size: int,
) -> list[Start]:
    """What to start now, today's cells first: at most ``room`` runs.

    Cells of a day go together, at most ``size`` in a run; of a tenant's older days the earliest goes, and the next
    when that is done, since what is found on a day is told beside what was found on the days before it. A mark that
    was tried before goes alone, so that facts that kill their run take no others with them, and after ``attempts``
    tries, of which the first was with others, not at all.

    Args:
        asked: in the order in which they are to go. tries: runs that were started for a mark. under_way: cells of
            runs that are queued or running; whatever they are asked for meanwhile waits.
    """
    left = {each.mark for each in asked if tries.get(each.mark, 0) < max(attempts, 2)}
    first: dict[tuple[bool, str], Asked] = {}
    for each in sorted(asked, key=lambda each: each.cell.plan_date):
        if each.mark in left or each.cell in under_way:
            first.setdefault((each.is_today, each.cell.tenant_id), each)
    chosen = {each.mark for each in first.values() if each.cell not in under_way}
    days: dict[tuple[bool, date], list[Asked]] = {}
    for each in sorted((each for each in asked if each.mark in chosen), key=lambda each: not each.is_today):
        days.setdefault((each.is_today, each.cell.plan_date), []).append(each)
    made = []
    for members in days.values():
        fresh = [each for each in members if not tries.get(each.mark)]
        made += [fresh[start : start + size] for start in range(0, len(fresh), size)]
        made += [[each] for each in members if tries.get(each.mark)]
    return [Start(tuple(members)) for members in made[: max(room, 0)]]


def _with_instant(candidates: pl.DataFrame) -> pl.DataFrame:
    """Candidates in zones that exist; where the cell was never read, ``planned_as_of`` is what it will be."""
    rows = with_instants(in_known_zones(candidates), "instant", day="plan_date", wall_time="planning_time")
    planned = pl.when(pl.col("validated_in").is_not_null()).then("planned_as_of")
    return rows.with_columns(planned_as_of=pl.coalesce(planned, "instant")).drop("instant")


def _unread(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows whose sales the cell has not read, and that no run under way or asked for is going to read."""
    transaction = pl.col("transaction")
    is_asked = pl.col("asked_in").is_not_null()
    in_time = pl.col("recorded_at") <= pl.max_horizontal("planned_as_of", "facts_until")
    was_there = (
        transaction.is_null()
        | (transaction < pl.col("validated_in")).fill_null(False)
        | (((pl.col("status") == "claimed") | is_asked) & (transaction < pl.col("begun_in"))).fill_null(False)
        | (is_asked & pl.col("begun_in").is_null())
    )
    return rows.filter(~(in_time & was_there))


def _marks(rows: pl.DataFrame) -> pl.DataFrame:
    return (
        rows.group_by("tenant_id", "plan_date")
        .agg(pl.col("planned_as_of").first(), latest=pl.col("recorded_at").max())
        .with_columns(facts_until=pl.when(pl.col("latest") > pl.col("planned_as_of")).then("latest"))
        .select(MARKS.names())
        .cast(MARKS)
        .sort("tenant_id", "plan_date")
    )
