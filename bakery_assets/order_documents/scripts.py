"""Scripts: which letters the fonts of a PDF have, and what stands in it for a name that none of them can print.

DejaVu Sans comes with matplotlib and has Latin, Greek, Cyrillic, Arabic and Hebrew letters; Noto Sans CJK has Chinese,
Japanese and Korean ones. Neither library is imported for its fonts.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

DEJAVU, DEJAVU_BOLD, EAST_ASIAN = "DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "NotoSansCJKjp-Regular.otf"
_FOLDERS = {
    DEJAVU: ("matplotlib", "mpl-data/fonts/ttf"),
    DEJAVU_BOLD: ("matplotlib", "mpl-data/fonts/ttf"),
    EAST_ASIAN: ("noto_cjk_sans_jp_regular", "."),
}
_RIGHT_TO_LEFT = ("R", "AL")


def font_file(name: str) -> Path:
    """Where a font of this module is."""
    package, folder = _FOLDERS[name]
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / folder / name


def is_east_asian(texts: Iterable[str]) -> bool:
    """Whether texts have letters that only the East Asian font has."""
    beyond = _beyond_dejavu(texts)
    return bool(beyond) and not beyond.isdisjoint(_letters(EAST_ASIAN))


def is_right_to_left(texts: Iterable[str]) -> bool:
    """Whether texts have letters that are written from right to left, which have to be joined and put in order."""
    return any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for text in texts for letter in text)


def printable(text: str, instead: str) -> str:
    """The text as a PDF can print it: what no font has is left out, and ``instead`` says so.

    Invisible characters, such as what chooses between forms of an emoji, are left out without a word.
    """
    shown = "".join(letter for letter in text if not _is_invisible(letter))
    beyond = _beyond_dejavu([shown])
    missing = beyond - _letters(EAST_ASIAN) if beyond else beyond
    if not missing:
        return shown
    rest = " ".join("".join(letter for letter in shown if letter not in missing).split())
    return f"{rest} {instead}".strip()


def _beyond_dejavu(texts: Iterable[str]) -> set[str]:
    letters = {letter for text in texts for letter in text if not letter.isspace()}
    return letters - _letters(DEJAVU)


def _is_invisible(letter: str) -> bool:
    is_selector = "\ufe00" <= letter <= "\ufe0f"
    return is_selector or (unicodedata.category(letter) in ("Cc", "Cf") and not letter.isspace())


@cache
def _letters(font: str) -> frozenset[str]:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    return frozenset(map(chr, TTFont(font_file(font), lazy=True).getBestCmap()))
