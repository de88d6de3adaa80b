"""The dbt manifest as Dagster specs: keys, assets and checks of dbt's models and tests.

dagster_dbt's own ``@dbt_assets`` imports dbt, which more than doubles the start time of every run and of every
code location. So the specs are read from the manifest here, without dbt; a test compares them with dagster_dbt's.
The assets made from the specs are in ``marts``, running dbt is in ``dbt_build``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from bakery_assets.assets.events import plan_key
from bakery_assets.planning_day import WRITTEN_BY

GROUP = "marts"
TEAM = "team:analytics"

# A view depends on its tables, not on single cells. With Dagster's default, all partitions, a run lists every cell
# of every plan table it reads: 75 s and 0.9 GB more at 2,000 tenants and 326 days (measured).
NO_CELLS = dg.SpecificPartitionsPartitionMapping([])

Node = Mapping[str, Any]


def asset_key(node: Node) -> dg.AssetKey:
    """The key of a dbt source or model: ``ops/<table>`` of facts, its stage's of a plan, else its own name."""
    if node["resource_type"] == "source":
        return dg.AssetKey(["ops", node["name"]]) if node["schema"] == "ops" else plan_key(node["name"])
    return dg.AssetKey(node["name"])


def model_specs(manifest: Node) -> list[dg.AssetSpec]:
    """One asset for each model."""
    known = {**manifest["nodes"], **manifest["sources"]}
    return [
        dg.AssetSpec(
            key=asset_key(node),
            deps=_dependencies([known[upstream] for upstream in node["depends_on"]["nodes"]]),
            description=node["description"],
            group_name=GROUP,
            owners=[TEAM],
            kinds={"dbt", "postgres"},
            code_version=node["checksum"]["checksum"],
            metadata={
                "dagster/column_schema": _columns(node),
                "dagster/table_name": f"{node['schema']}.{node['name']}",
            },
        )
        for node in _of_type(manifest, "model")
    ]


def check_specs(manifest: Node) -> list[dg.AssetCheckSpec]:
    """One check for each data test and each unit test, on the model that it tests."""
    tests = [*_of_type(manifest, "test"), *manifest["unit_tests"].values()]
    return [
        dg.AssetCheckSpec(
            name=test["name"],
            asset=asset_key(manifest["nodes"][tested_model(test)]),
            description=test["description"] or None,
        )
        for test in tests
    ]


def tested_model(test: Node) -> str:
    """The dbt id of the model under test: the one that a test in a file of its own names in ``meta.dagster.ref``."""
    if test["resource_type"] == "unit_test":
        return str(test["depends_on"]["nodes"][0])
    if test.get("attached_node"):
        return str(test["attached_node"])
    return f"model.{test['package_name']}.{test['config']['meta']['dagster']['ref']['name']}"


def _dependencies(nodes: Sequence[Node]) -> list[dg.AssetDep]:
    """The assets of nodes, each once: several tables may be of one stage."""
    cells = {asset_key(node): node["resource_type"] == "source" and node["name"] in WRITTEN_BY for node in nodes}
    return [dg.AssetDep(key, partition_mapping=NO_CELLS if is_plan else None) for key, is_plan in cells.items()]


def _of_type(manifest: Node, resource_type: str) -> list[Node]:
    nodes = sorted(manifest["nodes"].items())
    return [node for _, node in nodes if node["resource_type"] == resource_type]


def _columns(node: Node) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(column["name"], column["data_type"] or "?", description=column["description"])
            for column in node["columns"].values()
        ]
    )
