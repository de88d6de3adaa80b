"""Visible text: names that others wrote, in a form that a terminal, a page or a log shows and does not obey."""

import re
import unicodedata

# Controls (escape sequences begin with one), and formats: bidi overrides, isolates, zero width, byte order marks.
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_MAYBE_HIDDEN = re.compile("[^ -~\u00a1-\u00ac\u00ae-\u024f]")  # nearly all names need no second look


def visible(text: str) -> str:
    """The text with every character that moves, hides or reorders others written out, as in \\x1b or \\u202e."""
    return _MAYBE_HIDDEN.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    character = found[0]
    if unicodedata.category(character) not in _HIDDEN or character in "\u200c\u200d":  # joiners spell words
        return character
    return character.encode("unicode_escape", "backslashreplace").decode()
