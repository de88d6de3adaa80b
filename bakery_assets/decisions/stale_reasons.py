"""Stale reasons: which words of a rejection say that the plan stood on old data. The list is ``stale_reasons.txt``."""

import re
from functools import cache
from pathlib import Path

import polars as pl

LIST = Path(__file__).with_name("stale_reasons.txt")


def says_stale(reason: str | pl.Expr) -> pl.Expr:
    """Whether a reason has a word or phrase of the list, whatever its accents and capitals; an empty one has none.

    Words are whole: "desactualizado" is one of them, "stalemate" is not.
    """
    text = pl.col(reason) if isinstance(reason, str) else reason
    plain = text.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    words = plain.str.replace_all(r"[^\p{L}\p{N}]+", " ")
    return words.str.contains(_pattern()).fill_null(value=False)


@cache
def _pattern() -> str:
    lines = (line.strip() for line in LIST.read_text(encoding="utf-8").splitlines())
    phrases = [line for line in lines if line and not line.startswith("#")]
    forms = [re.escape(phrase.removesuffix("*")) + (r"\p{L}*" if phrase.endswith("*") else "") for phrase in phrases]
    return rf"(^| )({'|'.join(forms)})( |$)"
