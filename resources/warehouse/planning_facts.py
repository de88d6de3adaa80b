"""Reading what decides when bakeries are planned; the rule itself is in ``bakery_assets.planning_instants``."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import cast

import dataframely as dy
import polars as pl

from bakery_assets.cells import Cell, cells_frame
from bakery_assets.due.planning import served_statuses
from bakery_assets.planning_instants import PlanningFacts, PlanningInstants, planning_instants
from bakery_assets.schemas import conform
from resources.schema import metadata, ops
from resources.warehouse.connection import Bulk, Warehouse, frame_schema, selected

TABLES = tuple(PlanningFacts.__annotations__)
NEIGHBORS = 2  # days around the dates that are planned on which holidays are looked up


def read_planning_facts(bulk: Bulk, first: date, last: date, tenants: str | None = None) -> PlanningFacts:
    """What decides when the dates from ``first`` to ``last`` are planned.

    Args:
        tenants: the staged table of those wanted, with ``tenant_id``; None: all.
    """
    facts = {}
    for name in TABLES:
        table = metadata.tables[f"ops.{name}"]
        conditions = [f"t.tenant_id IN (SELECT tenant_id FROM {tenants})"] if tenants else []  # noqa: S608
        if table is ops.calendar:
            conditions.append(
                f"t.date BETWEEN '{first - timedelta(days=NEIGHBORS)}' AND '{last + timedelta(days=NEIGHBORS)}'"
            )
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = bulk.read(f"SELECT {selected(table)} FROM {table.fullname} t{where}")  # noqa: S608
        facts[name] = rows.cast(frame_schema(table))
    return cast(PlanningFacts, facts)


def planning_facts(warehouse: Warehouse, first: date, last: date) -> PlanningFacts:
    """As ``read_planning_facts``, of all tenants."""
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        return read_planning_facts(bulk, first, last)


def read_planning_instants(bulk: Bulk, cells: pl.DataFrame) -> dy.DataFrame[PlanningInstants]:
    """The planning instants of cells (``tenant_id, plan_date``), by tenant and date."""
    if cells.is_empty():
        return PlanningInstants.create_empty()
    wanted = cells.select("tenant_id", "plan_date").unique()
    bulk.put("planned", wanted)
    dates: list[date] = wanted["plan_date"].to_list()
    return conform(
        PlanningInstants, planning_instants(wanted, read_planning_facts(bulk, min(dates), max(dates), "planned"))
    )


def planning_instants_of(warehouse: Warehouse, cells: Collection[Cell]) -> dict[str, datetime]:
    """The planning instants of cells by tenant, which has one of them."""
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        instants = read_planning_instants(bulk, cells_frame(cells))
    return dict(instants.select("tenant_id", "planned_as_of").iter_rows())


def instants_of_week(warehouse: Warehouse, first: date) -> dy.DataFrame[PlanningInstants]:
    """The planning instants of every served tenant's seven days from ``first`` on."""
    last = first + timedelta(days=6)
    facts = planning_facts(warehouse, first, last)
    served = facts["tenants"].filter(pl.col("status").is_in(served_statuses(include_demo=True)))
    days = pl.DataFrame({"plan_date": pl.date_range(first, last, eager=True)})
    return planning_instants(served.select("tenant_id").join(days, how="cross"), facts)
