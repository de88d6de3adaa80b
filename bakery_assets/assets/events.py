"""What Dagster shows of a table: specs with owners and column schemas, materializations with a preview.

Nothing is computed here: stages do that, and ``plans`` and ``waves`` run them. Specs of models are in
``retraining``, of marts in ``marts``.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, date, time

import dagster as dg
import polars as pl
from sqlalchemy import Table

from bakery_assets.briefing.forecast_plot import forecast_plots
from bakery_assets.cells import Cell
from bakery_assets.partitions import partition_of
from bakery_assets.planning_day import PRIOR_CELL_INPUTS, RECORD
from bakery_assets.stages import Failed, Stage
from bakery_assets.visible_text import markdown_table
from resources.schema import metadata, ops, plans
from resources.schema.columns import public_columns
from resources.warehouse.connection import sql_type

PREVIEW_ROWS = 8
FORECASTS = "demand_forecasts"
TEAM = "team:planning"


def plan_specs(stage: Stage) -> list[dg.AssetSpec]:
    """One asset for each table that a stage writes."""
    # Rows of earlier cells of the stage's own tables are no edge of the graph.
    upstream = sorted({_key(name) for name in stage.reads if PRIOR_CELL_INPUTS.get(name) not in stage.writes})
    return [
        dg.AssetSpec(
            key=name,
            # The stage's first table has its inputs upstream; its other tables follow the first.
            deps=upstream if name == stage.name else [dg.AssetKey(stage.name)],
            skippable=True,
            description=metadata.tables[f"plans.{name}"].comment,
            group_name="plans",
            owners=[TEAM],
            kinds={"polars", "postgres"},
            metadata=dagster_table_metadata(metadata.tables[f"plans.{name}"]),
        )
        for name in stage.writes
    ]


def external_specs() -> list[dg.AssetSpec]:
    """The tables that no asset here fills: what tills and apps write, the state of the cells, the plan of record."""
    kept = [plans.planning_runs, *(metadata.tables[f"plans.{name}"] for name in RECORD)]
    states = {table.name: (table, "plans", TEAM) for table in kept}
    facts = {f"ops/{table.name}": (table, "facts", "team:integrations") for table in ops.LOADED}
    return [
        dg.AssetSpec(
            key=dg.AssetKey.from_user_string(key),
            description=table.comment,
            group_name=group,
            owners=[owner],
            kinds={"postgres"},
            metadata=dagster_table_metadata(table),
        )
        for key, (table, group, owner) in {**facts, **states}.items()
    ]


def materializations(
    cells: pl.DataFrame, tables: Mapping[str, pl.DataFrame], frames: Mapping[str, pl.DataFrame]
) -> Iterator[dg.AssetMaterialization]:
    """An event for every cell and table, with its row count and first rows; in small rounds with a plot of forecasts.

    Args:
        cells: only cells that were planned.
        tables: their rows by plan table.
        frames: all of their round.
    """
    plots = forecast_plots(cells, frames) if FORECASTS in tables else {}
    for name, frame in tables.items():
        own = frame.partition_by("tenant_id", as_dict=True, include_key=False)
        for tenant, plan_date, planned_as_of in cells.select("tenant_id", "plan_date", "planned_as_of").iter_rows():
            rows = own.get((tenant,), frame.clear())
            yield dg.AssetMaterialization(
                asset_key=name,
                partition=partition_of(Cell(tenant, plan_date)),
                metadata={
                    "dagster/partition_row_count": rows.height,
                    "planned_as_of": dg.MetadataValue.timestamp(planned_as_of.astimezone(UTC)),
                    "preview": dg.MetadataValue.md(preview(rows)),
                    **(
                        {"plot": dg.MetadataValue.md(picture(plots[tenant]))}
                        if name == FORECASTS and tenant in plots
                        else {}
                    ),
                },
            )


def cells_recorded(cells: pl.DataFrame, recorded: Mapping[Cell, Failed | None]) -> pl.DataFrame:
    """Those of ``cells`` whose rows ``replace_plans`` has written."""
    good = {cell for cell, why in recorded.items() if why is None}
    keep = [Cell(*row) in good for row in cells.select("tenant_id", "plan_date").iter_rows()]
    return cells.filter(pl.Series(keep, dtype=pl.Boolean))


def picture(svg: str) -> str:
    """An SVG as Markdown that Dagster's UI shows as an image."""
    return f"![forecasts](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})"


def preview(rows: pl.DataFrame) -> str:
    """The first rows as a Markdown table; long cells are cut."""
    if rows.is_empty():
        return "no rows"
    shown = rows.drop("plan_date", strict=False).head(PREVIEW_ROWS)
    return markdown_table(shown.columns, ([_shortened(value) for value in row] for row in shown.iter_rows()))


def _shortened(value: object, most: int = 80) -> object:
    if value is None or isinstance(value, int | float | date | time):
        return value
    text = str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def dagster_table_metadata(table: Table) -> dict[str, object]:
    """A table's name and columns, as Dagster shows them."""
    columns = [
        dg.TableColumn(
            column.name,
            sql_type(table, column.name).lower(),
            description=column.comment,
            constraints=dg.TableColumnConstraints(nullable=bool(column.nullable), unique=False),
        )
        for column in public_columns(table)
    ]
    return {
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "dagster/table_name": table.fullname,
    }


def _key(name: str) -> dg.AssetKey:
    return (
        dg.AssetKey(["ops", name])
        if f"ops.{name}" in metadata.tables
        else dg.AssetKey(PRIOR_CELL_INPUTS.get(name, name))
    )
