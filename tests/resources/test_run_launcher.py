"""Runs whose process is gone are ended; those that somebody works on are not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from time import time

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from resources.processes import is_alive, this_machine
from resources.run_launcher import MACHINE_TAG, LocalRunLauncher, end_dead_runs, is_gone, machine_tags


@dg.job
def a_job() -> None:
    """Nothing."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def ended_process() -> int:
    """The number of a process that runs no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def run(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, tags: dict[str, str], pid: int | None = None
) -> dg.DagsterRun:
    """A run of that status, whose process has noted its number."""
    made = instance.create_run_for_job(a_job, tags=tags, status=status)
    if pid is not None:
        instance.report_engine_event("Started process for run", made, EngineEventData.in_process(pid))
    return made


def test_a_process_is_known_by_its_number_and_its_start(ended_process: int) -> None:
    assert is_alive(os.getpid(), time())
    assert not is_alive(os.getpid(), 1.0), "the number belongs to a process that was started later"
    assert not is_alive(ended_process, time())


def test_a_process_that_was_killed_is_gone_though_its_parent_has_not_asked_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive(process.pid, time())
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(process.pid, time())
    process.wait()


@pytest.mark.parametrize(
    ("tags", "process", "gone"),
    [
        ({MACHINE_TAG: "here"}, "alive", False),
        ({MACHINE_TAG: "here"}, "ended", True),
        ({MACHINE_TAG: "here"}, None, False),  # a command's, between its start and its first step
        ({MACHINE_TAG: "elsewhere", GRPC_INFO_TAG: "{}"}, "alive", True),  # of a daemon that does not serve any more
        ({MACHINE_TAG: "elsewhere"}, "ended", False),  # a command on another machine
        ({}, "ended", False),  # started by something else, not known where
    ],
)
def test_only_what_is_known_to_be_gone_is_ended(
    instance: dg.DagsterInstance, ended_process: int, tags: dict[str, str], process: str | None, gone: bool
) -> None:
    tags = {key: this_machine() if value == "here" else value for key, value in tags.items()}
    pid = {"alive": os.getpid(), "ended": ended_process, None: None}[process]
    started = run(instance, dg.DagsterRunStatus.STARTED, tags, pid)
    assert is_gone(instance, started) == gone
    launcher = LocalRunLauncher()
    launcher.register_instance(instance)
    assert launcher.supports_check_run_worker_health
    expected = WorkerStatus.NOT_FOUND if gone else WorkerStatus.RUNNING
    assert launcher.check_run_worker_health(started).status == expected


def test_before_a_daemon_starts_every_run_without_a_worker_is_ended(
    instance: dg.DagsterInstance, ended_process: int
) -> None:
    status = dg.DagsterRunStatus
    dead = [
        run(instance, status.STARTED, machine_tags(), ended_process),
        run(instance, status.STARTING, machine_tags()),
        run(instance, status.STARTING, {}),
        run(instance, status.CANCELING, machine_tags(), ended_process),
    ]
    kept = [
        run(instance, status.NOT_STARTED, {}),
        run(instance, status.STARTED, machine_tags(), os.getpid()),
        run(instance, status.STARTING, machine_tags(), os.getpid()),
    ]
    assert sorted(end_dead_runs(instance)) == sorted(each.run_id for each in dead)
    states = {each.run_id: each.status for each in instance.get_runs()}
    assert {states[each.run_id] for each in dead} == {status.FAILURE}
    assert [states[each.run_id] for each in kept] == [each.status for each in kept]
    assert end_dead_runs(instance) == []
