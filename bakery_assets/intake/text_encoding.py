"""The encoding of a text file, judged by the whole file, so that no line is read differently from another."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bakery_assets.intake.lines import DEFAULT_ENCODING, opened_bytes

CHUNK = 1 << 20
HEAD = 4_096
WINDOWS = "cp1252"
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_MIN_NUL_SHARE = 0.8  # of every second byte; Latin letters in UTF-16 have one each
# Of the letters of words that have any; words of another script, read as Windows-1252, have only such.
_MAX_ACCENTS = 0.5
_WORD = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")


class BinaryReader(Protocol):
    """What a file is read with."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most ``size``."""


@dataclass(frozen=True)
class FileEncoding:
    """The encoding, and what the user should know of it."""

    name: str
    notes: tuple[str, ...] = ()


def file_encoding(path: Path) -> FileEncoding:
    """UTF-16 by its mark or its zeros, UTF-8, or Windows-1252 where a file has no UTF-8 at all outside of ASCII.

    A file that has both, UTF-8 with damaged lines, is UTF-8: its damaged lines are at fault. Reads the whole file.

    Raises:
        Unreadable: it cannot be opened or decompressed.
    """
    with opened_bytes(path) as (file, _):
        head = file.read(HEAD)
        encoding = _utf_16(head)
        if encoding is None:
            encoding = WINDOWS if _is_windows(head, file) else DEFAULT_ENCODING
    if encoding == DEFAULT_ENCODING:
        return FileEncoding(encoding)
    plain = "UTF-16" if encoding.startswith("utf-16") else f"Windows-1252 ({WINDOWS})"
    return FileEncoding(encoding, (f"{path.name} is not UTF-8; the whole file was read as {plain}.",))


def _utf_16(head: bytes) -> str | None:
    for mark, name in _UTF_16.items():
        if head.startswith(mark):
            return name
    half = len(head) // 2
    if half < 2:
        return None
    first, second = head[: half * 2 : 2].count(0) / half, head[1 : half * 2 : 2].count(0) / half
    if second > _MIN_NUL_SHARE and first < 0.1:
        return "utf-16-le"
    return "utf-16-be" if first > _MIN_NUL_SHARE and second < 0.1 else None


def _is_windows(head: bytes, file: BinaryReader) -> bool:
    letters = accents = 0
    for lines in _whole_lines(head, file):
        if _decodes(lines, "utf-8"):
            if not lines.isascii():
                return False
            continue
        if not _decodes(lines, WINDOWS) or b"\0" in lines:
            return False
        for line in lines.splitlines():
            if not line.isascii() and _decodes(line, "utf-8"):
                return False
        words = b"".join(_WORD.findall(lines))
        letters += len(words)
        accents += sum(byte > 0x7F for byte in words)
    return 0 < accents <= _MAX_ACCENTS * letters


def _whole_lines(head: bytes, file: BinaryReader) -> Iterator[bytes]:
    """The file in pieces that end with a line, as far as lines are short."""
    rest = head
    while chunk := file.read(CHUNK):
        rest += chunk
        end = rest.rfind(b"\n") + 1 or len(rest)
        yield rest[:end]
        rest = rest[end:]
    if rest:
        yield rest


def _decodes(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
