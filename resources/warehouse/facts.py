"""Reading for cells: one consistent snapshot of the facts that they may know, and the plans that stages build on.

Trained models are read by ``models``, a day's plan for people by ``briefing``. Whether facts follow the rules of their
schemas is checked where a round starts, ``planning_day.PlanningRound.start``.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

import dataframely as dy
import polars as pl
from sqlalchemy import Table

from bakery_assets import schemas
from bakery_assets.briefing.difference_alerts import SHRINKAGE_DAYS
from bakery_assets.cells import Cell, Frames, cells_frame
from bakery_assets.planning_day import MODELS, PRIOR_CELL_INPUTS, RECORD, WRITTEN_BY
from bakery_assets.schemas import Cells, conform
from bakery_assets.schemas import columns as col
from bakery_assets.schemas.rules import key_columns
from bakery_assets.stock.closing_balances import going_on
from bakery_assets.validation.validation_days import (
    LONGEST_LEAD_DAYS,
    LOOK_BACK_DAYS,
    PAST_VALIDATION_DAYS,
    days_to_validate,
)
from resources.schema import metadata, ops
from resources.schema.plans import plan_versions
from resources.warehouse.connection import Bulk, Warehouse, frame_schema, selected
from resources.warehouse.models import champions, last_retrainings
from resources.warehouse.planning_facts import read_planning_instants
from resources.warehouse.record import known_rows
from resources.warehouse.stock_history import (
    BALANCES,
    FACTS_OF_THE_LEDGER,
    NO_STOCK_HISTORY,
    STOCK_FACTS,
    is_read_by_the_ledger,
    since_the_balance,
    stock_history,
)

FORECAST_DAYS = 35  # days back of which a till's report may still be waited for

# From the first day that the cell validates on, most often yesterday: all leads of all days back to which it may
# validate would be fourteen times the rows.
_PRIOR_CELLS = {
    "past_forecasts": "JOIN plans.demand_forecasts p"
    " ON p.tenant_id = w.tenant_id AND p.target_date BETWEEN w.validates_from AND w.plan_date - 1"
    f" AND p.plan_date BETWEEN w.validates_from - {LONGEST_LEAD_DAYS} AND w.plan_date - 1",
    "past_validations": "JOIN plans.validation_results p ON p.tenant_id = w.tenant_id"
    f" AND p.plan_date BETWEEN w.plan_date - {PAST_VALIDATION_DAYS} AND w.plan_date - 1",
    "day_forecasts": "JOIN plans.demand_forecasts p ON p.tenant_id = w.tenant_id AND p.plan_date < w.plan_date"
    f" AND p.plan_date >= w.plan_date - {FORECAST_DAYS} AND p.target_date BETWEEN p.plan_date AND p.plan_date + 1",
    "past_adjustments": "JOIN plans.stock_movements p ON p.tenant_id = w.tenant_id AND p.kind = 'adjustment'"
    f" AND p.plan_date BETWEEN w.plan_date - {SHRINKAGE_DAYS} AND w.plan_date - 1",
    "closing_balances": "CROSS JOIN LATERAL (SELECT * FROM plans.stock_closing_balances b"  # noqa: S608
    " WHERE b.tenant_id = w.tenant_id AND b.plan_date < w.plan_date"
    f" ORDER BY b.plan_date DESC LIMIT {BALANCES}) p",
}


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


def read_snapshot(warehouse: Warehouse, cells: Iterable[Cell], reads: Collection[str], history_days: int) -> Snapshot:
    """Read the fact tables among ``reads`` for all cells at once, in one REPEATABLE READ transaction."""
    wanted = cells_frame(cells)
    tables: dict[str, pl.DataFrame] = {}
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.put("wanted", wanted)
        known_before = bulk.read(
            "SELECT w.tenant_id::text, w.plan_date, r.facts_until, v.version_as_of FROM wanted w"
            " LEFT JOIN plans.planning_runs r USING (tenant_id, plan_date)"
            " LEFT JOIN LATERAL (SELECT planned_as_of AS version_as_of FROM plans.plan_versions v"
            " WHERE v.tenant_id = w.tenant_id AND v.plan_date = w.plan_date ORDER BY v.version DESC LIMIT 1) v ON true"
        )
        known = conform(
            SnapshotCells,
            read_planning_instants(bulk, wanted)
            .join(known_before, on=["tenant_id", "plan_date"], how="left")
            .with_columns(planned_as_of=pl.coalesce("version_as_of", "planned_as_of"))
            .with_columns(sales_until=pl.max_horizontal("planned_as_of", "facts_until")),
        )
        reach = known.group_by("tenant_id").agg(
            pl.col("planned_as_of").max().alias("latest"),
            pl.col("sales_until").max().alias("latest_sales"),
            (pl.col("plan_date").min() - timedelta(days=history_days)).alias("earliest"),
        )
        history = stock_history(bulk, known) if is_read_by_the_ledger(reads) else NO_STOCK_HISTORY
        bulk.put("reach", reach.join(history, on="tenant_id", how="left"))
        for name in reads:
            if f"ops.{name}" in metadata.tables:
                tables[name] = _read_facts(bulk, metadata.tables[f"ops.{name}"])
        if history.height:
            tables |= _with_all_history(bulk, known, reach, history, tables)
    return Snapshot(known, tables)


def _with_all_history(
    bulk: Bulk, cells: dy.DataFrame[SnapshotCells], reach: pl.DataFrame, history: pl.DataFrame, tables: Frames
) -> dict[str, pl.DataFrame]:
    """Facts about stock again, with all of history for tenants of ``history`` whose balances do not hold."""
    unsure = history.join(_going_on(bulk, cells, history, tables), on="tenant_id", how="anti").select("tenant_id")
    if unsure.is_empty():
        return {}
    bulk.run("DROP TABLE reach")
    bulk.put("reach", reach.join(unsure, on="tenant_id").join(NO_STOCK_HISTORY, on="tenant_id", how="left"))
    return {
        name: pl.concat(
            [
                tables[name].join(unsure, on="tenant_id", how="anti", maintain_order="left"),
                _read_facts(bulk, metadata.tables[f"ops.{name}"]),
            ]
        )
        for name in STOCK_FACTS
    }


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
    others = {name: _as_known(name, tables[name], own) for name in ("recipes", "calendar")}
    record = {
        name: bulk.read(f"SELECT {selected(table, 'p')} FROM going_on w {source}").cast(frame_schema(table))  # noqa: S608
        for name, table, source in (
            ("plan_versions", plan_versions, known_rows(plan_versions)),
            ("closing_balances", metadata.tables["plans.stock_closing_balances"], _PRIOR_CELLS["closing_balances"]),
        )
    }
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
    # Of stock all of history.
    bulk.put("reach", reach.join(NO_STOCK_HISTORY, on="tenant_id", how="left"))
    if series is not None:
        bulk.put("series", series)
    found = {name: _read_facts(bulk, metadata.tables[f"ops.{name}"], only_series=series is not None) for name in reads}
    bulk.run("DROP TABLE reach")
    without_late_sales = conform(SnapshotCells, cells.with_columns(sales_until="planned_as_of"))
    return {name: _that_count(_as_known(name, frame, without_late_sales)) for name, frame in found.items()}


def read_plans(warehouse: Warehouse, cells: dy.DataFrame[Cells], reads: Collection[str]) -> dict[str, pl.DataFrame]:
    """Rows of plan tables that a stage reads: the cells' own, and of the cells before what validation needs.

    ``past_forecasts`` are the forecasts, of every lead, of the days that the cells validate; ``past_validations`` are
    the results of the six weeks of cells before; ``day_forecasts`` what earlier cells forecast of their own day and the
    next; ``closing_balances`` the last that earlier cells kept; ``past_adjustments`` by what their counts
    differed from the book. Of the record, what was published by the planning
    instants is read. Trained models are those of the champions at the cells' planning
    instants.
    """
    tables: dict[str, pl.DataFrame] = {}
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.put("wanted", _with_first_day_to_validate(bulk, cells))
        for name in reads:
            if name in PRIOR_CELL_INPUTS:
                table = metadata.tables[f"plans.{PRIOR_CELL_INPUTS[name]}"]
                source = _PRIOR_CELLS[name]
            elif name in RECORD:
                table = metadata.tables[f"plans.{name}"]
                source = known_rows(table)
            elif name in WRITTEN_BY:
                table = metadata.tables[f"plans.{name}"]
                source = f"JOIN {table.fullname} p ON p.tenant_id = w.tenant_id AND p.plan_date = w.plan_date"
            else:
                continue
            frame = bulk.read(f"SELECT {selected(table, 'p')} FROM wanted w {source}")  # noqa: S608
            tables[name] = frame.cast(frame_schema(table))
        if not set(reads).isdisjoint(MODELS):
            tables |= {**champions(bulk, cells), **last_retrainings(bulk, cells)}
    return tables


_OF_SERIES = {
    ops.products: "(t.tenant_id, t.product_id) IN (SELECT tenant_id, product_id FROM series)",
    ops.sales: "(t.tenant_id, t.location_id, t.product_id) IN (SELECT tenant_id, location_id, product_id FROM series)",
}
_OF_SERIES[ops.sales_hourly] = _OF_SERIES[ops.sales]


_SALES = (ops.sales, ops.sales_hourly)
_WITHDRAWN = "is_withdrawn"  # of sales, next to their columns, until the latest records are chosen


def _with_first_day_to_validate(bulk: Bulk, cells: dy.DataFrame[Cells]) -> pl.DataFrame:
    """``tenant_id, plan_date, planned_as_of, validates_from`` of cells."""
    bulk.put("validating", cells.select("tenant_id", "plan_date"))
    read = bulk.read(
        f"SELECT {selected(ops.calendar)} FROM ops.calendar t JOIN validating v ON t.tenant_id = v.tenant_id"  # noqa: S608
        f" AND t.date BETWEEN v.plan_date - {LOOK_BACK_DAYS} AND v.plan_date - 1"
    )
    days = days_to_validate(cells, conform(schemas.ops.Calendar, read))
    first = days.group_by("tenant_id", "plan_date").agg(validates_from=pl.col("validation_date").min())
    return first.join(cells.select("tenant_id", "planned_as_of"), on="tenant_id")


def _read_facts(bulk: Bulk, table: Table, *, only_series: bool = False) -> pl.DataFrame:
    conditions = [_OF_SERIES[table]] if only_series and table in _OF_SERIES else []
    if table in _SALES:
        conditions += ["t.recorded_at <= r.latest_sales", "t.sales_date >= r.earliest"]
    elif "fact" in table.info:
        conditions.append("t.recorded_at <= r.latest")
    join = ""
    if table.name in STOCK_FACTS and not only_series:
        join, needed = since_the_balance(table)
        conditions.append(needed)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    source = f"{table.fullname} t JOIN reach r ON r.tenant_id = t.tenant_id{join}"
    withdrawn = f", t.{_WITHDRAWN}" if table in _SALES else ""
    frame = bulk.read(f"SELECT {selected(table)}{withdrawn} FROM {source}{where}")  # noqa: S608
    return frame.with_columns(pl.col(name).cast(kind) for name, kind in frame_schema(table).items()).sort(
        [column.name for column in table.primary_key] or table.columns.keys()
    )


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
