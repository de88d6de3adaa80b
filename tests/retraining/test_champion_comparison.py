"""Whether a new version becomes champion, by the backtest of both."""

import json

import polars as pl
import pytest

from bakery_assets.retraining.champion_comparison import compare_with_champion


def compared(system: float | None, incumbent: float | None) -> tuple[float | None, float | None, bool]:
    scores = {"wape": system, "wape_by_model": {"trees": 0.1}, "wape_of_incumbents": incumbent}
    found = compare_with_champion(
        pl.DataFrame({"tenant_id": ["b"], "model_version": ["v2"], "scores": [json.dumps(scores)]})
    )
    row = found.row(0, named=True)
    return row["backtest_wape_old"], row["backtest_wape_new"], row["is_better"]


@pytest.mark.parametrize(
    ("system", "incumbent", "is_better"),
    [(0.19, 0.20, True), (0.20, 0.20, True), (0.204, 0.20, True), (0.2041, 0.20, False), (0.5, 0.2, False)],
)
def test_a_version_becomes_champion_unless_it_is_more_than_two_percent_worse(
    system: float, incumbent: float, is_better: bool
) -> None:
    assert compared(system, incumbent) == (incumbent, system, is_better)


def test_the_first_version_has_nothing_to_beat() -> None:
    assert compared(0.4, None) == (None, 0.4, True)
    assert compared(None, 0.2) == (0.2, None, True), "days without sales cannot be compared"


def test_a_new_product_that_is_hard_to_forecast_does_not_count_against_the_version() -> None:
    scores = {"wape": 0.4, "wape_of_incumbents": 0.2, "wape_where_incumbents": 0.19}
    found = compare_with_champion(
        pl.DataFrame({"tenant_id": ["b"], "model_version": ["v2"], "scores": [json.dumps(scores)]})
    )
    assert found.rows() == [("b", "v2", 0.2, 0.19, True)]
