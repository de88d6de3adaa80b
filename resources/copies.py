"""Copies of both databases, made and brought back by PostgreSQL's own programs as the wheel brings them.

Debian's pg_dump refuses servers newer than itself, so the wheel's are used. Passwords go to them in the environment,
which only their own user can read, never in their arguments, which everybody sees.
"""

import os
import signal
import subprocess
from pathlib import Path
from types import FrameType

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from resources.daemon_lock import take_daemon_lock
from resources.embedded import DatabaseUnusable, program
from resources.postgres import Databases, create_database


def run_program(name: str, url: str, *arguments: str, stderr: int | None = None) -> int:
    """Run one of PostgreSQL's programs on a database; its exit status.

    Ctrl-C is the program's: in psql it ends a query, and psql goes on.
    """
    before = signal.signal(signal.SIGINT, _leave_it_to_the_program)
    try:
        return _run(name, url, *arguments, stderr=stderr).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def back_up(databases: Databases, folder: Path) -> None:
    """Write ``warehouse.dump`` and ``dagster.dump`` into a new folder that only its owner reads.

    Raises:
        DatabaseUnusable: the folder exists, or a copy cannot be made; what was written of it is gone.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        raise DatabaseUnusable(f"{folder} exists already; name a new folder.") from error
    for name, url in _named(databases).items():
        file = folder / f"{name}.dump"
        done = _run("pg_dump", url, "--format=custom", "--no-owner", f"--file={file}", stderr=subprocess.PIPE)
        if done.returncode:
            file.unlink(missing_ok=True)
            raise DatabaseUnusable(f"The copy of {name} cannot be made: {_last(done)}")


def restore_copies(databases: Databases, folder: Path) -> None:
    """Replace both databases by the copies in ``folder``: each is restored next to the old one, which it then replaces.

    Raises:
        DatabaseUnusable: a copy is missing or broken; both databases are then as they were.
        DaemonRuns: servers run on them.
    """
    lock = take_daemon_lock(databases.dagster, patience_seconds=0, waiting=lambda _holder: None)
    try:
        restored = {}
        for name, url in _named(databases).items():
            file = folder / f"{name}.dump"
            if not file.exists():
                raise DatabaseUnusable(f"{folder} has no {file.name}; it is no folder of `bakery db backup`.")
            restored_url = make_url(url).set(database=f"{make_url(url).database}_restored")
            _drop(url, str(restored_url.database))
            create_database(restored_url)
            restored[url] = str(restored_url.database)
            target = restored_url.render_as_string(hide_password=False)
            done = _run(
                "pg_restore", target, "--no-owner", "--exit-on-error", str(file), stderr=subprocess.PIPE, as_option=True
            )
            if done.returncode:
                for made in restored.values():
                    _drop(url, made)
                raise DatabaseUnusable(f"The copy of {name} cannot be restored: {_last(done)}")
    finally:
        lock.release()
    for url, made in restored.items():
        name = str(make_url(url).database)
        _drop(url, name)
        _maintain(url, f'ALTER DATABASE "{made}" RENAME TO "{name}"')


def _leave_it_to_the_program(_signal: int, _frame: FrameType | None) -> None:
    """A handler, as an ignored signal would be ignored by the program, too."""


def _named(databases: Databases) -> dict[str, str]:
    return {"warehouse": databases.warehouse, "dagster": databases.dagster}


def _drop(url: str, database: str) -> None:
    _maintain(url, f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


def _maintain(url: str, statement: str) -> None:
    engine = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(statement))


def _run(
    name: str, url: str, *arguments: str, stderr: int | None = None, as_option: bool = False
) -> "subprocess.CompletedProcess[str]":
    address = make_url(url)
    password = {"PGPASSWORD": address.password} if address.password else {}
    shown = address._replace(password=None).render_as_string(hide_password=False)  # `set` takes None as unchanged
    database = [f"--dbname={shown}"] if as_option else [shown]
    return subprocess.run(
        [str(program(name)), *arguments, *database],
        env={**os.environ, **password},
        stderr=stderr,
        text=True,
        check=False,
        umask=0o077,
    )


def _last(done: "subprocess.CompletedProcess[str]") -> str:
    lines = (done.stderr or "").strip().splitlines()
    return lines[0] if lines else f"status {done.returncode}"
