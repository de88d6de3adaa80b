"""`bakery up`: PostgreSQL, and Dagster's code server, webserver and daemon, until Ctrl-C.

Their settings are in ``instance``. Before they start, runs that an earlier machine or daemon left behind are ended
(``resources.run_launcher``); one daemon at a time does so and serves (``resources.daemon_lock``).
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bakery_assets.assets.dbt_project import build_manifest
from bakery_assets.commands.terminal import VisibleConsole
from bakery_assets.instance import prepare, private_folder
from bakery_assets.settings import PROJECT, Settings, settings
from resources import code_server

if TYPE_CHECKING:
    from resources.daemon_lock import DaemonLock
    from resources.postgres import Databases

# A server that ends is seen at once; one that only starts slowly is not given up: two cores with twenty busy processes
# took longer than two minutes, and starting again costs the same again.
READY_SECONDS = 600
STOP_SECONDS = 15
# A daemon whose `bakery up` was killed stops within this: its threads end their ticks first.
OTHER_STOPS_SECONDS = 30.0
CODE_SERVER = "code-server"
_asked_to_stop = threading.Event()
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl


class ServerStopped(RuntimeError):
    """A server ended by itself, or did not get ready."""


def up(
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Let the UI show everything and change nothing; schedules run as ever.")
    ] = False,
) -> None:
    """Serve the Dagster UI and run schedules and sensors, until Ctrl-C."""
    # A process started by a shell with & inherits SIGINT ignored, and Dagster's code server would then
    # ignore SIGTERM.
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    console = VisibleConsole(highlight=False)
    choices = settings()
    port = choices.webserver_port or _free_port()
    url = f"http://{choices.webserver_host}:{port}"
    logs = private_folder(choices.home / "logs")
    servers: dict[str, subprocess.Popen[bytes]] = {}
    # In a temporary folder, which only its user may enter: a socket's path has to be short, and a home's may be long.
    with tempfile.TemporaryDirectory(prefix="bakery-up-") as folder:
        code = Path(folder)
        workspace = str(code_server.write_workspace(code))
        try:
            with console.status("Starting PostgreSQL and Dagster …"):
                build_manifest()
                lock = _take_over(console, prepare(choices))
                if _is_taken(choices.webserver_host, port):
                    console.print(f"Port {port} is taken.", style="red", end=" ")
                    console.print("Choose another one: BAKERY_WEBSERVER_PORT=3001 make up")
                    raise typer.Exit(2)
                _serve_code(servers, logs, code)
                servers["webserver"] = _start(
                    logs, "webserver", *_webserver(choices, port, workspace, read_only=read_only)
                )
                servers["daemon"] = _start(
                    logs,
                    "daemon",
                    *(sys.executable, "-m", "resources.daemon", "--workspace", workspace),
                    kept_open=[lock.socket],
                )
                _wait_until(lambda: _responds(f"{url}/server_info"), servers)
            console.print("Dagster UI:", style="bold green", end=" ")
            console.print(url, soft_wrap=True)
            console.print(f"Logs are in {logs}; Ctrl-C stops everything.", soft_wrap=True)
            _keep_serving(console, servers, logs, code, lock)
        except ServerStopped as error:
            console.print(f"Not serving: {error}.", style="red", end=" ", soft_wrap=True)
            console.print(f"The logs are in {logs}.", soft_wrap=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt:
            console.print("Stopping …")
        finally:
            _stop(list(servers.values()))


def _keep_serving(
    console: VisibleConsole, servers: dict[str, subprocess.Popen[bytes]], logs: Path, code: Path, lock: "DaemonLock"
) -> NoReturn:
    """Start the code server again whenever it has ended, as runs do not end with it.

    Raises:
        KeyboardInterrupt: a person or a service manager wants it to stop.
        ServerStopped: another server has ended.
    """
    while True:
        _stop_if_asked()
        ended = {name for name, server in servers.items() if server.poll() is not None}
        if ended == {CODE_SERVER}:
            console.print("The code server has stopped by itself, and is started again.")
            _serve_code(servers, logs, code)
        elif ended:
            raise ServerStopped(f"the {min(ended)} has stopped by itself")
        if not lock.is_held():
            raise ServerStopped("PostgreSQL has stopped, or closed the session that keeps a second daemon away")
        time.sleep(0.5)


def _take_over(console: VisibleConsole, databases: "Databases") -> "DaemonLock":
    """Take the one daemon's place, and end what earlier ones left behind."""
    import dagster as dg

    from resources.daemon_lock import DaemonRuns, take_daemon_lock
    from resources.run_launcher import end_dead_runs

    def waiting(holder: str) -> None:
        console.print(f"Waiting for {holder}, to stop …")

    try:
        lock = take_daemon_lock(databases.dagster, patience_seconds=OTHER_STOPS_SECONDS, waiting=waiting)
    except DaemonRuns as error:
        console.print(str(error), style="red")
        raise typer.Exit(2) from error
    with dg.DagsterInstance.get() as instance:
        ended = end_dead_runs(instance)
    if ended:
        console.print(f"{len(ended)} run(s) were cut off when the servers last stopped; their work is due again.")
    return lock


def _serve_code(servers: dict[str, subprocess.Popen[bytes]], logs: Path, folder: Path) -> None:
    """Start the code server, and wait until it answers: the others look for it once, and again after a minute."""
    servers[CODE_SERVER] = _start(logs, CODE_SERVER, *code_server.command(folder))
    _wait_until(lambda: code_server.answers(folder), servers)


def _webserver(choices: Settings, port: int, workspace: str, *, read_only: bool) -> list[str]:
    names = [choices.webserver_host, *choices.webserver_names]
    return [
        *(sys.executable, "-m", "resources.webserver", "--host", choices.webserver_host, "--port", str(port)),
        *(f"--allow={name}" for name in names),
        *("--workspace", workspace),
        *(["--read-only"] if read_only else []),
    ]


def _start(logs: Path, name: str, *command: str, kept_open: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    with open(logs / f"{name}.log", "ab", opener=_private) as log:
        return subprocess.Popen(
            command,
            cwd=PROJECT,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Its own group, so that Ctrl-C reaches it once and from here.
            start_new_session=True,
            pass_fds=kept_open,
            preexec_fn=_stop_with_parent,
        )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _stop_with_parent() -> None:
    """Ask Linux to stop this process when `bakery up` is killed, which can then stop nothing itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)


def _wait_until(ready: Callable[[], bool], servers: Mapping[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        _stop_if_asked()
        for name, server in servers.items():
            if server.poll() is not None:
                raise ServerStopped(f"the {name} has stopped while starting")
        if ready():
            return
        time.sleep(0.2)
    raise ServerStopped(f"no answer within {READY_SECONDS} seconds")


def _responds(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server
            return True
    except (urllib.error.URLError, OSError):
        return False


def _stop(servers: Sequence[subprocess.Popen[bytes]]) -> None:
    for server in servers:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
    for server in servers:
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _is_taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    _asked_to_stop.set()
    raise KeyboardInterrupt


def _stop_if_asked() -> None:
    """Stop also where the exception was lost: Python ignores one that is raised while it collects garbage."""
    if _asked_to_stop.is_set():
        raise KeyboardInterrupt
