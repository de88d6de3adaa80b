"""What Dagster shows of the data-quality gate: an evaluation of the check ``sales_quality`` for each tenant.

The gate itself is data: ``quality.evaluate_sales_checks`` decides for each tenant whether it is retrained. The check
shows the decision and blocks no run, because a blocking check stops whatever follows, for every tenant. It is
partitioned by tenant, so that one tenant's pass never covers another's failure. What is expected of sales is in
``bakery_assets.quality``.
"""

import json
import warnings
from collections.abc import Collection, Iterable, Iterator

import dagster as dg
import polars as pl
from pydantic import Field

from bakery_assets.cells import Cell
from bakery_assets.local_time import is_zone, local_date
from bakery_assets.partitions import tenant_partitions
from bakery_assets.quality import evaluate_sales_checks
from bakery_assets.settings import settings
from bakery_assets.visible_text import markdown_table, visible, visible_values
from resources.clock import Clock
from resources.dagster_storage import keep_connections
from resources.warehouse import Warehouse, read_snapshot
from resources.warehouse.planning_runs import tenants

SALES = dg.AssetKey(["ops", "sales"])
CHECK = "sales_quality"
READS = ("tenants", "products", "sales", "calendar")
MAX_RUNTIME_SECONDS = 3_600
DESCRIPTION = "Whether a tenant's sales are fit to train on; one that fails keeps its old champion."

# A preview in Dagster 1.13. What it is needed for is tested, so loading the definitions does not warn of it.
warnings.filterwarnings("ignore", "Specifying a partitions_def on an AssetCheckSpec", dg.PreviewWarning)

SALES_CHECK = dg.AssetCheckSpec(CHECK, asset=SALES, description=DESCRIPTION, partitions_def=tenant_partitions)


def sales_by_tenant(specs: Iterable[dg.AssetSpec]) -> list[dg.AssetSpec]:
    """``specs`` with the sales partitioned by tenant: Dagster wants a check's partitions to be its asset's."""
    return [spec.replace_attributes(partitions_def=tenant_partitions) if spec.key == SALES else spec for spec in specs]


def check_evaluations(gate: pl.DataFrame, findings: pl.DataFrame) -> Iterator[dg.AssetCheckEvaluation]:
    """An evaluation for each tenant of the gate, with which expectations failed, on which rows and why.

    Args:
        gate: of ``evaluate_sales_checks``: ``tenant_id, passed, verdict, reasons``.
        findings: of the same: ``tenant_id, expectation, severity, rows, explanation, sample``.
    """
    own = findings.partition_by("tenant_id", as_dict=True, include_key=False)
    for tenant, passed, verdict in gate.select("tenant_id", "passed", "verdict").iter_rows():
        found = own.get((tenant,), findings.drop("tenant_id").clear())
        yield dg.AssetCheckEvaluation(
            asset_key=SALES,
            check_name=CHECK,
            partition=tenant,
            passed=passed,
            severity=dg.AssetCheckSeverity.WARN if passed else dg.AssetCheckSeverity.ERROR,
            blocking=False,
            description=visible(verdict),
            metadata={
                "tenant": tenant,
                "failed": ", ".join(found["expectation"]),
                "findings": dg.MetadataValue.md(_table(found)),
                "rows": dg.MetadataValue.json(
                    {
                        name: visible_values(json.loads(sample))
                        for name, sample in found.select("expectation", "sample").iter_rows()
                    }
                ),
            },
        )


def evaluate_tenants(warehouse: Warehouse, clock: Clock, wanted: Collection[str]) -> Iterator[dg.AssetCheckEvaluation]:
    """Evaluations of the sales of ``wanted`` tenants as known now, as many tenants at a time as a training takes."""
    now = clock.now()
    cells = [
        Cell(tenant.tenant_id, local_date(now, tenant.timezone))
        for tenant in tenants(warehouse)
        if tenant.tenant_id in wanted and is_zone(tenant.timezone)
    ]
    size = settings().training_size
    for first in range(0, len(cells), size):
        members = cells[first : first + size]
        known_cells, frames = read_snapshot(warehouse, members, READS, settings().history_days).of(members)
        checked = evaluate_sales_checks(known_cells, frames)
        yield from check_evaluations(checked["gate"], checked["findings"])


@dg.asset_check(asset=SALES, name=CHECK, description=DESCRIPTION, partitions_def=tenant_partitions)
def sales_quality(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> dg.AssetCheckResult:
    """Check the sales of the run's tenant.

    Raises:
        dagster.Failure: there is no such tenant, or its time zone is not known.
    """
    tenant = context.op_execution_context.partition_key
    for found in evaluate_tenants(warehouse, clock, {tenant}):
        return dg.AssetCheckResult(
            passed=found.passed, severity=found.severity, description=found.description, metadata=found.metadata
        )
    raise dg.Failure(f"there is no tenant {tenant}, or its time zone is not known", allow_retries=False)


class CheckConfig(dg.Config):
    """``tenants``: whose sales are checked; empty: those of all whose status is not ``cancelled``."""

    tenants: list[str] = Field(default=[])


@dg.op(description="Checks the sales of many tenants and logs an evaluation for each.")
def check_tenants(
    context: dg.OpExecutionContext,
    config: CheckConfig,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> None:
    """Check them; a tenant that fails is shown as failed and does not fail the run."""
    keep_connections(context.instance)
    wanted = set(config.tenants) or {each.tenant_id for each in tenants(warehouse) if each.status != "cancelled"}
    failed = []
    checked = 0
    for found in evaluate_tenants(warehouse, clock, wanted):
        checked += 1
        context.log_event(found)  # type: ignore[arg-type]  # taken at run time, missing in the annotation only
        if not found.passed:
            failed.append(f"{found.partition}: {found.description}")
    context.log.info(f"{checked} tenants checked, {len(failed)} not fit to train on")
    for failure in failed:
        context.log.warning(failure)


@dg.job(
    description="Checks the sales of all tenants, or of those in the run's configuration, and shows which are not fit.",
    tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS), "dagster/max_retries": "0"},
    executor_def=dg.in_process_executor,
)
def check_sales() -> None:
    """One op for all tenants: a run for each would cost seconds of process start."""
    check_tenants()


def _table(found: pl.DataFrame) -> str:
    rows = found.select("severity", "expectation", "rows", "explanation").iter_rows()
    return markdown_table(("severity", "expectation", "rows", "why"), rows)
