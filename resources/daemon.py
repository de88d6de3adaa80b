"""Dagster's daemon, with connections to its storage that it keeps: it asks many times a second, and idle most of all.

`bakery up` starts it: ``python -m resources.daemon``. Dagster's own command does the same with a new connection for
every question.
"""

import argparse

from resources.dagster_storage import keep_connections


def serve(workspace: str) -> None:
    """Run schedules, sensors, backfills and the queue until a signal."""
    from dagster import DagsterInstance
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster._daemon.controller import daemon_controller_from_instance
    from dagster._utils.interrupts import capture_interrupts

    with capture_interrupts(), DagsterInstance.get() as instance:
        keep_connections(instance)
        with daemon_controller_from_instance(
            instance, workspace_load_target=WorkspaceFileTarget([workspace]), code_server_log_level="warning"
        ) as controller:
            controller.check_daemon_loop()


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", required=True)
    try:
        serve(parser.parse_args().workspace)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    _main()
