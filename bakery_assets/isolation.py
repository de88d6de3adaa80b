"""Isolation: a batch that fails is halved until the member that makes it fail is alone; the others go on.

One failing member costs 2 log2(n) further calls. Stages are run this way (``stages``), and rows of many tenants are
written this way (``resources.warehouse``). What is recorded of a member that failed is decided there.
"""

from collections.abc import Callable
from typing import TypeVar

import polars as pl

from bakery_assets.visible_text import visible

Result = TypeVar("Result")


def isolate(
    members: pl.DataFrame,
    attempt: Callable[[pl.DataFrame], Result],
    failed: Callable[[pl.DataFrame, Exception], Result],
) -> list[Result]:
    """Results of ``attempt`` on ``members``, in parts where it raises, in the order of the rows.

    Args:
        members: one row per member.
        attempt: what is tried with all of them, then with halves.
        failed: the result for the one member with which ``attempt`` raises; it may raise in turn, which ends it all.

    Raises:
        Exception: what ``failed`` raises, or what ``attempt`` raises without any member.
    """
    try:
        return [attempt(members)]
    except Exception as error:  # of any kind: one member's rows must not fail the others
        if members.height == 1:
            return [failed(members, error)]
        if members.is_empty():
            raise
    middle = members.height // 2
    return [*isolate(members.head(middle), attempt, failed), *isolate(members.tail(-middle), attempt, failed)]


def describe(error: BaseException) -> str:
    """An exception as one line that a person can act on."""
    text = visible(" ".join(str(error).split())) or "(no message)"
    return text if type(error).__name__ == "CannotPlan" else f"{type(error).__name__}: {text}"
