"""Which cells need revalidation: those that have not read late sales, and those that leave a day without validation.

Pure functions of the candidates that the warehouse finds and of the time. A cell has read a row of sales when the row's
transaction had ended before the cell was started, and the row was recorded by the instant up to which sales count for
the cell. Requests are kept with the cells themselves and are always "expected minus done": a tick that comes late,
twice or not at all changes nothing in the end.

The SQL that finds candidates and stores requests is in ``resources.warehouse.revalidation``, the validation itself in
``bakery_assets.validation``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

import dataframely as dy
import polars as pl

from bakery_assets.cells import Cell
from bakery_assets.due.planning import CATCH_UP_DAYS, served_statuses
from bakery_assets.due.waves import half
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform


class RevalidationCandidates(dy.Schema):
    """Days with sales, each with the state of a cell that validates the day or plans with its sales."""

    tenant_id = col.tenant_id()
    tenant_status = col.text("Status of the tenant")
    closes_at = col.instant("When the last shop closes on that day; empty: the zone is unknown", nullable=True)
    planning_instant = col.instant("Planning instant of the cell; empty: the tenant's zone is unknown", nullable=True)
    today = col.date("The tenant's local date")
    sales_date = col.date("Local day of the sales", primary_key=True)
    recorded_at = col.instant("When the latest of the day's sales found was recorded")
    transaction_id = dy.Int64(
        nullable=True,
        description="Last transaction that wrote them; empty: not known, the database was restored elsewhere",
    )
    plan_date = col.date("Local date of the cell", primary_key=True)
    is_closed = col.boolean("The bakery is closed on the plan date")
    status = col.text("State of the cell; empty: it was never started", nullable=True)
    attempts = col.integer("How often its planning was started", nullable=True)
    claimed_at = col.instant("When it was last started", nullable=True)
    planned_as_of = col.instant("Its planning instant", nullable=True)
    facts_until = col.instant("Instant up to which late sales count for it", nullable=True)
    requested_xid = dy.Int64(nullable=True, description="Transaction that last requested its revalidation")
    started_xid = dy.Int64(nullable=True, description="Transactions below it had ended when the cell was last started")
    validated_xid = dy.Int64(nullable=True, description="What started_xid was when the cell last validated")


class CellsToRevalidate(dy.Schema):
    """Cells whose validation misses sales."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the cell", primary_key=True)
    planned_as_of = col.instant("Planning instant, for a cell that was never started")
    facts_until = col.instant(
        "Instant up to which sales have to count; empty: the planning instant is late enough", nullable=True
    )


@dataclass(frozen=True)
class RevalidationRequest:
    """A cell whose revalidation is requested.

    Attributes:
        facts_version: a new one whenever the request is repeated for newer facts.
        is_replan: the whole day is planned again, by the rule of ``replanning``.
    """

    cell: Cell
    facts_version: str
    is_replan: bool

    @property
    def key(self) -> str:
        """Names cell and version; a run's configuration has the keys of the requests that it serves."""
        return f"{self.cell.tenant_id}|{self.cell.plan_date}|{self.facts_version}"


@dataclass(frozen=True)
class RevalidationRun:
    """A run to start, for one day of different tenants; it plans all of them again, or none."""

    requests: tuple[RevalidationRequest, ...]

    @property
    def is_replan(self) -> bool:
        """The cells are planned again as a whole."""
        return self.requests[0].is_replan

    @property
    def key(self) -> str:
        """Names which facts of which cells it is for."""
        keys = sorted(each.key for each in self.requests)
        if len(keys) == 1:
            return keys[0]
        return f"{len(keys)} cells {sha256(chr(10).join(keys).encode()).hexdigest()[:16]}"


def cells_missing_late_sales(candidates: dy.DataFrame[RevalidationCandidates]) -> dy.DataFrame[CellsToRevalidate]:
    """Cells that were started before the sales were there, or count sales only up to an earlier instant; sorted.

    Sales of a day that is not over, which a plan of the next day could not validate, wait until it is.

    Args:
        candidates: only cells that were started.
    """
    is_over = (pl.col("sales_date") < pl.col("today")) | (pl.col("recorded_at") >= pl.col("closes_at"))
    return _to_revalidate(_unread(_with_planning_instant(candidates.filter(is_over))))


def cells_leaving_gaps(
    candidates: dy.DataFrame[RevalidationCandidates],
    now: datetime,
    *,
    include_demo: bool,
    claim_for: timedelta,
    max_attempts: int,
) -> dy.DataFrame[CellsToRevalidate]:
    """Cells that should have validated days that have a forecast and sales and no validation; sorted.

    Left out are cells that have read the same sales already (there was nothing to evaluate, and would not be again),
    cells that the planning waves are going to plan anyway, and failed ones whose retries are not over.

    Args:
        candidates: the cell of each day is the one that should have validated it.
        now: an aware instant.
        claim_for: a claim older than this is void.
        max_attempts: how often a failed cell is tried.
    """
    status = pl.col("status")
    is_served = pl.col("tenant_status").is_in(sorted(served_statuses(include_demo=include_demo)))
    in_reach = pl.col("plan_date") >= pl.col("today") - pl.duration(days=CATCH_UP_DAYS)
    unplanned = status.is_null() | status.is_in(["partial", "claimed"])
    waits = (
        (is_served & in_reach & unplanned & ~pl.col("is_closed"))
        | ((status == "claimed") & (pl.col("claimed_at") > now - claim_for)).fill_null(False)
        | ((status == "failed") & (pl.col("attempts") < max_attempts)).fill_null(False)
        | (pl.col("plan_date") > pl.col("today"))
    )
    return _to_revalidate(_unread(_with_planning_instant(candidates.filter(~waits))))


def plan_runs(
    requests: Sequence[RevalidationRequest],
    tried: Mapping[str, Sequence[int]],
    under_way: Collection[Cell],
    *,
    free_slots: int,
    max_attempts: int,
    wave_size: int,
) -> list[RevalidationRun]:
    """Runs to start now, those that plan again first: at most ``free_slots``.

    Cells of a day go together, at most ``wave_size`` in a run. Of a tenant's older days the earliest goes, and the next
    when that is done, because the metrics of a day include those of the days before it. A request whose run died is
    tried once more as it was, then in halves, until facts that kill their run are alone; after ``max_attempts`` runs,
    at least two, of which the last was alone, it is not tried any more.

    Args:
        requests: in the order in which they are to be served.
        tried: of each request key the sizes of the runs that were started for it, at least one.
        under_way: cells of runs that are queued or running; newer requests for them wait.
    """
    left = {each.key for each in requests if not _is_given_up(tried.get(each.key, ()), max(max_attempts, 2))}
    first: dict[tuple[bool, str], RevalidationRequest] = {}
    for each in sorted(requests, key=lambda each: each.cell.plan_date):
        if each.key in left or each.cell in under_way:
            first.setdefault((each.is_replan, each.cell.tenant_id), each)
    chosen = {each.key for each in first.values() if each.cell not in under_way}
    days: dict[tuple[bool, date], list[RevalidationRequest]] = {}
    for each in sorted((each for each in requests if each.key in chosen), key=lambda each: not each.is_replan):
        days.setdefault((each.is_replan, each.cell.plan_date), []).append(each)
    runs = []
    for members in days.values():
        # What was tried before goes apart, so that facts that kill their run take no new ones with them.
        by_size: dict[tuple[bool, int], list[RevalidationRequest]] = {}
        for each in members:
            sizes = tried.get(each.key, ())
            by_size.setdefault((not sizes, _next_size(sizes, wave_size)), []).append(each)
        for (_, size), some in sorted(by_size.items(), reverse=True):
            runs += [some[start : start + size] for start in range(0, len(some), size)]
    return [RevalidationRun(tuple(members)) for members in runs[: max(free_slots, 0)]]


def _next_size(sizes: Sequence[int], wave_size: int) -> int:
    """The most requests in the next run of one that was tried in runs of ``sizes``."""
    if len(sizes) < 2:
        return min([wave_size, *sizes])
    return half(min(sizes))


def _is_given_up(sizes: Sequence[int], max_attempts: int) -> bool:
    return len(sizes) >= max_attempts and min(sizes) == 1


def _with_planning_instant(candidates: pl.DataFrame) -> pl.DataFrame:
    """Candidates in zones that exist; where the cell never validated, ``planned_as_of`` is what it will be."""
    rows = candidates.filter(pl.col("planning_instant").is_not_null())
    planned = pl.when(pl.col("validated_xid").is_not_null()).then("planned_as_of")
    return rows.with_columns(planned_as_of=pl.coalesce(planned, "planning_instant"))


def _unread(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows whose sales the cell has not read, and that no run that is requested or under way is going to read."""
    transaction = pl.col("transaction_id")
    is_requested = pl.col("requested_xid").is_not_null()
    in_time = pl.col("recorded_at") <= pl.max_horizontal("planned_as_of", "facts_until")
    was_there = (
        transaction.is_null()
        | (transaction < pl.col("validated_xid")).fill_null(False)
        | (((pl.col("status") == "claimed") | is_requested) & (transaction < pl.col("started_xid"))).fill_null(False)
        | (is_requested & pl.col("started_xid").is_null())
    )
    return rows.filter(~(in_time & was_there))


def _to_revalidate(rows: pl.DataFrame) -> dy.DataFrame[CellsToRevalidate]:
    found = (
        rows.group_by("tenant_id", "plan_date")
        .agg(pl.col("planned_as_of").first(), latest=pl.col("recorded_at").max())
        .with_columns(facts_until=pl.when(pl.col("latest") > pl.col("planned_as_of")).then("latest"))
        .sort("tenant_id", "plan_date")
    )
    return conform(CellsToRevalidate, found)
