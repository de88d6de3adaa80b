"""What a version holds of the week and of its days' spread: written on one morning and read on another weekday."""

import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from bakery_assets.forecasting import fit_booster, forecast_demand, train_models
from bakery_assets.forecasting.data.context import build_context
from bakery_assets.forecasting.data.panel import Panel
from bakery_assets.forecasting.models.day_spread import KINDS_OF_DAY
from bakery_assets.forecasting.registry.decode import VersionsInUse, decode_model_versions
from tests.forecasting.forecast_facts import PLAN, WEEKDAYS, Facts, bakery, cells

LATER = 3  # days; a Thursday


@pytest.fixture(scope="module")
def frames() -> Facts:
    """A bakery trained on a Monday, with sales of the days after it too."""
    facts = bakery("a", 150, PLAN + timedelta(days=LATER))
    known = {**facts, "sales": facts["sales"].filter(pl.col("sales_date") < PLAN)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bakery_assets.forecasting.models.gradient_boosting.FEW_ROUNDS", 10)
        boosters = fit_booster(cells("a"), known)
        trained = train_models(cells("a"), {**known, "boosters": boosters})
    return {**facts, **trained, "boosters": boosters}


def decoded(frames: Facts, days: int) -> tuple[Panel, VersionsInUse]:
    panel = build_context(cells("a", day=PLAN + timedelta(days=days)), frames, 100).panel
    return panel, decode_model_versions(panel, frames["model_versions"], frames["series_models"])


def test_weekdays_are_stored_from_monday_on(frames: Facts) -> None:
    bread = json.loads(frames["series_models"].filter(product_id="bread")["parameters"].item())["weekdays"]
    assert bread == pytest.approx(WEEKDAYS, abs=0.1)


def test_a_weekday_profile_is_turned_to_the_day_that_is_planned(frames: Facts) -> None:
    _, monday = decoded(frames, 0)
    _, thursday = decoded(frames, LATER)
    stored = [json.loads(text)["weekdays"] for text in frames["series_models"]["parameters"]]
    assert monday.weekday_profile.tolist() == [pytest.approx(each) for each in stored]
    assert thursday.weekday_profile.tolist() == [pytest.approx(each[LATER:] + each[:LATER]) for each in stored]


def test_the_spread_of_days_is_that_of_the_version(frames: Facts) -> None:
    stored = json.loads(frames["model_versions"]["effects"].item())["day_spread"]
    assert len(stored) == KINDS_OF_DAY
    for days in (0, LATER):
        assert decoded(frames, days)[1].day_spread.tolist() == [pytest.approx(stored)]


def test_a_version_holds_how_often_its_shops_met_holidays(frames: Facts) -> None:
    """It has been open every day since October, so on three public holidays of all of Germany."""
    _, versions = decoded(frames, 0)
    assert versions.holidays_seen.rows() == [
        ("a", "main", "Erster Weihnachtstag", 1, 0),
        ("a", "main", "Neujahr", 1, 0),
        ("a", "main", "Zweiter Weihnachtstag", 1, 0),
    ]


def test_a_version_of_an_older_method_has_neither_and_still_forecasts(frames: Facts) -> None:
    effects = json.loads(frames["model_versions"]["effects"].item())
    del effects["day_spread"]
    del effects["holidays_seen"], effects["country_closings"]
    effects["holiday_habits"] = [
        {"location_id": "main", "name": None, "is_kept": False},
        {"location_id": "main", "name": "Neujahr", "is_kept": True},
        {"location_id": "second", "name": None, "is_kept": True},
        {"location_id": "second", "name": "Neujahr", "is_kept": False},
    ]
    effects["factors"] = [factor for factor in effects["factors"] if not factor["on_sunday"]]
    for factor in effects["factors"]:
        del factor["on_sunday"]
    parameters = [json.loads(text) for text in frames["series_models"]["parameters"]]
    for each in parameters:
        del each["weekdays"]
    older = {
        **frames,
        "model_versions": frames["model_versions"].with_columns(effects=pl.lit(json.dumps(effects))),
        "series_models": frames["series_models"].with_columns(parameters=pl.Series(map(json.dumps, parameters))),
    }
    _, versions = decoded(older, 0)
    assert np.isnan(versions.weekday_profile).all()
    assert np.isnan(versions.day_spread).all()
    seen = versions.holidays_seen.group_by("location_id").agg(pl.col("seen").sum(), pl.col("closed").sum())
    assert seen.sort("location_id").rows() == [("main", 6, 5), ("second", 6, 5)]
    assert versions.holidays_seen.filter(name="Neujahr").sort("location_id").rows() == [
        ("a", "main", "Neujahr", 2, 2),
        ("a", "second", "Neujahr", 2, 1),
    ]
    assert versions.country_closings.is_empty()
    of_both = versions.day_effects.group_by("kind", "name").agg("on_sunday", pl.col("factor").n_unique())
    assert of_both.height == len(effects["factors"]) > 0
    assert {tuple(sorted(each)) for each in of_both["on_sunday"]} == {(False, True)}
    assert of_both["factor"].unique().to_list() == [1]
    assert versions.alphas["level"].tolist() == decoded(frames, 0)[1].alphas["level"].tolist()
    made, now = (forecast_demand(cells("a"), each)["demand_forecasts"] for each in (older, frames))
    assert made["model"].equals(now["model"])
    both = made.join(now, on=["product_id", "target_date"])
    assert both.height == 14
    assert (both["yhat"] / both["yhat_right"]).is_between(0.8, 1.25).all()
    assert (made["q10"] < made["q95"]).all()
