"""One daemon for one storage."""

import os
import subprocess
import sys

import pytest

from resources.daemon_lock import DaemonRuns, take_daemon_lock
from resources.embedded import DatabaseUnusable


def test_a_second_daemon_is_refused_with_who_runs_and_since_when(database_url: str) -> None:
    reported: list[str] = []
    first = take_daemon_lock(database_url, patience_seconds=0, waiting=reported.append)
    assert reported == []
    with pytest.raises(DaemonRuns, match=rf"bakery up, process {os.getpid()} on .+, since 20\d\d-\d\d-\d\d \d\d:\d\d"):
        take_daemon_lock(database_url, patience_seconds=60, waiting=reported.append)
    assert reported == [], "there is nothing to wait for: its process runs"
    first.release()
    again = take_daemon_lock(database_url, patience_seconds=0, waiting=reported.append)
    assert again.is_held()
    again.release()


def test_the_lock_outlives_its_holder_as_long_as_the_daemon_does(database_url: str) -> None:
    lock = take_daemon_lock(database_url, patience_seconds=0, waiting=print)
    daemon = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock.socket])
    os.close(lock.socket)  # as when the holder is killed: nothing tells the server
    with pytest.raises(DaemonRuns):
        take_daemon_lock(database_url, patience_seconds=0, waiting=print)
    daemon.kill()
    daemon.wait()
    take_daemon_lock(database_url, patience_seconds=10, waiting=print).release()


def test_a_lock_whose_server_has_gone_is_not_held(database_url: str) -> None:
    lock = take_daemon_lock(database_url, patience_seconds=0, waiting=print)
    with lock.session.cursor() as cursor, pytest.raises(Exception, match="terminat"):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert not lock.is_held()


def test_a_server_that_cannot_be_reached_is_said_in_a_sentence() -> None:
    with pytest.raises(DatabaseUnusable, match="PostgreSQL cannot be used"):
        take_daemon_lock("postgresql://nobody@127.0.0.1:1/nowhere", patience_seconds=0, waiting=print)
