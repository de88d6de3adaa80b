"""The drop folder: till files in ``<inbox>/<tenant>/`` are imported, and moved to ``done`` or ``refused`` there.

Only regular files that have stopped growing are opened; links, pipes and devices are left where they are. A crash
between an import and the move does no harm: the file is known again by its content.
"""

import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
from sqlalchemy.exc import OperationalError

from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.till_columns import TillOptions
from bakery_assets.settings import settings
from bakery_assets.visible_text import visible
from resources.warehouse import Warehouse
from resources.warehouse.imports import TillOwner, import_till
from resources.warehouse.quarantine import forget_older
from resources.warehouse.tenants import known_tenants

DONE, REFUSED = "done", "refused"
OLD_ENOUGH = timedelta(minutes=5)  # since it was changed last; a file that grows is changed more often
MOST_FILES = 500  # that are watched at a time
TICK_FILES, TICK_TIME = 20, timedelta(seconds=15)  # a tick may take 60 s; no import is begun after a quarter of that
LARGEST_FILE = 50_000_000  # bytes; more takes longer than a tick has
LONGEST_NAME = 255 - len(".txt")  # bytes of a file's name next to which its report fits
LONGEST_ENDING = 10  # characters, from which on what follows a point is no ending
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart")  # names that programs give while they copy


@dataclass(frozen=True)
class WaitingFile:
    """A file that lies in a bakery's folder."""

    path: Path
    tenant_id: str
    size: int
    modified_ns: int

    @property
    def state(self) -> list[int]:
        """What changes when it grows."""
        return [self.size, self.modified_ns]

    @property
    def stuck(self) -> list[int]:
        """The same of one that could not be moved."""
        return [*self.state, -1]


@dataclass(frozen=True)
class InboxTick:
    """What was done, as sentences, and what is to be known at the next tick."""

    taken: tuple[str, ...]
    left: tuple[str, ...]
    cursor: str


def take_files(warehouse: Warehouse, inbox: Path, cursor: str | None, now: Callable[[], datetime]) -> InboxTick:
    """Import what has stopped growing since the last tick, within a tick's time.

    Args:
        cursor: of the tick before.
        now: the clock.
    """
    began = now()
    waiting, left = waiting_files(inbox, known_tenants(warehouse))
    seen = json.loads(cursor) if cursor else {}
    ready = [file for file in waiting if has_settled(file, seen, began)]
    # Those that could not be moved would else be the oldest at every tick, and keep the others waiting for ever.
    stuck = {file.path for file in waiting if seen.get(str(file.path)) == file.stuck}
    ready.sort(key=lambda file: file.path in stuck)
    taken: list[str] = []
    for file in ready[:TICK_FILES]:
        if now() - began > TICK_TIME:
            break
        taken.append(_take(warehouse, file, now()))
        stuck.add(file.path)  # if it still lies there
    if taken:
        forget_older(warehouse, now() - timedelta(days=settings().quarantine_days))
    after = {str(file.path): file.stuck if file.path in stuck else file.state for file in waiting if file.path.exists()}
    return InboxTick(tuple(taken), tuple(left), json.dumps(after))


def waiting_files(inbox: Path, tenants: frozenset[str]) -> tuple[list[WaitingFile], list[str]]:
    """Regular files in the folders of ``tenants``, and what is left, and why.

    First comes the file of each bakery that was changed longest ago, then the next of each, so that none waits for all
    of another.
    """
    found: list[WaitingFile] = []
    left: list[str] = []
    for folder in _entries(inbox):
        if not folder.is_dir(follow_symlinks=False):
            left.append(f"{visible(folder.name)} lies in no bakery's folder")
        elif folder.name not in tenants:
            left.append(f"{visible(folder.name)} is no bakery's id")
        else:
            for entry in _entries(Path(folder.path)):
                if entry.is_dir(follow_symlinks=False) or entry.name.lower().endswith(UNFINISHED):
                    continue
                try:
                    state = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # taken away meanwhile
                    continue
                if stat.S_ISREG(state.st_mode):
                    path = Path(entry.path)
                    found.append(WaitingFile(path, folder.name, state.st_size, state.st_mtime_ns))
                else:
                    left.append(f"{visible(f'{folder.name}/{entry.name}')} is no regular file")
    found.sort(key=lambda file: (file.modified_ns, str(file.path)))
    before = dict.fromkeys(tenants, 0)
    turns: dict[Path, int] = {}
    for file in found:
        turns[file.path] = before[file.tenant_id]
        before[file.tenant_id] += 1
    found.sort(key=lambda file: turns[file.path])
    return found[:MOST_FILES], left


def has_settled(file: WaitingFile, seen: Mapping[str, list[int]], now: datetime) -> bool:
    """Whether a file has stopped growing: it is as it was at the tick before, or was changed long ago.

    An empty one may be about to be filled.
    """
    is_same = seen.get(str(file.path)) in (file.state, file.stuck) and file.size > 0
    return is_same or file.modified_ns / 1e9 <= (now - OLD_ENOUGH).timestamp()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((each for each in entries if not each.name.startswith((".", "~$"))), key=lambda each: each.name)


def _take(warehouse: Warehouse, file: WaitingFile, now: datetime) -> str:
    """Import a file and move it; what became of it, in one line."""
    is_done, lines, in_short = _imported(warehouse, file, now)
    place = DONE if is_done else REFUSED
    try:
        target = _move(file.path, file.path.parent / place, [visible(line) for line in lines])
    except OSError as error:
        return f"{visible(file.path.name)} of {file.tenant_id} cannot be moved to {place}: {error.strerror or error}"
    return visible(f"{file.tenant_id}/{place}/{target.name}: {in_short}")


def _imported(warehouse: Warehouse, file: WaitingFile, now: datetime) -> tuple[bool, list[str], str]:
    """Whether rows of it are imported, its report, and that in one line."""
    from adbc_driver_manager import OperationalError as AdbcError

    by_hand = f"To import it by hand, with options: bakery import-pos FILE --tenant {file.tenant_id}"
    try:
        if file.size > LARGEST_FILE:
            size = LARGEST_FILE // 1_000_000
            raise Unreadable(f"{file.path.name} has more than {size} MB, which is too much for the inbox.")
        report = import_till(warehouse, file.path, TillOwner(file.tenant_id), TillOptions(), now=now)
    except Unreadable as error:
        return False, [str(error), by_hand], str(error)
    except (OperationalError, AdbcError):  # the database, not the file
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        # One file must not keep all others waiting.
        fault = f"{file.path.name} could not be imported, by a fault of the program: {type(error).__name__}: {error}"
        return False, [fault, by_hand], fault
    is_done = not all(each.is_barren for each in report.files)
    return is_done, report.text_lines if is_done else [*report.text_lines, by_hand], report.closing_line


def _move(path: Path, folder: Path, lines: list[str]) -> Path:
    """Move a file into a folder under a name that is free, with its report next to it."""
    if folder.is_symlink():
        raise OSError(f"{folder.name} is a link")
    folder.mkdir(exist_ok=True)
    for number in range(1, 100_000):
        name = _short_name(path, "" if number == 1 else f"-{number}")
        report = folder / f"{name}.txt"
        if os.path.lexists(folder / name):
            continue
        try:
            with report.open("x", encoding="utf-8") as written:
                written.write("\n".join(lines) + "\n")
        except FileExistsError:
            continue
        path.rename(folder / name)
        return folder / name
    raise FileExistsError(f"{folder} has too many files named {path.name}")


def _short_name(path: Path, number: str) -> str:
    """The file's name with a number, cut where it and that of its report would be too long."""
    ending = path.suffix if len(path.suffix) <= LONGEST_ENDING else ""
    stem = path.name.removesuffix(ending)
    name = f"{stem}{number}{ending}"
    if len(os.fsencode(name)) <= LONGEST_NAME:
        return name
    room = LONGEST_NAME - len(os.fsencode(number + ending))
    return os.fsencode(stem)[:room].decode("utf-8", "ignore") + number + ending
