"""Running dbt for Dagster. Importing dagster_dbt imports dbt, which takes seconds: only a run imports this module.

What code locations need of dbt is in ``dbt_specs``.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource
from dbt.version import __version__ as dbt_version
from packaging.version import Version

from bakery_assets.assets.dbt_project import DBT, PROJECT_DIR, dbt_environment, price_environment, read_manifest
from bakery_assets.assets.dbt_specs import asset_key, tested_model
from bakery_assets.settings import settings


class Dbt(DbtCliResource):  # type: ignore[misc]  # mypy does not follow dagster_dbt
    """The dbt of this environment."""

    @cached_property
    def _cli_version(self) -> Version:
        # dagster_dbt would ask `dbt --version`, which asks pypi.org for newer ones.
        return Version(dbt_version)


class AssetKeys(DagsterDbtTranslator):  # type: ignore[misc]
    """Gives dbt's nodes the asset keys that the rest of the project uses; tables of one stage share the stage's."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """The key of a model or a source."""
        return asset_key(dbt_resource_props)


def dbt_on_this_project() -> Dbt:
    """dbt on the project in ``dbt_models``."""
    return Dbt(project_dir=str(PROJECT_DIR), profiles_dir=str(PROJECT_DIR), dbt_executable=str(DBT))


def build(dbt: DbtCliResource, warehouse_url: str) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Build every model and run every test of the project.

    A model whose unit test fails is not built: the view stays as it was. That is why unit tests run with every build,
    and not in CI alone: of a build's 9.6 s of CPU they take 1.5 s (measured).

    Yields:
        a materialization for each model that was built, and a check result for each test that ran.

    Raises:
        dagster_dbt.DagsterDbtCliRuntimeError: a model could not be built, or a test failed.
    """
    manifest = read_manifest()
    with tempfile.TemporaryDirectory(prefix="dbt_") as target:
        with _environment(dbt_environment(warehouse_url) | price_environment(settings())):
            started = dbt.cli(
                ["build", "--no-use-colors"],
                raise_on_error=False,
                manifest=manifest,
                dagster_dbt_translator=AssetKeys(),
                target_path=Path(target),
            )
        for event in started.stream():
            if isinstance(event, dg.AssetMaterialization):
                yield dg.MaterializeResult(asset_key=event.asset_key, metadata=event.metadata)
            elif isinstance(event, dg.AssetCheckEvaluation):
                yield dg.AssetCheckResult(
                    asset_key=event.asset_key,
                    check_name=event.check_name,
                    passed=event.passed,
                    severity=event.severity,
                    metadata=event.metadata,
                )
        yield from unit_test_results(manifest, Path(target))
        error = started.get_error()
    if error:
        raise error


def unit_test_results(manifest: Mapping[str, Any], target: Path) -> Iterator[dg.AssetCheckResult]:
    """The results of unit tests, which dagster_dbt leaves out, from the artifacts of the dbt run in ``target``."""
    run_results = target / "run_results.json"
    if not run_results.exists():  # dbt failed before it ran anything
        return
    for result in json.loads(run_results.read_bytes())["results"]:
        test = manifest["unit_tests"].get(result["unique_id"])
        if test and result["status"] != "skipped":
            yield dg.AssetCheckResult(
                asset_key=asset_key(manifest["nodes"][tested_model(test)]),
                check_name=test["name"],
                passed=result["status"] == "pass",
                description=(result["message"] or "").strip() or None,  # how the rows differ from the expected ones
            )


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables, which is how dagster_dbt passes anything on to dbt, for as long as it takes."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
