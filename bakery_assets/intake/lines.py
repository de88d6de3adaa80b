"""A text file as lines, compressed or not: binary files are refused, and lines too long for a row are truncated.

Splitting lines into columns is in ``delimited``.
"""

import codecs
import gzip
import io
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bakery_assets.intake.faults import Unreadable

DEFAULT_ENCODING = "utf-8-sig"
LONGEST_LINE = 100_000  # characters; longer is no row, and the csv module takes no field of 131,072
EXCERPT = 1_000  # characters that are kept of such a line
HEAD = 4_096  # characters that show whether a file is text
MAX_BINARY_SHARE = 0.3  # random bytes have half, structured ones more; text with a few damaged places has far less


class TruncatedLine(str):
    """The beginning of a line that has ``LONGEST_LINE`` characters or more."""

    __slots__ = ()


def require_regular(path: Path) -> int:
    """The size of a file in bytes; a pipe or a device, which may never end, is not opened.

    Raises:
        Unreadable: it is not there, may not be looked at, or is no regular file.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise Unreadable("A name of a file cannot hold a NUL character.") from None
    if stat.S_ISDIR(found.st_mode):
        raise Unreadable(f"{path.name} is a folder; a file is expected.")
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable(f"{path.name} is a pipe or a device; a file is expected.")
    return found.st_size


@contextmanager
def opened_bytes(path: Path) -> Iterator[tuple[gzip.GzipFile | io.BufferedReader, io.BufferedReader]]:
    """The file's bytes, decompressed, and the file itself, whose position is the progress.

    Raises:
        Unreadable: it cannot be opened or decompressed, or is no regular file; also while bytes are taken.
    """
    require_regular(path)
    try:
        with path.open("rb") as raw:
            yield (gzip.GzipFile(fileobj=raw) if path.suffix.lower() == ".gz" else raw), raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Unreadable(f"{path.name} cannot be decompressed ({error}); copy it again.") from None
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror or error}.") from None


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[tuple[Iterator[str], Callable[[], int]]]:
    """The file's lines, and how many bytes of the file have been read.

    Raises:
        Unreadable: as ``opened_bytes``, or it cannot be decoded, or is no text; also while lines are taken.
    """
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise Unreadable(f"{path.name}: there is no encoding '{encoding}'; cp1252 and utf-8 are usual ones.") from None
    try:
        with opened_bytes(path) as (unpacked, raw):
            text = io.TextIOWrapper(unpacked, encoding=encoding, errors="surrogateescape", newline="")
            yield _lines(path, text), raw.tell
    except LookupError as error:  # a codec of bytes, such as base64
        if "text encoding" not in str(error):
            raise
        raise Unreadable(
            f"{path.name}: '{encoding}' is no encoding of text; cp1252 and utf-8 are usual ones."
        ) from None
    except UnicodeError as error:
        raise Unreadable(f"{path.name} is not written in {encoding} ({error}); name another encoding.") from None


def line_defect(line: str) -> str | None:
    """Why a line cannot be a row, whatever the columns; None where it may be one."""
    if isinstance(line, TruncatedLine):
        return f"the line has over {LONGEST_LINE:,} characters; shorten it"
    if "\0" in line:
        return "the line holds binary data (a NUL character); remove it, or export the file again"
    return None


def _lines(path: Path, text: io.TextIOWrapper) -> Iterator[str]:
    read = partial(text.readline, LONGEST_LINE)
    head = ""
    is_header = True
    ahead = read()
    while ahead:
        line, ahead = ahead, read()
        if len(line) >= LONGEST_LINE:
            end = line
            while ahead and not end.endswith(("\n", "\r")):
                end, ahead = ahead, read()
            if end.endswith("\r") and ahead == "\n":  # the two were cut apart
                ahead = read()
            line = TruncatedLine(line[:EXCERPT] + "\n")
        if is_header:
            _check_header(path, line)
            is_header = False
        if len(head) < HEAD:
            head += line
            if (len(head) >= HEAD or not ahead) and _is_binary(head):
                raise Unreadable(f"{path.name} is not a text file: it holds binary data; export it again.")
        yield line


def _check_header(path: Path, line: str) -> None:
    if "\0" in line:
        raise Unreadable(f"{path.name} is not a text file: line 1 holds binary data. Save it as UTF-8.")
    if isinstance(line, TruncatedLine):
        raise Unreadable(f"{path.name} is not a table: line 1 has over {LONGEST_LINE:,} characters.")


def _is_binary(head: str) -> bool:
    """Whether a file is no text; text in an unexpected encoding has bytes that cannot be decoded, too, but no NUL."""
    binary = sum((each < " " and each not in "\t\n\r") or "\udc80" <= each <= "\udcff" for each in head)
    return "\0" in head and binary > MAX_BINARY_SHARE * len(head)
