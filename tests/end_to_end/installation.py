"""A whole installation in a folder: embedded PostgreSQL, Dagster's servers, the `bakery` command."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BAKERY = Path(sys.executable).parent / "bakery"


@dataclass(frozen=True)
class Installation:
    """Where it lives, and the environment of its processes."""

    home: Path
    env: Mapping[str, str]

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command, however it ends."""
        return self._run(str(BAKERY), *arguments)

    def bakery(self, *arguments: str) -> str:
        """Run the command; its output. A failure fails the test with what it printed."""
        return self._output(str(BAKERY), *arguments)

    def python(self, program: str) -> str:
        """Run a program in the installation's environment; its output."""
        return self._output(sys.executable, "-c", program)

    def _output(self, *arguments: str) -> str:
        done = self._run(*arguments)
        assert done.returncode == 0, f"{arguments}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(arguments, env=dict(self.env), capture_output=True, text=True, check=False)

    @contextmanager
    def up(self) -> Iterator[str]:
        """`bakery up` until the block ends; the address of the Dagster UI."""
        process = subprocess.Popen(
            [str(BAKERY), "up"], env=dict(self.env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout
        try:
            printed = ""
            for line in process.stdout:
                printed += line
                found = re.search(r"http://[\d.]+:\d+", printed)
                if found:
                    yield found.group()
                    break
            else:
                raise AssertionError(f"bakery up did not serve:\n{printed}")
        finally:
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=60)
            assert process.returncode == 0, rest


def installation(home: Path) -> Installation:
    """An installation in ``home``."""
    own = {
        "BAKERY_HOME": str(home),
        "BAKERY_GRID_START": "2019-01-01",
        "BAKERY_WEBSERVER_PORT": "0",
        "BAKERY_RETRY_SECONDS": "0.2",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("BAKERY_", "DAGSTER_"))}
    return Installation(home, {**inherited, **own})


def ask(url: str, query: str, variables: Mapping[str, Any] | None = None) -> Any:
    """The data of a GraphQL answer."""
    request = urllib.request.Request(
        f"{url}/graphql",
        json.dumps({"query": query, "variables": variables or {}}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        body = json.load(answer)
    assert "errors" not in body, body["errors"]
    return body["data"]


def wait_for(condition: Any, seconds: float, what: str) -> Any:
    """The first true answer of ``condition``; the test fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"not within {seconds} s: {what}")
