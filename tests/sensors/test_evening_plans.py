"""A day planned on the evening before: the sales of that day's end come after the plan and may make a second version."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from sqlalchemy.engine import URL

from bakery_assets.assets.waves import config_of_wave
from bakery_assets.cells import Cell
from resources.warehouse import Warehouse
from tests import bakeries
from tests.bakeries import DAY, insert, rows
from tests.sensors.test_late_sales import Office, sale, without

YESTERDAY = DAY - timedelta(days=1)
EIGHT = datetime(2026, 3, 2, 19, tzinfo=UTC)  # in Paris, on the evening before: the plan is made
CLOSED = EIGHT + timedelta(hours=1, minutes=30)  # half an hour after closing the till reports
OPENING = datetime(2026, 3, 3, 6, tzinfo=UTC)  # 07:00 in Paris


@pytest.fixture(scope="module")
def server(own_server: URL) -> URL:
    return own_server


def two_evenings(warehouse: Warehouse) -> None:
    """A bakery that plans at 20:00 on the evening before, open from 07:00 to 21:00; both days are planned."""
    chosen = {"planning_day": "day_before", "opens": "07:00", "closes": "21:00"}
    settings = [
        {"tenant_id": "b", "key": key, "value": value, "valid_from": date(2000, 1, 1)} for key, value in chosen.items()
    ]
    facts = without(bakeries.bakery("b"), YESTERDAY)
    facts["tenants"] = [{**facts["tenants"][0], "planning_time": EIGHT.time().replace(hour=20)}]
    insert(warehouse, **facts, tenant_settings=settings)
    with dg.DagsterInstance.ephemeral() as instance:
        made = Office(warehouse, instance)
        for day in (YESTERDAY, DAY):
            made.now = planned_at(day)
            made.wave(Cell("b", day))


def planned_at(day: date) -> datetime:
    return EIGHT - timedelta(days=(DAY - day).days) + timedelta(minutes=5)


@pytest.fixture
def office(warehouse: Warehouse) -> Iterator[Office]:
    """The evening on which today was planned, after the first tick."""
    with dg.DagsterInstance.ephemeral() as instance:
        made = Office(warehouse, instance, now=planned_at(DAY))
        made.tick()
        yield made


def report(office: Office, quantity: float, at: datetime) -> list[dg.RunRequest]:
    """The till reports the day that has just ended; what the sensor starts then."""
    insert(office.warehouse, sales=[sale(YESTERDAY, quantity, at)])
    office.now = at + timedelta(minutes=5)
    return office.tick()


def versions(office: Office) -> list[tuple[Any, ...]]:
    query = f"SELECT version, cause, planned_as_of FROM plans.plan_versions WHERE plan_date = '{DAY}' ORDER BY version"
    return rows(office.warehouse, query)


def forecast(office: Office) -> float:
    query = f"SELECT sum(yhat) FROM plans.demand_forecasts WHERE plan_date = '{DAY}' AND target_date = '{DAY}'"
    return float(rows(office.warehouse, query)[0][0])


@pytest.mark.filled(by=two_evenings)
def test_closing_sales_that_change_much_make_a_second_version_that_knows_them(office: Office) -> None:
    before = forecast(office)
    [request] = report(office, 300.0, CLOSED)
    assert not config_of_wave(request.run_config).validates_only
    assert office.run(request)
    assert versions(office) == [(1, "planning_time", EIGHT), (2, "late_sales", CLOSED)]
    assert forecast(office) > before
    assert office.tick() == []


@pytest.mark.filled(by=two_evenings)
def test_closing_sales_as_they_were_expected_only_validate(office: Office) -> None:
    requests = report(office, 104.0, CLOSED)
    assert [config_of_wave(each.run_config).validates_only for each in requests] == [True]
    assert all(office.run(each) for each in requests)
    assert versions(office) == [(1, "planning_time", EIGHT)]


@pytest.mark.filled(by=two_evenings)
def test_once_work_has_begun_closing_sales_only_validate(office: Office) -> None:
    requests = report(office, 300.0, OPENING)
    assert [config_of_wave(each.run_config).validates_only for each in requests] == [True]
    assert all(office.run(each) for each in requests)
    assert versions(office) == [(1, "planning_time", EIGHT)]
