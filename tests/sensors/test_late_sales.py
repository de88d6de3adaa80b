"""Late sales and gaps from the tick to the plans: ticks as Dagster's daemon evaluates them, and the runs they request."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from sqlalchemy import text
from sqlalchemy.engine import URL

from bakery_assets.assets.plans import planning_day
from bakery_assets.assets.waves import config_of_wave, planning_wave, wave_config
from bakery_assets.cells import Cell
from bakery_assets.due.planning import due_cells
from bakery_assets.partitions import TENANT
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, planning_runs
from resources.warehouse.planning_facts import planning_facts
from schedules.daily_planning import daily_planning
from sensors.late_sales import GAPS_EVERY, late_sales
from sensors.run_outcomes import run_outcomes
from sensors.tenant_registry import register
from tests import bakeries
from tests.bakeries import DAY, insert, rows, together
from tests.bakeries import PLANNING_INSTANT as DAWN

YESTERDAY = DAY - timedelta(days=1)
HOUR = timedelta(hours=1)
FIVE = ("b1", "b2", "b3", "b4", "b5")
COVERED = """
    SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM plans.validation_runs v
        WHERE v.tenant_id = d.tenant_id AND v.validation_date = d.target_date AND v.status = 'validated'))
    FROM (SELECT DISTINCT f.tenant_id, f.target_date FROM plans.demand_forecasts f JOIN ops.sales s
          ON s.tenant_id = f.tenant_id AND s.sales_date = f.target_date WHERE f.target_date < '{day}') d"""


def bakery(tenant: str, **how: Any) -> dict[str, Any]:
    """A bakery that opens in the afternoon, so that what arrives in the morning can still replan the day."""
    hours = {"opens": "16:00", "closes": "18:00"}
    chosen = [
        {"tenant_id": tenant, "key": key, "value": value, "valid_from": date(2000, 1, 1)}
        for key, value in hours.items()
    ]
    return {**bakeries.bakery(tenant, **how), "tenant_settings": chosen}


@pytest.fixture(scope="module")
def server(own_server: URL) -> URL:
    return own_server


@dataclass
class Office:
    """A Dagster instance over a warehouse, with a clock that the test moves."""

    warehouse: Warehouse
    instance: dg.DagsterInstance
    now: datetime = DAWN
    cursor: str | None = None
    started: list[dg.RunRequest] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    @property
    def definitions(self) -> dg.Definitions:
        return dg.Definitions(
            assets=[planning_day],
            jobs=[planning_wave],
            sensors=[late_sales],
            schedules=[daily_planning],
            resources={"warehouse": self.warehouse, "clock": Clock(lambda: self.now)},
            executor=dg.in_process_executor,
        )

    def wave(self, *cells: Cell) -> None:
        job = self.definitions.resolve_job_def("planning_wave")
        assert job.execute_in_process(instance=self.instance, run_config=wave_config(cells)).success

    def catch_up(self) -> list[Cell]:
        """What the schedule does after an outage, today first."""
        tenants = planning_runs.tenants(self.warehouse)
        since = self.now.date() - timedelta(days=15)
        due = due_cells(
            tenants, planning_facts(self.warehouse, since, self.now.date()), planning_runs.cell_states(self.warehouse, since), planning_runs.closed_cells(self.warehouse, since, self.now.date()),
            self.now, include_demo=False, claim_for=HOUR,
        )  # fmt: skip
        for day in sorted({cell.plan_date for cell in due}, reverse=True):
            self.wave(*(cell for cell in due if cell.plan_date == day))
        return due

    def tick(self, *, saved: bool = True, registered: bool = True) -> list[dg.RunRequest]:
        """One tick; requests whose key was used are dropped, as the daemon does."""
        if registered:
            register(self.instance, self.warehouse)
        context = dg.build_sensor_context(
            instance=self.instance,
            definitions=self.definitions,
            cursor=self.cursor,
            resources={"warehouse": self.warehouse, "clock": Clock(lambda: self.now)},
        )
        with partition_loading_context(dynamic_partitions_store=self.instance):
            data = late_sales.evaluate_tick(context)
        if saved:
            self.cursor = data.cursor
        fresh = [request for request in data.run_requests or [] if request.run_key not in self.keys]
        self.keys |= {str(request.run_key) for request in fresh}
        return fresh

    def run(self, request: dg.RunRequest) -> bool:
        """Run what a tick requested."""
        job = self.definitions.resolve_job_def("planning_wave")
        self.started.append(request)
        return job.execute_in_process(
            instance=self.instance, run_config=request.run_config, tags=dict(request.tags), raise_on_error=False
        ).success

    def started_as(self, request: dg.RunRequest, status: dg.DagsterRunStatus) -> dg.DagsterRun:
        """The run that the daemon makes of a request, in some state."""
        return self.instance.create_run_for_job(
            self.definitions.resolve_job_def("planning_wave"),
            run_config=dict(request.run_config),
            tags=dict(request.tags),
            status=status,
        )

    def settle(self, most: int = 10) -> list[str]:
        """Ticks and runs until nothing is requested; the cells in the order they were run."""
        cells = []
        for _ in range(most):
            requests = self.tick()
            if not requests:
                return cells
            for request in requests:
                assert self.run(request)
                cells += config_of_wave(request.run_config).partitions
        raise AssertionError(f"the ticks never come to rest: {cells}")


@pytest.fixture
def office(warehouse: Warehouse) -> Iterator[Office]:
    """An office on the morning of 3 March."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield Office(warehouse, instance)


def sale(day: date, quantity: float, recorded_at: datetime, tenant: str = "b") -> dict[str, Any]:
    return {
        "tenant_id": tenant, "product_id": "baguette", "sales_date": day, "location_id": "main",
        "quantity": quantity, "recorded_at": recorded_at,
    }  # fmt: skip


def without(rows: dict[str, Any], *days: date) -> dict[str, Any]:
    """A bakery whose till has not sent these days yet."""
    return {**rows, "sales": [row for row in rows["sales"] if row["sales_date"] not in days]}


def checked(office: Office, day: date, tenant: str = "b") -> list[tuple[Any, ...]]:
    return rows(
        office.warehouse,
        f"SELECT v.status, r.actual FROM plans.validation_runs v LEFT JOIN plans.validation_results r"
        f" USING (tenant_id, plan_date, validation_date) WHERE v.tenant_id = '{tenant}' AND v.validation_date = '{day}'",
    )


def plan_days(office: Office, first: date, last: date, *tenants: str) -> None:
    for offset in range((last - first).days + 1):
        office.wave(*(Cell(tenant, first + timedelta(days=offset)) for tenant in tenants or ("b",)))


def yesterday_unknown(warehouse: Warehouse) -> None:
    """A bakery whose till has not sent yesterday's sales; yesterday and today are planned."""
    insert(warehouse, **without(bakery("b"), YESTERDAY))
    planned(warehouse, YESTERDAY)


def a_planned_week(warehouse: Warehouse) -> None:
    """Two bakeries, planned for today and the six days before."""
    insert(warehouse, **together(bakery("b"), bakery("other")))
    planned(warehouse, DAY - timedelta(days=6), "b", "other")


def five_bakeries(warehouse: Warehouse) -> None:
    """Planned for yesterday and today."""
    insert(warehouse, **together(*(bakery(name) for name in FIVE)))
    planned(warehouse, YESTERDAY, *FIVE)


def planned(warehouse: Warehouse, first: date, *tenants: str) -> None:
    """Plan the days up to today as waves do."""
    with dg.DagsterInstance.ephemeral() as instance:
        plan_days(Office(warehouse, instance), first, DAY, *tenants)


def test_sales_in_time_request_nothing(office: Office) -> None:
    insert(office.warehouse, **without(bakery("b"), YESTERDAY))
    office.wave(Cell("b", YESTERDAY))
    assert office.tick() == []
    insert(office.warehouse, sales=[sale(YESTERDAY, 90.0, DAWN - 8 * HOUR)])
    assert office.tick() == []
    office.wave(Cell("b", DAY))
    insert(office.warehouse, sales=[sale(DAY, 30.0, DAWN + 12 * HOUR)])
    office.now = DAWN + 13 * HOUR
    assert office.settle() == []
    assert checked(office, YESTERDAY) == [("validated", 90.0)]


@pytest.mark.filled(by=yesterday_unknown)
def test_yesterdays_late_sales_plan_today_again_and_check_yesterday(office: Office) -> None:
    office.tick()
    assert checked(office, YESTERDAY) == [("no_sales", None)]
    before = rows(office.warehouse, "SELECT starts_at FROM plans.production_schedules ORDER BY 1")
    office.now = DAWN + 4 * HOUR
    insert(office.warehouse, sales=[sale(YESTERDAY, 260.0, DAWN + 3 * HOUR)])
    [request] = office.tick()
    wave = config_of_wave(request.run_config)
    assert wave.partitions == [f"{DAY}|b"]
    assert not wave.validates_only, "today is planned again as a whole"
    assert office.tick() == [], "it is requested already"
    assert office.run(request)
    assert checked(office, YESTERDAY) == [("validated", 260.0)]
    assert rows(office.warehouse, "SELECT starts_at FROM plans.production_schedules ORDER BY 1") == before
    assert rows(office.warehouse, "SELECT DISTINCT status, facts_until FROM plans.planning_runs WHERE requested_xid IS NULL"
                                  f" AND plan_date = '{DAY}'") == [("planned", DAWN + 3 * HOUR)]  # fmt: skip
    assert office.settle() == []


@pytest.mark.filled(by=yesterday_unknown)
def test_sales_recorded_as_in_time_that_came_after_the_plan_are_late_too(office: Office) -> None:
    """A file without recorded_at is recorded as known at midnight, whenever it is loaded."""
    office.tick()
    insert(office.warehouse, sales=[sale(YESTERDAY, 110.0, DAWN - 5 * HOUR)])
    assert office.settle() == [f"{DAY}|b"]
    assert checked(office, YESTERDAY) == [("validated", 110.0)]


@pytest.mark.filled(by=a_planned_week)
def test_an_older_days_correction_requests_its_own_cell_and_todays_and_no_other(office: Office) -> None:
    office.tick()
    office.now = DAWN + 4 * HOUR
    day = DAY - timedelta(days=4)
    untouched = "SELECT count(*) FROM plans.planning_runs WHERE dagster_run_id IN (SELECT dagster_run_id FROM plans.planning_runs WHERE tenant_id = 'other')"
    insert(office.warehouse, sales=[sale(day, 55.0, DAWN + HOUR)])
    requests = office.tick()
    waves = [config_of_wave(request.run_config) for request in requests]
    assert [(wave.partitions, wave.validates_only) for wave in waves] == [
        ([f"{DAY}|b"], False),
        ([f"{day + timedelta(days=1)}|b"], True),
    ]
    assert len({request.run_key for request in requests}) == 2
    for request, wave in zip(requests, waves, strict=True):
        assert wave.request_keys[0] in str(request.run_key), "the key carries the version of the facts"
    forecasts = "SELECT md5(string_agg(f::text, '' ORDER BY f::text)) FROM plans.demand_forecasts f WHERE plan_date < '2026-03-03'"
    before = rows(office.warehouse, forecasts)
    for request in requests:
        assert office.run(request)
    assert checked(office, day) == [("validated", 55.0)]
    assert rows(office.warehouse, forecasts) == before, "forecasts of past days stay as they were"
    assert rows(office.warehouse, untouched) == [(12,)]
    assert rows(office.warehouse, "SELECT DISTINCT status FROM plans.planning_runs") == [("planned",)]
    assert office.settle() == []


@pytest.mark.filled(by=yesterday_unknown)
def test_a_crash_before_the_cursor_is_saved_requests_nothing_twice(office: Office) -> None:
    office.tick()
    insert(office.warehouse, sales=[sale(YESTERDAY, 80.0, DAWN + HOUR)])
    [request] = office.tick(saved=False)
    office.started_as(request, dg.DagsterRunStatus.STARTED)
    assert office.tick(saved=False) == []
    assert office.run(request)
    assert office.settle() == []


@pytest.mark.filled(by=a_planned_week)
def test_a_run_that_dies_is_tried_again_up_to_the_limit(office: Office) -> None:
    office.tick()
    insert(office.warehouse, sales=[sale(YESTERDAY, 80.0, DAWN + HOUR)])
    keys = []
    for _ in range(4):
        for request in office.tick():
            keys.append(request.run_key)
            office.started_as(request, dg.DagsterRunStatus.FAILURE)
        office.now += timedelta(minutes=1)
    assert len(keys) == len(set(keys)) == 2
    insert(office.warehouse, sales=[sale(YESTERDAY, 81.0, DAWN + 2 * HOUR)])
    assert len(office.tick()) == 1, "newer facts are tried again"


@pytest.mark.filled(by=a_planned_week)
def test_an_abandoned_cell_does_not_block_later_days_of_its_bakery(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.tick()
    insert(office.warehouse, sales=[sale(DAY - timedelta(days=5), 80.0, DAWN + HOUR)])
    for _ in range(2):
        for request in office.tick():
            if config_of_wave(request.run_config).validates_only:
                office.started_as(request, dg.DagsterRunStatus.FAILURE)
            else:
                assert office.run(request)
        office.now += timedelta(minutes=1)
    assert office.settle() == []
    insert(office.warehouse, sales=[sale(DAY - timedelta(days=3), 70.0, DAWN + 2 * HOUR)])
    assert f"{DAY - timedelta(days=2)}|b" in office.settle()
    # A week later the attempts are forgotten; the runs, and with them the used keys, are not.
    monkeypatch.setattr("sensors.requested_waves.COUNT_ATTEMPTS_FOR", timedelta(days=-400))
    office.now += timedelta(days=7)
    insert(office.warehouse, sales=[sale(DAY - timedelta(days=2), 60.0, DAWN + 3 * HOUR)])
    assert {f"{DAY - timedelta(days=back)}|b" for back in (4, 1)} <= set(office.settle())


def test_a_validation_that_dies_leaves_its_cell_as_it_was(office: Office) -> None:
    """A suspended bakery, which no wave of the schedule would plan."""
    insert(office.warehouse, **bakery("b"))
    plan_days(office, DAY - timedelta(days=5), DAY - timedelta(days=5))
    with office.warehouse.engine.begin() as connection:
        connection.execute(text("UPDATE ops.tenants SET status = 'suspended'"))
    [request] = office.tick()
    run = office.started_as(request, dg.DagsterRunStatus.STARTED)
    [cell] = config_of_wave(request.run_config).cells
    planning_runs.reclaim(office.warehouse, [cell], office.now, HOUR, run.run_id)
    state = "SELECT status FROM plans.planning_runs WHERE requested_xid IS NOT NULL ORDER BY plan_date LIMIT 1"
    assert rows(office.warehouse, state) == [("claimed",)]
    run_outcomes(
        dg.build_run_status_sensor_context(
            sensor_name="run_outcomes",
            dagster_instance=office.instance,
            dagster_run=run,
            dagster_event=office.instance.report_run_failed(run, "it ran out of memory"),
            resources={"warehouse": office.warehouse, "clock": Clock(lambda: office.now)},
        ).for_run_failure()
    )
    assert rows(office.warehouse, state) == [("partial",)]
    office.now += timedelta(minutes=1)
    assert [config_of_wave(each.run_config).cells for each in office.tick()] == [[cell]]
    assert rows(office.warehouse, "SELECT count(*) FROM plans.alerts WHERE kind = 'planning_failed'") == [(0,)]


def test_a_cell_that_is_being_planned_is_left_to_that_wave(office: Office) -> None:
    insert(office.warehouse, **bakery("b"))
    cell = Cell("b", DAY)
    assert planning_runs.begin(office.warehouse, [cell], office.now, "a planning wave") == {cell}
    assert planning_runs.reclaim(office.warehouse, [cell], office.now, HOUR, "revalidation") == set()
    assert planning_runs.reclaim(office.warehouse, [cell], office.now + 2 * HOUR, HOUR, "revalidation") == {cell}


def report_late(office: Office) -> None:
    """The tills of all five bakeries report yesterday's sales."""
    office.tick()
    insert(office.warehouse, sales=[sale(YESTERDAY, 80.0, DAWN + HOUR, name) for name in FIVE])


@pytest.mark.filled(by=five_bakeries)
def test_late_sales_of_many_bakeries_are_one_wave(office: Office) -> None:
    report_late(office)
    [request] = office.tick()
    assert config_of_wave(request.run_config).partitions == [f"{DAY}|{name}" for name in FIVE]
    assert office.run(request)
    assert office.settle() == []
    for name in FIVE:
        assert checked(office, YESTERDAY, name) == [("validated", 80.0)]


@pytest.mark.filled(by=five_bakeries)
def test_when_a_wave_dies_twice_its_cells_are_tried_again_in_halves(office: Office) -> None:
    report_late(office)
    for _ in range(2):
        [request] = office.tick()
        assert config_of_wave(request.run_config).partitions == [f"{DAY}|{name}" for name in FIVE]
        office.started_as(request, dg.DagsterRunStatus.FAILURE)
        office.now += timedelta(minutes=1)
    assert [config_of_wave(each.run_config).partitions for each in office.tick()] == [
        [f"{DAY}|{name}" for name in FIVE[:3]],
        [f"{DAY}|{name}" for name in FIVE[3:]],
    ]


@pytest.mark.filled(by=five_bakeries)
def test_no_more_runs_at_once_than_allowed_and_the_others_follow(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensors.requested_waves.MOST_RUNS", 2)
    monkeypatch.setenv("BAKERY_WAVE_SIZE", "1")
    settings.cache_clear()
    report_late(office)
    batches = []
    for _ in range(4):
        batch = office.tick()
        batches.append(len(batch))
        for request in batch:
            assert office.run(request)
    assert batches == [2, 2, 1, 0]
    settings.cache_clear()


@pytest.mark.filled(by=five_bakeries)
def test_a_run_that_is_under_way_is_not_requested_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.requested_waves.MOST_RUNS", 1)
    report_late(office)
    [request] = office.tick()
    office.started_as(request, dg.DagsterRunStatus.STARTED)
    office.keys.clear()
    assert office.tick() == []
    insert(office.warehouse, sales=[sale(YESTERDAY, 81.0, DAWN + 2 * HOUR, "b1")])
    assert office.tick() == [], "newer facts wait until there is room"


@pytest.mark.filled(by=a_planned_week)
def test_cells_outside_the_grid_wait(office: Office) -> None:
    office.tick()
    insert(office.warehouse, sales=[sale(YESTERDAY, 80.0, DAWN + HOUR)])
    office.instance.delete_dynamic_partition(TENANT, "b")
    assert office.tick(registered=False) == []
    assert len(office.tick()) == 1, "it is started once its tenant is back"


def test_after_a_long_outage_every_day_with_sales_is_validated_in_the_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planned on 19 February, then down for twelve days while the tills went on; the waves reach back three."""
    for module in ("bakery_assets.due.planning", "bakery_assets.due.revalidation", "resources.warehouse.revalidation"):
        monkeypatch.setattr(f"{module}.CATCH_UP_DAYS", 3)
    stop = DAY - timedelta(days=12)
    zones = {"ny": "America/New_York", "gone": "Europe/Paris"}
    insert(office.warehouse, **together(*(bakery(name, zone=zone) for name, zone in zones.items())))
    closed = [{"tenant_id": "ny", "date": stop + timedelta(days=ahead), "kind": "closed"} for ahead in (2, 3)]
    insert(office.warehouse, calendar=closed)
    plan_days(office, stop, stop, *zones)
    with office.warehouse.engine.begin() as connection:
        connection.execute(text("UPDATE ops.tenants SET status = 'suspended' WHERE tenant_id = 'gone'"))
    office.now = datetime.combine(DAY, time(12), ZoneInfo("UTC"))
    total, done = rows(office.warehouse, COVERED.format(day=DAY))[0]
    assert done < total
    for _ in range(3):
        for request in office.tick():
            assert office.run(request)
        office.catch_up()
        office.settle()
        office.now += GAPS_EVERY
    total, done = rows(office.warehouse, COVERED.format(day=DAY))[0]
    assert total == done
    # The seven days that each plan reached, closed ones that sold included, and what the waves caught up.
    assert total == 7 + 7 + 3
    assert rows(office.warehouse, "SELECT count(*) FROM plans.planning_runs WHERE requested_xid IS NOT NULL") == [(0,)]
    by_state = dict(rows(office.warehouse, "SELECT status, count(*) FROM plans.planning_runs GROUP BY 1"))
    assert set(by_state) == {"planned", "partial"}
    # Days beyond the reach of the waves were validated and are not shown as planned.
    assert rows(office.warehouse, "SELECT count(*) FROM plans.daily_summaries d JOIN plans.planning_runs r"
                                  " USING (tenant_id, plan_date) WHERE r.status = 'partial'") == [(0,)]  # fmt: skip
    started = len(office.started)
    for _ in range(3):
        office.now += GAPS_EVERY
        assert office.settle() == []
    assert len(office.started) == started


def test_today_planned_before_yesterday_validates_yesterday_once_it_has_a_forecast(office: Office) -> None:
    insert(office.warehouse, **bakery("b"))
    plan_days(office, DAY - timedelta(days=9), DAY - timedelta(days=9))
    assert len(office.catch_up()) == 9, "today first"
    assert checked(office, YESTERDAY) == [("no_forecast", None)]
    office.settle()
    assert checked(office, YESTERDAY) == [("validated", 100.0)]
    lead = f"SELECT lead_days FROM plans.validation_runs WHERE validation_date = '{YESTERDAY}'"
    assert rows(office.warehouse, lead) == [(0,)]


@pytest.mark.filled(by=yesterday_unknown)
def test_a_day_whose_sales_cannot_be_evaluated_is_validated_once_and_again_when_there_are_more(office: Office) -> None:
    """A shop that has no forecast sold something; the shop that has one sent nothing."""
    office.tick()
    elsewhere = {**sale(YESTERDAY, 5.0, DAWN + HOUR), "location_id": "market"}
    insert(office.warehouse, locations=[{"tenant_id": "b", "location_id": "market"}], sales=[elsewhere])
    assert office.settle() == [f"{DAY}|b"]
    assert checked(office, YESTERDAY) == [("no_sales", None)]
    for _ in range(3):
        office.now += GAPS_EVERY
        assert office.settle() == []
    insert(office.warehouse, sales=[sale(YESTERDAY, 100.0, DAWN + 2 * HOUR)])
    assert office.settle() == [f"{DAY}|b"]
    assert checked(office, YESTERDAY)[0][0] == "validated"


def test_gaps_are_searched_for_every_quarter_of_an_hour(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[datetime] = []
    from resources.warehouse import revalidation

    real = revalidation.gaps
    monkeypatch.setattr(revalidation, "gaps", lambda *given: searched.append(given[1]) or real(*given))
    start = office.now
    for minutes in (0, 1, 14, 15, 16, 31):
        office.now = start + timedelta(minutes=minutes)
        office.tick()
    assert [(at - start).seconds // 60 for at in searched] == [0, 15, 31]
