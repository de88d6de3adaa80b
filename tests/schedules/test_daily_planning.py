"""What a tick requests, and that no two ticks request the same cell."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
from dagster._core.definitions.schedule_definition import ScheduleExecutionData

from bakery_assets.assets.waves import config_of_wave, wave_config
from bakery_assets.cells import Cell
from bakery_assets.definitions import build_defs
from resources.clock import Clock
from resources.warehouse import Warehouse, planning_runs
from schedules.daily_planning import daily_planning
from tests.bakeries import insert

# 05:30 in Paris; past it in Kathmandu and Auckland; 23:30 of the day before in New York.
NOW = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
DAY = date(2026, 3, 3)


def tick(
    warehouse: Warehouse,
    now: datetime,
    running: list[Cell] | None = None,
    holder: str = "a tick",
    *,
    validates_only: bool = False,
) -> ScheduleExecutionData:
    with dg.instance_for_test() as instance:
        if running:
            instance.create_run_for_job(
                build_defs().resolve_job_def("planning_wave"),
                run_config=wave_config(running, claimed_by=holder, validates_only=validates_only),
                status=dg.DagsterRunStatus.STARTED,
            )
        context = dg.build_schedule_context(
            instance=instance, resources={"warehouse": warehouse, "clock": Clock(lambda: now)}
        )
        return daily_planning.evaluate_tick(context)


def cells(data: ScheduleExecutionData) -> list[Cell]:
    return [cell for request in data.run_requests or [] for cell in config_of_wave(request.run_config).cells]


def open_bakeries(warehouse: Warehouse) -> None:
    zones = {
        "paris": ("Europe/Paris", "active"), "lyon": ("Europe/Paris", "active"), "kathmandu": ("Asia/Kathmandu", "active"),
        "new-york": ("America/New_York", "active"), "auckland": ("Pacific/Auckland", "active"),
        "closed": ("Europe/Paris", "active"), "gone": ("Europe/Paris", "cancelled"), "late-payer": ("Europe/Paris", "suspended"),
        "show": ("Europe/Paris", "demo"),
    }  # fmt: skip
    insert(
        warehouse,
        tenants=[
            {
                "tenant_id": name,
                "name": name,
                "timezone": zone,
                "country": "FR",
                "status": status,
                "tier": "enterprise" if name == "paris" else "starter",
            }
            for name, (zone, status) in zones.items()
        ],
        calendar=[{"tenant_id": "closed", "date": DAY, "kind": "closed"}],
    )


def test_a_tick_requests_one_wave_for_all_tenants_that_are_due_whatever_their_zone_and_tier(
    warehouse: Warehouse,
) -> None:
    open_bakeries(warehouse)
    data = tick(warehouse, NOW)
    [request] = data.run_requests or []
    assert [cell.tenant_id for cell in cells(data)] == ["paris", "auckland", "kathmandu", "lyon", "new-york"]
    assert {cell.plan_date for cell in cells(data) if cell.tenant_id != "new-york"} == {DAY}
    assert Cell("new-york", DAY - timedelta(days=1)) in cells(data), "the date that it still is there"
    shown = ("bakery/cells", "bakery/tier", "bakery/plan_date", "dagster/priority")
    assert [request.tags[name] for name in shown] == ["5", "enterprise", "2026-03-03", "2"]


def test_a_second_tick_requests_nothing_and_the_tenant_whose_time_comes_later_follows(warehouse: Warehouse) -> None:
    open_bakeries(warehouse)
    tick(warehouse, NOW)
    assert cells(tick(warehouse, NOW)) == []
    assert cells(tick(warehouse, NOW + timedelta(minutes=2))) == []
    # 05:30 in New York is 10:30 UTC.
    later = cells(tick(warehouse, datetime(2026, 3, 3, 10, 30, tzinfo=UTC)))
    assert Cell("new-york", DAY) in later


def test_a_wave_that_died_is_requested_again_with_another_run_key(warehouse: Warehouse) -> None:
    open_bakeries(warehouse)
    first = tick(warehouse, NOW)
    planning_runs.fail_claims(
        warehouse,
        [config_of_wave(request.run_config).claimed_by for request in first.run_requests or []],
        2,
        "killed",
        NOW,
    )
    again = tick(warehouse, NOW + timedelta(minutes=5))
    assert sorted(cells(again)) == sorted(cells(first))
    keys = [{request.run_key for request in data.run_requests or []} for data in (first, again)]
    assert not keys[0] & keys[1]


def test_a_wave_that_only_validates_keeps_no_cell_from_being_planned(warehouse: Warehouse) -> None:
    open_bakeries(warehouse)
    validated = [Cell("paris", DAY)]
    assert Cell("paris", DAY) in cells(tick(warehouse, NOW, running=validated, validates_only=True))


def test_cells_whose_tick_died_before_it_had_runs_are_due_again_two_minutes_later(warehouse: Warehouse) -> None:
    open_bakeries(warehouse)
    mine = cells(tick(warehouse, NOW))
    queued = [cell for cell in mine if cell.tenant_id in ("paris", "lyon")]
    holder = f"tick of {NOW.isoformat()}"
    assert cells(tick(warehouse, NOW + timedelta(minutes=2), running=queued, holder=holder)) == []
    again = cells(tick(warehouse, NOW + timedelta(minutes=3), running=queued, holder=holder))
    assert sorted(again) == sorted(set(mine) - set(queued)), "it died when it had started some of its waves"
    assert sorted(cells(tick(warehouse, NOW + timedelta(minutes=4)))) == sorted(queued)


def test_cells_of_a_wave_that_died_twice_come_back_in_halves(warehouse: Warehouse) -> None:
    insert(
        warehouse,
        tenants=[
            {"tenant_id": f"b{number}", "name": "B", "timezone": "Europe/Paris", "country": "FR"} for number in range(5)
        ],
    )
    sizes = []
    for minute in range(5):
        now = NOW + timedelta(minutes=minute)
        waves = [config_of_wave(request.run_config) for request in tick(warehouse, now).run_requests or []]
        sizes.append(sorted(len(wave.cells) for wave in waves))
        for wave in waves:
            if Cell("b3", DAY) in wave.cells:  # it kills whatever plans it
                planning_runs.fail_claims(warehouse, [wave.claimed_by], 2, "killed", now, cells=wave.cells)
    assert sizes == [[5], [5], [2, 3], [1, 1], []]


def test_a_wave_that_runs_long_keeps_its_cells(warehouse: Warehouse) -> None:
    open_bakeries(warehouse)
    mine = cells(tick(warehouse, NOW))
    much_later = NOW + timedelta(hours=2)
    kept = [cell for cell in mine if cell.tenant_id in ("paris", "lyon")]
    assert kept
    requested = cells(tick(warehouse, much_later, running=kept))
    assert requested
    assert not set(requested) & set(kept)


def test_a_tick_without_due_tenants_is_skipped_with_the_reason(warehouse: Warehouse) -> None:
    data = tick(warehouse, NOW)
    assert data.run_requests in (None, [])
    assert "No tenant is due" in str(data.skip_message)
