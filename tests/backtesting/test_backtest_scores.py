"""The figures, against arithmetic by hand."""

from datetime import date, timedelta

import polars as pl
import pytest

from bakery_assets.backtesting.scores import SCORES, pinball_by_level, score
from bakery_assets.keys import SERIES

FIRST = date(2024, 3, 4)


def days(rows: list[tuple[float, float, float | None, float | None, bool, bool]], model: str = "m") -> pl.DataFrame:
    """Rows of actual, forecast, q10, q90, is_open, is_sold_out for one series; q80 and q95 are both q90."""
    frame = pl.DataFrame(
        rows, schema=["actual", "forecast", "q10", "q90", "is_open", "is_sold_out"], orient="row",
        schema_overrides={"q10": pl.Float64, "q90": pl.Float64},
    )  # fmt: skip
    return frame.with_columns(
        model=pl.lit(model), tenant_id=pl.lit("b"), location_id=pl.lit("main"), product_id=pl.lit("rye"),
        date=pl.Series([FIRST + timedelta(days=day) for day in range(len(rows))]), q50=pl.col("forecast"), q80=pl.col("q90"), q95=pl.col("q90"),
    )  # fmt: skip


def scales(mase: float | None = 2.0, rmsse: float | None = 4.0) -> pl.DataFrame:
    return pl.DataFrame(
        [("b", "main", "rye", mase, rmsse)], schema=[*SERIES, "mase_scale", "rmsse_scale"], orient="row",
        schema_overrides={"mase_scale": pl.Float64, "rmsse_scale": pl.Float64},
    )  # fmt: skip


def test_every_figure_is_what_a_person_would_work_out() -> None:
    figures = score(
        days(
            [
                (10.0, 12.0, 8.0, 11.0, True, False),  # inside
                (20.0, 15.0, 10.0, 18.0, True, False),  # above
                (0.0, 3.0, 1.0, 5.0, False, False),  # closed, below
                (7.0, 30.0, 20.0, 40.0, True, True),  # sold out
            ]
        ),
        scales(),
    ).row(0, named=True)
    assert figures["wape"] == pytest.approx((2 + 5 + 3) / 30)
    assert figures["wape_open"] == pytest.approx((2 + 5) / 30)
    assert figures["wape_sales"] == pytest.approx((2 + 5 + 3 + 23) / 37)
    assert figures["mape"] == pytest.approx((2 / 10 + 5 / 20) / 2)
    assert figures["bias"] == pytest.approx((2 - 5 + 3) / 30)
    assert figures["mase"] == pytest.approx((10 / 3) / 2)
    assert figures["rmsse"] == pytest.approx(((4 + 25 + 9) / 3 / 4) ** 0.5)
    assert figures["coverage80"] == pytest.approx(1 / 2)
    assert figures["coverage80_all_days"] == pytest.approx(1 / 3)
    assert figures["interval_share"] == 1.0
    below_10 = 0.1 * (10 - 8) + 0.1 * (20 - 10) + 0.9 * (1 - 0)
    at_50 = 0.5 * (12 - 10) + 0.5 * (20 - 15) + 0.5 * 3
    above_90 = 0.1 * (11 - 10) + 0.9 * (20 - 18) + 0.1 * 5
    assert figures["pinball"] == pytest.approx((below_10 + at_50 + above_90) / 3 / 30)
    open_10, open_50, open_90 = below_10 - 0.9, at_50 - 1.5, above_90 - 0.5
    open_80, open_95 = 0.2 * (11 - 10) + 0.8 * (20 - 18), 0.05 * (11 - 10) + 0.95 * (20 - 18)
    assert figures["pinball_open"] == pytest.approx((open_10 + open_50 + open_80 + open_90 + open_95) / 5 / 30)


def test_the_pinball_loss_of_a_level_is_of_open_days_over_what_they_sold() -> None:
    rows = [
        (10.0, 12.0, 8.0, 11.0, True, False),
        (0.0, 3.0, 1.0, 5.0, False, False),
        (5.0, 4.0, None, None, True, False),
    ]
    found = pinball_by_level(pl.concat([days(rows), days(rows[2:], "none")]))
    assert found["m"] == pytest.approx({"q10": 0.02, "q50": 0.1, "q80": 0.02, "q90": 0.01, "q95": 0.005})
    assert found["none"] == dict.fromkeys(found["m"])


def test_days_without_an_interval_count_neither_for_coverage_nor_for_the_pinball_loss() -> None:
    figures = score(days([(10.0, 12.0, 8.0, 11.0, True, False), (20.0, 15.0, None, None, True, False)]), scales())
    row = figures.row(0, named=True)
    assert row["coverage80"] == 1.0
    assert row["interval_share"] == 0.5
    assert row["pinball"] == pytest.approx((0.1 * 2 + 0.5 * 2 + 0.1 * 1) / 3 / 10)


def test_nothing_is_divided_by_zero() -> None:
    closed = score(days([(0.0, 0.0, 0.0, 0.0, False, False)]), scales(None, None)).row(0, named=True)
    assert {name: closed[name] for name in SCORES} == {
        **dict.fromkeys(SCORES), "coverage80_all_days": 1.0, "interval_share": 1.0,
    }  # fmt: skip
    hidden = score(days([(5.0, 4.0, 1.0, 9.0, True, True)]), scales()).row(0, named=True)
    assert {name for name in SCORES if hidden[name] is not None} == {"wape_sales"}


def test_models_are_scored_separately() -> None:
    both = pl.concat(
        [days([(10.0, 11.0, 9.0, 12.0, True, False)], "a"), days([(10.0, 15.0, 9.0, 12.0, True, False)], "b")]
    )
    assert score(both, scales()).select("model", "wape").rows() == [("a", 0.1), ("b", 0.5)]
