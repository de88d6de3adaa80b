"""Reading: one consistent snapshot of what cells may know, and the plans that stages build on."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import polars as pl
from sqlalchemy import Table

from bakery_assets.due import is_zone
from bakery_assets.frames import CELLS, Cell, planning_instant
from bakery_assets.planning_day import PAST_FORECASTS, WRITTEN_BY
from resources.schema import metadata, ops
from resources.warehouse.connection import Bulk, Warehouse, frame_schema, selected

PAST_FORECAST_DAYS = 14


@dataclass(frozen=True)
class Snapshot:
    """Facts of some tenants, read in one transaction: everything any of the cells may know.

    ``of(cells)`` narrows it to one round: what each tenant's cell knew at its planning instant.
    """

    cells: pl.DataFrame
    tables: Mapping[str, pl.DataFrame]

    def of(self, cells: Collection[Cell]) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
        """The round's cells frame, and its frames with only the latest known record of each fact.

        Cells of tenants that do not exist are not in the cells frame.
        """
        wanted = pl.DataFrame(
            [(cell.tenant_id, cell.plan_date) for cell in cells],
            schema={"tenant_id": pl.String, "plan_date": pl.Date},
            orient="row",
        )
        current = self.cells.join(wanted, on=["tenant_id", "plan_date"], how="semi").sort("tenant_id")
        return current, {name: _as_known(name, frame, current) for name, frame in self.tables.items()}


def read_snapshot(warehouse: Warehouse, cells: Iterable[Cell], reads: Collection[str], history_days: int) -> Snapshot:
    """Read the fact tables among ``reads`` for all cells at once, in one REPEATABLE READ transaction."""
    wanted = pl.DataFrame(
        sorted((cell.tenant_id, cell.plan_date) for cell in set(cells)),
        schema={"tenant_id": pl.String, "plan_date": pl.Date},
        orient="row",
    )
    tables: dict[str, pl.DataFrame] = {}
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.put("wanted", wanted)
        found = bulk.read(
            "SELECT w.tenant_id, w.plan_date, t.timezone, t.planning_time"
            " FROM wanted w JOIN ops.tenants t USING (tenant_id)"
        )
        found = found.filter(pl.Series([is_zone(zone) for zone in found["timezone"]], dtype=pl.Boolean))
        instants = [
            planning_instant(*row) for row in found.select("plan_date", "planning_time", "timezone").iter_rows()
        ]
        known = (
            found.with_columns(planned_as_of=pl.Series(instants, dtype=CELLS["planned_as_of"]))
            .select(CELLS.names())
            .cast(CELLS)
        )
        bulk.put(
            "reach",
            known.group_by("tenant_id").agg(
                pl.col("planned_as_of").max().alias("latest"),
                (pl.col("plan_date").min() - timedelta(days=history_days)).alias("earliest"),
            ),
        )
        for name in reads:
            if f"ops.{name}" in metadata.tables:
                tables[name] = _read_facts(bulk, metadata.tables[f"ops.{name}"])
    return Snapshot(known, tables)


def read_plans(warehouse: Warehouse, cells: pl.DataFrame, reads: Collection[str]) -> dict[str, pl.DataFrame]:
    """Rows of plan tables that a stage reads: the cells' own, and the forecasts of the days before."""
    tables: dict[str, pl.DataFrame] = {}
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.put("wanted", cells.select("tenant_id", "plan_date"))
        for name in reads:
            if name == PAST_FORECASTS:
                table = metadata.tables["plans.demand_forecasts"]
                match = (
                    "p.tenant_id = w.tenant_id AND p.plan_date < w.plan_date"
                    f" AND p.plan_date >= w.plan_date - {PAST_FORECAST_DAYS}"
                )
            elif name in WRITTEN_BY:
                table = metadata.tables[f"plans.{name}"]
                match = "p.tenant_id = w.tenant_id AND p.plan_date = w.plan_date"
            else:
                continue
            frame = bulk.read(f"SELECT {selected(table, 'p')} FROM {table.fullname} p JOIN wanted w ON {match}")  # noqa: S608
            tables[name] = frame.cast(frame_schema(table))
    return tables


def _read_facts(bulk: Bulk, table: Table) -> pl.DataFrame:
    conditions = []
    if "fact" in table.info:
        conditions.append("t.recorded_at <= r.latest")
    if table is ops.sales or table is ops.sales_hourly:
        conditions.append("t.sales_date >= r.earliest")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    frame = bulk.read(f"SELECT {selected(table)} FROM {table.fullname} t JOIN reach r USING (tenant_id){where}")  # noqa: S608
    return frame.cast(frame_schema(table)).sort([column.name for column in table.primary_key] or table.columns.keys())


def _as_known(name: str, frame: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    table = metadata.tables[f"ops.{name}"]
    own = frame.join(cells.select("tenant_id", "planned_as_of"), on="tenant_id", how="inner", maintain_order="left")
    if "fact" in table.info:
        key = [column.name for column in table.primary_key if column.name != "recorded_at"]
        own = (
            own.filter(pl.col("recorded_at") <= pl.col("planned_as_of"))
            .sort([*key, "recorded_at"])
            .unique(key, keep="last", maintain_order=True)
        )
    return own.drop("planned_as_of")
