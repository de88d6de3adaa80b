"""One Dagster daemon for one storage: a PostgreSQL advisory lock, held by whoever starts the daemon.

The lock belongs to a session of the server, so it is free again when its holder is gone, however that ended; nothing
has to be cleaned up. The daemon inherits the session's socket: where only its parent was killed, the lock stays taken
until the daemon has stopped, too.
"""

import os
import platform
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import psycopg2
from psycopg2.extensions import connection as Session  # noqa: N812

from resources.embedded import DatabaseUnusable

KEY = int.from_bytes(b"bakery")  # of the lock, in the database of Dagster's storage
LONGEST_NAME = 63  # bytes that PostgreSQL keeps of a session's name
_NAME = re.compile(r"bakery up, process (?P<pid>\d+) on (?P<machine>.*)")
_HOLDER = """
    SELECT a.application_name, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI TZ')
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
      AND (l.classid::bigint << 32) + l.objid::bigint = %s
"""


class DaemonRuns(RuntimeError):
    """Another daemon serves the storage; the message says which."""


@dataclass(frozen=True)
class DaemonLock:
    """The lock while it is held."""

    session: Session

    @property
    def socket(self) -> int:
        """File descriptor that keeps the lock as long as a process has it open."""
        return self.session.fileno()

    def is_held(self) -> bool:
        """Whether the server still knows the session: not when it has stopped meanwhile."""
        try:
            with self.session.cursor() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.Error:
            return False
        return True

    def release(self) -> None:
        """Let another daemon run."""
        self.session.close()


def take_daemon_lock(url: str, *, patience_seconds: float, waiting: Callable[[str], None]) -> DaemonLock:
    """Take the lock.

    Args:
        url: of Dagster's storage.
        patience_seconds: how long to wait for a holder whose own process is not to be seen: its daemon may be stopping.
        waiting: called once with whom is waited for.

    Raises:
        DaemonRuns: it is still taken then.
        DatabaseUnusable: the server cannot be reached.
    """
    name = f"bakery up, process {os.getpid()} on {platform.node()}".encode()[:LONGEST_NAME].decode(errors="ignore")
    try:
        session = psycopg2.connect(url, application_name=name)
    except psycopg2.OperationalError as error:
        raise DatabaseUnusable(f"PostgreSQL cannot be used: {str(error).strip().splitlines()[0]}") from error
    session.autocommit = True
    deadline = time.monotonic() + patience_seconds
    has_called = False
    while True:
        with session.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [KEY])
            [(taken,)] = cursor.fetchall()
            if taken:
                return DaemonLock(session)
            cursor.execute(_HOLDER, [KEY])
            found = cursor.fetchall()
        holder = "; ".join(f"{who or 'somebody'}, since {since}" for who, since in found)
        if time.monotonic() >= deadline or any(_lives_here(who) for who, _ in found):
            session.close()
            raise DaemonRuns(f"The servers run already: {holder}. Only one daemon may serve a storage.")
        if holder and not has_called:
            waiting(holder)
            has_called = True
        time.sleep(0.2)


def _lives_here(name: str) -> bool:
    """Whether the process that a session is named after is one of this machine."""
    found = _NAME.fullmatch(name)
    return found is not None and found["machine"] == platform.node() and psutil.pid_exists(int(found["pid"]))
