"""Visible text: names that others wrote, in a form that a terminal, a page or a log shows and does not obey."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, time

# Controls (escape sequences begin with one), and formats: bidi overrides, isolates, zero width, byte order marks.
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_MAYBE_HIDDEN = re.compile("[^ -~\u00a1-\u00ac\u00ae-\u024f]")  # nearly all names need no second look
# What Markdown, with tables and bare addresses, has no other meaning for.
_NO_MARKDOWN = re.compile(r"(?!.*(?:://|www\.))(?:[^\W_]|[ .,:;?!%+()/'–-])*")


def visible(text: str) -> str:
    """The text with every character that moves, hides or reorders others written out, as in \\x1b or \\u202e."""
    return _MAYBE_HIDDEN.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    character = found[0]
    if unicodedata.category(character) not in _HIDDEN or character in "\u200c\u200d":  # joiners spell words
        return character
    return character.encode("unicode_escape", "backslashreplace").decode()


def visible_values(value: object) -> object:
    """A value as JSON has it, with every text in it visible."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(str(name)): visible_values(each) for name, each in value.items()}
    return [visible_values(each) for each in value] if isinstance(value, list) else value


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table of values; texts in it are shown as they are written.

    Dagster's pages would make links, images and emphasis of texts that are Markdown, so these stand in it as code.
    """
    lines = [columns, ["---"] * len(columns), *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float | date | time):
        return str(value)
    return markdown_cell(str(value))


def markdown_cell(value: str) -> str:
    """A text for a cell of a Markdown table, where it is shown as it is written."""
    text = visible(value)
    if _NO_MARKDOWN.fullmatch(text):
        return text
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    # In a table a stroke ends the cell, within code, too; after a backslash it cannot be written.
    content = text.replace("\\|", "\\¦").replace("|", "\\|")
    space = " " if content.startswith("`") or content.endswith("`") else ""
    return f"{fence}{space}{content}{space}{fence}"
