"""The dbt models as assets and their tests as asset checks, downstream of the plans and facts that they read.

What a dbt node is called in Dagster is in ``dbt_specs``, how dbt is run in ``dbt_build``.
"""

from collections.abc import Iterator

import dagster as dg

from bakery_assets.assets.dbt_project import read_manifest
from bakery_assets.assets.dbt_specs import check_specs, model_specs
from bakery_assets.assets.retention import retention
from resources.warehouse import Warehouse

_MANIFEST = read_manifest()
MAX_RUNTIME_SECONDS = 3_600


def dbt_resource() -> dg.ResourceDefinition:
    """dbt on the project in ``dbt_models``, imported when a run starts it."""

    def start(_context: dg.InitResourceContext) -> object:
        from bakery_assets.assets.dbt_build import dbt_on_this_project

        return dbt_on_this_project()

    return dg.ResourceDefinition(start, description="dbt, on the project in dbt_models.")


@dg.multi_asset(
    name="dbt_marts",
    specs=model_specs(_MANIFEST),
    check_specs=check_specs(_MANIFEST),
    required_resource_keys={"dbt", "warehouse"},
)
def dbt_marts(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Build the views and run their tests."""
    from bakery_assets.assets.dbt_build import build

    warehouse: Warehouse = context.resources.warehouse
    yield from build(context.resources.dbt, warehouse.url)


build_marts = dg.define_asset_job(
    "build_marts",
    selection=dg.AssetSelection.assets(dbt_marts, retention),
    description="Builds the views of the marts, runs their tests over all plans and facts, and deletes what is kept no"
    " longer.",
    tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)},
)
