"""Bakeries without a plan long after their own planning time are shown, and only they."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
from sqlalchemy import text

from bakery_assets.assets.late_mornings import ASSET, NAME
from bakery_assets.cells import Cell
from resources.clock import Clock
from resources.warehouse import Warehouse, planning_runs
from sensors.late_mornings import late_mornings_watch
from tests.bakeries import insert

DAY = date(2026, 3, 3)
PARIS = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)  # 05:30 there; in New York it is the evening before


@dg.asset(name=ASSET)
def summaries() -> None:
    raise ValueError("a person's run that fails")


@dg.asset_check(asset=ASSET, name=NAME)
def late() -> dg.AssetCheckResult:
    raise AssertionError("it is never evaluated")


def test_the_check_names_late_bakeries_and_is_reported_when_that_changes(warehouse: Warehouse) -> None:
    zones = {"paris": "Europe/Paris", "lyon": "Europe/Paris", "closed": "Europe/Paris", "new-york": "America/New_York"}
    insert(
        warehouse,
        tenants=[{"tenant_id": name, "name": name, "timezone": zone, "country": "FR"} for name, zone in zones.items()],
        calendar=[{"tenant_id": "closed", "date": DAY, "kind": "closed"}],
    )
    with warehouse.engine.begin() as connection:
        # New York's days until the 2nd are planned.
        planning_runs.begin(warehouse, [Cell("new-york", DAY - timedelta(days=1))], PARIS, "run")
        connection.execute(text("UPDATE plans.planning_runs SET status = 'planned'"))
    with dg.instance_for_test() as instance:

        def tick(now: datetime) -> list[tuple[bool, int]]:
            """The check's results so far, with how many bakeries are late."""
            context = dg.build_sensor_context(
                instance=instance, cursor=cursors[-1], resources={"warehouse": warehouse, "clock": Clock(lambda: now)}
            )
            late_mornings_watch(context)
            cursors.append(context.cursor)
            key = dg.AssetCheckKey(dg.AssetKey(ASSET), NAME)
            found = instance.event_log_storage.get_asset_check_execution_history(key, limit=9)
            reported = [each.evaluation for each in reversed(found)]
            return [
                (each.passed, each.metadata["late"].value)
                for each in reported
                if isinstance(each, dg.AssetCheckEvaluation)
            ]

        cursors: list[str | None] = [None]
        assert tick(PARIS + timedelta(minutes=60)) == [(True, 0)]
        assert tick(PARIS + timedelta(minutes=61)) == [(True, 0), (False, 2)]
        assert tick(PARIS + timedelta(minutes=66)) == [(True, 0), (False, 2)], "nothing has changed"
        planning_runs.begin(warehouse, [Cell("lyon", DAY), Cell("paris", DAY)], PARIS, "run")
        with warehouse.engine.begin() as connection:
            connection.execute(text("UPDATE plans.planning_runs SET status = 'planned' WHERE tenant_id = 'lyon'"))
            connection.execute(text("UPDATE plans.planning_runs SET status = 'failed' WHERE tenant_id = 'paris'"))
        assert tick(PARIS + timedelta(minutes=71)) == [(True, 0), (False, 2), (False, 1)]
        assert not dg.materialize([summaries, late], instance=instance, raise_on_error=False).success
        again = [(True, 0), (False, 2), (False, 1), (False, 1)]
        assert tick(PARIS + timedelta(minutes=76)) == again, "the run that failed has hidden the result"
        assert tick(PARIS + timedelta(minutes=81)) == again
