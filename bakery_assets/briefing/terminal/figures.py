"""How figures, days and sections look on the terminal; rounded as a baker would say them."""

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

GAP = 2  # blanks between columns
INDENT = 2  # of a reason under its line
NARROWEST_REASON = 26  # a column of fewer letters breaks a reason such as "18 wanted, 4 in stock" into many short lines
COUNTED_UNITS = ("piece", "g", "ml")


def quantity(value: float, unit: str, *, up: bool = False) -> str:
    """``240``, ``350 g`` or ``12.5 kg``; pieces carry no unit. ``up`` rounds up: for what is missing."""
    number = figure(value, whole=unit in COUNTED_UNITS, up=up)
    return number if unit == "piece" else f"{number} {unit}"


def figure(value: float, *, whole: bool, up: bool = False) -> str:
    """A whole number, or one with up to two decimals: one is enough from ten on."""
    decimals = 0 if whole else 1 if value >= 10 else 2
    scale = 10**decimals
    shown = math.ceil(value * scale - 1e-6) / scale if up else math.floor(value * scale + 0.5) / scale
    text = f"{shown:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(value: float, currency: str) -> str:
    """``245.00 EUR``."""
    return f"{value:,.2f} {currency}"


def clock(local: datetime, today: date) -> str:
    """``05:30``; a day before or after the plan date is added."""
    days = (local.date() - today).days
    return f"{local:%H:%M}" if days == 0 else f"{local:%H:%M} ({days:+d} day{'s' if abs(days) > 1 else ''})"


def planned_at(local: datetime, today: date) -> str:
    """When a plan was made: ``05:30`` on its date, ``Mon 23 Nov 21:30`` on another."""
    return f"{local:%H:%M}" if local.date() == today else f"{day(local.date(), today)} {local:%H:%M}"


def day(value: date, today: date) -> str:
    """``today``, ``tomorrow`` or ``Tue 24 Nov``."""
    ahead = (value - today).days
    return {0: "today", 1: "tomorrow"}.get(ahead, f"{value:%a} {value.day} {value:%b}")


def on_day(value: date, today: date) -> str:
    """``today``, ``tomorrow`` or ``on Tue 24 Nov``."""
    text = day(value, today)
    return text if text in ("today", "tomorrow") else f"on {text}"


def terms(reasoning: str | None) -> dict[str, Any]:
    """The terms of a plan row's reasoning."""
    found = json.loads(reasoning or "{}")
    return found if isinstance(found, dict) else {}


def core(consequence: str) -> str:
    """The part of a consequence that says what cannot be baked, else its first sentence."""
    not_baked = re.search(r"; ([^;]+ cannot be baked)", consequence)
    return not_baked[1] if not_baked else consequence.split(". ")[0].removesuffix(".")


def section(title: str, *content: RenderableType) -> Group:
    """A section with its heading, a blank line before it."""
    return Group(Text(), Text(title, style="bold cyan"), *content)


def nothing(words: str) -> Text:
    """A section's plain word that there is nothing."""
    return Text(words, style="dim")


def columns(
    *names: str,
    right: Iterable[str] = (),
    wide: str | None = None,
    fixed: Iterable[str] = (),
    widest: Mapping[str, int] | None = None,
) -> Table:
    """A table without lines: ``right`` aligned and ``fixed`` columns do not wrap, ``wide`` takes the room that is
    left, those of ``widest`` wrap beyond a width."""
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim", expand=True)
    kept = {*right, *fixed}
    for name in names:
        table.add_column(
            name,
            justify="right" if name in right else "left",
            no_wrap=name in kept,
            overflow="fold",
            ratio=1 if name == wide else None,
            max_width=(widest or {}).get(name),
        )
    return table


def with_reasons(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    reasons: Sequence[Text],
    width: int,
    *,
    right: Collection[str] = (),
    fixed: Collection[str] = (),
    widest: Mapping[str, int],
    wide: str,
) -> RenderableType:
    """Lines with a reason each: in a column ``why`` next to them, or under each line where there is no room for one.

    Args:
        width: columns of the terminal.
        wide: the column that takes the room that is left where reasons are under their lines.
    """
    natural = {name: max(cell_len(name), *(cell_len(row[at]) for row in rows)) for at, name in enumerate(names)}
    widths = {name: min(natural[name], widest.get(name, width)) for name in names}
    if width - sum(widths.values()) - GAP * len(names) >= NARROWEST_REASON:
        table = columns(*names, "why", right=right, wide="why", fixed=fixed, widest=widest)
        for row, reason in zip(rows, reasons, strict=True):
            table.add_row(*row, reason)
        return table
    is_roomy = sum(natural.values()) + GAP * len(names) <= width
    lines: list[RenderableType] = []
    for row, reason in zip(rows, reasons, strict=True):
        table = columns(*names, right=right, wide=wide, fixed=fixed)
        table.show_header = not lines
        for column in table.columns:
            column.width = None if column.header == wide else (natural if is_roomy else widths)[str(column.header)]
        table.add_row(*row)
        lines += [table, *([Padding(reason, (0, 0, 0, INDENT))] if reason else [])]
    return Group(*lines)
