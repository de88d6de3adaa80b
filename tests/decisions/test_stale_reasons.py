"""Which reasons say that a plan stood on old data."""

import polars as pl
import pytest

from bakery_assets.decisions.stale_reasons import says_stale


def stale(*reasons: str | None) -> list[bool]:
    return (
        pl.DataFrame({"reason": reasons}, schema={"reason": pl.String})
        .select(says_stale("reason"))
        .to_series()
        .to_list()
    )


@pytest.mark.parametrize(
    "reason",
    [
        "stale", "Stale data", "The data was STALE.", "out-of-date", "outdated sales", "old data", "Datos antiguos",
        "datos  antiguos!", "está desactualizado", "Están DESACTUALIZADAS", "obsoleto", "Información antigua", "sin actualizar",
    ],
)  # fmt: skip
def test_words_forms_accents_and_capitals_of_stale_data(reason: str) -> None:
    assert stale(reason) == [True]


def test_other_reasons_wait_for_a_person() -> None:
    assert stale("too expensive", "demasiado caro", "stalemate", "data", "", None) == [False] * 6
