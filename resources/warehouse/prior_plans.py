"""Reading for cells: the plans that stages build on, of the cells' own and of those before.

PostgreSQL knows how many rows lie between two dates only if these stand in the statement. Between dates that a joined
row has it assumes a two-hundredth, and what it then does with a hundred times as many rows is slow. So tables of plans
are read plan date by plan date, of which the cells of a round have two or three.

Trained models are read by ``models``.
"""
# ruff: noqa: S608 - names come from the schema, values are dates

from collections.abc import Callable, Collection, Iterable
from datetime import date, timedelta

import dataframely as dy
import polars as pl
from sqlalchemy import Table

from bakery_assets import schemas
from bakery_assets.briefing.difference_alerts import SHRINKAGE_DAYS
from bakery_assets.planning_day import MODELS, PRIOR_CELL_INPUTS, RECORD, WRITTEN_BY
from bakery_assets.schemas import Cells, conform
from bakery_assets.validation.validation_days import (
    LONGEST_LEAD_DAYS,
    LOOK_BACK_DAYS,
    PAST_VALIDATION_DAYS,
    days_to_validate,
)
from resources.schema import metadata, ops
from resources.schema.packed import rows_of
from resources.schema.plans import published_batches, published_orders
from resources.warehouse.connection import Bulk, Warehouse, between, frame_schema, selected
from resources.warehouse.models import champions, last_retrainings
from resources.warehouse.record import batch_columns, known_rows, order_columns
from resources.warehouse.stock_history import BALANCES

FORECAST_DAYS = 35  # days back of which a till's report may still be waited for
EARLIER_FORECASTS = ("past_forecasts", "day_forecasts")


def plan_days(cells: pl.DataFrame) -> list[date]:
    """The plan dates of cells, sorted."""
    return cells["plan_date"].unique().sort().to_list()


def read_by_day(bulk: Bulk, cells: str, name: str, days: Iterable[date]) -> pl.DataFrame:
    """Rows of an input that belong to the staged ``cells``, read for one of their plan dates after the other."""
    read = [
        bulk.read(f"SELECT {_columns(name, day)} FROM {cells} w {_source(name, day)} WHERE w.plan_date = DATE '{day}'")
        for day in days
    ]
    return _together(name, read)


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
        bulk.put("wanted", cells.select("tenant_id", "plan_date", "planned_as_of"))
        days = plan_days(cells)
        for name in reads:
            if name == "past_forecasts":
                tables[name] = _past_forecasts(bulk, cells)
            elif name in PRIOR_CELL_INPUTS or name in RECORD or name in WRITTEN_BY:
                tables[name] = read_by_day(bulk, "wanted", name, days)
        if not set(reads).isdisjoint(MODELS):
            tables |= {**champions(bulk, cells), **last_retrainings(bulk, cells)}
    return tables


def _table(name: str) -> Table:
    """The table of plans that an input is read from."""
    return metadata.tables[f"plans.{PRIOR_CELL_INPUTS.get(name, name)}"]


def _columns(name: str, day: date) -> str:
    """Select list of an input. Of earlier forecasts the figures are enough: their reasoning is most of their bytes."""
    if name == published_orders.name:
        return order_columns(day)
    if name == published_batches.name:
        return batch_columns(day)
    columns = selected(_table(name), "p")
    return columns.replace("p.reasoning::text", "'{}' AS reasoning") if name in EARLIER_FORECASTS else columns


def _together(name: str, read: Iterable[pl.DataFrame]) -> pl.DataFrame:
    schema = frame_schema(_table(name))
    return pl.concat([pl.DataFrame(schema=schema), *(rows.cast(schema) for rows in read)])


def _source(name: str, day: date) -> str:
    """The join to cells ``w`` of a plan date of what they read, as ``p``."""
    if name in RECORD:
        return known_rows(_table(name), day)
    if name in _PRIOR_CELLS:
        return _PRIOR_CELLS[name](day)
    return f"JOIN {rows_of(_table(name))} p ON p.tenant_id = w.tenant_id AND p.plan_date = DATE '{day}'"


def _join(table: str) -> str:
    return f"JOIN plans.{table} p ON p.tenant_id = w.tenant_id"


def _before(column: str, day: date, days: int) -> str:
    """Of the ``days`` before a day."""
    return f" AND {between(column, day - timedelta(days=days), day - timedelta(days=1))}"


def _day_forecasts(day: date) -> str:
    own_or_next = "p.target_date BETWEEN p.plan_date AND p.plan_date + 1"
    return f"{_join('demand_forecasts')}{_before('p.plan_date', day, FORECAST_DAYS)} AND {own_or_next}"


def _past_validations(day: date) -> str:
    return f"{_join('validation_results')}{_before('p.plan_date', day, PAST_VALIDATION_DAYS)}"


def _past_adjustments(day: date) -> str:
    counted = f"{_join('stock_movements')} AND p.kind = 'adjustment'"
    return f"{counted}{_before('p.plan_date', day, SHRINKAGE_DAYS)}"


def _closing_balances(day: date) -> str:
    return (
        "CROSS JOIN LATERAL (SELECT * FROM plans.stock_closing_balances b"
        f" WHERE b.tenant_id = w.tenant_id AND b.plan_date < DATE '{day}'"
        f" ORDER BY b.plan_date DESC LIMIT {BALANCES}) p"
    )


_PRIOR_CELLS: dict[str, Callable[[date], str]] = {
    "past_validations": _past_validations,
    "day_forecasts": _day_forecasts,
    "past_adjustments": _past_adjustments,
    "closing_balances": _closing_balances,
}


def _past_forecasts(bulk: Bulk, cells: dy.DataFrame[Cells]) -> pl.DataFrame:
    """From the first day on that each cell validates, most often yesterday: all leads of all days back to which it may
    validate would be fourteen times the rows.
    """
    validating = _with_first_day_to_validate(bulk, cells)
    bulk.put("validating_since", validating)
    read = []
    for day, since in validating.select("plan_date", "validates_from").unique().sort(pl.all()).iter_rows():
        last = day - timedelta(days=1)
        read.append(
            bulk.read(
                f"SELECT {_columns('past_forecasts', day)} FROM validating_since w {_join('demand_forecasts')}"
                f" AND {between('p.target_date', since, last)}"
                f" AND {between('p.plan_date', since - timedelta(days=LONGEST_LEAD_DAYS), last)}"
                f" WHERE w.plan_date = DATE '{day}' AND w.validates_from = DATE '{since}'"
            )
        )
    return _together("past_forecasts", read)


def _with_first_day_to_validate(bulk: Bulk, cells: dy.DataFrame[Cells]) -> pl.DataFrame:
    """``tenant_id, plan_date, validates_from`` of cells."""
    days = plan_days(cells) or [date.max]
    first, last = min(days) - timedelta(days=LOOK_BACK_DAYS), max(days) - timedelta(days=1)
    read = bulk.read(
        f"SELECT {selected(ops.calendar)} FROM ops.calendar t WHERE {between('t.date', first, last)}"
        " AND t.tenant_id IN (SELECT tenant_id FROM wanted)"
    )
    validated = days_to_validate(cells, conform(schemas.ops.Calendar, read))
    return validated.group_by("tenant_id", "plan_date").agg(validates_from=pl.col("validation_date").min())
