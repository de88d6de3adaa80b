"""What Dagster shows of a table: specs with owners and column schemas, materializations with a preview."""

from collections.abc import Iterator, Mapping
from datetime import UTC

import dagster as dg
import polars as pl
from sqlalchemy import Table

from bakery_assets.cells import Cell
from bakery_assets.partitions import partition_of
from bakery_assets.planning_day import PAST, Failed, Stage
from resources.schema import metadata, ops, plans
from resources.schema.columns import told
from resources.warehouse.connection import sql_type

PREVIEW_ROWS = 8
TEAM = "team:planning"


def plan_specs(stage: Stage) -> list[dg.AssetSpec]:
    """One asset for each table that a stage writes."""
    # What a stage reads of its own past is no edge of the graph.
    upstream = sorted({_key(name) for name in stage.reads if PAST.get(name) not in stage.writes})
    return [
        dg.AssetSpec(
            key=name,
            # A table beside the stage's own follows it; the first carries the stage's inputs.
            deps=upstream if name == stage.name else [dg.AssetKey(stage.name)],
            skippable=True,
            description=metadata.tables[f"plans.{name}"].comment,
            group_name="plans",
            owners=[TEAM],
            kinds={"polars", "postgres"},
            metadata=described(metadata.tables[f"plans.{name}"]),
        )
        for name in stage.writes
    ]


def external_specs() -> list[dg.AssetSpec]:
    """The tables that no asset of ours fills: what tills and apps write, and the state of the cells."""
    states = {plans.planning_runs.name: (plans.planning_runs, "plans", TEAM)}
    facts = {f"ops/{table.name}": (table, "facts", "team:integrations") for table in ops.LOADED}
    return [
        dg.AssetSpec(
            key=dg.AssetKey.from_user_string(key),
            description=table.comment,
            group_name=group,
            owners=[owner],
            kinds={"postgres"},
            metadata=described(table),
        )
        for key, (table, group, owner) in {**facts, **states}.items()
    ]


def materializations(cells: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> Iterator[dg.AssetMaterialization]:
    """An event for every cell and table, with its row count and its first rows.

    Args:
        cells: the columns of ``cells.CELLS``, only cells that were planned.
        tables: their rows by plan table.
    """
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
                },
            )


def written(cells: pl.DataFrame, recorded: Mapping[Cell, Failed | None]) -> pl.DataFrame:
    """Those of ``cells`` that ``replace_plans`` has written."""
    good = {cell for cell, why in recorded.items() if why is None}
    keep = [Cell(*row) in good for row in cells.select("tenant_id", "plan_date").iter_rows()]
    return cells.filter(pl.Series(keep, dtype=pl.Boolean))


def preview(rows: pl.DataFrame) -> str:
    """The first rows as a Markdown table; long cells are cut."""
    if rows.is_empty():
        return "no rows"
    shown = rows.drop("plan_date", strict=False).head(PREVIEW_ROWS)
    lines = [shown.columns, ["---"] * shown.width, *(_cells(row) for row in shown.iter_rows())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(row: tuple[object, ...]) -> list[str]:
    return ["" if value is None else _shortened(str(value)).replace("|", "\\|") for value in row]


def _shortened(text: str, most: int = 80) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def described(table: Table) -> dict[str, object]:
    """A table's name and columns, as Dagster shows them."""
    columns = [
        dg.TableColumn(
            column.name,
            sql_type(table, column.name).lower(),
            description=column.comment,
            constraints=dg.TableColumnConstraints(nullable=bool(column.nullable), unique=False),
        )
        for column in told(table)
    ]
    return {
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "dagster/table_name": table.fullname,
    }


def _key(name: str) -> dg.AssetKey:
    return dg.AssetKey(["ops", name]) if f"ops.{name}" in metadata.tables else dg.AssetKey(PAST.get(name, name))
