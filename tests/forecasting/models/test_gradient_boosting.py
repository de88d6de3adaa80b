"""The model that all tenants share: the same facts fit the same, and it forecasts a series by itself."""

import json

import numpy as np
import polars as pl
import pytest

from bakery_assets.forecasting import fit_booster
from bakery_assets.forecasting.data.context import ForecastContext, build_context
from bakery_assets.forecasting.data.features import FEATURE_NAMES
from bakery_assets.forecasting.data.history import HISTORY_DAYS
from bakery_assets.forecasting.data.panel import Floats
from bakery_assets.forecasting.models.day_effects import (
    country_day_effects,
    country_day_effects_from,
    day_effect_matrix,
    estimate_day_effects,
    special_day_observations,
)
from bakery_assets.forecasting.models.gradient_boosting import GradientBoostedModel, fit_gradient_boosting, holdout_days
from resources.schema import plans
from tests.forecasting.forecast_facts import PLAN, bakery, cells, facts, together

PAST = 150
DAYS = 120


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bakery_assets.forecasting.models.gradient_boosting.FEW_ROUNDS", 12)


def context_and_effects(*tenants: str) -> tuple[ForecastContext, Floats]:
    each = [bakery(tenant, DAYS, seed=ord(tenant)) for tenant in tenants]
    context = build_context(cells(*tenants), together(*each), PAST)
    observations = special_day_observations(context.panel, context.countries)
    effects = estimate_day_effects(observations, country_day_effects(observations), context.countries)
    return context, day_effect_matrix(context.panel, effects)


def forecast(model: GradientBoostedModel, *tenants: str) -> pl.DataFrame:
    context, effect = context_and_effects(*tenants)
    made = model.forecast(context.panel, effect, context.panel.is_closed[context.panel.item], PAST)
    return context.panel.series.with_columns(pl.Series("made", made))


def test_the_same_facts_fit_the_same_model() -> None:
    context, effect = context_and_effects("a", "b")
    model, rows = fit_gradient_boosting(context.panel, effect, PAST)
    again, _ = fit_gradient_boosting(context_and_effects("b", "a")[0].panel, effect, PAST)
    assert model.text == again.text
    assert 0.95 * 2 * 4 * DAYS < rows <= 2 * 4 * (DAYS - 1), "two rows for each day but those whose level is not known"
    assert model.text != fit_gradient_boosting(context.panel, effect, PAST - 7)[0].text


def test_a_series_is_forecast_alike_alone_and_among_others() -> None:
    context, effect = context_and_effects("a", "b")
    model, _ = fit_gradient_boosting(context.panel, effect, PAST)
    among = forecast(model, "a", "b", "c")
    assert among["made"].to_numpy().min() > 0
    for tenant in "abc":
        assert among.filter(tenant_id=tenant).equals(forecast(model, tenant))


def test_a_model_read_back_from_its_text_forecasts_the_same() -> None:
    context, effect = context_and_effects("a")
    model, _ = fit_gradient_boosting(context.panel, effect, PAST)
    kept = pl.DataFrame({"trees": [model.text]}).write_ndjson()
    back = GradientBoostedModel(json.loads(kept)["trees"])
    assert forecast(back, "a").equals(forecast(model, "a"))


def test_a_model_of_an_older_version_of_the_program_is_not_applied() -> None:
    context, effect = context_and_effects("a")
    model, _ = fit_gradient_boosting(context.panel, effect, PAST)
    assert model.is_applicable
    assert not GradientBoostedModel(model.text.replace("lead_days", "horizon")).is_applicable


def test_a_series_that_has_not_sold_for_eight_weeks_has_no_forecast() -> None:
    context, effect = context_and_effects("a")
    model, _ = fit_gradient_boosting(context.panel, effect, PAST)
    demand = context.panel.demand.copy()
    demand[1, -56:] = np.nan
    object.__setattr__(context.panel, "demand", demand)
    made = model.forecast(context.panel, effect, context.panel.is_closed[context.panel.item], PAST)
    assert np.isfinite(made[0]).all()
    assert np.isnan(made[1]).all()


def test_no_usable_day_is_an_error() -> None:
    context, effect = context_and_effects("a")
    with pytest.raises(ValueError, match="no day to fit a model on"):
        fit_gradient_boosting(context.panel, effect, PAST - DAYS)


@pytest.mark.parametrize(("days", "held"), [(20, 0), (21, 7), (62, 14), (120, 35), (168, 56), (1_130, 56)])
def test_a_third_of_a_history_at_most_is_held_out_in_whole_weeks(days: int, held: int) -> None:
    assert holdout_days(days) == held


def test_the_row_of_a_booster_says_what_it_has_seen() -> None:
    frames = together(bakery("a", DAYS), bakery("b", DAYS - 20, seed=2))
    made = fit_booster(cells("a", "b"), frames)
    assert set(made.columns) == {column.name for column in plans.boosters.columns} - {"trained_at"}
    row = made.row(0, named=True)
    assert (PLAN - row["trained_through"]).days == 1
    assert (PLAN - row["holdout_from"]).days == 35
    assert row["trees"] != row["holdout_trees"]
    parameters = json.loads(row["parameters"])
    assert (parameters["series"], parameters["tenants"], parameters["rounds"], parameters["features"]) == (
        4,
        2,
        12,
        list(FEATURE_NAMES),
    )
    assert parameters["history_days"] == DAYS
    assert fit_booster(cells("b", "a"), frames).equals(made)


def test_a_booster_holds_what_holidays_sell_in_countries_with_enough_tenants() -> None:
    tenants = "abcde"
    bakeries = [bakery(tenant, DAYS, seed=ord(tenant)) for tenant in tenants]
    four = fit_booster(cells(*tenants[:4]), together(*bakeries[:4]))
    assert four["day_effects"].to_list() == ["[]"]
    frames = together(*bakeries)
    made = fit_booster(cells(*tenants), frames)
    context = build_context(cells(*tenants), frames, HISTORY_DAYS)
    expected = country_day_effects(special_day_observations(context.panel, context.countries))
    assert expected["country"].unique().to_list() == ["DE"]
    assert "Neujahr" in expected["name"].to_list()
    assert country_day_effects_from(made).equals(expected)


def test_the_holdout_model_has_not_seen_the_weeks_held_out() -> None:
    frames = bakery("a", DAYS)
    made = fit_booster(cells("a"), frames)
    held = pl.col("sales_date") >= made["holdout_from"][0]
    frames["sales"] = frames["sales"].with_columns(quantity=pl.when(held).then(999.0).otherwise("quantity"))
    other = fit_booster(cells("a"), frames)
    assert other["trees"][0] != made["trees"][0]
    assert other["holdout_trees"][0] == made["holdout_trees"][0]


def test_with_less_than_two_years_the_day_of_the_year_is_not_used() -> None:
    made = fit_booster(cells("a"), bakery("a", DAYS))
    header = dict(line.split("=", 1) for line in made["trees"][0].split("\n\n")[0].split("\n") if "=" in line)
    ranges = dict(zip(header["feature_names"].split(), header["feature_infos"].split(), strict=True))
    assert ranges["day_of_year"] == "none"
    assert ranges["weekday"] == "[0:6]"


def test_too_little_history_fits_no_model() -> None:
    assert fit_booster(cells("a"), bakery("a", 20)).is_empty()
    assert fit_booster(cells("a"), facts(tenants=[("a", "DE", None)])).is_empty()
