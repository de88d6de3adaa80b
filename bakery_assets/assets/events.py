"""What Dagster shows of a table: specs with owners and column schemas, materializations with their first rows.

Nothing is computed here: stages do that, and ``plans`` and ``waves`` run them. How rows are shown to people is in
``previews``. Specs of models are in ``retraining``, of marts in ``marts``.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import dagster as dg
import polars as pl
from sqlalchemy import Table

from bakery_assets.assets.previews import shown_rows
from bakery_assets.assets.rounds import Published
from bakery_assets.briefing.forecast_plot import forecast_plots
from bakery_assets.cells import Cell, Frames
from bakery_assets.partitions import partition_of
from bakery_assets.planning_day import PRIOR_CELL_INPUTS, RECORD, WRITTEN_BY
from bakery_assets.stages import Stage
from resources.schema import metadata, ops, plans
from resources.schema.columns import public_columns
from resources.warehouse.connection import sql_type

FORECASTS = "demand_forecasts"
TEAM = "team:planning"
NOT_AGAIN = (
    "unchanged, and so not made again: nothing that the plan is made from has changed since it was made. With"
    " `force: true` in the run's configuration (Launchpad), or `bakery plan --force`, it is made all the same"
)


def plan_spec(stage: Stage) -> dg.AssetSpec:
    """The asset of a stage, which stands for all tables that the stage writes."""
    # Rows of earlier cells of the stage's own tables are no edge of the graph.
    upstream = {_key(name) for name in stage.reads} - {dg.AssetKey(stage.name)}
    tables = {name: metadata.tables[f"plans.{name}"] for name in stage.writes}
    columns = {name: table_columns(table) for name, table in tables.items() if name != stage.name}
    described = "\n".join(f"- `{table.fullname}`: {table.comment}" for table in tables.values())
    return dg.AssetSpec(
        key=stage.name,
        deps=sorted(upstream),
        skippable=True,
        description=described,
        group_name="plans",
        owners=[TEAM],
        kinds={"polars", "postgres"},
        metadata={**dagster_table_metadata(tables[stage.name]), **columns},
    )


def external_specs() -> list[dg.AssetSpec]:
    """The tables that no asset here fills: what tills and apps write, states and costs of cells, the plan of record."""
    kept = [plans.planning_runs, plans.planning_costs, *(metadata.tables[f"plans.{name}"] for name in RECORD)]
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
    round_: Published, stages: Sequence[Stage], *, in_short: bool = False
) -> Iterator[dg.AssetMaterialization]:
    """An event for every stage and planned cell, stage after stage; in small rounds with a plot of forecasts.

    Of cells that are unchanged it says so, and how they are made again all the same.

    Args:
        in_short: once, with their last stage. A backfill of Dagster's own waits for an event of each.
    """
    for stage in stages[-1:] if in_short else stages:
        for cell in round_.unchanged:
            yield dg.AssetMaterialization(
                asset_key=stage.name, partition=partition_of(cell), metadata={"planned": NOT_AGAIN}
            )
    cells = round_.planned
    if cells.is_empty():  # then some stages have made no table
        return
    plots = forecast_plots(cells, round_.frames) if FORECASTS in round_.tables else {}
    for stage in stages:
        shown = shown_rows(round_.tables[stage.name], cells, metadata.tables[f"plans.{stage.name}"])
        counts = _row_counts({name: round_.tables[name] for name in stage.writes}, cells)
        for tenant, plan_date, zone, planned_as_of in cells.select(
            "tenant_id", "plan_date", "timezone", "planned_as_of"
        ).iter_rows():
            rows = counts[tenant]
            local = planned_as_of.astimezone(ZoneInfo(zone))
            plot = plots.get(tenant) if stage.name == FORECASTS else None
            yield dg.AssetMaterialization(
                asset_key=stage.name,
                partition=partition_of(Cell(tenant, plan_date)),
                metadata={
                    "dagster/partition_row_count": rows[0],
                    "planned": f"{local:%a %-d %b %Y, %H:%M} in {zone}, on what was known then",
                    "rows": ", ".join(f"{count:,} {name}" for name, count in zip(stage.writes, rows, strict=True)),
                    "preview": dg.MetadataValue.md(shown.get(tenant, "no rows")),
                    **({"plot": dg.MetadataValue.md(picture(plot))} if plot else {}),
                },
            )


def _row_counts(tables: Frames, cells: pl.DataFrame) -> dict[str, tuple[int, ...]]:
    """Rows of each table by tenant, in the order of the tables."""
    counted = cells.select("tenant_id")
    for name, frame in tables.items():
        counted = counted.join(
            frame.group_by("tenant_id").agg(pl.len().alias(name)), on="tenant_id", how="left", maintain_order="left"
        )
    return {tenant: tuple(counts) for tenant, *counts in counted.fill_null(0).iter_rows()}


def picture(svg: str) -> str:
    """An SVG as Markdown that Dagster's UI shows as an image."""
    return f"![forecasts](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})"


def dagster_table_metadata(table: Table) -> dict[str, object]:
    """A table's name and columns, as Dagster shows them."""
    return {"dagster/column_schema": table_columns(table), "dagster/table_name": table.fullname}


def table_columns(table: Table) -> dg.TableSchema:
    """A table's columns, as Dagster shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                sql_type(table, column.name).lower(),
                description=column.comment,
                constraints=dg.TableColumnConstraints(nullable=bool(column.nullable), unique=False),
            )
            for column in public_columns(table)
        ]
    )


def plan_key(table: str) -> dg.AssetKey:
    """The asset that stands for a table of plans or models: its stage's, or its own."""
    return dg.AssetKey(WRITTEN_BY.get(table, table))


def _key(name: str) -> dg.AssetKey:
    if f"ops.{name}" in metadata.tables:
        return dg.AssetKey(["ops", name])
    return plan_key(PRIOR_CELL_INPUTS.get(name, name))
