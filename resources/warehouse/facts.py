"""Reading for cells: one consistent snapshot of the facts that they may know.

Plans that stages build on are read by ``prior_plans``, a day's plan for people by ``briefing``. Whether facts follow
the rules of their schemas is checked where a round starts, ``planning_day.PlanningRound.start``.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast

import dataframely as dy
import polars as pl
from sqlalchemy import Table

from bakery_assets import schemas
from bakery_assets.cells import Cell, Frames, cells_frame
from bakery_assets.schemas import Cells, conform
from bakery_assets.schemas import columns as col
from bakery_assets.schemas.rules import key_columns
from bakery_assets.stock.closing_balances import going_on
from resources.schema import metadata, ops
from resources.warehouse.connection import Bulk, Warehouse, frame_schema, instant, selected
from resources.warehouse.models import trained_tenants
from resources.warehouse.planning_facts import read_planning_instants
from resources.warehouse.prior_plans import plan_days, read_by_day
from resources.warehouse.stock_history import (
    FACTS_OF_THE_LEDGER,
    MASTER_DATA_OF_BALANCES,
    NO_STOCK_HISTORY,
    STOCK_FACTS,
    is_read_by_the_ledger,
    since_the_balance,
    stock_history,
    without_late_sales,
)
from resources.warehouse.unchanged_plans import Taken, taken


class SnapshotCells(Cells):
    """Cells, and how far late sales count for each."""

    sales_until = col.instant("Sales of days before the plan date count if recorded up to it; from planned_as_of on")


@dataclass(frozen=True)
class Snapshot:
    """Facts of some tenants, read in one transaction: everything that any of the cells may know.

    ``of(cells)`` narrows it to one round: what each tenant's cell knew at its planning instant. Of sales it also
    knows the late ones: recorded up to ``sales_until``, of days before the plan date. Everything else stays as
    it was, so that a day planned again neither bakes later nor counts stock that arrived since.
    """

    cells: dy.DataFrame[SnapshotCells]
    tables: Frames
    taken: Taken

    def of(self, cells: Collection[Cell]) -> tuple[dy.DataFrame[Cells], dict[str, pl.DataFrame]]:
        """The round's cells, and its fact tables with only the latest known record of each fact.

        Cells of tenants that do not exist are left out.
        """
        wanted = cells_frame(cells)
        current = conform(
            SnapshotCells, self.cells.join(wanted, on=["tenant_id", "plan_date"], how="semi").sort("tenant_id")
        )
        known = {name: _that_count(_as_known(name, frame, current)) for name, frame in self.tables.items()}
        return conform(Cells, current), known


def read_snapshot(
    warehouse: Warehouse,
    cells: Iterable[Cell],
    reads: Collection[str],
    history_days: int,
    *,
    trained_days: int | None = None,
) -> Snapshot:
    """Read the fact tables among ``reads`` for all cells at once, in one REPEATABLE READ transaction.

    Args:
        history_days: how many days of sales before a tenant's first plan date.
        trained_days: how many of tenants whose models hold what longer ago says; None: ``history_days``, too.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        now = taken(bulk)
        known = _snapshot_cells(bulk, cells_frame(cells))
        history = stock_history(bulk, known) if is_read_by_the_ledger(reads) else NO_STOCK_HISTORY
        reach, trained = _reach(known, history_days), known.select("tenant_id").clear()
        if trained_days is not None:
            trained = _needing_less(bulk, known, reads, history, trained_days)
            shorter = _reach(known.join(trained, on="tenant_id", how="semi"), trained_days)
            reach = pl.concat([reach.join(trained, on="tenant_id", how="anti"), shorter])
        facts = [metadata.tables[f"ops.{name}"] for name in reads if f"ops.{name}" in metadata.tables]
        tables = _read_all(bulk, facts, reach.join(history, on="tenant_id", how="left"))
        unsure = _needing_all(bulk, known, history, trained, tables)
        if unsure.height:
            whole = _reach(known.join(unsure, on="tenant_id", how="semi"), history_days)
            again = [table for table in facts if table.name in STOCK_FACTS or table in _SALES]
            for name, frame in _read_all(bulk, again, whole.join(NO_STOCK_HISTORY, on="tenant_id", how="left")).items():
                tables[name] = pl.concat(
                    [tables[name].join(unsure, on="tenant_id", how="anti", maintain_order="left"), frame]
                )
    return Snapshot(known, tables, now)


def _snapshot_cells(bulk: Bulk, wanted: pl.DataFrame) -> dy.DataFrame[SnapshotCells]:
    bulk.put("wanted", wanted)
    known_before = bulk.read(
        "SELECT w.tenant_id::text, w.plan_date, r.facts_until, v.version_as_of FROM wanted w"
        " LEFT JOIN plans.planning_runs r USING (tenant_id, plan_date)"
        " LEFT JOIN LATERAL (SELECT planned_as_of AS version_as_of FROM plans.plan_versions v"
        " WHERE v.tenant_id = w.tenant_id AND v.plan_date = w.plan_date ORDER BY v.version DESC LIMIT 1) v ON true"
    )
    return conform(
        SnapshotCells,
        read_planning_instants(bulk, wanted)
        .join(known_before, on=["tenant_id", "plan_date"], how="left")
        .with_columns(planned_as_of=pl.coalesce("version_as_of", "planned_as_of"))
        .with_columns(sales_until=pl.max_horizontal("planned_as_of", "facts_until")),
    )


def _needing_less(
    bulk: Bulk, cells: dy.DataFrame[SnapshotCells], reads: Collection[str], history: pl.DataFrame, days: int
) -> pl.DataFrame:
    """``tenant_id`` of those with trained models, if of sales their ledger needs no more than ``days`` either."""
    trained = trained_tenants(bulk, cells)
    if not is_read_by_the_ledger(reads):
        return trained
    reach = _reach(cells.join(trained, on="tenant_id", how="semi"), days)
    return without_late_sales(bulk, reach.join(history, on="tenant_id"))


def _needing_all(
    bulk: Bulk, cells: dy.DataFrame[SnapshotCells], history: pl.DataFrame, trained: pl.DataFrame, tables: Frames
) -> pl.DataFrame:
    """``tenant_id`` of those for whom what was read shows that all of history is needed.

    They are those of ``history`` whose balances do not hold, and ``trained`` ones that have long sold nothing: since
    when, they are reported.
    """
    unsure = [history.select("tenant_id").clear()]
    if history.height:
        unsure.append(history.join(_going_on(bulk, cells, history, tables), on="tenant_id", how="anti"))
    if "sales" in tables:
        unsure.append(trained.join(tables["sales"], on="tenant_id", how="anti"))
    return pl.concat([each.select("tenant_id") for each in unsure]).unique()


def _going_on(bulk: Bulk, cells: dy.DataFrame[SnapshotCells], history: pl.DataFrame, tables: Frames) -> pl.DataFrame:
    """Tenants of ``history`` whose ledger needs no more of it, by the rule of the ledger itself."""
    own = conform(SnapshotCells, cells.join(history, on="tenant_id", how="semi"))
    bulk.put("going_on", own.select("tenant_id", "plan_date", "planned_as_of"))
    since = history.select("tenant_id", "recorded_since")
    recent = {
        name: _as_known(
            name,
            tables[name]
            .join(since, on="tenant_id")
            .filter(pl.col("recorded_at") > pl.col("recorded_since"))
            .drop("recorded_since"),
            own,
        )
        for name in FACTS_OF_THE_LEDGER
    }
    others = {name: _as_known(name, tables[name], own) for name in MASTER_DATA_OF_BALANCES}
    days = plan_days(own)
    record = {name: read_by_day(bulk, "going_on", name, days) for name in ("plan_versions", "closing_balances")}
    return going_on(conform(Cells, own), {**recent, **others, **record})


def read_known(
    warehouse: Warehouse,
    cells: pl.DataFrame,
    reads: Collection[str],
    history_days: int,
    *,
    series: pl.DataFrame | None = None,
) -> dict[str, pl.DataFrame]:
    """The fact tables among ``reads`` as each tenant's cell knew them at its ``planned_as_of``.

    Args:
        cells: of ``Cells``, one row per tenant.
        series: ``tenant_id, location_id, product_id``; products and what they sold are read of these only.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        return known_facts(bulk, cells, reads, history_days, series=series)


def known_facts(
    bulk: Bulk,
    cells: pl.DataFrame,
    reads: Collection[str],
    history_days: int = 0,
    *,
    series: pl.DataFrame | None = None,
) -> dict[str, pl.DataFrame]:
    """The same within a transaction."""
    reach = cells.select(
        "tenant_id",
        latest="planned_as_of",
        latest_sales="planned_as_of",
        earliest=pl.col("plan_date") - timedelta(days=history_days),
    )
    if series is not None:
        bulk.put("series", series)
    tables = [metadata.tables[f"ops.{name}"] for name in reads]
    # Of stock all of history.
    reach = reach.join(NO_STOCK_HISTORY, on="tenant_id", how="left")
    found = _read_all(bulk, tables, reach, only_series=series is not None)
    without_late_sales = conform(SnapshotCells, cells.with_columns(sales_until="planned_as_of"))
    return {name: _that_count(_as_known(name, frame, without_late_sales)) for name, frame in found.items()}


_OF_SERIES = {
    ops.products: "(t.tenant_id, t.product_id) IN (SELECT tenant_id, product_id FROM series)",
    ops.sales: "(t.tenant_id, t.location_id, t.product_id) IN (SELECT tenant_id, location_id, product_id FROM series)",
}
_OF_SERIES[ops.sales_hourly] = _OF_SERIES[ops.sales]


_SALES = (ops.sales, ops.sales_hourly)
_WITHDRAWN = "is_withdrawn"  # of sales, next to their columns, until the latest records are chosen


def _reach(cells: pl.DataFrame, days: int) -> pl.DataFrame:
    """``tenant_id, latest, latest_sales, earliest``: until when facts are read, and sales from which day on."""
    return cells.group_by("tenant_id").agg(
        latest=pl.col("planned_as_of").max(),
        latest_sales=pl.col("sales_until").max(),
        earliest=pl.col("plan_date").min() - timedelta(days=days),
    )


def _read_all(
    bulk: Bulk, tables: Iterable[Table], reach: pl.DataFrame, *, only_series: bool = False
) -> dict[str, pl.DataFrame]:
    """Facts of the tenants of ``reach``, which also says since when facts about stock are needed."""
    bulk.put("reach", reach)
    read = {table.name: _read_facts(bulk, table, reach, only_series=only_series) for table in tables}
    bulk.run("DROP TABLE reach")
    return read


def _read_facts(bulk: Bulk, table: Table, reach: pl.DataFrame, *, only_series: bool) -> pl.DataFrame:
    conditions = [_OF_SERIES[table]] if only_series and table in _OF_SERIES else []
    if "fact" in table.info and reach.height:
        latest = reach["latest_sales" if table in _SALES else "latest"].max()
        # Of one of the tenants more may be read so; what each may know of it is narrowed later.
        conditions.append(f"t.recorded_at <= {instant(cast(datetime, latest))}")
    join = ""
    if table.name in STOCK_FACTS and not only_series:
        join, needed = since_the_balance(table, reach)
        conditions.append(needed)
    source = f"{table.fullname} t JOIN reach r ON r.tenant_id = t.tenant_id{join}"
    withdrawn = f", t.{_WITHDRAWN}" if table in _SALES else ""
    # As dates in the statement, see ``prior_plans``; there are as many as plan dates, times two.
    parts = [
        bulk.read(
            f"SELECT {selected(table)}{withdrawn} FROM {source}"  # noqa: S608
            f"{' WHERE ' if conditions or since else ''}{' AND '.join([*conditions, *since])}"
        )
        for since in (_since_earliest(reach) if table in _SALES else [[]])
    ]
    return (
        pl.concat(parts)
        .with_columns(pl.col(name).cast(kind) for name, kind in frame_schema(table).items())
        .sort([column.name for column in table.primary_key] or table.columns.keys())
    )


def _since_earliest(reach: pl.DataFrame) -> list[list[str]]:
    """Conditions on sales: for each first day of which some tenants need them, those of these tenants."""
    days: list[date] = reach["earliest"].unique().sort().to_list()
    return [[f"r.earliest = DATE '{day}'", f"t.sales_date >= DATE '{day}'"] for day in days] or [["false"]]


def _that_count(latest: pl.DataFrame) -> pl.DataFrame:
    """Latest records without those that count for nothing: sales that are withdrawn, receipts in draft."""
    if _WITHDRAWN in latest.columns:
        return latest.filter(~pl.col(_WITHDRAWN)).drop(_WITHDRAWN)
    is_receipt = latest.columns == schemas.ops.StockReceipts.column_names()
    return latest.filter(pl.col("state") != "draft") if is_receipt else latest


def _as_known(name: str, frame: pl.DataFrame, cells: dy.DataFrame[SnapshotCells]) -> pl.DataFrame:
    table = metadata.tables[f"ops.{name}"]
    instants = ["plan_date", "planned_as_of", "sales_until"]
    whose = cells.select("tenant_id", *(pl.col(name).alias(f"cell_{name}") for name in instants))
    own = frame.join(whose, on="tenant_id", how="inner", maintain_order="left")
    if "fact" in table.info:
        key = [column for column in key_columns(table.info["schema"]) if column != "recorded_at"]
        if "happened" in table.info:
            own = own.with_columns(pl.col(table.info["happened"]).fill_null(pl.col("recorded_at")))
        is_known = pl.col("recorded_at") <= pl.col("cell_planned_as_of")
        if table in _SALES:
            is_known |= (pl.col("recorded_at") <= pl.col("cell_sales_until")) & (
                pl.col("sales_date") < pl.col("cell_plan_date")
            )
        own = own.filter(is_known).sort([*key, "recorded_at"]).unique(key, keep="last", maintain_order=True)
    return own.drop(whose.columns[1:])
