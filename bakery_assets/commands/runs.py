"""Runs of commands: they are executed in the command's own process, and shown as the servers' own runs are."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg


def execute_here(
    instance: "dg.DagsterInstance",
    job: "dg.JobDefinition",
    run_config: Mapping[str, object],
    *,
    run_id: str | None = None,
    raise_on_error: bool = True,
) -> "dg.JobExecutionResult":
    """Execute a job of this project in this process, quietly.

    Dagster's ``execute_in_process`` leaves a run without the code location that its job is from, and the timeline shows
    runs by their location.

    Raises:
        Exception: what failed in the run, unless ``raise_on_error`` is off.
    """
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.execution.api import execute_run
    from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
    from dagster._core.workspace.load_target import WorkspaceFileTarget

    from bakery_assets.instance import QUIET
    from bakery_assets.settings import PROJECT
    from resources.run_launcher import machine_tags

    [location] = WorkspaceFileTarget([str(PROJECT / "workspace.yaml")]).create_origins()
    run = instance.create_run_for_job(
        job,
        run_id=run_id,
        run_config={**run_config, **QUIET},
        tags={**job.tags, **machine_tags()},
        remote_job_origin=RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), job.name),
    )
    return execute_run(InMemoryJob(job), run, instance, raise_on_error=raise_on_error)
