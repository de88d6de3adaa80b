"""The asset graph, jobs, schedules and sensors as a snapshot, so that a change of them is a diff in review.

To accept a change: make render
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from bakery_assets.definitions import build_defs
from bakery_assets.planning_day import STAGES
from bakery_assets.schemas import table_name
from bakery_assets.schemas.plans import TABLES, PlanRow
from bakery_assets.settings import PROJECT
from resources.schema import metadata
from resources.schema.columns import public_columns

SNAPSHOT = Path(__file__).with_name("graph.json")


@pytest.fixture(autouse=True)
def instance() -> Iterator[None]:
    """Definitions remember the last instance of the process, which an earlier test may have taken along."""
    with dg.instance_for_test():
        yield


def graph() -> dict[str, object]:
    """What Dagster knows, in a readable form."""
    definitions = build_defs()
    repository = definitions.get_repository_def()
    assets = definitions.resolve_asset_graph()
    return {
        "assets": {
            node.key.to_user_string(): {
                "group": node.group_name,
                "owners": list(node.owners),
                "kinds": sorted(node.kinds),
                "upstream": sorted(key.to_user_string() for key in node.parent_keys),
            }
            for node in sorted(assets.asset_nodes, key=lambda node: node.key.to_user_string())
        },
        "jobs": sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
        "schedules": {each.name: each.cron_schedule for each in repository.schedule_defs},
        "sensors": sorted(each.name for each in repository.sensor_defs),
    }


def test_the_graph_is_the_one_last_accepted() -> None:
    found = json.dumps(graph(), indent=2) + "\n"
    if os.environ.get("BAKERY_ACCEPT"):
        SNAPSHOT.write_text(found, encoding="utf-8")
    assert SNAPSHOT.read_text(encoding="utf-8") == found, "the graph has changed; to accept it, run: make render"


def test_every_stage_is_an_asset_that_describes_its_tables_and_their_columns() -> None:
    assets = build_defs().resolve_asset_graph()
    tables = [table for stage in STAGES for table in stage.writes]
    assert sorted(tables) == sorted(table_name(schema) for schema in TABLES if issubclass(schema, PlanRow))
    for stage in STAGES:
        node = assets.get(dg.AssetKey(stage.name))
        assert node.owners
        assert node.partitions_def
        for name in stage.writes:
            table = metadata.tables[f"plans.{name}"]
            assert f"- `plans.{name}`: {table.comment}" in (node.description or "")
            schema = node.metadata["dagster/column_schema" if name == stage.name else name]
            assert isinstance(schema, dg.TableSchema)
            assert [column.name for column in schema.columns] == [column.name for column in public_columns(table)]
            assert all(column.description for column in schema.columns)


def test_definitions_load_without_a_database_and_without_the_slow_libraries() -> None:
    """A code location is loaded again and again; what takes seconds to import is imported where it is used."""
    slow = ("statsforecast", "pandas", "dbt", "great_expectations", "numba", "alembic")
    program = (
        "import sys, bakery_assets.definitions; bakery_assets.definitions.defs.get_repository_def();"
        f"print([name for name in {slow!r} if name in sys.modules])"
    )
    environment = {**os.environ, "BAKERY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_job_ends_after_some_time_whatever_it_does() -> None:
    repository = build_defs().get_repository_def()
    limits = {job.name: job.tags.get("dagster/max_runtime") for job in repository.get_all_jobs()}
    # What "Materialize" starts has no job of its own; the instance limits it.
    monitoring = yaml.safe_load((PROJECT / "deploy" / "dagster.yaml").read_text())["run_monitoring"]
    assert int(monitoring["max_runtime_seconds"]) > 0
    assert [name for name, limit in limits.items() if not limit] == ["__ASSET_JOB"]


def test_materialize_is_offered_only_for_what_a_run_fills() -> None:
    nodes = build_defs().resolve_asset_graph().asset_nodes
    offered = {node.key.to_user_string() for node in nodes if node.is_executable}
    built_by_dbt = {node.key.to_user_string() for node in nodes if "dbt" in node.kinds}
    assert offered == {stage.name for stage in STAGES} | built_by_dbt | {"plans/retention"}
    assert built_by_dbt
