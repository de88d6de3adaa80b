"""Dagster's own launcher for runs on this machine, with the health check that it lacks, and the end of dead runs.

Dagster's run monitoring asks the launcher whether a started run's process is there, and fails the run when it is not:
that frees its slot in the queue, and the sensor ``run_outcomes`` then releases the cells that it had claimed. Without
the check a run whose machine went down stays started until ``dagster/max_runtime``. Launchers of Kubernetes, ECS or
Docker bring their own health checks; ``deploy/dagster.yaml`` says which launcher is used.
"""

import dagster as dg
from dagster._core.launcher import DefaultRunLauncher, LaunchRunContext, WorkerStatus
from dagster._core.launcher.base import CheckRunHealthResult
from dagster._core.storage.tags import GRPC_INFO_TAG

from resources.processes import is_alive, this_machine

MACHINE_TAG = "bakery/machine"  # where a run's process is; without it it is unknown here whether that is alive
GONE = "Its process is gone"


class LocalRunLauncher(DefaultRunLauncher):
    """Launches runs in processes of the code server, and knows whether they still run."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Launch a run, and note on which machine."""
        self._instance.add_run_tags(context.dagster_run.run_id, machine_tags())
        super().launch_run(context)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring asks it."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a started run is there, whether it was launched or is that of a command."""
        if is_gone(self._instance, run):
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, GONE)
        return CheckRunHealthResult(WorkerStatus.RUNNING)


def machine_tags() -> dict[str, str]:
    """Tags of a run whose process is on this machine."""
    return {MACHINE_TAG: this_machine()}


def is_gone(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the process of a run that has started is known not to run any more.

    A launched run of another machine counts as gone: one daemon serves a storage, and its processes end with it. Should
    one still work there, it only works in vain: cells that were claimed again are refused to it. Of a command on
    another machine nothing is known; ``dagster/max_runtime`` ends it.
    """
    machine = run.tags.get(MACHINE_TAG)
    if machine is None:
        return False
    if machine != this_machine():
        return GRPC_INFO_TAG in run.tags
    noted = _process_of(instance, run.run_id)
    return noted is not None and not is_alive(*noted)


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fail every run that no process works on; their ids.

    Only for who has made sure that no daemon runs: a run that is starting is then starting nowhere.
    """
    ended = []
    status = dg.DagsterRunStatus
    for run in instance.get_runs(dg.RunsFilter(statuses=[status.STARTING, status.STARTED, status.CANCELING])):
        never_began = run.status != status.STARTED and _process_of(instance, run.run_id) is None
        if never_began or is_gone(instance, run):
            instance.report_run_failed(run, f"{GONE}: the machine or the servers went down while it ran.")
            ended.append(run.run_id)
    return ended


def _process_of(instance: dg.DagsterInstance, run_id: str) -> tuple[int, float] | None:
    """The process that works on a run, and when it said so; None: none has said so yet."""
    for entry in instance.event_log_storage.get_logs_for_run(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        noted = event.engine_event_data.metadata.get("pid") if event else None
        if noted is not None:
            return int(str(noted.value)), entry.timestamp
    return None
