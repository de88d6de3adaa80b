"""Real and made histories with one trouble each, from outside, with what is right for them."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from bakery_assets.forecasting import fit_booster, forecast_demand, train_models
from tests.forecasting.forecast_facts import Facts, cells, facts, recorded_overnight

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "cases" / "forecasting"
SOUP = date(2017, 2, 13)
SERIES = ["location_id", "product_id"]


def case(name: str, before: date) -> Facts:
    """The facts of a case that are known on the morning of ``before``."""
    folder = FOLDER / name
    if not folder.is_dir():
        pytest.skip(f"the forecasting cases are not at {FOLDER}")
    frames = facts()
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in frames:
            continue
        rows = pl.read_csv(path, try_parse_dates=True)
        if "location_id" not in rows.columns:
            rows = rows.with_columns(location_id=pl.lit("main"))
        frames[path.stem] = rows.select(
            (pl.col(column) if column in rows.columns else pl.lit(None)).cast(dtype).alias(column)
            for column, dtype in frames[path.stem].schema.items()
        )
    frames["sales"] = recorded_overnight(frames["sales"].filter(pl.col("sales_date") < before))
    return frames


@pytest.fixture(scope="module")
def soup() -> Facts:
    return case("soup", SOUP)


@pytest.fixture(scope="module", params=["untrained", "trained"])
def soup_forecasts(request: pytest.FixtureRequest, soup: Facts) -> pl.DataFrame:
    """A café's forecasts, with the highest day that each product has ever had as ``most``."""
    day = cells("breadbasket", day=SOUP)
    given = soup
    if request.param == "trained":
        boosters = fit_booster(day, soup)
        given = {**soup, **train_models(day, {**soup, "boosters": boosters}), "boosters": boosters}
    sold = soup["sales"].group_by(SERIES).agg(most=pl.col("quantity").max())
    return forecast_demand(day, given)["demand_forecasts"].join(sold, on=SERIES, how="left")


def test_a_product_that_paused_has_quantiles_in_keeping_with_what_it_sells(soup_forecasts: pl.DataFrame) -> None:
    soup = soup_forecasts.filter(product_id="soup")
    assert soup.height == 7
    assert 3 <= soup["yhat"].mean() <= 8
    assert soup["q95"].max() < 25


def test_no_quantile_is_more_than_a_few_times_what_was_ever_sold(soup_forecasts: pl.DataFrame) -> None:
    assert soup_forecasts["product_id"].n_unique() > 30
    assert soup_forecasts.filter(pl.col("q95") > 3 * pl.col("most").fill_null(0.0)).is_empty()


def test_products_that_sell_a_few_pieces_have_whole_quantiles_in_order(soup_forecasts: pl.DataFrame) -> None:
    few = soup_forecasts.filter(pl.col("yhat").is_between(0.01, 9.9))
    assert few["product_id"].n_unique() > 20
    for name in ("q10", "q50", "q80", "q90", "q95"):
        assert (few[name] == few[name].round()).all(), name
    for lower, upper in (("q10", "q50"), ("q50", "q80"), ("q80", "q90"), ("q90", "q95")):
        assert (few[lower] <= few[upper]).all(), (lower, upper)
    # Above the forecast, unless nothing is sold on so many days.
    for name in ("q80", "q90", "q95"):
        assert few.filter((pl.col(name) > 0) & (pl.col(name) < pl.col("yhat"))).is_empty(), name
