"""Training: rows that say which model forecasts which series, the same whenever and with whichever tenants."""

import json
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from bakery_assets.cells import CannotPlan
from bakery_assets.forecasting import fit_booster, train_models
from bakery_assets.forecasting.data.context import build_context
from bakery_assets.forecasting.data.history import HISTORY_DAYS
from bakery_assets.forecasting.models.day_effects import (
    CountryDayEffects,
    day_effect_matrix,
    estimate_day_effects,
    past_day_effects,
    special_day_observations,
)
from bakery_assets.forecasting.models.intervals import QUANTILE_GRID
from bakery_assets.forecasting.models.selection import BLEND_NAMES
from bakery_assets.forecasting.models.smoothing import ALPHA_GRID
from resources.schema import plans
from tests.forecasting.forecast_facts import PLAN, Facts, bakery, cells, facts, note, sale, together

SHOPS = (("main", "bread", 60.0), ("main", "cake", 12.0), ("east", "bread", 25.0), ("east", "roll", 0.4))
LATER = PLAN + timedelta(days=4)


@pytest.fixture(scope="module")
def bakeries() -> Facts:
    """Half a year, ten weeks and half a year up to another morning, and the booster of the first two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bakery_assets.forecasting.models.gradient_boosting.FEW_ROUNDS", 15)
        frames = together(
            bakery("long", 180, sizes=SHOPS), bakery("short", 70, seed=2), bakery("later", 180, LATER, seed=3)
        )
        return {**frames, "boosters": fit_booster(cells("long", "short"), frames)}


@pytest.fixture(scope="module")
def trained(bakeries: Facts) -> Facts:
    return dict(train_models(cells("long", "short", ("later", LATER)), bakeries))


def of(frames: Facts, *tenants: str) -> Facts:
    """The facts of some tenants; the booster belongs to all."""
    return {
        name: frame.filter(pl.col("tenant_id").is_in(tenants)) if "tenant_id" in frame.columns else frame
        for name, frame in frames.items()
    }


def scores(trained: Facts, tenant: str) -> dict[str, Any]:
    return dict(json.loads(trained["model_versions"].filter(tenant_id=tenant)["scores"].item()))


def test_rows_have_the_columns_of_the_tables(trained: Facts) -> None:
    columns = {
        table.name: [column.name for column in table.columns] for table in (plans.model_versions, plans.series_models)
    }
    later = {"trained_at", "role", "champion_from", "champion_until"}
    assert set(trained["model_versions"].columns) == set(columns["model_versions"]) - later
    assert set(trained["series_models"].columns) == set(columns["series_models"]) - {"trained_as_of"}
    for name, key in (("model_versions", 2), ("series_models", 4)):
        frame = trained[name]
        assert frame.equals(frame.sort(columns[name][:key])), "sorted by key"
        assert frame.drop("booster_id", strict=False).null_count().sum_horizontal().item() == 0
    assert trained["model_versions"].height == 3
    assert trained["series_models"].height == 4 + 2 + 2


def test_every_series_says_its_model_its_parameters_and_its_errors(trained: Facts) -> None:
    for row in trained["series_models"].iter_rows(named=True):
        assert row["model"] in BLEND_NAMES
        parameters = json.loads(row["parameters"])
        weekdays = parameters.pop("weekdays")
        assert len(weekdays) == 7
        assert sum(weekdays) == pytest.approx(7.0, abs=0.1)  # the history is no whole number of weeks
        assert {name: value in ALPHA_GRID[name] for name, value in parameters.items()} == dict.fromkeys(
            ALPHA_GRID, True
        )
        quantiles = json.loads(row["error_quantiles"])
        assert len(quantiles) == len(QUANTILE_GRID)
        assert quantiles == sorted(quantiles)
        said = json.loads(row["scores"])
        assert set(said["wape"]) == set(BLEND_NAMES)
        assert all(value is None or value >= 0 for value in said["wape"].values())
        assert 0 < said["days"] <= 56


def test_a_version_says_what_it_was_trained_on(trained: Facts) -> None:
    row = trained["model_versions"].filter(tenant_id="long").row(0, named=True)
    assert row["model_version"].startswith("20260309-")
    assert row["trained_through"] == PLAN - timedelta(days=1)
    assert row["trained_as_of"] == cells("long")["planned_as_of"].item()
    said = json.loads(row["facts"])
    assert (said["series"], said["first_day"], said["last_day"]) == (4, "2025-09-10", "2026-03-08")
    assert said["rows"] == 4 * 180
    effects = json.loads(row["effects"])
    assert effects["blend"] in BLEND_NAMES
    # Bread sells half as much again on its promotions, one in twelve days.
    promotion = {each["name"]: each for each in effects["factors"] if each["kind"] == "promotion"}["bread"]
    assert promotion["factor"] == pytest.approx(1.5, abs=0.1)
    assert promotion["days"] >= 12


def test_scores_compare_the_models_chosen_with_every_other(trained: Facts) -> None:
    said = scores(trained, "long")
    by_model = said["wape_by_model"]
    assert set(by_model) == set(BLEND_NAMES)
    assert 0.05 < said["wape"] < 0.4
    assert said["wape"] <= min(by_model.values()) + 0.01
    assert said["wape_of_incumbents"] is None
    assert said["wape_where_incumbents"] is None
    assert said["days_compared"] == 56


def test_the_same_facts_train_the_same_rows_in_any_order(bakeries: Facts, trained: Facts) -> None:
    shuffled = {
        name: frame.sample(fraction=1.0, shuffle=True, seed=4) if frame.height > 1 else frame
        for name, frame in bakeries.items()
    }
    again = train_models(cells(("later", LATER), "short", "long"), shuffled)
    for name, frame in trained.items():
        assert again[name].equals(frame), name


@pytest.mark.parametrize(("tenant", "day"), [("long", PLAN), ("short", PLAN), ("later", LATER)])
def test_a_tenant_is_trained_alike_alone_and_among_others(
    bakeries: Facts, trained: Facts, tenant: str, day: date
) -> None:
    alone = train_models(cells((tenant, day)), of(bakeries, tenant))
    for name, frame in trained.items():
        among = frame.filter(tenant_id=tenant)
        for column in frame.columns:
            assert alone[name][column].to_list() == among[column].to_list(), f"{name}.{column}"


def test_no_later_sale_is_seen(bakeries: Facts, trained: Facts) -> None:
    later = facts(sales=[sale("long", "bread", PLAN + timedelta(days=n), 9_999.0) for n in range(3)])["sales"]
    frames = of(bakeries, "long")
    frames["sales"] = pl.concat([frames["sales"], later])
    made = train_models(cells("long"), frames)
    for name in trained:
        assert made[name].equals(trained[name].filter(tenant_id="long"))


def test_without_trees_smoothing_is_chosen(bakeries: Facts) -> None:
    frames = {**of(bakeries, "long"), "boosters": bakeries["boosters"].clear()}
    made = train_models(cells("long"), frames)
    assert made["model_versions"]["booster_id"].to_list() == [None]
    by_model = json.loads(made["model_versions"]["scores"].item())["wape_by_model"]
    # Every blend is then made of its smoothing alone: two of them of the same.
    assert by_model["trees_half"] == pytest.approx(by_model["trees_and_smoothing"], rel=0.02)
    assert max(by_model.values()) < 0.4
    assert made["series_models"]["model"].is_in(BLEND_NAMES).all()


def incumbents(trained: Facts, **changed: object) -> pl.DataFrame:
    """The rows of a training as they are in use."""
    rows = trained["series_models"].filter(tenant_id="long")
    as_of = pl.lit(cells("long", day=PLAN - timedelta(days=7))["planned_as_of"].item())
    return rows.with_columns(
        model_version=pl.lit("20260302-old"), trained_as_of=as_of, **{name: pl.lit(v) for name, v in changed.items()}
    ).select(column.name for column in plans.series_models.columns)


def test_incumbents_stay_and_are_scored_on_the_same_series(bakeries: Facts, trained: Facts) -> None:
    frames = {**of(bakeries, "long"), "incumbents": incumbents(trained)}
    made = train_models(cells("long"), frames)
    assert made["series_models"]["model"].to_list() == incumbents(trained)["model"].to_list()
    said = scores(dict(made), "long")
    assert said["wape_of_incumbents"] == said["wape_where_incumbents"] == said["wape"]
    one = {**frames, "incumbents": incumbents(trained, model="intermittent").head(1)}
    said = scores(dict(train_models(cells("long"), one)), "long")
    assert said["wape_of_incumbents"] is not None
    assert said["wape_where_incumbents"] <= said["wape_of_incumbents"]
    assert said["wape_where_incumbents"] != said["wape"], "of one series, not of all"


def test_incumbents_are_scored_with_the_parameters_they_have(bakeries: Facts, trained: Facts) -> None:
    frames = of(bakeries, "long")
    own = incumbents(trained, model="level_smoothing")
    kept = scores(dict(train_models(cells("long"), {**frames, "incumbents": own})), "long")
    assert kept["wape_of_incumbents"] == kept["wape_by_model"]["level_smoothing"], "the best parameters are theirs"
    hasty = own.with_columns(parameters=pl.lit(json.dumps({"seasonal": 0.5, "level": 0.4, "tsb": 0.15})))
    assert not hasty["parameters"].equals(own["parameters"])
    said = scores(dict(train_models(cells("long"), {**frames, "incumbents": hasty})), "long")
    assert said["wape_of_incumbents"] > kept["wape_of_incumbents"]
    assert said["wape_by_model"] == kept["wape_by_model"]


def test_series_carried_over_count_with_the_model_they_keep(bakeries: Facts, trained: Facts) -> None:
    kept = incumbents(trained, model="intermittent")
    carried = kept.select("tenant_id", "location_id", "product_id")
    frames = {**of(bakeries, "long"), "incumbents": kept, "carried_over": carried}
    said = scores(dict(train_models(cells("long"), frames)), "long")
    assert said["wape"] == said["wape_of_incumbents"] == said["wape_where_incumbents"]
    assert said["wape"] == said["wape_by_model"]["intermittent"] > min(said["wape_by_model"].values())


def test_a_series_carried_over_keeps_its_row_under_the_new_version(bakeries: Facts, trained: Facts) -> None:
    kept = incumbents(trained, model="intermittent", error_quantiles="[]").head(1)
    carried = kept.select("tenant_id", "location_id", "product_id")
    made = train_models(cells("long"), {**of(bakeries, "long"), "incumbents": kept, "carried_over": carried})
    series = made["series_models"]
    assert series.columns == trained["series_models"].columns
    assert series.height == 4
    assert series["model_version"].n_unique() == 1
    row = series.join(carried, on=carried.columns, how="semi")
    same = ["model", "parameters", "error_quantiles", "scores"]
    assert row.select(same).equals(kept.select(same))
    assert (series.join(carried, on=carried.columns, how="anti")["error_quantiles"] != "[]").all()


def test_two_weeks_are_too_little_and_three_are_enough(bakeries: Facts) -> None:
    few = {**together(bakery("long", 60), bakery("new", 20)), "boosters": bakeries["boosters"]}
    with pytest.raises(CannotPlan, match="tenant new has 20 days of sales; models are trained from 21 on"):
        train_models(cells("long", "new"), few)
    enough = {**bakery("new", 21), "boosters": bakeries["boosters"]}
    assert train_models(cells("new"), enough)["series_models"].height == 2
    with pytest.raises(CannotPlan, match="tenant none has 0 days"):
        train_models(cells("none"), facts(tenants=[("none", "DE", None)], products=[("none", "bread", None)]))


def test_a_day_special_in_two_ways_is_backtested_with_the_effects_it_would_have_had(bakeries: Facts) -> None:
    """The backtest forecasts a promotion on the day of an event as the stage would: by the product of both."""
    day = PLAN - timedelta(days=10)
    frames = of(bakeries, "long")
    promoted = frames["calendar"].filter(kind="promotion")["date"].to_list()
    away = [PLAN - timedelta(days=n) for n in range(31, 160, 11)]
    events = [day, *(each for each in away if each not in promoted)]
    assert len(events) > 8
    frames["calendar"] = pl.concat(
        [
            frames["calendar"],
            facts(calendar=[note("long", each, "event", None, "fair") for each in events])["calendar"],
            facts(calendar=[note("long", day, "promotion", "bread")])["calendar"].filter(
                ~pl.col("date").is_in(promoted)
            ),
        ]
    )
    busy = pl.col("sales_date").is_in(events)
    both = (pl.col("sales_date") == day) & (pl.col("product_id") == "bread")
    frames["sales"] = frames["sales"].with_columns(
        quantity=pl.when(both)
        .then(pl.col("quantity") * 3)
        .when(busy)
        .then(pl.col("quantity") * 2)
        .otherwise("quantity")
    )
    context = build_context(cells("long"), frames, HISTORY_DAYS)
    observations = special_day_observations(context.panel, context.countries)
    effects = estimate_day_effects(observations, CountryDayEffects.create_empty(), context.countries)
    effect = day_effect_matrix(context.panel, effects, past_day_effects(observations, context.panel))
    at = context.panel.past - 10
    bread = context.panel.items["product_id"].to_list().index("bread")
    assert effect[bread, at] == pytest.approx(3.0, abs=0.5)


def test_a_booster_holds_which_share_of_a_countrys_shops_closes_on_a_holiday_and_versions_take_it_over() -> None:
    new_year = date(2026, 1, 1)
    each = [bakery(name, 90, sizes=(("main", "bread", 60.0),), seed=seed) for seed, name in enumerate("abcde")]
    for frames in each[:2]:
        frames["sales"] = frames["sales"].filter(pl.col("sales_date") != new_year)
    frames = together(*each)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bakery_assets.forecasting.models.gradient_boosting.FEW_ROUNDS", 1)
        boosters = fit_booster(cells(*"abcde"), frames)
        version = train_models(cells("e"), {**of(frames, "e"), "boosters": boosters})["model_versions"]
    shares = {row["name"]: row["share_closed"] for row in json.loads(boosters["holiday_closings"].item())}
    assert shares == {"Erster Weihnachtstag": 0, "Zweiter Weihnachtstag": 0, "Neujahr": 0.4}
    known = json.loads(version["effects"].item())["country_closings"]
    assert {row["name"]: (row["share_closed"], row["tenants"]) for row in known} == {
        name: (share, 5) for name, share in shares.items()
    }
