"""Real and made histories with one trouble each, from outside, with what is right for them."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from bakery_assets.forecasting import fit_booster, forecast_demand, train_models
from bakery_assets.forecasting.training.train import insufficient_history
from bakery_assets.metrics import QUANTILE_LEVELS
from tests.forecasting.forecast_facts import Facts, cells, facts, recorded_overnight

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "cases" / "forecasting"
SOUP = date(2017, 2, 13)
COLD = date(2026, 3, 11)
SERIES = ["location_id", "product_id"]
# Mean units of a day, and days sold: of a product, of a shop, of a bakery that is young.
TRUE_MEANS = {
    ("a-products", "main", "base-a"): (60.0, 400),
    ("a-products", "main", "base-b"): (40.0, 400),
    ("a-products", "main", "base-c"): (25.0, 400),
    ("a-products", "main", "base-d"): (10.0, 400),
    ("a-products", "main", "new-01d"): (30.0, 1),
    ("a-products", "main", "new-03d"): (30.0, 3),
    ("a-products", "main", "new-10d"): (30.0, 10),
    ("a-products", "main", "new-30d"): (30.0, 30),
    ("a-products", "main", "new-60d"): (30.0, 60),
    ("a-products", "main", "back-5d"): (30.0, 5),
    ("a-products", "main", "weekend-only"): (30.0 * 2.3 / 7, 400),
    ("a-products", "main", "double-10d"): (60.0, 400),
    ("a-products", "main", "half-10d"): (15.0, 400),
    ("b-newstore", "main", "base-a"): (60.0, 400),
    ("b-newstore", "main", "base-b"): (40.0, 400),
    ("b-newstore", "main", "base-c"): (25.0, 400),
    ("b-newstore", "second", "base-a"): (30.0, 7),
    ("b-newstore", "second", "base-b"): (20.0, 7),
    ("b-newstore", "second", "base-c"): (12.5, 7),
    ("c-lastweek", "main", "base-a"): (60.0, 7),
    ("c-lastweek", "main", "base-b"): (40.0, 7),
    ("c-lastweek", "main", "base-c"): (25.0, 7),
    ("f-twoday", "main", "base-a"): (60.0, 2),
    ("f-twoday", "main", "base-b"): (40.0, 2),
    ("d-doubled", "main", "base-a"): (120.0, 400),
    ("d-doubled", "main", "base-b"): (80.0, 400),
    ("d-doubled", "main", "base-c"): (50.0, 400),
    ("g-growing", "main", "base-a"): (180.0, 400),
    ("g-growing", "main", "base-b"): (120.0, 400),
}


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


@pytest.fixture(scope="module")
def cold_forecasts() -> dict[str, pl.DataFrame]:
    """Forecasts of young and steady series without and with a training, with the means that they were drawn from."""
    frames = case("cold", COLD)
    tenants = frames["tenants"]["tenant_id"].to_list()
    too_young = insufficient_history(cells(*tenants, day=COLD), frames)
    trained_of = [tenant for tenant in tenants if tenant not in too_young]
    own = {
        name: frame.filter(pl.col("tenant_id").is_in(trained_of)) if "tenant_id" in frame.columns else frame
        for name, frame in frames.items()
    }
    boosters = fit_booster(cells(*trained_of, day=COLD), own)
    trained = train_models(cells(*trained_of, day=COLD), {**own, "boosters": boosters})
    means = pl.DataFrame(
        [(*series, *known) for series, known in TRUE_MEANS.items()],
        schema=["tenant_id", *SERIES, "mean", "days_sold"],
        orient="row",
    )
    return {
        name: forecast_demand(cells(*tenants, day=COLD), given)["demand_forecasts"].join(
            means, on=["tenant_id", *SERIES], how="left"
        )
        for name, given in (("untrained", frames), ("trained", {**frames, **trained, "boosters": boosters}))
    }


def of_the_week(forecasts: pl.DataFrame) -> pl.DataFrame:
    """Of each series whose mean is known."""
    forecasts = forecasts.drop_nulls("mean")
    is_saturday = pl.col("target_date").dt.weekday() == 6
    week = forecasts.group_by("tenant_id", *SERIES).agg(
        pl.col("mean", "days_sold").first(), weekly=pl.col("yhat").mean(), saturday=pl.col("yhat").filter(is_saturday)
    )
    return week.explode("saturday").with_columns(off=(pl.col("weekly") / pl.col("mean") - 1).abs())


@pytest.mark.parametrize("name", ["untrained", "trained"])
def test_young_series_are_within_their_tolerance(cold_forecasts: dict[str, pl.DataFrame], name: str) -> None:
    week = of_the_week(cold_forecasts[name])
    assert week.height == len(TRUE_MEANS)
    tolerance = pl.when(pl.col("days_sold") < 10).then(0.35).otherwise(0.2)
    assert week.filter(pl.col("off") > tolerance).is_empty()
    # Two days, neither of them a Saturday, tell nothing of Saturdays.
    assert week.filter((pl.col("saturday") <= pl.col("weekly")) & (pl.col("tenant_id") != "f-twoday")).is_empty()
    made = cold_forecasts[name].drop_nulls("mean").filter(pl.col("product_id") != "weekend-only")
    for lower, upper in (
        ("q10", "q50"),
        ("q50", "q80"),
        ("q80", "q90"),
        ("q90", "q95"),
        ("q10", "yhat"),
        ("yhat", "q90"),
    ):
        assert (made[lower] <= made[upper]).all(), (lower, upper)


@pytest.mark.parametrize("name", ["untrained", "trained"])
def test_what_hardly_sells_and_what_is_away_are_forecast_as_such(
    cold_forecasts: dict[str, pl.DataFrame], name: str
) -> None:
    made = cold_forecasts[name].filter(tenant_id="a-products")
    quantiles = [*QUANTILE_LEVELS, "yhat"]
    assert made.filter(product_id="away-6m").select(quantiles).sum_horizontal().sum() == 0
    # About 0.24 a day, 0.29 in the last eight weeks, and sold on each of the last three days: within a factor of two.
    seldom = made.filter(product_id="intermittent")
    assert 0.12 < seldom["yhat"].mean() < 0.48
    assert seldom["q50"].max() <= 1
    weekend = made.filter(product_id="weekend-only").with_columns(weekday=pl.col("target_date").dt.weekday())
    assert weekend.filter(pl.col("weekday") < 6)["yhat"].max() < 1
    assert weekend.filter(weekday=6)["yhat"].item() == pytest.approx(45, rel=0.2)
    assert weekend.filter(weekday=7)["yhat"].item() == pytest.approx(24, rel=0.2)


@pytest.mark.parametrize("name", ["untrained", "trained"])
def test_a_new_product_has_its_categorys_level_and_an_empty_bakery_says_that_nothing_is_known(
    cold_forecasts: dict[str, pl.DataFrame], name: str
) -> None:
    """The new products of the case were drawn around 30 a day, which is also the median of its breads."""
    new = cold_forecasts[name].filter(product_id="new-00d")
    assert new["model"].unique().to_list() == ["category_level"]
    assert new["yhat"].mean() == pytest.approx(30, rel=0.2)
    assert new.filter(pl.col("target_date").dt.weekday() == 6)["yhat"].item() == pytest.approx(45, rel=0.2)
    assert (new["q10"] < new["yhat"]).all()
    assert (new["q90"] > new["yhat"]).all()
    nothing = cold_forecasts[name].filter(tenant_id="e-empty")
    assert nothing.height == 7
    assert nothing["model"].unique().to_list() == ["no_history"]
    assert nothing["yhat"].sum() == 0


def test_training_takes_no_series_further_off(cold_forecasts: dict[str, pl.DataFrame]) -> None:
    before, after = (of_the_week(cold_forecasts[name]).sort("tenant_id", *SERIES) for name in ("untrained", "trained"))
    assert before.select("tenant_id", *SERIES).equals(after.select("tenant_id", *SERIES))
    assert before.height == len(TRUE_MEANS)
    # Day effects, gaps and trees differ by noise.
    worse = after.with_columns(by=after["off"] - before["off"]).filter(pl.col("by") > 0.05)
    assert worse.select(*SERIES, "by").rows() == []
    assert after["off"].mean() < before["off"].mean() + 0.005
