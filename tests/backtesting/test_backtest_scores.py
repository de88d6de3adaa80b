"""The figures, against arithmetic by hand."""

from datetime import date, timedelta

import polars as pl
import pytest

from bakery_assets.backtesting.scores import SCORES, coverage_by_level, score
from bakery_assets.keys import SERIES

FIRST = date(2024, 3, 4)


def days(rows: list[tuple[float, float, float | None, float | None, bool, bool]], model: str = "m") -> pl.DataFrame:
    """Rows of actual, forecast, q10, q90, is_open, is_sold_out for one series."""
    frame = pl.DataFrame(
        rows, schema=["actual", "forecast", "q10", "q90", "is_open", "is_sold_out"], orient="row",
        schema_overrides={"q10": pl.Float64, "q90": pl.Float64},
    )  # fmt: skip
    return frame.with_columns(
        model=pl.lit(model), tenant_id=pl.lit("b"), location_id=pl.lit("main"), product_id=pl.lit("rye"),
        date=pl.Series([FIRST + timedelta(days=day) for day in range(len(rows))]), q50=pl.col("forecast"),
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
    assert figures["coverage80"] == pytest.approx(1 / 3)
    assert figures["coverage80_open"] == pytest.approx(1 / 2)
    assert figures["interval_share"] == 1.0
    below_10 = 0.1 * (10 - 8) + 0.1 * (20 - 10) + 0.9 * (1 - 0)
    at_50 = 0.5 * (12 - 10) + 0.5 * (20 - 15) + 0.5 * 3
    above_90 = 0.1 * (11 - 10) + 0.9 * (20 - 18) + 0.1 * 5
    assert figures["pinball"] == pytest.approx((below_10 + at_50 + above_90) / 3 / 30)


def test_days_without_an_interval_count_neither_for_coverage_nor_for_the_pinball_loss() -> None:
    figures = score(days([(10.0, 12.0, 8.0, 11.0, True, False), (20.0, 15.0, None, None, True, False)]), scales())
    row = figures.row(0, named=True)
    assert row["coverage80"] == 1.0
    assert row["interval_share"] == 0.5
    assert row["pinball"] == pytest.approx((0.1 * 2 + 0.5 * 2 + 0.1 * 1) / 3 / 10)


def test_nothing_is_divided_by_zero() -> None:
    closed = score(days([(0.0, 0.0, 0.0, 0.0, False, False)]), scales(None, None)).row(0, named=True)
    assert {name: closed[name] for name in SCORES} == {
        **dict.fromkeys(SCORES), "coverage80": 1.0, "interval_share": 1.0,
    }  # fmt: skip
    hidden = score(days([(5.0, 4.0, 1.0, 9.0, True, True)]), scales()).row(0, named=True)
    assert {name for name in SCORES if hidden[name] is not None} == {"wape_sales"}


def test_models_are_scored_separately() -> None:
    both = pl.concat(
        [days([(10.0, 11.0, 9.0, 12.0, True, False)], "a"), days([(10.0, 15.0, 9.0, 12.0, True, False)], "b")]
    )
    assert score(both, scales()).select("model", "wape").rows() == [("a", 0.1), ("b", 0.5)]


def test_coverage_by_level_separates_sales_below_a_quantile_from_sales_at_it() -> None:
    of_days = days(
        [
            (0.0, 1.0, 0.0, 3.0, False, False),  # nothing sold and nothing expected at the least: a tie
            (4.0, 4.0, 1.0, 6.0, True, False),
            (9.0, 5.0, 2.0, 9.0, True, False),
            (9.0, 5.0, 2.0, 8.0, True, False),
            (9.0, 5.0, 9.5, 9.9, True, True),  # sold out
            (9.0, 5.0, None, None, True, False),  # without an interval
        ]
    ).with_columns(q80=pl.Series([2.0, 4.0, 8.0, 7.0, 9.9, 9.9]), q95=pl.lit(None, pl.Float64))
    assert coverage_by_level(of_days) == {
        "m": {
            "q10": {"below": 0.0, "at_or_below": 1 / 4},
            "q50": {"below": 1 / 4, "at_or_below": 2 / 4},
            "q80": {"below": 1 / 4, "at_or_below": 2 / 4},
            "q90": {"below": 2 / 4, "at_or_below": 3 / 4},
            "q95": None,
        }
    }


def test_a_model_without_any_interval_has_no_coverage_at_any_level() -> None:
    of_days = days([(9.0, 5.0, None, None, True, False)]).with_columns(
        q80=pl.lit(None, pl.Float64), q95=pl.lit(None, pl.Float64)
    )
    assert coverage_by_level(of_days) == {"m": dict.fromkeys(("q10", "q50", "q80", "q90", "q95"))}
