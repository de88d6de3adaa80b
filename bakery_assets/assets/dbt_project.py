"""The dbt project in ``dbt_models``: its manifest, and how dbt is told where the warehouse is.

``python -m bakery_assets.assets.dbt_project`` makes the manifest where it is missing or out of date.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from bakery_assets.settings import PROJECT

PROJECT_DIR = PROJECT / "dbt_models"
TARGET, LOGS = "target", "logs"  # folders of the project that dbt fills
MANIFEST = PROJECT_DIR / TARGET / "manifest.json"
DBT = Path(sys.executable).with_name("dbt")  # also found where the environment is not activated


class ManifestError(RuntimeError):
    """There is no manifest, or dbt cannot make one; the message says what to do."""


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


def read_manifest() -> dict[str, Any]:
    """The manifest.

    Raises:
        ManifestError: nobody has made it yet.
    """
    if not MANIFEST.exists():
        raise ManifestError(
            f"{MANIFEST} is missing, so the marts are not known. Make it with: "
            f"{sys.executable} -m bakery_assets.assets.dbt_project"
        )
    manifest: dict[str, Any] = json.loads(MANIFEST.read_bytes())
    return manifest


def build_manifest(project: Path = PROJECT_DIR) -> None:
    """Have dbt parse the project, unless the manifest is up to date.

    Raises:
        ManifestError: dbt finds a mistake in the project; the message is dbt's.
    """
    if not is_stale(project):
        return
    target = project / TARGET
    target.mkdir(exist_ok=True)
    # Made aside and moved, so that a code location that loads meanwhile never reads half of it.
    with tempfile.TemporaryDirectory(dir=target) as aside:
        done = subprocess.run(
            [DBT, "--no-use-colors", "--log-path", aside, "parse", "--target-path", aside],
            env={**os.environ, "DBT_PROFILES_DIR": str(project), "DBT_PROJECT_DIR": str(project)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ManifestError(f"dbt cannot read the project in {project}:\n{done.stdout}")
        (Path(aside) / "manifest.json").replace(target / "manifest.json")


def is_stale(project: Path) -> bool:
    """Whether the manifest is missing, or older than any file of the project or than dbt.

    A folder counts as changed when a file in it comes or goes.
    """
    manifest = project / TARGET / "manifest.json"
    if not manifest.exists():
        return True
    made = manifest.stat().st_mtime
    return any(path.stat().st_mtime > made for path in (DBT, *_sources(project)))


def _sources(project: Path) -> Iterator[Path]:
    for path in project.iterdir():
        if path.name not in (TARGET, LOGS):
            yield path
            yield from path.rglob("*")


if __name__ == "__main__":
    build_manifest()
