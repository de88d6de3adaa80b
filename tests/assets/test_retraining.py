"""The retraining as Dagster runs it: behind the gate, tenant by tenant, with a roll back of what did worse."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import dagster as dg
import polars as pl
import pytest
from sqlalchemy import text

from bakery_assets.assets import reviews
from bakery_assets.assets.retraining import MEMORY, retrain_models, retraining_config
from bakery_assets.assets.reviews import review_config, review_models
from bakery_assets.assets.waves import planning_wave, wave_config
from bakery_assets.cells import Cell, Frames
from bakery_assets.local_time import to_instant
from bakery_assets.retraining import batch
from resources.clock import Clock
from resources.warehouse import Warehouse, retrainings
from tests.bakeries import DAY, Rows, bakery, insert, rows, together
from tests.bakeries import PLANNING_INSTANT as INSTANT

WEEKS = 20
CHAMPIONS = "SELECT tenant_id, model_version FROM plans.model_versions WHERE role = 'champion' ORDER BY 1"
STATES = "SELECT tenant_id, state FROM plans.retraining_runs ORDER BY requested_at, tenant_id"


@dataclass(frozen=True)
class Office:
    """A Dagster instance over a warehouse, at an instant."""

    warehouse: Warehouse
    instance: dg.DagsterInstance
    now: datetime = INSTANT

    @property
    def resources(self) -> dict[str, object]:
        return {"warehouse": self.warehouse, "clock": Clock(lambda: self.now), MEMORY: dg.mem_io_manager}

    def later(self, days: float) -> "Office":
        return replace(self, now=self.now + timedelta(days=days))

    def retrain(self, *tenants: str, by: str = "schedule", backdated: bool = False) -> dg.ExecuteInProcessResult:
        keys = retrainings.request(
            self.warehouse, [(tenant, f"r{self.now:%Y%m%d%H%M%S}") for tenant in tenants], requested_by=by,
            requested_at=self.now, trained_as_of=dict.fromkeys(tenants, self.now),
        )  # fmt: skip
        return retrain_models.execute_in_process(
            instance=self.instance, run_config=retraining_config(keys, backdated=backdated), resources=self.resources,
            raise_on_error=False,
        )  # fmt: skip

    def review(self) -> dg.ExecuteInProcessResult:
        keys = retrainings.under_review(self.warehouse)
        return review_models.execute_in_process(
            instance=self.instance, run_config=review_config(keys), resources=self.resources
        )

    def plan(self, *cells: Cell) -> dg.ExecuteInProcessResult:
        return planning_wave.execute_in_process(
            instance=self.instance, run_config=wave_config(cells), resources=self.resources
        )

    def champions(self) -> dict[str, str]:
        return dict(rows(self.warehouse, CHAMPIONS))

    def states(self) -> list[tuple[str, str]]:
        return [(tenant, state) for tenant, state in rows(self.warehouse, STATES)]

    def shown(self, table: str, tenant: str) -> dict[str, object]:
        """The last materialization of a bakery's partition."""
        (record,) = self.instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey(table), asset_partitions=[tenant]), limit=1
        ).records
        assert record.asset_materialization
        return {name: value.value for name, value in record.asset_materialization.metadata.items()}


@pytest.fixture
def office(warehouse: Warehouse) -> Iterator[Office]:
    """A warehouse and a Dagster instance that the test has to itself."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield Office(warehouse, instance)


def good(name: str) -> dict[str, Rows]:
    """A bakery whose sales vary a little from day to day, as real ones do."""
    made = bakery(name, weeks=WEEKS)
    sold = [{**row, "quantity": row["quantity"] + (number * 7) % 5} for number, row in enumerate(made["sales"])]
    return {**made, "sales": sold}


def test_a_first_retraining_promotes_a_version_and_shows_it(office: Office) -> None:
    insert(office.warehouse, **good("b1"))
    assert office.retrain("b1").success
    (champion,) = office.champions().values()
    (run,) = rows(
        office.warehouse,
        "SELECT state, series, series_triggered, old_version, new_version, gate->>'passed', reason FROM plans.retraining_runs",
    )
    assert run == ("promoted", 1, 1, None, champion, "true", "the first version")
    assert rows(office.warehouse, "SELECT kind, explanation FROM plans.retraining_triggers") == [
        ("no_model", "it sells and has no model yet")
    ]
    assert rows(office.warehouse, "SELECT location_id, product_id, trained_as_of FROM plans.series_models") == [
        ("main", "baguette", INSTANT)
    ]
    assert rows(
        office.warehouse, "SELECT champion_from, champion_until, trained_through FROM plans.model_versions"
    ) == [(INSTANT, None, DAY - timedelta(days=1))]
    shown = office.shown("model_versions", "b1")
    assert shown["model_version"] == champion
    assert [(shown["scores"],)] == rows(office.warehouse, "SELECT scores FROM plans.model_versions")
    assert office.shown("series_models", "b1")["dagster/partition_row_count"] == 1
    assert office.shown("retraining_runs", "b1")["state"] == "promoted"


@pytest.mark.parametrize(("bad", "fine"), [("a", "z"), ("z", "a")])
def test_a_tenant_that_fails_the_gate_keeps_its_champion_and_the_other_goes_on(
    office: Office, bad: str, fine: str
) -> None:
    insert(office.warehouse, **together(good("a"), good("z")))
    early = replace(office, now=INSTANT - timedelta(days=40))
    early.retrain("a", "z")
    before = office.champions()
    assert set(before) == {"a", "z"}
    with office.warehouse.engine.begin() as connection:
        connection.execute(
            text("DELETE FROM ops.sales WHERE tenant_id = :bad AND sales_date > :day"),
            {"bad": bad, "day": DAY - timedelta(days=22)},
        )
    assert office.retrain("a", "z", by="person").success, "a tenant that is gated is no failure of the run"
    after = office.champions()
    assert after[bad] == before[bad]
    assert after[fine] != before[fine]
    outcome = dict(office.states()[2:])
    assert outcome == {bad: "gated", fine: "promoted"}
    gates = dict(
        rows(office.warehouse, f"SELECT tenant_id, gate FROM plans.retraining_runs WHERE requested_at = '{INSTANT}'")
    )
    assert gates[fine]["passed"] is True
    assert gates[bad]["passed"] is False
    assert gates[bad]["reasons"], "it says why"
    assert gates[fine]["verdict"] == "The sales are fit to train on."
    ((reason,),) = rows(office.warehouse, "SELECT reason FROM plans.retraining_runs WHERE state = 'gated'")
    assert reason == gates[bad]["verdict"]
    assert reason.startswith("Training waits. 21 days on which the bakery usually sells are missing since ")


def test_a_bakery_that_has_doubled_for_ten_days_is_trained_because_of_it(office: Office) -> None:
    doubled = good("b1")
    sold = [
        {**row, "quantity": 2 * row["quantity"] + row["sales_date"].day % 2}
        if row["sales_date"] >= DAY - timedelta(days=10)
        else row
        for row in doubled["sales"]
    ]
    insert(office.warehouse, **{**doubled, "sales": sold})
    assert office.retrain("b1").success
    assert office.states() == [("b1", "promoted")]
    reported = dict(rows(office.warehouse, "SELECT kind, explanation FROM plans.retraining_triggers"))
    first = DAY - timedelta(days=10)
    assert set(reported) == {"no_model", "level_shift"}
    assert reported["level_shift"].startswith(f"sales have been about twice the usual since {first}, ")


@pytest.mark.parametrize(("step", "stage"), [("TRIGGERS", "retraining_triggers"), ("TRAINING", "model_versions")])
def test_a_tenant_that_a_step_cannot_do_fails_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch, step: str, stage: str
) -> None:
    real = getattr(batch, step)

    def picky(cells: pl.DataFrame, frames: Frames) -> Frames:
        if "poison" in cells["tenant_id"].to_list():
            raise ZeroDivisionError("a model without sales")
        return dict(real.plan(cells, frames))

    monkeypatch.setattr(batch, step, replace(real, plan=picky))
    insert(office.warehouse, **together(good("a"), good("poison"), good("z")))
    assert office.retrain("a", "poison", "z").success
    assert office.states() == [("a", "promoted"), ("poison", "failed"), ("z", "promoted")]
    assert set(office.champions()) == {"a", "z"}
    assert rows(office.warehouse, "SELECT reason FROM plans.retraining_runs WHERE state = 'failed'") == [
        (f"{stage}: ZeroDivisionError: a model without sales",)
    ]


def test_a_tenant_with_too_few_days_of_sales_needs_no_models_yet(office: Office) -> None:
    insert(office.warehouse, **together(good("old"), bakery("new", weeks=2)))
    assert office.retrain("old", "new", by="person").success
    assert office.states() == [("new", "not_needed"), ("old", "promoted")]
    assert rows(
        office.warehouse, "SELECT reason, series_triggered FROM plans.retraining_runs WHERE tenant_id = 'new'"
    ) == [("14 days of sales; models are trained from 21 on, until then forecasts come from the fallbacks", 0)]
    assert set(office.champions()) == {"old"}


def test_without_a_trigger_nothing_is_trained_and_the_next_month_age_is_one(office: Office) -> None:
    insert(office.warehouse, **good("b1"))
    early = replace(office, now=INSTANT - timedelta(days=31))
    early.retrain("b1")
    first = office.champions()
    early.later(7).retrain("b1")
    assert [state for _, state in office.states()] == ["promoted", "not_needed"]
    assert office.champions() == first
    office.retrain("b1")
    assert office.champions() != first
    assert rows(
        office.warehouse, "SELECT kind, value, threshold FROM plans.retraining_triggers WHERE kind = 'age'"
    ) == [("age", 31.0, 30.0)]


def test_a_series_without_a_trigger_is_carried_over_and_stays_as_old_as_it_is(office: Office) -> None:
    made = good("b1")
    early = replace(office, now=INSTANT - timedelta(days=14))
    insert(office.warehouse, **made)
    early.retrain("b1")
    rolls = [
        {**row, "product_id": "roll", "quantity": 30.0 + number % 3} for number, row in enumerate(made["sales"][:28])
    ]
    insert(office.warehouse, products=[{"tenant_id": "b1", "product_id": "roll", "name": "Roll"}], sales=rolls)
    office.retrain("b1")
    assert [state for _, state in office.states()] == ["promoted", "promoted"]
    (champion,) = office.champions().values()
    assert rows(
        office.warehouse,
        f"SELECT product_id, trained_as_of FROM plans.series_models WHERE model_version = '{champion}' ORDER BY 1",
    ) == [
        ("baguette", early.now),
        ("roll", INSTANT),
    ]


def test_the_booster_is_fitted_once_for_all_runs_of_a_week(office: Office) -> None:
    insert(office.warehouse, **together(good("a"), good("z")))
    office.retrain("a")
    office.later(0.5).retrain("z")
    assert rows(office.warehouse, "SELECT count(*) FROM plans.boosters") == [(1,)]
    used = rows(office.warehouse, "SELECT DISTINCT booster_id FROM plans.model_versions")
    assert used == rows(office.warehouse, "SELECT booster_id FROM plans.boosters")


def test_a_backdated_training_uses_nothing_later_and_is_champion_from_then_on(office: Office) -> None:
    insert(office.warehouse, **good("b1"))
    past = to_instant(DAY - timedelta(days=10), INSTANT.time(), "UTC")
    keys = retrainings.request(
        office.warehouse, [("b1", "r")], requested_by="person", requested_at=INSTANT, trained_as_of={"b1": past}
    )
    retrain_models.execute_in_process(
        instance=office.instance, run_config=retraining_config(keys, backdated=True), resources=office.resources
    )
    assert rows(office.warehouse, "SELECT champion_from, trained_through FROM plans.model_versions") == [
        (past, DAY - timedelta(days=11))
    ]
    assert rows(office.warehouse, "SELECT trained_through FROM plans.boosters")[0][0] < DAY - timedelta(days=10)


def test_a_morning_uses_the_champion_of_its_own_instant(office: Office) -> None:
    insert(office.warehouse, **good("b1"))
    early = replace(office, now=INSTANT - timedelta(days=7))
    early.retrain("b1")
    first = office.champions()["b1"]
    replace(office, now=INSTANT - timedelta(hours=1)).retrain("b1", by="person")
    second = office.champions()["b1"]
    assert first != second
    for back in (0, 1, 8):
        office.plan(Cell("b1", DAY - timedelta(days=back)))
    used = dict(rows(office.warehouse, "SELECT DISTINCT plan_date, model_version FROM plans.demand_forecasts"))
    assert used[DAY] == second
    assert used[DAY - timedelta(days=1)] == first
    assert used[DAY - timedelta(days=8)] not in (first, second), "there was no model yet"


def forecast_double(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Let the review see a version that forecasts twice what it should."""
    real = reviews.FORECAST.plan

    def spoiling(cells: pl.DataFrame, frames: Frames) -> Frames:
        made = real(cells, frames)
        factor = pl.when(pl.col("model_version") == version).then(2.0).otherwise(1.0)
        doubled = made["demand_forecasts"].with_columns(system_yhat=factor * pl.col("system_yhat"))
        return {**made, "demand_forecasts": doubled}

    monkeypatch.setattr(reviews, "FORECAST", replace(reviews.FORECAST, plan=spoiling))


def test_a_first_version_that_does_worse_than_the_fallbacks_is_rolled_back_to_them(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(office.warehouse, **together(good("spoilt"), good("well")))
    early = replace(office, now=INSTANT - timedelta(days=25))
    early.retrain("spoilt", "well")
    first = office.champions()
    forecast_double(monkeypatch, first["spoilt"])
    assert office.review().success
    assert dict(office.states()) == {"spoilt": "rolled_back", "well": "confirmed"}
    assert office.champions() == {"well": first["well"]}
    office.plan(Cell("spoilt", DAY))
    assert rows(office.warehouse, "SELECT DISTINCT model, model_version FROM plans.demand_forecasts") == [
        ("untrained_smoothing", "untrained")
    ]
    office.retrain("spoilt")
    assert set(office.champions()) == {"spoilt", "well"}, "the next Sunday trains it again"


def test_a_version_that_did_worse_is_rolled_back_and_one_that_did_not_is_confirmed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(office.warehouse, **together(good("spoilt"), good("well")))
    early = replace(office, now=INSTANT - timedelta(days=60))
    early.retrain("spoilt", "well")
    first = office.champions()
    early.later(35).retrain("spoilt", "well")
    second = office.champions()
    assert first["spoilt"] != second["spoilt"]
    forecast_double(monkeypatch, second["spoilt"])
    # One product: two weeks are just enough rows.
    office.later(-1).review()
    assert dict(office.states()[2:]) == {"spoilt": "rolled_back", "well": "confirmed"}
    after = office.champions()
    assert after["spoilt"].startswith(f"{first['spoilt']}~")
    assert after["well"] == second["well"]
    assert office.shown("retraining_runs", "spoilt")["state"] == "rolled_back"
    assert office.shown("model_versions", "spoilt")["copy_of"] == first["spoilt"]
    ((old, new),) = rows(
        office.warehouse, "SELECT live_wape_old, live_wape_new FROM plans.retraining_runs WHERE state = 'rolled_back'"
    )
    assert old < 0.1 < 0.9 < new


def test_the_daily_review_deletes_of_the_quarantine_what_was_kept_its_ninety_days(office: Office) -> None:
    kept = text(
        "INSERT INTO ops.quarantine (file, row_number, code, reason, content, quarantined_at)"
        " VALUES ('sales.csv', :line, 'not_readable', 'no date', '{}', :at)"
    )
    with office.warehouse.engine.begin() as connection:
        connection.execute(kept, {"line": 1, "at": INSTANT - timedelta(days=90, minutes=1)})
        connection.execute(kept, {"line": 2, "at": INSTANT - timedelta(days=89)})
    assert replace(office, now=INSTANT).review().success
    assert rows(office.warehouse, "SELECT row_number FROM ops.quarantine") == [(2,)]
