"""The marts as Dagster sees them."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster_dbt import build_dbt_asset_specs, dbt_assets

from bakery_assets.assets.dbt_build import AssetKeys, unit_test_results
from bakery_assets.assets.dbt_project import MANIFEST, read_manifest
from bakery_assets.assets.dbt_specs import check_specs, model_specs
from bakery_assets.assets.events import external_specs
from bakery_assets.assets.marts import build_marts, dbt_marts, dbt_resource
from bakery_assets.assets.plans import planning_day
from bakery_assets.assets.retention import retention
from resources.clock import Clock
from resources.warehouse import Warehouse

MART = dg.AssetKey("mart_tenant_day")
PASSES_ROWS_THROUGH = r"select\s[\w\s,]+\sfrom {{ source\([^)]*\) }}"


@pytest.fixture(autouse=True)
def instance() -> Iterator[None]:
    """Definitions remember the last instance of the process, which an earlier test may have taken along."""
    with dg.instance_for_test():
        yield


def definitions() -> dg.Definitions:
    return dg.Definitions(
        assets=[*external_specs(), planning_day, dbt_marts, retention],
        jobs=[build_marts],
        resources={"warehouse": Warehouse(), "clock": Clock(), "dbt": dbt_resource()},
    )


def test_a_bakerys_day_depends_on_the_plans_and_facts_that_it_reads() -> None:
    graph = definitions().resolve_asset_graph()
    upstream = graph.get_ancestor_asset_keys(MART)

    plans = {
        "demand_forecasts", "production_schedules", "procurement_plans", "validation_runs", "daily_summaries",
    }  # fmt: skip
    facts = {"sales", "tenants"}
    assert upstream >= {dg.AssetKey(name) for name in plans} | {dg.AssetKey(["ops", name]) for name in facts}


def test_every_table_below_the_marts_is_an_asset_that_the_project_defines() -> None:
    below = {dependency.asset_key for spec in model_specs(read_manifest()) for dependency in spec.deps}
    defined = {spec.key for spec in external_specs()} | planning_day.keys | dbt_marts.keys

    assert dg.AssetKey("planning_runs") in below
    assert below <= defined


def test_dagster_dbt_would_see_the_same_models_below_the_same_tables() -> None:
    theirs = build_dbt_asset_specs(manifest=MANIFEST, dagster_dbt_translator=AssetKeys())
    ours = model_specs(read_manifest())

    assert len(ours) == 26
    assert _deps(ours) == _deps(theirs)


def test_dagster_dbt_would_see_the_same_checks_but_for_unit_tests_and_each_test_is_one() -> None:
    @dbt_assets(manifest=MANIFEST, dagster_dbt_translator=AssetKeys())
    def theirs(context: dg.AssetExecutionContext):  # Dagster takes a return type for an output
        raise NotImplementedError

    manifest = read_manifest()
    ours = check_specs(manifest)

    unit_tests = {
        dg.AssetCheckKey(dg.AssetKey(test["model"]), test["name"]) for test in manifest["unit_tests"].values()
    }
    assert {spec.key for spec in ours} == set(theirs.check_keys) | unit_tests
    tests = [name for name in manifest["nodes"] if name.startswith("test.")]
    assert len(ours) == len(tests) + len(unit_tests)
    assert len(tests) > 20


def test_every_model_that_computes_or_chooses_rows_has_a_unit_test_that_says_what_it_is_about() -> None:
    manifest = read_manifest()
    unit_tests = manifest["unit_tests"].values()
    models = {node["name"]: node["raw_code"] for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    simple = {name for name, sql in models.items() if re.fullmatch(PASSES_ROWS_THROUGH, sql.strip())}

    assert {test["model"] for test in unit_tests} == set(models) - simple
    assert len(simple) == 12
    assert all(test["description"] for test in unit_tests)


def test_a_unit_test_that_fails_is_a_failed_check_with_the_rows_that_differ(tmp_path: Path) -> None:
    manifest = read_manifest()
    passed, failed, skipped, *_ = sorted(manifest["unit_tests"])
    model = f"model.bakery.{manifest['unit_tests'][failed]['model']}"
    results = [
        {"unique_id": model, "status": "skipped", "message": None},
        {"unique_id": passed, "status": "pass", "message": None},
        {"unique_id": failed, "status": "fail", "message": "actual differs from expected: 93 -> 94"},
        {"unique_id": skipped, "status": "skipped", "message": None},
    ]
    assert list(unit_test_results(manifest, tmp_path)) == [], "dbt may fail before it runs anything"
    (tmp_path / "run_results.json").write_text(json.dumps({"results": results}))

    checks = list(unit_test_results(manifest, tmp_path))

    names = [manifest["unit_tests"][test]["name"] for test in (passed, failed)]
    assert [(check.check_name, check.passed) for check in checks] == [(names[0], True), (names[1], False)]
    assert checks[1].asset_key == dg.AssetKey(manifest["unit_tests"][failed]["model"])
    assert checks[1].description == "actual differs from expected: 93 -> 94"


def test_analysts_own_the_mart_and_read_what_it_means() -> None:
    [spec] = [spec for spec in dbt_marts.specs if spec.key == MART]

    assert spec.group_name == "marts"
    assert list(spec.owners) == ["team:analytics"]
    assert spec.kinds == {"dbt", "postgres"}
    assert "One row per bakery and local date" in (spec.description or "")
    assert spec.metadata["dagster/table_name"] == "marts.mart_tenant_day"
    columns = {column.name: column for column in spec.metadata["dagster/column_schema"].columns}
    assert columns["wape"].type == "double precision"
    assert all(column.description for column in columns.values())


def test_building_the_marts_takes_every_model_and_deletes_what_is_kept_no_longer() -> None:
    job = definitions().resolve_job_def("build_marts")

    assert set(job.asset_layer.executable_asset_keys) == dbt_marts.keys | {retention.key}


def test_a_code_location_loads_the_marts_without_loading_dbt() -> None:
    program = (
        "import sys, bakery_assets.assets.marts as marts; marts.dbt_resource();"
        "print([name for name in sys.modules if name.split('.')[0] in ('dbt', 'dagster_dbt')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def _deps(specs: object) -> dict[dg.AssetKey, set[dg.AssetKey]]:
    assert isinstance(specs, list)
    return {spec.key: {dependency.asset_key for dependency in spec.deps} for spec in specs}
