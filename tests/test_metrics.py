"""Metrics against independent arithmetic."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets import metrics
from bakery_assets.schemas.columns import LARGEST_METRIC

METRICS = ("mae", "rmse", "mape", "wape", "bias", "r2", "accuracy", "coverage")


def metrics_of(yhat: list[float], actual: list[float], low: float = 0.0, high: float = 0.0) -> dict[str, float | None]:
    frame = pl.DataFrame({"yhat": yhat, "actual": actual}, schema={"yhat": pl.Float64, "actual": pl.Float64})
    return (
        frame.with_columns(q10=pl.lit(low), q90=pl.lit(high))
        .select(
            # Made here, not once for the module: a change of a metric has to reach the test.
            **{name: getattr(metrics, name)() for name in METRICS}
        )
        .row(0, named=True)
    )


def test_three_rows_worked_out_by_hand() -> None:
    # Errors 2, -4, 3; actuals 10, 20, 0: sums 9 and 30; squares 4 + 16 + 9 = 29; SST 0 + 100 + 100 = 200.
    found = metrics_of([12.0, 16.0, 3.0], [10.0, 20.0, 0.0], low=5.0, high=15.0)
    assert found == pytest.approx(
        {
            "mae": 3.0,
            "rmse": math.sqrt(29 / 3),
            "mape": (0.2 + 0.2) / 2,
            "wape": 0.3,
            "bias": 1 / 30,
            "r2": 1 - 29 / 200,
            "accuracy": 0.7,
            "coverage": 1 / 3,
        }
    )


def test_a_day_on_which_nothing_sold_divides_nothing_by_zero() -> None:
    found = metrics_of([2.0, 4.0], [0.0, 0.0])
    assert found["mae"] == 3.0
    assert [found[name] for name in ("mape", "wape", "bias", "r2", "accuracy")] == [None] * 5


def test_wape_of_groups_together_is_that_of_all_their_rows() -> None:
    rows = pl.DataFrame({"day": [1, 1, 2], "yhat": [12.0, 16.0, 3.0], "actual": [10.0, 20.0, 0.0]})
    sums = rows.group_by("day").agg(errors=metrics.absolute_error_sum(), actuals=metrics.absolute_actual_sum())
    assert sums.select(metrics.pooled_wape("errors", "actuals")).item() == rows.select(metrics.wape()).item() == 0.3
    assert sums.filter(pl.col("day") == 2).select(metrics.pooled_wape("errors", "actuals")).item() is None


def test_a_percentage_error_needs_an_actual_above_0() -> None:
    rows = pl.DataFrame({"error": [-2.0, 3.0, 3.0], "actual": [8.0, 0.0, -1.0]})
    by_row = metrics.absolute_percentage_error(pl.col("error"), pl.col("actual"))
    assert rows.select(by_row).to_series().to_list() == [0.25, None, None]
    half = pl.DataFrame({"error": [0.25], "actual": [0.5]})
    assert half.select(by_row).item() == 0.5


def test_a_ratio_needs_a_denominator_above_0_however_small() -> None:
    found = pl.DataFrame({"top": [1.0, 1.0, 1.0], "bottom": [0.5, 0.0, -1.0]}).select(
        metrics.ratio(pl.col("top"), pl.col("bottom"))
    )
    assert found.to_series().to_list() == [2.0, None, None]


def test_metrics_of_other_columns_than_the_usual_ones() -> None:
    # Errors 1 and -2, actuals 3 and 5; whoever reads the usual columns finds 100 and 200.
    rows = pl.DataFrame({"f": [4.0, 3.0], "a": [3.0, 5.0], "s": [2.0, 2.0], "low": [3.0, 6.0], "high": [4.0, 7.0]})
    rows = rows.with_columns(yhat=200.0, actual=100.0, mase_scale=50.0, rmsse_scale=50.0, q10=0.0, q90=300.0)
    found = rows.select(
        absolute_error_sum=metrics.absolute_error_sum("f", "a"),
        wape=metrics.wape("f", "a"),
        bias=metrics.bias("f", "a"),
        accuracy=metrics.accuracy("f", "a"),
        mae=metrics.mae("f", "a"),
        rmse=metrics.rmse("f", "a"),
        mape=metrics.mape("f", "a"),
        r2=metrics.r2("f", "a"),
        mase=metrics.mase("f", "a", "s"),
        rmsse=metrics.rmsse("f", "a", "s"),
        coverage=metrics.coverage("low", "high", "a"),
    ).row(0, named=True)
    assert found == pytest.approx(
        {
            "absolute_error_sum": 3.0,
            "wape": 3 / 8,
            "bias": -1 / 8,
            "accuracy": 5 / 8,
            "mae": 1.5,
            "rmse": math.sqrt(5 / 2),
            "mape": (1 / 3 + 2 / 5) / 2,
            "r2": 1 - 5 / 2,
            "mase": 0.75,
            "rmsse": math.sqrt(2.5 / 2),
            "coverage": 0.5,
        }
    )


def test_errors_and_coverage_by_row() -> None:
    rows = pl.DataFrame({"yhat": [4.0, 1.0], "actual": [3.0, 3.0], "q10": [2.0, 4.0], "q90": [3.0, 5.0]})
    assert rows.select(metrics.error()).to_series().to_list() == [1.0, -2.0]
    assert rows.select(metrics.is_covered()).to_series().to_list() == [True, False]


def test_the_largest_metric_that_a_table_holds_is_one() -> None:
    rows = pl.DataFrame({"top": [LARGEST_METRIC, LARGEST_METRIC * 1.001], "bottom": [1.0, 1.0]})
    found = rows.select(metrics.ratio(pl.col("top"), pl.col("bottom"))).to_series().to_list()
    assert found == [LARGEST_METRIC, None]


def test_many_small_quantities_add_up_exactly_though_they_are_kept_short() -> None:
    """2**24 + 1 is no 32-bit number."""
    forecast = np.array([[2.0**24, 1.0]], dtype=np.float32)
    sums = metrics.AbsoluteSums.over_days(np.zeros_like(forecast), forecast)
    assert sums.errors.tolist() == sums.actuals.tolist() == [2.0**24 + 1]


def test_a_single_row_has_no_r2() -> None:
    assert metrics_of([2.0], [3.0])["r2"] is None


def test_equal_actuals_have_no_r2_though_their_mean_is_rounded() -> None:
    assert metrics_of([1.0, 2.0, 3.0], [0.1, 0.1, 0.1])["r2"] is None


def test_no_rows_have_no_metrics() -> None:
    assert metrics_of([], []) == dict.fromkeys(METRICS)


def test_a_forecast_more_than_twice_the_sales_has_accuracy_0_not_less() -> None:
    found = metrics_of([50.0], [10.0])
    assert (found["wape"], found["accuracy"]) == (4.0, 0.0)


def test_returned_goods_count_by_their_size() -> None:
    found = metrics_of([1.0, 4.0], [-2.0, 4.0])
    assert (found["wape"], found["bias"], found["mape"]) == (0.5, 0.5, 0.0)


def test_both_ends_of_the_interval_are_covered() -> None:
    assert metrics_of([5.0] * 4, [1.0, 9.0, 0.99, 9.01], low=1.0, high=9.0)["coverage"] == 0.5


def test_pinball_loss_is_small_at_the_true_quantile_and_grows_with_its_level() -> None:
    # 12 sold: 10 said for nine days of ten is 2 short, which costs 0.9 of each; 15 is 3 over and costs 0.1 of each.
    one = pl.DataFrame({"low": [10.0, 12.0], "high": [15.0, 12.0], "actual": [12.0, 12.0]})
    found = one.select(low=metrics.pinball({"low": 0.9}), high=metrics.pinball({"high": 0.9}))
    assert found.row(0) == (pytest.approx(1.8 / 24), pytest.approx(0.3 / 24))
    both = one.select(metrics.pinball({"low": 0.9, "high": 0.9})).item()
    assert both == pytest.approx((1.8 + 0.3) / 2 / 24)


def test_the_median_alone_loses_half_of_wape() -> None:
    rows = pl.DataFrame({"yhat": [3.0, 9.0, 4.0], "actual": [5.0, 6.0, 4.0]})
    assert rows.select(metrics.pinball({"yhat": 0.5}) * 2).item() == pytest.approx(rows.select(metrics.wape()).item())


def test_each_series_is_scaled_by_its_own_scale_and_those_without_do_not_count() -> None:
    rows = pl.DataFrame(
        {"yhat": [12.0, 1.0, 50.0, 7.0], "actual": [10.0, 4.0, 1.0, 1.0], "mase_scale": [4.0, 1.0, None, 0.0]}
    )
    assert rows.select(metrics.mase()).item() == (2 / 4 + 3 / 1) / 2
    assert rows.tail(2).select(metrics.mase()).item() is None


def test_rmsse_is_the_root_of_the_mean_squared_error_over_the_series_scale() -> None:
    rows = pl.DataFrame({"yhat": [12.0, 16.0], "actual": [10.0, 20.0], "rmsse_scale": [2.5, 2.5]})
    assert rows.select(metrics.rmsse()).item() == pytest.approx(math.sqrt((4 + 16) / 2 / 2.5))
    assert rows.with_columns(rmsse_scale=None).select(metrics.rmsse()).item() is None


def test_matrices_have_the_wape_of_their_rows_and_of_groups_of_rows() -> None:
    nan = math.nan
    forecast = np.array([[12.0, 16.0], [nan, 5.0], [3.0, 3.0], [1.0, 1.0]], dtype=np.float32)
    actual = np.array([[10.0, 20.0], [4.0, 4.0], [6.0, nan], [0.0, 0.0]], dtype=np.float32)
    sums = metrics.AbsoluteSums.over_days(forecast, actual)
    assert sums.errors.tolist() == [6.0, 1.0, 3.0, 2.0]
    assert sums.actuals.tolist() == [30.0, 4.0, 6.0, 0.0]
    assert sums.days.tolist() == [2, 1, 1, 2]
    assert sums.wape.tolist() == pytest.approx([6 / 30, 1 / 4, 3 / 6, nan], nan_ok=True)
    pooled = sums.by_group(np.array([0, 0, 2, 1]), 4)
    assert pooled.wape.tolist() == pytest.approx([7 / 34, nan, 3 / 6, nan], nan_ok=True)
    assert pooled.days.tolist() == [3, 2, 1, 0]
    two = metrics.AbsoluteSums.over_days(np.stack([forecast, actual]), actual[None]).by_group(np.array([0, 0, 2, 1]), 4)
    assert two.errors.tolist() == [[7.0, 2.0, 3.0, 0.0], [0.0] * 4]


def test_dividing_by_almost_zero_gives_null_rather_than_what_no_table_holds() -> None:
    tiny = metrics_of([1e9, 1e9], [1e-300, 2e-300])
    assert [tiny[name] for name in ("mape", "wape", "bias", "r2", "accuracy")] == [None] * 5
    assert tiny["mae"] == pytest.approx(1e9)


pairs = st.lists(st.tuples(st.floats(0, 1e4), st.integers(0, 10_000).map(float)), min_size=1, max_size=20)


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_metrics_agree_with_numpy(rows: list[tuple[float, float]]) -> None:
    yhat, actual = (np.array(column) for column in zip(*rows, strict=True))
    found = metrics_of(yhat.tolist(), actual.tolist())
    error = yhat - actual
    assert found["mae"] == pytest.approx(np.abs(error).mean())
    assert found["rmse"] == pytest.approx(np.sqrt(np.square(error).mean()))
    total = actual.sum()
    assert found["wape"] == (pytest.approx(np.abs(error).sum() / total) if total else None)
    assert found["bias"] == (pytest.approx(error.sum() / total, abs=1e-9) if total else None)
    sold = actual > 0
    assert found["mape"] == (pytest.approx((np.abs(error[sold]) / actual[sold]).mean()) if sold.any() else None)
    if len(set(actual)) > 1:
        assert found["r2"] == pytest.approx(1 - np.square(error).sum() / (np.var(actual) * len(actual)))
    else:
        assert found["r2"] is None
