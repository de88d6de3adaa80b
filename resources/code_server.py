"""The one code server of an installation: it loads the definitions once, for the UI and for the daemon.

The servers that Dagster would start by itself from ``workspace.yaml`` are two, and the daemon replaces its own every
minute; a run that is to start in that moment is refused. `bakery up` starts this one and keeps it running
(``bakery_assets.commands.servers``). It listens on a socket in a folder that only its user may enter: who reaches a
code server can have it run code.
"""

import sys
from pathlib import Path

import yaml

MODULE, LOCATION = "bakery_assets.definitions", "bakery_assets"
SOCKET, WORKSPACE = "code.sock", "workspace.yaml"


def command(folder: Path) -> list[str]:
    """What starts the code server with its socket in ``folder``: a socket's path has at most 107 bytes."""
    return [
        *(sys.executable, "-m", "dagster", "api", "grpc", "--module-name", MODULE),
        *("--socket", str(folder / SOCKET), "--location-name", LOCATION),
    ]


def write_workspace(folder: Path) -> Path:
    """Write the workspace file by which the UI and the daemon find the code server of ``folder``."""
    servers = [{"grpc_server": {"host": "localhost", "socket": str(folder / SOCKET), "location_name": LOCATION}}]
    path = folder / WORKSPACE
    path.write_text(yaml.safe_dump({"load_from": servers}))
    return path


def answers(folder: Path) -> bool:
    """Whether the code server of ``folder`` has loaded the definitions and takes questions."""
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient

    try:
        DagsterGrpcClient(socket=str(folder / SOCKET)).ping("")
    except DagsterUserCodeUnreachableError:
        return False
    return True
