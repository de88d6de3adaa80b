"""Keeps the partitions `tenant` equal to the tenants table, removals included."""

from collections.abc import Collection

import dagster as dg

from bakery_assets.partitions import TENANT, tenant_partitions
from resources.warehouse import Warehouse, planning_runs


@dg.sensor(
    name="tenant_registry",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Adds a partition for each new tenant and removes those of tenants that are cancelled or gone.",
)
def tenant_registry(context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]) -> dg.SensorResult:
    """Compare the table with the partitions and request the difference."""
    added, removed = changes(planning_runs.registered(warehouse), context.instance.get_dynamic_partitions(TENANT))
    requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    if added:
        requests.append(tenant_partitions.build_add_request(added))
    if removed:
        requests.append(tenant_partitions.build_delete_request(removed))
    return dg.SensorResult(
        dynamic_partitions_requests=requests,
        skip_reason=None if requests else dg.SkipReason("The partitions are the tenants."),
    )


def changes(tenants: Collection[str], partitions: Collection[str]) -> tuple[list[str], list[str]]:
    """Partitions to add and to remove."""
    return sorted(set(tenants) - set(partitions)), sorted(set(partitions) - set(tenants))


def register(instance: dg.DagsterInstance, warehouse: Warehouse) -> None:
    """Do at once what the sensor does at its next tick."""
    added, removed = changes(planning_runs.registered(warehouse), instance.get_dynamic_partitions(TENANT))
    instance.add_dynamic_partitions(TENANT, added)
    for tenant in removed:
        instance.delete_dynamic_partition(TENANT, tenant)
