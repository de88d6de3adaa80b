"""Forecasts of trained bakeries: by the version's models and errors, and by nothing that was not known yet."""

import json
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bakery_assets.forecasting import fit_booster, forecast_demand, train_models
from bakery_assets.forecasting.models.selection import BLENDS
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.schemas.plans import DemandForecasts
from resources.schema import plans
from tests.forecasting.forecast_facts import PLAN, Facts, bakery, cells, days_before, facts, quantile, sale, together

SIZES = (("main", "bread", 60.0), ("main", "cake", 12.0), ("east", "bread", 25.0))
WEEK_AGO = PLAN - timedelta(days=7)
KEY = ["tenant_id", "location_id", "product_id", "target_date"]


def in_use(trained: Facts, frames: Facts) -> Facts:
    """The facts of a day on which these versions make the forecasts."""
    return {**frames, **trained, "boosters": frames["boosters"]}


def train(frames: Facts, *tenants: str) -> Facts:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bakery_assets.forecasting.models.gradient_boosting.FEW_ROUNDS", 15)
        boosters = fit_booster(cells(*tenants), frames)
        return {**train_models(cells(*tenants), {**frames, "boosters": boosters}), "boosters": boosters}


@pytest.fixture(scope="module")
def frames() -> Facts:
    """Two bakeries, ``a`` trained and ``b`` not."""
    both = together(bakery("a", 150, sizes=SIZES), bakery("b", 120, seed=2))
    return {**both, **train(both, "a")}


@pytest.fixture(scope="module")
def made(frames: Facts) -> pl.DataFrame:
    return forecast(frames)


def forecast(frames: Facts, *tenants: str) -> pl.DataFrame:
    return forecast_demand(cells(*(tenants or ("a", "b"))), frames)["demand_forecasts"]


def with_models(frames: Facts, *models: str) -> Facts:
    """The same version with other models chosen for its series, in their order."""
    chosen = frames["series_models"].with_columns(model=pl.Series(models))
    return {**frames, "series_models": chosen}


def said(row: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(row["reasoning"]))


def test_every_forecast_says_which_version_made_it(frames: Facts, made: pl.DataFrame) -> None:
    assert made.columns == DemandForecasts.column_names()
    assert {column.name for column in plans.demand_forecasts.columns} == set(made.columns)
    version = frames["model_versions"]["model_version"].item()
    assert made.filter(tenant_id="a")["model_version"].unique().to_list() == [version]
    models = made.filter(tenant_id="a").join(frames["series_models"], on=KEY[:3])
    assert models.height == 21
    assert (models["model"] == models["model_right"]).all()


def test_a_tenant_that_was_never_trained_says_so(made: pl.DataFrame) -> None:
    rows = made.filter(tenant_id="b")
    assert rows.height == 14
    assert rows["model"].unique().to_list() == ["untrained_smoothing"]
    assert rows["model_version"].unique().to_list() == ["untrained"]
    for row in rows.iter_rows(named=True):
        assert said(row)["members"]["trees"] is None
        assert said(row)["quantiles"]["errors_of"] == "own"


@pytest.mark.parametrize("blend", list(BLENDS))
def test_a_person_can_recompute_every_forecast(frames: Facts, blend: str) -> None:
    changed = with_models(frames, "trees_and_smoothing", blend, "smoothing")
    rows = forecast(changed, "a")
    assert rows["model"].n_unique() == len({"trees_and_smoothing", blend, "smoothing"})
    for row in rows.iter_rows(named=True):
        text = said(row)
        factor = prod(each["factor"] for each in text["factors"])
        assert text["factor"] == pytest.approx(factor, abs=1e-5)
        shares = {name: share or 0.0 for name, share in text["shares"].items()}
        assert shares == pytest.approx(
            dict(zip(("trees", "seasonal", "level", "tsb"), BLENDS[row["model"]], strict=True)), abs=1e-5
        )
        # Gradient boosting has seen what is special; the normal days of smoothing are multiplied by it.
        yhat = sum(
            share * text["members"][name] * (1 if name == "trees" else factor)
            for name, share in shares.items()
            if share
        )
        assert row["yhat"] == row["system_yhat"] == pytest.approx(yhat, rel=1e-4, abs=1e-4)
    promoted = rows.filter(pl.col("reasoning").str.contains('"kind":"promotion"'))
    assert promoted["product_id"].unique().to_list() == ["bread"]
    assert all(said(row)["factor"] > 1.2 for row in promoted.iter_rows(named=True))


def test_the_width_is_that_of_the_versions_own_errors(frames: Facts, made: pl.DataFrame) -> None:
    models = {(row["location_id"], row["product_id"]): row for row in frames["series_models"].iter_rows(named=True)}
    for row in made.filter(tenant_id="a").iter_rows(named=True):
        text = said(row)["quantiles"]
        assert text["errors_of"] == "model"
        model = models[row["location_id"], row["product_id"]]
        assert text["error_days"] == json.loads(model["scores"])["days"]
        own = json.loads(model["error_quantiles"])
        # 0.1, 0.5, 0.8, 0.9 and 0.95 are on the grid.
        assert [text[f"z_{name}"] for name in QUANTILE_LEVELS] == [own[2], own[6], own[9], own[10], own[11]]
        for name, level in QUANTILE_LEVELS.items():
            assert row[name] == pytest.approx(quantile(row["yhat"], level, text), abs=1e-4)
        assert all(row[lower] <= row[upper] for lower, upper in pairwise(QUANTILE_LEVELS))
        assert row["q10"] < row["q95"]


def test_a_product_that_is_new_since_the_training_follows_its_shop(frames: Facts) -> None:
    tart = [sale("a", "tart", day, 5.0) for day in days_before(10)]
    new = facts(products=[("a", "tart", None)], sales=tart)
    more = {**frames, **{name: pl.concat([frames[name], new[name]]) for name in ("products", "sales")}}
    rows = forecast(more, "a").filter(product_id="tart")
    assert rows.height == 7
    assert rows["model"].unique().to_list() == ["short_history"]
    assert rows["model_version"].n_unique() == 1
    assert rows["yhat"].mean() == pytest.approx(5.0, rel=0.15)
    weekdays = dict(zip(rows["target_date"].dt.weekday(), rows["yhat"], strict=True))
    assert weekdays[6] > 1.5 * weekdays[7], "Saturdays are the shop's best days, Sundays its worst"
    tenants = json.loads(frames["model_versions"]["effects"].item())["error_quantiles"]
    for row in rows.iter_rows(named=True):
        assert said(row)["history_days"] == 10
        assert said(row)["quantiles"]["errors_of"] == "tenant"
        assert said(row)["quantiles"]["z_q90"] == tenants[10]


def test_a_series_modelled_once_and_not_sold_for_half_a_year_is_still_there(frames: Facts) -> None:
    unsold = {**frames, "sales": frames["sales"].filter(pl.col("product_id") != "cake")}
    rows = forecast(unsold, "a").filter(product_id="cake")
    assert rows["yhat"].to_list() == [0.0] * 7


def test_nothing_of_the_day_itself_or_later_counts(frames: Facts, made: pl.DataFrame) -> None:
    later = [PLAN + timedelta(days=n) for n in range(7)]
    sales = [sale("a", product, day, 999.0, shop) for shop, product, _ in SIZES for day in later]
    sales.append(sale("a", "news", later[0], 5.0))
    hours = frames["sales_hourly"].schema
    row = {"tenant_id": "a", "product_id": "bread", "sales_date": PLAN, "hour": 8, "location_id": "main",
           "quantity": 99.0, "in_stock": 0.1}  # fmt: skip
    more = {
        **frames,
        "sales": pl.concat([frames["sales"], facts(sales=sales)["sales"]]),
        "sales_hourly": pl.DataFrame([{name: row.get(name) for name in hours}], schema=hours),
    }
    assert forecast(more).equals(made)


def test_weather_that_is_forecast_counts_and_weather_of_other_days_does_not(frames: Facts, made: pl.DataFrame) -> None:
    def sky(day: Any) -> Facts:
        return {**frames, "weather": pl.concat([frames["weather"], facts(weather=[("a", day, 35.0, 50.0)])["weather"]])}

    rows = forecast(sky(PLAN + timedelta(days=20)))
    assert rows.equals(made)
    assert (
        forecast(sky(PLAN + timedelta(days=3)))
        .filter(pl.col("target_date") < PLAN + timedelta(days=3))
        .equals(made.filter(pl.col("target_date") < PLAN + timedelta(days=3)))
    )


def test_a_tenant_is_forecast_alike_alone_and_among_others(frames: Facts, made: pl.DataFrame) -> None:
    for tenant in "ab":
        assert forecast(frames, tenant).equals(made.filter(tenant_id=tenant))
    shuffled = {
        name: frame.sample(fraction=1.0, shuffle=True, seed=2) if frame.height > 1 else frame
        for name, frame in frames.items()
    }
    assert forecast(shuffled, "b", "a").equals(made)


def test_boosters_of_two_weeks_serve_one_day(frames: Facts, made: pl.DataFrame) -> None:
    older = bakery("c", 140, seed=5)
    before = {**older, "sales": older["sales"].filter(pl.col("sales_date") < WEEK_AGO)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bakery_assets.forecasting.models.gradient_boosting.FEW_ROUNDS", 10)
        boosters = fit_booster(cells("c", day=WEEK_AGO), before)
        trained = train_models(cells("c", day=WEEK_AGO), {**before, "boosters": boosters})
    own = {**older, **trained, "boosters": boosters}
    assert boosters["booster_id"].item() != frames["boosters"]["booster_id"].item()
    both = with_models(together(frames, own), "trees", "trees", "trees", "trees", "trees")
    rows = forecast(both, "a", "b", "c")
    assert rows.filter(tenant_id="b").equals(made.filter(tenant_id="b"))
    assert rows.filter(tenant_id="a").equals(forecast(with_models(frames, "trees", "trees", "trees"), "a"))
    assert rows.filter(tenant_id="c").equals(forecast(with_models(own, "trees", "trees"), "c"))
    assert (rows.filter(tenant_id="c")["yhat"] > 0).all()


def test_without_its_booster_a_blend_is_made_of_its_other_members(frames: Facts) -> None:
    bare = with_models({**frames, "boosters": frames["boosters"].clear()}, *["trees_and_smoothing"] * 3)
    rows = forecast(bare, "a")
    assert (rows["yhat"] > 0).all()
    for row in rows.iter_rows(named=True):
        # Of 0.1 and 0.35.
        assert said(row)["shares"] == {"level": 0.777778, "seasonal": 0.222222, "trees": None, "tsb": None}


STAGE = """
import pickle, sys
from bakery_assets.forecasting import forecast_demand
cells, frames = pickle.load(open(sys.argv[1], "rb"))
made = forecast_demand(cells, frames)["demand_forecasts"]
made.write_ipc(sys.argv[2])
print(sorted({name.split(".")[0] for name in sys.modules} & {"statsforecast", "dask", "distributed", "fugue", "numba"}))
"""


def test_the_stage_needs_no_statsforecast(frames: Facts, made: pl.DataFrame, tmp_path: Path) -> None:
    import pickle

    given, written = tmp_path / "given.pickle", tmp_path / "made.ipc"
    given.write_bytes(pickle.dumps((cells("a", "b"), frames)))
    run = [sys.executable, "-c", STAGE, str(given), str(written)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert pl.read_ipc(written).equals(made), "another process, the same figures"
