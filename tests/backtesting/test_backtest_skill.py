"""The lead over baselines, against arithmetic by hand, and its bootstrap interval."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from bakery_assets.backtesting.bootstrap import ratio_interval
from bakery_assets.backtesting.skill import skill_scores

FIRST = date(2024, 3, 4)
QUANTILES = ["q10", "q50", "q80", "q90", "q95"]
# Actual, forecast and every quantile, open.
Row = tuple[float, float, float | None, bool]


def days(model: str, *rows: Row) -> pl.DataFrame:
    """A model's days of one series, one a week, none sold out."""
    frame = pl.DataFrame(
        rows, schema=["actual", "forecast", "q10", "is_open"], orient="row", schema_overrides={"q10": pl.Float64}
    ).with_row_index("week")
    return frame.with_columns(
        tenant_id=pl.lit("b"), location_id=pl.lit("main"), product_id=pl.lit("rye"), model=pl.lit(model),
        date=pl.lit(FIRST) + pl.duration(days=7 * pl.col("week")), is_sold_out=pl.lit(value=False),
        **dict.fromkeys(QUANTILES[1:], pl.col("q10")),
    ).with_columns(origin="date")  # fmt: skip


def test_a_lead_is_one_minus_the_ratio_of_errors_and_the_best_baseline_comes_first() -> None:
    sold, shut = 10.0, 0.0
    both = pl.concat(
        [
            days("system", (sold, 12.0, 8.0, True), (sold, 10.0, 10.0, True), (shut, 0.0, 0.0, False)),
            days("poor", (sold, 18.0, 2.0, True), (sold, 6.0, 6.0, True), (shut, 8.0, 8.0, False)),
            days("good", (sold, 13.0, 7.0, True), (sold, 10.0, None, True), (shut, 0.0, 0.0, False)),
        ]
    )
    good, poor = skill_scores(both, "system", ("poor", "good"))
    assert (good["baseline"], poor["baseline"]) == ("good", "poor")
    assert poor["lead"] == pytest.approx(1 - 2 / (8 + 4 + 8))
    assert poor["lead_open"] == pytest.approx(1 - 2 / (8 + 4))
    assert good["lead"] == good["lead_open"] == pytest.approx(1 - 2 / 3)
    # Quantiles miss by 2 and 0 where the poor baseline's miss by 8 and 4; the good one has them on the first day only.
    assert poor["lead_pinball"] == pytest.approx(1 - 2 / 12)
    assert poor["lead_pinball_by_level"] == pytest.approx(dict.fromkeys(QUANTILES, 1 - 2 / 12))
    assert (good["lead_pinball"], good["pinball_days"]) == (pytest.approx(1 - 2 / 3), 1)
    assert (poor["pinball_days"], good["lead_pinball_interval"]) == (2, None)


def test_a_baseline_that_is_never_wrong_leaves_no_lead() -> None:
    perfect = pl.concat([days("system", (10.0, 12.0, 8.0, True)), days("naive", (10.0, 10.0, 10.0, True))])
    (only,) = skill_scores(perfect, "system", ("naive",))
    assert {name: only[name] for name in ("lead", "lead_open", "lead_open_interval")} == dict.fromkeys(
        ("lead", "lead_open", "lead_open_interval")
    )


def test_a_bootstrap_is_the_same_every_time_and_knows_chance_from_a_lead() -> None:
    chance = np.random.default_rng(1)
    own, baseline = pl.Series(chance.normal(9, 1, 32)), pl.Series(chance.normal(10, 1, 32))
    low, high = ratio_interval(own, baseline) or (0.0, 0.0)
    assert (low, high) == ratio_interval(own, baseline)
    assert low < own.sum() / baseline.sum() < high < 1
    # The interval of a mean of 32 draws: two standard errors of about 1 / sqrt(32) on either side of 9, over 10.
    assert high - low == pytest.approx(4 * (9**2 * 0.01 + 1) ** 0.5 / 32**0.5 / 10, rel=0.3)
    few = ratio_interval(own[:4], baseline[:4]) or (0.0, 0.0)
    assert few[1] - few[0] > high - low


@pytest.mark.parametrize(("own", "baseline"), [([1.0], [2.0]), ([1.0, 1.0], [0.0, 2.0]), ([], [])])
def test_a_single_week_or_weeks_without_errors_have_no_interval(own: list[float], baseline: list[float]) -> None:
    assert ratio_interval(pl.Series(own, dtype=pl.Float64), pl.Series(baseline, dtype=pl.Float64)) is None
