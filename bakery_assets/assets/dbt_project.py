"""The dbt project in ``dbt_models``: its manifest, how dbt is run on it, and where dbt finds the warehouse.

``python -m bakery_assets.assets.dbt_project`` builds the manifest where it is missing or out of date. Running dbt as
part of a Dagster run is in ``dbt_build``.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from bakery_assets.settings import PROJECT, Settings

PROJECT_DIR = PROJECT / "dbt_models"
TARGET, LOGS = "target", "logs"  # folders of the project that dbt fills
PRICES = ("price_cpu_hour", "price_gb_month", "storage_months")  # settings
MANIFEST = PROJECT_DIR / TARGET / "manifest.json"
DBT = Path(sys.executable).with_name("dbt")  # also found where the environment is not activated


class DbtError(RuntimeError):
    """dbt fails on the project, or its manifest is missing; the message says what to do."""


def dbt_environment(url: str) -> dict[str, str]:
    """The environment variables that ``profiles.yml`` and libpq read, from the warehouse's libpq URL.

    What dbt has no setting of its own for (``sslmode`` and its like) goes by libpq's variables:
    ``sslmode`` is ``PGSSLMODE``, and libpq ignores those it does not know.

    Raises:
        ValueError: the URL names no database.
    """
    parts = make_url(url)
    query = {name: ",".join(values) for name, values in parts.normalized_query.items()}
    database = query.pop("dbname", parts.database)
    if not database:
        raise ValueError("The warehouse's URL names no database; let BAKERY_DATABASE_URL end in one, as in …/bakery.")
    return {
        "DBT_BAKERY_HOST": query.pop("host", parts.host or ""),
        "DBT_BAKERY_PORT": query.pop("port", str(parts.port or 5432)),
        "DBT_BAKERY_USER": query.pop("user", parts.username or ""),
        "DBT_ENV_SECRET_BAKERY_PASSWORD": query.pop("password", parts.password or ""),
        "DBT_BAKERY_DBNAME": database,
        **{f"PG{name.replace('_', '').upper()}": value for name, value in query.items()},
    }


def price_environment(given: Settings) -> dict[str, str]:
    """The environment variables from which the mart of planning costs has its prices."""
    return {f"DBT_BAKERY_{name.upper()}": str(getattr(given, name)) for name in PRICES}


def read_manifest() -> dict[str, Any]:
    """The manifest.

    Raises:
        DbtError: it has not been built yet.
    """
    if not MANIFEST.exists():
        raise DbtError(
            f"{MANIFEST} is missing, so the marts are not known. Build it with: "
            f"{sys.executable} -m bakery_assets.assets.dbt_project"
        )
    manifest: dict[str, Any] = json.loads(MANIFEST.read_bytes())
    return manifest


def build_manifest(project: Path = PROJECT_DIR) -> None:
    """Have dbt parse the project, unless the manifest is up to date.

    Raises:
        DbtError: dbt finds a mistake in the project.
    """
    if not is_stale(project):
        return
    target = project / TARGET
    target.mkdir(exist_ok=True)
    # Moved when it is complete, so that a code location that loads meanwhile never reads half of it.
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        run_dbt("parse", project=project, target=Path(scratch))
        (Path(scratch) / MANIFEST.name).replace(target / MANIFEST.name)


def run_dbt(
    *arguments: str, target: Path, project: Path = PROJECT_DIR, environment: Mapping[str, str] | None = None
) -> None:
    """Run dbt in a process of its own; its artifacts and its log go to ``target``.

    Args:
        environment: that of the warehouse, for commands that connect to it.

    Raises:
        DbtError: dbt failed; the message has its output.
    """
    folders = {"PROFILES_DIR": project, "PROJECT_DIR": project, "TARGET_PATH": target, "LOG_PATH": target}
    done = subprocess.run(
        [DBT, "--no-use-colors", *arguments],
        env={**os.environ, **(environment or {}), **{f"DBT_{name}": str(path) for name, path in folders.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DbtError(f"dbt {' '.join(arguments)} failed on the project in {project}:\n{done.stdout}")


def is_stale(project: Path) -> bool:
    """Whether the manifest is missing, or older than any file of the project or than dbt.

    A folder counts as changed when a file in it comes or goes.
    """
    manifest = project / TARGET / "manifest.json"
    if not manifest.exists():
        return True
    built = manifest.stat().st_mtime
    return any(path.stat().st_mtime > built for path in (DBT, *_sources(project)))


def _sources(project: Path) -> Iterator[Path]:
    for path in project.iterdir():
        if path.name not in (TARGET, LOGS):
            yield path
            yield from path.rglob("*")


if __name__ == "__main__":
    build_manifest()
