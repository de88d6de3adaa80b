"""Which code makes plans: a digest of its files, its libraries and its settings.

Of all files of the program and not of those that a stage imports: which these are, is not known before they run.
"""

import hashlib
import platform
import sysconfig
from functools import cache
from pathlib import Path

import psutil

from bakery_assets.settings import NOT_OF_PLANS, PROJECT, Settings

CODE = ("bakery_assets", "resources")
KINDS = (".py", ".yaml", ".yml", ".json", ".txt")
CLOCKS_DIFFER = 2.0  # seconds; when a process began is known from when the machine did, in whole seconds


def code_version(settings: Settings) -> str | None:
    """The digest; None: files were changed since this process began, and which of them it has loaded is not known."""
    if any(path.stat().st_ctime >= _began_at() - CLOCKS_DIFFER for path in _files()):
        return None
    chosen = [(name, getattr(settings, name)) for name in sorted(Settings.model_fields.keys() - NOT_OF_PLANS)]
    return _digest(repr(chosen))


def _files() -> list[Path]:
    return [path for folder in CODE for path in sorted((PROJECT / folder).rglob("*")) if path.suffix in KINDS]


@cache
def _began_at() -> float:
    return float(psutil.Process().create_time())


@cache
def _digest(chosen: str) -> str:
    """Of the files, which stay as they are while the process runs, and the settings ``chosen``."""
    digest = hashlib.sha256(f"{platform.python_version()} {chosen}".encode())
    for path in _files():
        digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes())
    installed = Path(sysconfig.get_path("purelib"))
    digest.update("\n".join(sorted(path.name for path in installed.glob("*.dist-info"))).encode())
    return digest.hexdigest()
