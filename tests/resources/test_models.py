"""Model versions: which is champion of which instant, roll backs, and what is pruned."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from bakery_assets.cells import CELLS, local_cells
from bakery_assets.retraining.review import Verdicts
from bakery_assets.schemas import Cells, conform
from resources.warehouse import Warehouse, retrainings
from resources.warehouse.model_registry import Publications, add_booster, prune, publish, record_verdicts
from resources.warehouse.models import newest_booster, read_champions, read_forecast_errors, read_named_versions
from resources.warehouse.prior_plans import read_plans
from resources.warehouse.training import read_sample
from tests.bakeries import DAY, bakery, insert, rows, together

NOW = datetime(2026, 3, 1, 21, tzinfo=UTC)
WEEK = timedelta(days=7)
TABLE = "SELECT tenant_id, model_version, role, champion_from, champion_until FROM plans.model_versions ORDER BY 1, 2"


def booster(name: str = "trees", through: date = date(2026, 2, 28)) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "booster_id": [name], "trained_through": [through], "trees": ["tree"], "holdout_trees": ["tree"],
            "holdout_from": [through - timedelta(days=56)], "parameters": ["{}"], "day_effects": ["[]"],
            "holiday_closings": ["[]"],
        }
    )  # fmt: skip


def versions(**names: str) -> dict[str, pl.DataFrame]:
    """A version of one series for each tenant."""
    made = pl.DataFrame({"tenant_id": list(names), "model_version": list(names.values())})
    text = {name: pl.lit("{}") for name in ("effects", "facts", "libraries", "scores")}
    return {
        "model_versions": made.with_columns(
            trained_as_of=pl.lit(NOW), trained_through=pl.lit(date(2026, 2, 28)), booster_id=pl.lit("trees"), **text
        ),
        "series_models": made.with_columns(
            location_id=pl.lit("main"), product_id=pl.lit("baguette"), model=pl.lit("smoothing"), parameters=pl.lit("{}"),
            error_quantiles=pl.lit("{}"), scores=pl.lit("{}"), trained_as_of=pl.lit(NOW),
        ),
        "retraining_triggers": made.select(
            "tenant_id", retraining_id=pl.lit("r-") + pl.col("model_version"), location_id=pl.lit("main"),
            product_id=pl.lit("baguette"), kind=pl.lit("request"), value=pl.lit(None, pl.Float64),
            threshold=pl.lit(None, pl.Float64), explanation=pl.lit("requested by a person"),
        ),
    }  # fmt: skip


def results(names: dict[str, str], champion_from: datetime, state: str = "promoted") -> pl.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "tenant_id": tenant, "retraining_id": f"r-{name}", "state": state, "reason": "it did well", "series": 1,
            "series_triggered": 1, "gate": '{"passed": true, "reasons": []}', "old_version": None, "new_version": name,
            "backtest_wape_old": None, "backtest_wape_new": 0.2, "champion_from": champion_from,
        }
        for tenant, name in names.items()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=pl.Schema(Publications))


def train(
    warehouse: Warehouse, champion_from: datetime, state: str = "promoted", at: datetime | None = None, **names: str
) -> pl.DataFrame:
    """Retrain tenants to these versions."""
    keys = [(tenant, f"r-{name}") for tenant, name in names.items()]
    retrainings.request(
        warehouse, keys, requested_by="person", requested_at=NOW, trained_as_of=dict.fromkeys(names, champion_from)
    )
    retrainings.start(warehouse, keys, "run")
    return publish(
        warehouse,
        results(names, champion_from, state),
        versions(**names),
        finished_at=at or champion_from,
        run_id="run",
    )


def champion(warehouse: Warehouse, instant: datetime, tenant: str = "b") -> list[str]:
    """Versions that a cell planned as of ``instant`` uses; its series and trees come along."""
    cells = pl.DataFrame([(tenant, instant.date(), "Europe/Paris", instant)], schema=CELLS, orient="row")
    models = read_champions(warehouse, cells)
    found: list[str] = models["model_versions"]["model_version"].to_list()
    assert models["series_models"]["model_version"].to_list() == found
    assert models["boosters"]["booster_id"].to_list() == ["trees"] * len(found)
    return found


@pytest.fixture
def shop(warehouse: Warehouse) -> Warehouse:
    """A warehouse with two bakeries and trees."""
    insert(warehouse, **together(bakery("b"), bakery("c")))
    add_booster(warehouse, booster(), NOW)
    return warehouse


def test_an_instant_belongs_to_the_version_that_was_champion_then(shop: Warehouse) -> None:
    train(shop, NOW, b="v1", c="w1")
    train(shop, NOW + WEEK, b="v2")
    second = timedelta(seconds=1)
    assert champion(shop, NOW - second) == []
    assert champion(shop, NOW) == champion(shop, NOW + WEEK - second) == ["v1"]
    assert champion(shop, NOW + WEEK) == champion(shop, NOW + 9 * WEEK) == ["v2"]
    assert champion(shop, NOW + WEEK, "c") == ["w1"]
    assert [row[2] for row in rows(shop, TABLE)] == ["retired", "champion", "champion"]
    assert rows(shop, "SELECT old_version, new_version, state FROM plans.retraining_runs WHERE new_version = 'v2'") == [
        ("v1", "v2", "promoted")
    ]


def test_cells_without_a_champion_have_what_the_newest_boosters_of_their_mornings_know_of_holidays(
    shop: Warehouse,
) -> None:
    """Without their trees, each once; a bakery with a version of its own needs none of it."""
    later = booster("later").with_columns(holiday_closings=pl.lit('[{"name": "Noël"}]'), day_effects=pl.lit("[1]"))
    add_booster(shop, later, NOW + WEEK)
    add_booster(shop, booster("latest"), NOW + 2 * WEEK)
    train(shop, NOW, c="w1")

    def shared(*mornings: tuple[str, datetime]) -> pl.DataFrame:
        rows = [(tenant, at.date(), "Europe/Paris", at) for tenant, at in mornings]
        return read_champions(shop, pl.DataFrame(rows, schema=CELLS, orient="row"))["shared_effects"]

    second = timedelta(seconds=1)
    assert shared(("b", NOW - second)).is_empty()
    assert shared(("b", NOW))["booster_id"].to_list() == ["trees"]
    found = shared(("b", NOW + 2 * WEEK - second), ("c", NOW + 2 * WEEK))
    assert found.rows() == [("later", NOW + WEEK, "[1]", '[{"name": "Noël"}]')]
    assert shared(("c", NOW + 9 * WEEK)).is_empty()
    assert shared(("b", NOW), ("c", NOW - second))["booster_id"].to_list() == ["trees"]


def test_a_version_trained_for_the_past_is_champion_until_the_next_one_began(shop: Warehouse) -> None:
    train(shop, NOW, b="v1")
    train(shop, NOW + 2 * WEEK, b="v3")
    train(shop, NOW + WEEK, b="v2")
    train(shop, NOW - WEEK, b="v0")
    names = [champion(shop, NOW + week * WEEK) for week in (-1, 0, 1, 2, 3)]
    assert names == [["v0"], ["v1"], ["v2"], ["v3"], ["v3"]]
    assert [row[2] for row in rows(shop, TABLE)] == ["retired", "retired", "retired", "champion"]


def test_a_version_trained_again_for_the_same_instant_is_its_champion(shop: Warehouse) -> None:
    train(shop, NOW, b="v1")
    train(shop, NOW, b="v1b")
    assert champion(shop, NOW) == ["v1b"]
    train(shop, NOW - WEEK, b="v0")
    assert champion(shop, NOW - timedelta(days=1)) == ["v0"]
    assert champion(shop, NOW) == ["v1b"]


def test_a_version_that_is_not_better_is_kept_as_a_challenger(shop: Warehouse) -> None:
    train(shop, NOW, b="v1")
    train(shop, NOW + WEEK, state="not_better", b="v2")
    assert champion(shop, NOW + 2 * WEEK) == ["v1"]
    assert [row[1:3] for row in rows(shop, TABLE)] == [("v1", "champion"), ("v2", "challenger")]


def test_the_same_model_again_changes_nothing(shop: Warehouse) -> None:
    train(shop, NOW, b="v1")
    retrainings.request(shop, [("b", "r2")], requested_by="person", requested_at=NOW, trained_as_of={"b": NOW})
    retrainings.start(shop, [("b", "r2")], "run")
    again = results({"b": "v1"}, NOW + WEEK).with_columns(retraining_id=pl.lit("r2"))
    (row,) = publish(shop, again, versions(b="v1"), finished_at=NOW, run_id="run").to_dicts()
    assert (row["state"], row["new_version"]) == ("not_better", None)
    assert champion(shop, NOW + 2 * WEEK) == ["v1"]


def test_only_the_run_that_holds_a_retraining_publishes_it(shop: Warehouse) -> None:
    key = ("b", "r-v1")
    retrainings.request(shop, [key], requested_by="person", requested_at=NOW, trained_as_of={"b": NOW})
    assert retrainings.start(shop, [key], "first")["tenant_id"].to_list() == ["b"]
    assert retrainings.start(shop, [key], "second").is_empty()
    assert publish(shop, results({"b": "v1"}, NOW), versions(b="v1"), finished_at=NOW, run_id="second").is_empty()
    assert rows(shop, TABLE) == []
    retrainings.fail_started(shop, "first", "its run died", NOW)
    assert publish(shop, results({"b": "v1"}, NOW), versions(b="v1"), finished_at=NOW, run_id="first").is_empty()
    assert rows(shop, "SELECT state, reason FROM plans.retraining_runs") == [("failed", "its run died")]


def test_rows_that_the_database_refuses_fail_their_bakery_only(shop: Warehouse) -> None:
    keys = [("b", "r-v1"), ("c", "r-v1")]
    retrainings.request(shop, keys, requested_by="person", requested_at=NOW, trained_as_of={"b": NOW, "c": NOW})
    retrainings.start(shop, keys, "run")
    made = versions(b="v1", c="v1")
    unknown = pl.when(pl.col("tenant_id") == "b").then(pl.lit("croissant")).otherwise("product_id")
    made["series_models"] = made["series_models"].with_columns(product_id=unknown)
    done = publish(shop, results({"b": "v1", "c": "v1"}, NOW), made, finished_at=NOW, run_id="run")
    assert dict(done.select("tenant_id", "state").iter_rows()) == {"b": "failed", "c": "promoted"}
    assert "croissant" in rows(shop, "SELECT reason FROM plans.retraining_runs WHERE tenant_id = 'b'")[0][0]
    assert [row[0] for row in rows(shop, TABLE)] == ["c"]


def verdict(state: str, run: str = "r-v2") -> pl.DataFrame:
    return pl.DataFrame([("b", run, state, 7, 0.1, 0.2, "it did worse")], schema=pl.Schema(Verdicts), orient="row")


def test_a_version_that_did_worse_is_rolled_back_from_then_on(shop: Warehouse) -> None:
    train(shop, NOW, b="v1")
    train(shop, NOW + WEEK, b="v2")
    back = NOW + WEEK + timedelta(days=4)
    (row,) = record_verdicts(shop, verdict("rolled_back"), back).to_dicts()
    assert row == {"tenant_id": "b", "old_version": "v1", "model_version": "v1~20260312210000"}
    # Mornings that v2 has planned come out the same when they are planned again.
    assert champion(shop, NOW) == ["v1"]
    assert champion(shop, back - timedelta(seconds=1)) == ["v2"]
    assert champion(shop, back) == ["v1~20260312210000"]
    assert rows(
        shop,
        "SELECT state, days_reviewed, live_wape_old, live_wape_new, reason FROM plans.retraining_runs WHERE retraining_id = 'r-v2'",
    ) == [("rolled_back", 7, 0.1, 0.2, "it did worse")]
    assert {row[1]: row[2] for row in rows(shop, TABLE)} == {
        "v1": "retired",
        "v2": "rolled_back",
        "v1~20260312210000": "champion",
    }
    assert ("b", "r-v2") not in retrainings.under_review(shop)
    # The copy may be reinstated itself, under a name of its own.
    train(shop, back + WEEK, b="v3")
    record_verdicts(shop, verdict("rolled_back", "r-v3"), back + WEEK + timedelta(days=3))
    assert champion(shop, back + 2 * WEEK) == ["v1~20260322210000"]


def test_a_first_version_that_is_rolled_back_leaves_its_tenant_without_a_champion(shop: Warehouse) -> None:
    train(shop, NOW, b="v1")
    back = NOW + timedelta(days=4)
    assert record_verdicts(shop, verdict("rolled_back", "r-v1"), back).is_empty(), "nothing is reinstated"
    assert champion(shop, back - timedelta(seconds=1)) == ["v1"]
    assert champion(shop, back) == []
    assert rows(shop, "SELECT state FROM plans.retraining_runs") == [("rolled_back",)]
    train(shop, NOW + WEEK, b="v2")
    assert champion(shop, NOW + WEEK) == ["v2"]


def test_a_verdict_that_comes_too_late_rolls_nothing_back(shop: Warehouse) -> None:
    for week, name in enumerate(("v1", "v2", "v3")):
        train(shop, NOW + week * WEEK, b=name)
    assert record_verdicts(shop, verdict("rolled_back"), NOW + 2 * WEEK).is_empty()
    assert champion(shop, NOW + 3 * WEEK) == ["v3"]
    assert rows(shop, "SELECT state FROM plans.retraining_runs WHERE retraining_id = 'r-v2'") == [("not_better",)]


def test_promotions_are_under_review_until_their_verdict(shop: Warehouse) -> None:
    train(shop, NOW, b="v1", c="w1")
    train(shop, NOW + WEEK, b="v2")
    assert retrainings.under_review(shop) == [("b", "r-v1"), ("b", "r-v2"), ("c", "r-w1")]
    found = retrainings.promotions(shop, [("b", "r-v2"), ("c", "r-w1")]).to_dicts()
    assert [(row["old_version"], row["new_version"], row["champion_from"]) for row in found] == [
        ("v1", "v2", NOW + WEEK),
        (None, "w1", NOW),
    ]
    record_verdicts(shop, verdict("confirmed"), NOW + 2 * WEEK)
    assert retrainings.under_review(shop) == [("b", "r-v1"), ("c", "r-w1")]
    assert champion(shop, NOW + 3 * WEEK) == ["v2"]


def test_versions_out_of_use_for_eight_weeks_and_unused_boosters_are_deleted(shop: Warehouse) -> None:
    add_booster(shop, booster("lonely"), NOW)
    train(shop, NOW, b="v1")
    train(shop, NOW + WEEK, b="v2")
    train(shop, NOW + WEEK, state="not_better", at=NOW + WEEK, c="w1")
    prune(shop, NOW + timedelta(days=7))
    assert len(rows(shop, "SELECT FROM plans.boosters")) == 2, "a new booster waits for the week's tenants"
    prune(shop, NOW + 9 * WEEK)
    assert [row[1] for row in rows(shop, TABLE)] == ["v1", "v2", "w1"], "56 days out of use is not more than 56"
    prune(shop, NOW + 9 * WEEK + timedelta(seconds=1))
    assert [row[1] for row in rows(shop, TABLE)] == ["v2"]
    assert rows(shop, "SELECT count(*) FROM plans.series_models") == [(1,)]
    assert rows(shop, "SELECT booster_id FROM plans.boosters") == [("trees",)]
    assert champion(shop, NOW + 50 * WEEK) == ["v2"], "a champion is never too old to keep"


def test_a_booster_is_used_for_six_days_and_never_for_a_day_it_was_trained_on(warehouse: Warehouse) -> None:
    add_booster(warehouse, booster("a", date(2026, 2, 28)), NOW)
    add_booster(warehouse, booster("a", date(2026, 2, 28)), NOW)
    found = {
        day: newest_booster(warehouse, date(2026, 3, 1) + timedelta(days=day))["booster_id"].to_list()
        for day in (-1, 0, 5, 6)
    }
    assert found == {-1: [], 0: ["a"], 5: ["a"], 6: []}
    add_booster(warehouse, booster("b", date(2026, 3, 2)), NOW)
    assert newest_booster(warehouse, date(2026, 3, 3))["booster_id"].to_list() == ["b"]


def test_models_are_read_by_name_whatever_their_role(shop: Warehouse) -> None:
    train(shop, NOW, b="v1", c="w1")
    train(shop, NOW + WEEK, b="v2")
    found = read_named_versions(shop, pl.DataFrame({"tenant_id": ["b"], "model_version": ["v1"]}))
    assert found["series_models"]["model_version"].to_list() == ["v1"]
    assert found["boosters"].height == 1
    assert found["shared_effects"].is_empty()
    without = pl.DataFrame({"tenant_id": ["b", "c"], "model_version": ["v1", None]})
    assert read_named_versions(shop, without)["shared_effects"]["booster_id"].to_list() == ["trees"]


def test_the_sample_is_bounded_the_same_every_week_and_as_known_at_its_instant(warehouse: Warehouse) -> None:
    names = [f"b{number}" for number in range(6)]
    insert(warehouse, **together(*(bakery(name) for name in [*names, "away"])))
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.tenants SET status = 'suspended' WHERE tenant_id = 'away'")
    as_of = datetime(2026, 2, 1, 21, tzinfo=UTC)
    reads = ["tenants", "products", "sales", "calendar"]
    cells, frames = read_sample(warehouse, as_of, 4, reads, 1_200)
    assert cells.height == 4
    assert cells["plan_date"].unique().to_list() == [date(2026, 2, 1)]
    assert sorted(frames["sales"]["tenant_id"].unique()) == cells["tenant_id"].to_list()
    assert frames["sales"]["recorded_at"].max() <= as_of
    assert read_sample(warehouse, as_of, 4, reads, 1_200)[0].equals(cells)
    assert read_sample(warehouse, as_of, 100, reads, 1_200)[0]["tenant_id"].to_list() == names
    assert read_sample(warehouse, datetime(2020, 1, 1, tzinfo=UTC), 4, reads, 1_200)[0].is_empty()


def test_one_large_chain_is_a_tenth_of_the_sample_at_most(warehouse: Warehouse) -> None:
    chain = bakery("chain", weeks=1)
    many = [{"tenant_id": "chain", "product_id": f"p{number}", "name": "Bread"} for number in range(30)]
    sold = [{**chain["sales"][0], "product_id": each["product_id"]} for each in many]
    insert(warehouse, **{**chain, "products": [*chain["products"], *many], "sales": [*chain["sales"], *sold]})
    _, frames = read_sample(warehouse, datetime(2026, 3, 3, tzinfo=UTC), 100, ["products", "sales"], 1_200)
    assert frames["products"].height == 10
    assert set(frames["sales"]["product_id"]) == set(frames["products"]["product_id"])


def test_the_plan_date_of_a_training_is_its_local_date(warehouse: Warehouse) -> None:
    zones = {"auckland": "Pacific/Auckland", "la": "America/Los_Angeles", "paris": "Europe/Paris"}
    tenants = pl.DataFrame({"tenant_id": list(zones), "timezone": list(zones.values())})
    cells = local_cells(tenants.with_columns(planned_as_of=pl.lit(NOW)))
    assert cells.schema == CELLS
    assert cells["plan_date"].to_list() == [date(2026, 3, 2), date(2026, 3, 1), date(2026, 3, 1)]


def test_forecast_errors_are_those_of_the_same_morning_as_validated_last_and_not_sold_out(shop: Warehouse) -> None:
    plan_dates = [DAY, DAY + timedelta(days=1)]
    with shop.engine.begin() as connection:
        run = connection.exec_driver_sql
        for plan_date in plan_dates:
            run(
                "INSERT INTO plans.planning_runs (tenant_id, plan_date, status, planned_as_of, attempts, claimed_at, claimed_by)"
                " VALUES ('b', %s, 'planned', now(), 1, now(), 'test')", (plan_date,),
            )  # fmt: skip
            for back, lead in ((1, 0), (2, 0), (3, 1)):
                day = DAY - timedelta(days=back)
                run(
                    "INSERT INTO plans.validation_runs (tenant_id, plan_date, validation_date, status, forecasts_evaluated,"
                    " forecasts_with_actuals, lead_days, sold_out_series, trend) VALUES ('b', %s, %s, 'validated', 1, 1, %s, 0, 'unknown')",
                    (plan_date, day, lead),
                )
                run(
                    "INSERT INTO plans.validation_results (tenant_id, plan_date, validation_date, location_id, product_id, yhat,"
                    " actual, error, is_covered, is_sold_out) VALUES ('b', %s, %s, 'main', 'baguette', 5, 4, %s, true, %s)",
                    (plan_date, day, float((plan_date - DAY).days + 1), back == 2),
                )

    def errors(day: date) -> list[tuple[Any, ...]]:
        cells = pl.DataFrame([("b", day, "Europe/Paris", NOW)], schema=CELLS, orient="row")
        return read_forecast_errors(shop, cells, 60).select("validation_date", "error", "actual").rows()

    assert errors(DAY) == [(DAY - timedelta(days=1), 1.0, 4.0)], "what a later plan validated is not known yet"
    assert errors(DAY + timedelta(days=1)) == [(DAY - timedelta(days=1), 2.0, 4.0)]
    assert errors(DAY - timedelta(days=1)) == []


def test_a_plan_knows_the_last_retraining_that_had_ended_by_its_planning_instant(warehouse: Warehouse) -> None:
    insert(warehouse, **together(bakery("a"), bakery("b")))
    add_booster(warehouse, booster(), NOW)
    train(warehouse, NOW, a="v1")
    train(warehouse, NOW + WEEK, state="gated", a="v2")
    known = []
    for instant in (NOW - timedelta(hours=1), NOW, NOW + WEEK - timedelta(hours=1), NOW + WEEK):
        tenants = pl.DataFrame({"tenant_id": ["a", "b"], "timezone": "UTC", "planned_as_of": [instant] * 2})
        cells = conform(Cells, local_cells(tenants))
        found = read_plans(warehouse, cells, {"retraining_runs"})["retraining_runs"]
        known.append(found.select("tenant_id", "retraining_id", "state").rows())
    first, second = [("a", "r-v1", "promoted")], [("a", "r-v2", "gated")]
    assert known == [[], first, first, second]
