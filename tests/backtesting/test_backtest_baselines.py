"""StatsForecast's baselines, as StatsForecast itself forecasts them."""

from datetime import date, timedelta
from statistics import NormalDist
from time import process_time
from typing import Any

import polars as pl
import pytest

from bakery_assets.backtesting.baselines import BASELINES, forecast_baseline

FIRST = date(2024, 1, 1)
NEVER_CLOSED = pl.DataFrame(
    schema={"tenant_id": pl.String, "location_id": pl.String, "product_id": pl.String, "date": pl.Date}
)


def series(length: int, product: str = "rye") -> pl.DataFrame:
    quantities = [30.0 + 8 * (day % 7 == 5) + (day * 37) % 11 + day / 20 for day in range(length)]
    return pl.DataFrame(
        {
            "tenant_id": ["b"] * length,
            "location_id": ["main"] * length,
            "product_id": [product] * length,
            "date": [FIRST + timedelta(days=200 - length + day) for day in range(length)],
            "y": quantities,
        }
    )


def direct(model: Any, panel: pl.DataFrame) -> pl.DataFrame:
    """What a plain call of StatsForecast says."""
    from statsforecast import StatsForecast

    model.alias = "m"
    frame = panel.select(unique_id="product_id", ds="date", y="y")
    return StatsForecast(models=[model], freq="1d").forecast(df=frame, h=7, level=[60, 80, 90])


@pytest.mark.parametrize("name", ["SeasonalNaive", "SeasonalWindowAverage", "AutoETS"])
def test_a_baseline_is_what_statsforecast_says(name: str) -> None:
    panel = pl.concat([series(120, "roll"), series(90, "rye")])
    made = forecast_baseline(name, panel, NEVER_CLOSED, process_time)
    said = direct(BASELINES[name].build(), panel)
    by_product = said.sort("unique_id", "ds")
    ordered = made.rows.sort("product_id", "date")
    assert ordered["forecast"].to_list() == pytest.approx(by_product["m"].to_list())
    for quantile, end in (("q10", "lo-80"), ("q80", "hi-60"), ("q90", "hi-80"), ("q95", "hi-90")):
        assert ordered[quantile].to_list() == pytest.approx(by_product[f"m-{end}"].to_list())
    assert ordered["q50"].equals(ordered["forecast"])
    assert set(ordered["source"]) == {name}
    assert ordered["date"].to_list()[:7] == [FIRST + timedelta(days=200 + day) for day in range(7)]
    assert made.train_seconds is not None
    assert made.train_seconds > 0


def test_autoces_keeps_its_point_forecast_and_its_interval_with_far_fewer_draws() -> None:
    panel = series(120)
    made = forecast_baseline("AutoCES", panel, NEVER_CLOSED, process_time).rows
    said = direct(BASELINES["AutoCES"].build(), panel)
    assert made["forecast"].to_list() == pytest.approx(said["m"].to_list(), rel=1e-5)
    width = (said["m-hi-80"] - said["m-lo-80"]).mean()
    # Two simulations of 5,000 paths: a quantile's standard error is about 1% of the width.
    assert (made["q10"] - said["m-lo-80"]).abs().max() < 0.06 * width
    assert (made["q80"] - said["m-hi-60"]).abs().max() < 0.06 * width
    assert (made["q90"] - said["m-hi-80"]).abs().max() < 0.06 * width
    assert (made["q95"] - said["m-hi-90"]).abs().max() < 0.06 * width


@pytest.mark.parametrize("name", ["SeasonalNaive", "AutoETS"])
def test_the_ends_of_a_models_intervals_are_its_quantiles(name: str) -> None:
    # Both models' errors are normal: 80, 90 and 95 percent of them lie below 0.842, 1.282 and 1.645 deviations.
    made = forecast_baseline(name, series(120), NEVER_CLOSED, process_time).rows
    deviation = (made["q90"] - made["q50"]) / NormalDist().inv_cdf(0.9)
    for quantile, level in (("q10", 0.1), ("q80", 0.8), ("q95", 0.95)):
        expected = made["q50"] + NormalDist().inv_cdf(level) * deviation
        assert made[quantile].to_list() == pytest.approx(expected.to_list())


@pytest.mark.parametrize("name", ["SeasonalWindowAverage", "AutoETS"])
def test_a_series_too_short_for_a_model_repeats_last_week(name: str) -> None:
    short = series(10)
    made = forecast_baseline(name, pl.concat([short, series(90, "roll")]), NEVER_CLOSED, process_time).rows
    own = made.filter(pl.col("product_id") == "rye")
    assert own["forecast"].to_list() == short["y"].to_list()[-7:]
    assert set(own["source"]) == {"SeasonalNaive"}
    assert own["q10"].null_count() == 7
    assert set(made.filter(pl.col("product_id") == "roll")["source"]) == {name}


def test_a_series_of_less_than_a_week_takes_its_mean_where_last_week_has_no_such_day() -> None:
    few = series(3)
    made = forecast_baseline("SeasonalNaive", few, NEVER_CLOSED, process_time).rows
    mean = sum(few["y"]) / 3
    assert made["forecast"].to_list() == pytest.approx([mean] * 4 + few["y"].to_list())
    assert made["source"].to_list() == ["mean"] * 4 + ["SeasonalNaive"] * 3


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_day_on_which_the_shop_will_be_closed_sells_nothing_for_sure(name: str) -> None:
    panel = series(120)
    closed = panel.head(1).select("tenant_id", "location_id", "product_id", date=FIRST + timedelta(days=203))
    reported = forecast_baseline(name, panel, closed, process_time).rows
    unreported = forecast_baseline(name, panel, NEVER_CLOSED, process_time).rows
    figures = ["forecast", "q10", "q50", "q80", "q90", "q95"]
    assert set(reported.select(figures).row(3)) == {0.0}
    others = [0, 1, 2, 4, 5, 6]
    if name != "AutoCES":  # whose quantiles are simulated
        assert reported[others].equals(unreported[others])
    assert reported[others]["forecast"].equals(unreported[others]["forecast"])


@pytest.mark.parametrize("name", list(BASELINES))
def test_no_baseline_sells_less_than_nothing(name: str) -> None:
    refunds = series(60).with_columns(y=pl.col("y") - 100)
    made = forecast_baseline(name, pl.concat([refunds, series(60, "roll")]), NEVER_CLOSED, process_time).rows
    figures = made.filter(pl.col("product_id") == "rye").select("forecast", "q10", "q50", "q80", "q90", "q95")
    assert set(figures.unpivot()["value"].drop_nulls()) == {0.0}


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_holiday_is_not_a_zero_to_learn_from(name: str) -> None:
    panel = series(120)
    shut = [panel["date"][day] for day in (40, 75, 113)]
    as_recorded = panel.with_columns(y=pl.when(pl.col("date").is_in(shut)).then(0.0).otherwise("y"))
    week_before = panel.with_columns(
        y=pl.when(pl.col("date").is_in(shut)).then(pl.col("y").shift(7)).otherwise("y")
    )  # fmt: skip
    made = forecast_baseline(name, as_recorded, NEVER_CLOSED, process_time).rows
    assert made["forecast"].equals(forecast_baseline(name, week_before, NEVER_CLOSED, process_time).rows["forecast"])
