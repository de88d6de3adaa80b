"""`bakery up`: PostgreSQL, the Dagster webserver and its daemon, until Ctrl-C; their settings are in ``instance``."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

import typer
from rich.console import Console

from bakery_assets.assets.dbt_project import build_manifest
from bakery_assets.instance import prepare
from bakery_assets.settings import PROJECT, settings

READY_SECONDS = 120
STOP_SECONDS = 15


class ServerStopped(RuntimeError):
    """A server ended by itself, or did not get ready."""


def up() -> None:
    """Serve the Dagster UI and run schedules and sensors, until Ctrl-C."""
    # A process started by a shell with & inherits SIGINT ignored, and Dagster's code server would then
    # ignore SIGTERM.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console(highlight=False)
    choices = settings()
    port = choices.webserver_port or _free_port()
    if _is_taken(choices.webserver_host, port):
        console.print(f"[red]Port {port} is taken.[/] Choose another one: BAKERY_WEBSERVER_PORT=3001 make up")
        raise typer.Exit(2)
    url = f"http://{choices.webserver_host}:{port}"
    logs = choices.home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    workspace = str(PROJECT / "workspace.yaml")
    servers: list[subprocess.Popen[bytes]] = []
    try:
        with console.status("Starting PostgreSQL and Dagster …"):
            build_manifest()
            prepare(choices)
            servers.append(
                _start(logs, "dagster-webserver", "-h", choices.webserver_host, "-p", str(port), "-w", workspace)
            )
            servers.append(_start(logs, "dagster-daemon", "run", "-w", workspace))
            _wait_until_ready(f"{url}/server_info", servers)
        console.print(f"[bold green]Dagster UI:[/] {url}")
        console.print(f"Logs are in {logs}; Ctrl-C stops everything.")
        while all(server.poll() is None for server in servers):
            time.sleep(0.5)
        raise ServerStopped("a server has stopped by itself")
    except ServerStopped as error:
        console.print(f"[red]Not serving: {error}.[/] The logs are in {logs}.")
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        console.print("Stopping …")
    finally:
        _stop(servers)


def _start(logs: Path, program: str, *arguments: str) -> subprocess.Popen[bytes]:
    with (logs / f"{program}.log").open("ab") as log:
        return subprocess.Popen(
            [str(Path(sys.executable).parent / program), *arguments],
            cwd=PROJECT,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Its own group, so that Ctrl-C reaches it once and from here.
            start_new_session=True,
        )


def _wait_until_ready(url: str, servers: Sequence[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if any(server.poll() is not None for server in servers):
            raise ServerStopped("a server has stopped while starting")
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise ServerStopped(f"no answer within {READY_SECONDS} seconds")


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
    raise KeyboardInterrupt
