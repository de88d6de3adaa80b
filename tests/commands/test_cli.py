"""The command when something is wrong."""

import errno
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from adbc_driver_manager import AdbcStatusCode, OperationalError
from typer.testing import CliRunner

from bakery_assets.cli import app, main
from bakery_assets.commands import servers
from bakery_assets.settings import settings

BAKERY = Path(sys.executable).parent / "bakery"


def bakery(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BAKERY), *arguments], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "command", ["up", "demo", "plan", "train", "show", "alerts", "load", "import-pos", "quarantine", "db"]
)
def test_every_command_explains_itself(command: str) -> None:
    done = CliRunner(env={"COLUMNS": "80"}).invoke(app, [command, "--help"], prog_name="bakery")
    assert done.exit_code == 0
    assert "Usage: bakery" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


def test_a_server_that_cannot_be_reached_is_reported_in_one_line() -> None:
    done = bakery("plan", "--date", "2026-03-03", BAKERY_DATABASE_URL="postgresql://nobody:x@127.0.0.1:1/nowhere")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "BAKERY_DATABASE_URL" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"BAKERY_WEBSERVER_PORT": "99999"}, "BAKERY_WEBSERVER_PORT cannot be '99999'"),
        ({"BAKERY_GRID_START": "soon"}, "BAKERY_GRID_START cannot be 'soon'"),
        ({"BAKERY_DATABASE_URL": "postgresql://u:p@h:port/d"}, "BAKERY_DATABASE_URL must be like"),
        ({"BAKERY_HOME": "/dev/null/home"}, "Not a directory: '?/dev/null"),
        ({"BAKERY_HOME": "/dev/full"}, "BAKERY_HOME has to be a folder"),
        ({"BAKERY_HOME": "/proc/home"}, "BAKERY_HOME has to be a folder"),
        ({"BAKERY_HOME": "/" + 300 * "x"}, "BAKERY_HOME has to be a folder"),
        ({"BAKERY_WEBSERVER_NAMES": "ui.example.com"}, "webserver_names"),
    ],
)
def test_what_an_operator_can_correct_is_one_line(
    environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["bakery", "db", "migrate"])
    settings.cache_clear()
    with pytest.raises(SystemExit) as ended:
        main()
    settings.cache_clear()
    printed = capsys.readouterr().err
    assert ended.value.code == 2, printed
    assert re.search(said, printed)
    assert len(printed.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/var/lib/x"),
        OperationalError(
            "could not extend file: No space left on device\nHINT: Check free disk space.",
            status_code=AdbcStatusCode.IO,
        ),
    ],
)  # fmt: skip
def test_a_full_disk_is_one_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise error

    monkeypatch.setattr("bakery_assets.cli.app", fails)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "Make room on that disk" in capsys.readouterr().err.strip().splitlines()[0]


LASTING = """
import signal, time
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._utils.interrupts import raise_interrupts_as
from bakery_assets import cli

def lasts():
    print("ready", flush=True)
    time.sleep(60)

def runs_in_dagster():
    with raise_interrupts_as(DagsterExecutionInterruptedError):
        lasts()

cli.app = {work}
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test runner in the background has it ignored
cli.main()
"""


@pytest.mark.parametrize("work", ["lasts", "runs_in_dagster"])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_command_says_so_in_one_line_and_its_status_says_by_what(
    work: str, number: signal.Signals, status: int
) -> None:
    command = [sys.executable, "-c", LASTING.replace("{work}", work)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stdout
    assert started.stdout.readline() == "ready\n"
    started.send_signal(number)
    _, said = started.communicate(timeout=60)
    assert (
        said == "Interrupted: what this command had begun to write is rolled back, what it had claimed is free again.\n"
    )
    assert started.returncode == status


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file", "what the program should have made")

    monkeypatch.setattr("bakery_assets.cli.app", fails)
    with pytest.raises(FileNotFoundError):
        main()


def test_planning_a_tenant_that_does_not_exist_names_it(database_url: str, tmp_path: Path) -> None:
    done = bakery(
        "plan", "--date", "2026-03-03", "--tenant", "nobody",
        BAKERY_DATABASE_URL=database_url, BAKERY_HOME=str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 2
    assert "nobody" in done.stderr
    assert "Traceback" not in done.stderr


def test_up_stops_although_the_exception_of_its_signal_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python prints and ignores exceptions that are raised while it collects garbage, also those of signals."""
    asked = threading.Event()
    asked.set()
    monkeypatch.setattr(servers, "_asked_to_stop", asked)
    with pytest.raises(KeyboardInterrupt):
        servers._wait_until(lambda: False, {})
