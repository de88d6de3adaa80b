"""Both drivers of the planning day against a real database: what is written, what Dagster shows, what fails."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from bakery_assets.assets import waves
from bakery_assets.assets.plans import plan_tenant_day, planning_day
from bakery_assets.assets.waves import planning_wave, wave_config
from bakery_assets.cells import Cell
from bakery_assets.partitions import TENANT, partition_of
from bakery_assets.planning_day import STAGES
from bakery_assets.settings import Settings
from resources.clock import Clock
from resources.warehouse import Warehouse
from tests.bakeries import DAY, bakery, digests, insert, productless, rows, together
from tests.bakeries import PLANNING_INSTANT as INSTANT

TABLES = [table for stage in STAGES for table in stage.writes]


@dataclass(frozen=True)
class Office:
    """A Dagster instance over a warehouse."""

    warehouse: Warehouse
    instance: dg.DagsterInstance
    definitions: dg.Definitions

    def wave(self, *cells: Cell, force: bool = False) -> dg.ExecuteInProcessResult:
        return self.definitions.resolve_job_def("planning_wave").execute_in_process(
            instance=self.instance, run_config=wave_config(cells, force=force)
        )

    def assets(self, *cells: Cell, only: list[str] | None = None) -> dg.ExecuteInProcessResult:
        """One run over the cells' range of dates, or over a selection of its assets."""
        self.instance.add_dynamic_partitions(TENANT, sorted({cell.tenant_id for cell in cells}))
        first, last = min(cells), max(cells)
        return self.definitions.resolve_job_def("plan_tenant_day").execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(name) for name in only] if only else None,
            tags={
                "dagster/asset_partition_range_start": partition_of(first),
                "dagster/asset_partition_range_end": partition_of(last),
            },
            raise_on_error=False,
        )

    def alone(self, cell: Cell, *, force: bool = False) -> dg.ExecuteInProcessResult:
        self.instance.add_dynamic_partitions(TENANT, [cell.tenant_id])
        return self.definitions.resolve_job_def("plan_tenant_day").execute_in_process(
            instance=self.instance,
            partition_key=partition_of(cell),
            run_config={"ops": {"planning_day": {"config": {"force": force}}}},
            raise_on_error=False,
        )

    def materialized(self, stage: str) -> set[str]:
        return self.instance.get_materialized_partitions(dg.AssetKey(stage))

    def shown(self, stage: str) -> dict[str, object]:
        event = self.instance.get_latest_materialization_event(dg.AssetKey(stage))
        assert event
        assert event.asset_materialization
        return {name: entry.value for name, entry in event.asset_materialization.metadata.items()}


@pytest.fixture
def office(warehouse: Warehouse) -> Iterator[Office]:
    """A warehouse and a Dagster instance that the test has to itself."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield Office(warehouse, instance, planned_at(warehouse, INSTANT))


def planned_at(warehouse: Warehouse, now: datetime) -> dg.Definitions:
    return dg.Definitions(
        assets=[planning_day],
        jobs=[planning_wave, plan_tenant_day],
        resources={"warehouse": warehouse, "clock": Clock(lambda: now)},
        executor=dg.in_process_executor,
    )


def test_a_single_day_is_written_and_shown_with_counts_and_a_preview(office: Office) -> None:
    insert(office.warehouse, **bakery("b1"))
    assert office.alone(Cell("b1", DAY)).success
    counts = dict(
        rows(office.warehouse, " UNION ALL ".join(f"SELECT '{name}', count(*) FROM plans.{name}" for name in TABLES))
    )
    assert counts["demand_forecasts"] == 7
    for stage in STAGES:
        assert office.materialized(stage.name) == {f"{DAY}|b1"}
        metadata = office.shown(stage.name)
        assert metadata["dagster/partition_row_count"] == counts[stage.name]
        assert metadata["rows"] == ", ".join(f"{counts[name]:,} {name}" for name in stage.writes)
        assert metadata["planned"] == "Tue 3 Mar 2026, 05:30 in Europe/Paris, on what was known then"


def test_what_a_cell_takes_is_kept_with_its_plan_for_every_time_it_is_planned(office: Office) -> None:
    insert(office.warehouse, **together(bakery("b1"), bakery("b2", weeks=3)))
    office.wave(Cell("b1", DAY), Cell("b2", DAY))
    taken = rows(office.warehouse, "SELECT tenant_id, phases, cpu_ms, row_counts FROM plans.planning_costs ORDER BY 1")
    assert [tenant for tenant, *_ in taken] == ["b1", "b2"]
    for tenant, phases, cpu_ms, row_counts in taken:
        assert phases == ["reads", "checks", *(stage.name for stage in STAGES), "writes"]
        assert min(cpu_ms) >= 0
        assert sum(cpu_ms) > 0
        counted = {
            stage.name: sum(
                rows(office.warehouse, f"SELECT count(*) FROM plans.{table} WHERE tenant_id = '{tenant}'")[0][0]
                for table in stage.writes
            )
            for stage in STAGES
        }
        assert counted == dict(zip(phases[2:-1], row_counts[2:-1], strict=True))
    more, fewer = (row_counts[0] for *_, row_counts in taken)
    assert more - fewer == 21, "three more weeks of sales were read"
    later = Office(office.warehouse, office.instance, planned_at(office.warehouse, INSTANT + timedelta(minutes=5)))
    later.alone(Cell("b1", DAY), force=True)
    assert rows(office.warehouse, "SELECT tenant_id, count(*) FROM plans.planning_costs GROUP BY 1 ORDER BY 1") == [
        ("b1", 2),
        ("b2", 1),
    ]


def test_what_a_partition_shows_is_written_for_people(office: Office) -> None:
    insert(office.warehouse, **bakery("b1"))
    office.wave(Cell("b1", DAY))
    forecasts = str(office.shown("demand_forecasts")["preview"]).splitlines()
    assert "reasoning" not in forecasts[0], "no JSON"
    assert "| baguette | 2026-03-03 |" in forecasts[2]
    assert "| 100 |" in forecasts[2], "numbers as a person writes them"
    projections = str(office.shown("inventory_projections")["preview"])
    assert projections.endswith(" rows")
    assert "\n8 of " in projections, "not all are shown, and it says so"


def test_the_day_of_a_small_bakery_is_what_a_baker_works_out_by_hand(office: Office) -> None:
    """100 baguettes on a weekday, 140 at the weekend; sacks of 25 kg, two days from order to delivery."""
    insert(office.warehouse, **bakery("b1"))
    office.wave(Cell("b1", DAY))
    forecast = rows(office.warehouse, "SELECT target_date, round(yhat) FROM plans.demand_forecasts ORDER BY 1")
    assert forecast == [
        (DAY + timedelta(days=ahead), 140 if (DAY + timedelta(days=ahead)).isoweekday() > 5 else 100)
        for ahead in range(7)
    ]
    baked = rows(
        office.warehouse,
        "SELECT schedule_date, sum(quantity_planned) FROM plans.production_batches GROUP BY 1 ORDER BY 1",
    )
    # Dozens: 100 needs 9 of them, 140 needs 12; a baguette keeps for its day only.
    assert baked == [(day, 144 if wanted == 140 else 108) for day, wanted in forecast]
    # 3 kg of dough for ten, 0.6 kg of flour in each: 0.18 kg a baguette; twice (5 * 108 + 2 * 144) in 14 days.
    gross = 2 * (5 * 108 + 2 * 144) * 0.18
    flour = rows(
        office.warehouse,
        "SELECT max(gross_requirement), sum(planned_order_quantity) FROM plans.procurement_requirements WHERE ingredient_id = 'flour'",
    )
    assert flour[0][0] <= gross + 1e-6
    assert flour[0][1] % 25 == 0
    assert 60 + flour[0][1] >= gross
    stock = rows(
        office.warehouse,
        "SELECT opening + receipts - consumption - expired - closing, unmet FROM plans.inventory_projections WHERE item_id = 'flour'",
    )
    assert len(stock) == 14
    assert all(abs(gap) < 1e-6 for gap, _ in stock)


def test_the_same_facts_give_every_plan_row_again_by_either_driver(office: Office) -> None:
    with_shop = bakery("b1")
    shop = {"tenant_id": "b1", "location_id": "north", "minutes_from_kitchen": 20}
    with_shop["locations"] = [*with_shop["locations"], shop]
    with_shop["sales"] = [*with_shop["sales"], *({**row, "location_id": "north"} for row in with_shop["sales"])]
    insert(office.warehouse, **together(with_shop, bakery("b2", zone="Asia/Kathmandu")))
    cells = [Cell("b1", DAY), Cell("b2", DAY)]
    office.wave(*cells)
    first = digests(office.warehouse)
    # Yesterday was not planned: there is nothing to measure, and no alert. No holiday is ahead.
    empty = {name for name, digest in first.items() if digest.startswith("0 ")}
    measured = {"results", "leads", "locations", "products"}
    assert empty <= {
        *(f"validation_{name}" for name in measured),
        "holiday_openings",
        "override_scores",
        "findings",
        "unexplained_usage",
        "master_data_faults",
        "plan_changes",
    }
    office.wave(*cells, force=True)
    assert digests(office.warehouse) == first
    for cell in cells:
        assert office.alone(cell, force=True).success
    assert digests(office.warehouse) == first
    written = "SELECT xmin::text FROM plans.daily_summaries ORDER BY tenant_id"
    before = rows(office.warehouse, written)
    assert office.wave(*cells).success
    assert "dagster/partition_row_count" in office.shown("demand_forecasts"), "what it shows is still so"
    assert str(office.shown("daily_summaries")["planned"]).startswith("unchanged, and so not made again")
    assert office.alone(cells[0]).success
    assert rows(office.warehouse, written) == before, "nothing has changed, so nothing was planned again"
    assert str(office.shown("demand_forecasts")["planned"]).startswith("unchanged, and so not made again")


def test_a_wave_in_chunks_gives_the_same_plans_and_plans_its_cells_in_the_order_given(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    zones = {"b1": "Europe/Paris", "b2": "Asia/Kathmandu", "b3": "America/New_York"}
    insert(office.warehouse, **together(*(bakery(name, zone=zone) for name, zone in zones.items())))
    cells = [Cell(name, DAY) for name in ("b3", "b1", "b2")]
    office.wave(*cells)
    at_once = digests(office.warehouse)
    monkeypatch.setattr(waves, "settings", lambda: Settings(chunk_size=2))
    wave = office.wave(*cells, force=True)
    assert digests(office.warehouse) == at_once
    logged = office.instance.get_records_for_run(wave.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
    shown = [(str(each.asset_key.to_user_string()), each.partition_key) for each in logged if each.asset_key]
    assert [partition for stage, partition in shown if stage == "daily_summaries"] == [
        f"{DAY}|b1", f"{DAY}|b3", f"{DAY}|b2"
    ], "the chunk of the first two, then the last"  # fmt: skip
    assert len(shown) == len(set(shown)) == len(STAGES) * len(cells)


def test_what_a_wave_has_published_stays_when_a_later_chunk_kills_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(office.warehouse, **together(bakery("b1"), bakery("b2")))
    monkeypatch.setattr(waves, "settings", lambda: Settings(chunk_size=1))
    plan = waves.plan_round

    def plan_unless_b2(*arguments: Any, **options: Any) -> object:
        if arguments[2] == [Cell("b2", DAY)]:
            raise RuntimeError("the database has gone")
        return plan(*arguments, **options)

    monkeypatch.setattr(waves, "plan_round", plan_unless_b2)
    with pytest.raises(RuntimeError, match="has gone"):
        office.wave(Cell("b1", DAY), Cell("b2", DAY))
    assert office.materialized("daily_summaries") == {f"{DAY}|b1"}
    state = rows(office.warehouse, "SELECT tenant_id, status FROM plans.planning_runs ORDER BY 1")
    assert state == [("b1", "planned"), ("b2", "claimed")]


@pytest.mark.parametrize(
    ("poison", "stage", "words"),
    [(productless, "demand_forecasts", "no products")],
)
def test_one_poison_tenant_leaves_the_others_planned(office: Office, poison: object, stage: str, words: str) -> None:
    insert(office.warehouse, **together(*(bakery(f"b{number}") for number in range(5)), poison("poison")))  # type: ignore[operator]
    good = [Cell(f"b{number}", DAY) for number in range(5)]
    bad = Cell("poison", DAY)
    wave = office.wave(*good, bad)
    assert wave.success
    run = office.instance.get_run_by_id(wave.run_id)
    assert run
    assert run.tags["bakery/not_planned"] == f"poison {DAY}"
    state = rows(office.warehouse, "SELECT tenant_id, status, failed_stage FROM plans.planning_runs ORDER BY 1")
    assert state == [*((cell.tenant_id, "planned", None) for cell in good), ("poison", "failed", stage)]
    assert office.materialized("daily_summaries") == {f"{DAY}|{cell.tenant_id}" for cell in good}
    alert = rows(office.warehouse, "SELECT severity, kind, message FROM plans.alerts WHERE tenant_id = 'poison'")
    assert [(severity, kind) for severity, kind, _ in alert] == [("critical", "planning_failed")]
    assert words in alert[0][2]
    assert rows(office.warehouse, "SELECT count(*) FROM plans.demand_forecasts WHERE tenant_id = 'poison'") == [(0,)]

    retried = office.alone(bad)
    assert not retried.success
    assert len([event for event in retried.all_events if event.is_step_restarted]) == 1, "it is tried twice"
    assert "poison" in str(
        [event.message for event in retried.all_events if event.is_step_failure]
        + [event.step_failure_data.error_display_string for event in retried.all_events if event.is_step_failure]
    )
    assert f"{DAY}|poison" not in office.materialized("daily_summaries")


def test_a_tenant_whose_facts_break_a_rule_fails_with_the_reason_and_the_others_are_planned(office: Office) -> None:
    """Rows that the database would refuse, as they come with a restore from elsewhere."""
    insert(office.warehouse, **together(*(bakery(name) for name in ("b1", "b2", "b3"))))
    with office.warehouse.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE ops.sales DROP CONSTRAINT sales_quantity_check")
        connection.exec_driver_sql(
            f"UPDATE ops.sales SET quantity = 1e12 WHERE tenant_id = 'b2' AND sales_date = DATE '{DAY}' - 3"
        )
    cells = [Cell(name, DAY) for name in ("b1", "b2", "b3")]
    assert office.wave(*cells).success
    state = "SELECT tenant_id, status, failed_stage FROM plans.planning_runs ORDER BY 1"
    expected = [("b1", "planned", None), ("b2", "failed", "facts"), ("b3", "planned", None)]
    assert rows(office.warehouse, state) == expected
    [(reason,)] = rows(office.warehouse, "SELECT reason FROM plans.planning_runs WHERE reason IS NOT NULL")
    assert reason.startswith("sales.quantity is 1000000000000.0 and has to be between -1e+09 and 1e+09 (")
    assert f"sales_date {DAY - timedelta(days=3)}" in reason
    assert rows(office.warehouse, "SELECT tenant_id FROM plans.alerts WHERE kind = 'planning_failed'") == [("b2",)]
    assert not office.assets(*cells).success
    assert rows(office.warehouse, state) == expected
    assert office.materialized("daily_summaries") == {f"{DAY}|b1", f"{DAY}|b3"}


def test_a_backfill_goes_on_past_a_tenant_that_cannot_be_planned(office: Office) -> None:
    insert(office.warehouse, **together(bakery("b1"), productless("b2")))
    week = [Cell("b1", DAY - timedelta(days=back)) for back in range(3)]
    both = [*week, *(Cell("b2", cell.plan_date) for cell in week)]
    result = office.assets(*both)
    assert not result.success
    assert office.materialized("daily_summaries") == {f"{cell.plan_date}|b1" for cell in week}
    assert rows(office.warehouse, "SELECT count(*) FROM plans.daily_summaries") == [(3,)]
    # Each day was planned after the one before it, whose forecast it could therefore check.
    checked = rows(office.warehouse, "SELECT validation_date, status FROM plans.validation_runs ORDER BY plan_date")
    assert checked[1:] == [(DAY - timedelta(days=2), "validated"), (DAY - timedelta(days=1), "validated")]


def test_one_stage_alone_builds_on_what_the_others_had_written(office: Office) -> None:
    insert(office.warehouse, **bakery("b1"))
    cell = Cell("b1", DAY)
    office.wave(cell)
    before = digests(office.warehouse)
    with office.warehouse.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM plans.packed_production_batches")
        connection.exec_driver_sql("UPDATE plans.packed_demand_forecasts SET yhat = yhat")
    assert office.assets(cell, only=["production_schedules"]).success
    assert digests(office.warehouse) == before
    assert rows(office.warehouse, "SELECT status FROM plans.planning_runs") == [("planned",)]


def test_a_tenant_that_does_not_exist_fails_by_name(office: Office) -> None:
    assert not office.alone(Cell("nobody", date(2026, 3, 4))).success
    assert rows(office.warehouse, "SELECT count(*) FROM plans.planning_runs") == [(0,)]


def test_a_wave_refuses_two_dates_of_one_tenant() -> None:
    with pytest.raises(ValueError, match="one date"):
        wave_config([Cell("b1", DAY), Cell("b1", DAY + timedelta(days=1))])


def test_a_wave_leaves_out_cells_that_other_runs_have_claimed(office: Office) -> None:
    insert(office.warehouse, **bakery("b1"))
    job = office.definitions.resolve_job_def("planning_wave")
    config = wave_config([Cell("b1", DAY), Cell("nobody", DAY)], claimed_by="a tick that lost its claim")
    assert job.execute_in_process(instance=office.instance, run_config=config).success
    assert rows(office.warehouse, "SELECT count(*) FROM plans.demand_forecasts") == [(0,)]
    assert office.materialized("demand_forecasts") == set()
