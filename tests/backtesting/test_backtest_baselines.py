"""StatsForecast's baselines, as StatsForecast itself forecasts them."""

from datetime import date, timedelta
from time import process_time
from typing import Any

import polars as pl
import pytest

from bakery_assets.backtesting.baselines import BASELINES, forecast_baseline

FIRST = date(2024, 1, 1)


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
    return StatsForecast(models=[model], freq="1d").forecast(df=frame, h=7, level=[80])


@pytest.mark.parametrize("name", ["SeasonalNaive", "SeasonalWindowAverage", "AutoETS"])
def test_a_baseline_is_what_statsforecast_says(name: str) -> None:
    panel = pl.concat([series(120, "roll"), series(90, "rye")])
    made = forecast_baseline(name, panel, process_time)
    said = direct(BASELINES[name].build(), panel)
    by_product = said.sort("unique_id", "ds")
    ordered = made.rows.sort("product_id", "date")
    assert ordered["forecast"].to_list() == pytest.approx(by_product["m"].to_list())
    assert ordered["q10"].to_list() == pytest.approx(by_product["m-lo-80"].to_list())
    assert ordered["q90"].to_list() == pytest.approx(by_product["m-hi-80"].to_list())
    assert set(ordered["source"]) == {name}
    assert ordered["date"].to_list()[:7] == [FIRST + timedelta(days=200 + day) for day in range(7)]
    assert made.train_seconds is not None
    assert made.train_seconds > 0


def test_autoces_keeps_its_point_forecast_and_its_interval_with_far_fewer_draws() -> None:
    panel = series(120)
    made = forecast_baseline("AutoCES", panel, process_time).rows
    said = direct(BASELINES["AutoCES"].build(), panel)
    assert made["forecast"].to_list() == pytest.approx(said["m"].to_list(), rel=1e-5)
    width = (said["m-hi-80"] - said["m-lo-80"]).mean()
    # Two simulations of 5,000 paths: a quantile's standard error is about 1% of the width.
    assert (made["q10"] - said["m-lo-80"]).abs().max() < 0.06 * width
    assert (made["q90"] - said["m-hi-80"]).abs().max() < 0.06 * width


@pytest.mark.parametrize("name", ["SeasonalWindowAverage", "AutoETS"])
def test_a_series_too_short_for_a_model_repeats_last_week(name: str) -> None:
    short = series(10)
    made = forecast_baseline(name, pl.concat([short, series(90, "roll")]), process_time).rows
    own = made.filter(pl.col("product_id") == "rye")
    assert own["forecast"].to_list() == short["y"].to_list()[-7:]
    assert set(own["source"]) == {"SeasonalNaive"}
    assert own["q10"].null_count() == 7
    assert set(made.filter(pl.col("product_id") == "roll")["source"]) == {name}


def test_a_series_of_less_than_a_week_takes_its_mean_where_last_week_has_no_such_day() -> None:
    few = series(3)
    made = forecast_baseline("SeasonalNaive", few, process_time).rows
    mean = sum(few["y"]) / 3
    assert made["forecast"].to_list() == pytest.approx([mean] * 4 + few["y"].to_list())
    assert made["source"].to_list() == ["mean"] * 4 + ["SeasonalNaive"] * 3
