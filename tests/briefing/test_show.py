"""`bakery show` and `bakery alerts` on a real database: mornings planned, failed and missing, and what needs a person."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import typer
from sqlalchemy import insert, select
from typer.testing import CliRunner, Result

from bakery_assets.cells import Cell
from bakery_assets.cli import app
from bakery_assets.commands.show import show
from bakery_assets.planning_day import STAGES, PlanningRound, facts_and_plans_read
from bakery_assets.settings import settings
from bakery_assets.stages import Failed
from resources.schema import ops
from resources.warehouse import Warehouse, planning_runs, read_plans, read_snapshot, replace_plans

TODAY = date(2026, 11, 24)  # a Tuesday
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
CELL = Cell("paris-fournil", TODAY)


def one_bakery(warehouse: Warehouse) -> None:
    """Seventy days of sales, and no plan."""
    own = {"tenant_id": "paris-fournil"}
    days = [TODAY - timedelta(days=ago) for ago in range(1, 71)]
    rows = {
        ops.tenants: [{**own, "name": "Le Fournil", "timezone": "Europe/Paris", "country": "FR"}],
        ops.locations: [{**own, "location_id": "main"}],
        ops.products: [{**own, "product_id": "baguette", "name": "Baguette", "price": 1.4, "batch_multiple": 12.0}],
        ops.sales: [
            {**own, "product_id": "baguette", "sales_date": day, "quantity": 60.0 if day.weekday() == 1 else 40.0,
             "location_id": "main", "recorded_at": datetime(day.year, day.month, day.day, 20, tzinfo=UTC)}
            for day in days
        ],
    }  # fmt: skip
    with warehouse.engine.begin() as connection:
        for table, values in rows.items():
            connection.execute(insert(table), values)


def one_planned_bakery(warehouse: Warehouse) -> None:
    """The same with today's plan."""
    one_bakery(warehouse)
    plan(warehouse)


@pytest.fixture
def bakery(warehouse: Warehouse, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """The test's warehouse, which the command finds by its settings."""
    monkeypatch.setenv("BAKERY_DATABASE_URL", database_url)
    monkeypatch.setenv("BAKERY_DAGSTER_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "80")
    settings.cache_clear()
    yield warehouse
    settings.cache_clear()


def plan(warehouse: Warehouse, failed: dict[Cell, Failed] | None = None) -> None:
    """Plan the cell through every stage, as a wave does; ``failed`` is what went wrong."""
    won = planning_runs.begin(warehouse, [CELL], NOW, "by hand")
    facts, plans = facts_and_plans_read(STAGES)
    cells, frames = read_snapshot(warehouse, won, facts, 1_200).of(won)
    morning = PlanningRound(cells, {**frames, **read_plans(warehouse, cells, plans)}, failed=failed or {})
    for stage in STAGES:
        morning = morning.run(stage)
    assert morning.failed == (failed or {})
    replace_plans(
        warehouse,
        cells,
        morning.output_tables(),
        morning.failed,
        written=morning.writes,
        finished_at=NOW,
        run_id="by hand",
    )


def run(*arguments: str) -> Result:
    alone = typer.Typer()
    alone.command()(show)
    result = CliRunner().invoke(alone, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


@pytest.mark.filled(by=one_planned_bakery)
def test_a_planned_morning_is_shown(bakery: Warehouse) -> None:
    result = run("--tenant", "paris-fournil", "--date", "2026-11-24")
    assert result.exit_code == 0, result.output
    assert "Le Fournil · Tuesday 24 November 2026" in result.output
    assert "Planned 05:30 local time (Europe/Paris)" in result.output
    # Sixty every Tuesday, and sixty a week ago; twelve at a time.
    row = next(line for line in result.output.splitlines() if line.startswith("Baguette ")).split()
    assert row[1] == row[3] == "60"
    assert "bake 1 batch" in result.output
    assert max(len(line) for line in result.output.splitlines()) <= 80


@pytest.mark.filled(by=one_planned_bakery)
def test_one_product_is_shown_by_its_name_or_id_and_a_wrong_one_named_similar(bakery: Warehouse) -> None:
    by_id, by_name = (
        run("--tenant", "paris-fournil", "--date", "2026-11-24", "--product", name) for name in ("baguette", "BAGUETTE")
    )
    assert by_id.exit_code == 0, by_id.output
    assert by_id.output == by_name.output
    lines = by_id.output.splitlines()
    assert lines[0].strip() == "Baguette · Le Fournil · Tuesday 24 November 2026"
    # Forty a day, sixty on Tuesdays, until yesterday.
    assert next(line for line in lines if line.startswith("16 Nov")).split()[2:] == [
        "40",
        "60",
        "40",
        "40",
        "40",
        "40",
        "40",
    ]
    assert max(map(len, lines)) <= 80
    wrong = run("--tenant", "paris-fournil", "--date", "2026-11-24", "--product", "bagette")
    assert (wrong.exit_code, wrong.output.strip()) == (
        2,
        "There is no product bagette. Did you mean baguette or Baguette?",
    )
    assert run("--tenant", "paris-fournil", "--date", "2026-11-20", "--product", "baguette").exit_code == 1


@pytest.mark.filled(by=one_bakery)
def test_a_failed_plan_exits_with_one_and_says_what_to_do(bakery: Warehouse) -> None:
    plan(bakery, {CELL: Failed("demand_forecasts", "tenant paris-fournil has no products; load products for it")})
    result = run("--tenant", "paris-fournil", "--date", "2026-11-24")
    assert result.exit_code == 1
    words = " ".join(result.output.split())
    assert "Planning failed at demand_forecasts: tenant paris-fournil has no products; load products for it" in words
    assert "bakery plan --date 2026-11-24 --tenant paris-fournil" in words
    assert "What will sell today" not in words


@pytest.mark.filled(by=one_planned_bakery)
def test_a_plan_that_failed_after_one_that_went_well_shows_the_older_one(bakery: Warehouse) -> None:
    plan(bakery, {CELL: Failed("production_schedules", "a slip")})
    result = run("--tenant", "paris-fournil", "--date", "2026-11-24")
    assert result.exit_code == 1
    assert "it may be out of date" in result.output
    assert "What will sell today" in result.output


@pytest.mark.filled(by=one_bakery)
def test_a_day_that_was_not_planned_says_so(bakery: Warehouse) -> None:
    result = run("--tenant", "paris-fournil", "--date", "2026-11-20")
    assert result.exit_code == 1
    assert "This day has not been planned." in result.output


@pytest.mark.filled(by=one_bakery)
def test_a_closed_day_says_when_the_bakery_opens_and_what_is_done(bakery: Warehouse) -> None:
    own = {"tenant_id": "paris-fournil", "kind": "closed"}
    with bakery.engine.begin() as connection:
        connection.execute(insert(ops.calendar), [{**own, "date": TODAY + timedelta(days=ahead)} for ahead in (1, 2)])
    plan(bakery)
    result = run("--tenant", "paris-fournil", "--date", "2026-11-25")
    assert result.exit_code == 0
    words = " ".join(result.output.split())
    assert "The bakery is closed. It opens again on Fri 27 Nov." in words
    assert "Nothing is done on it, as the plan of Tue 24 Nov has it." in words
    assert "has not been planned" not in words


@pytest.mark.filled(by=one_bakery)
def test_without_a_date_it_is_the_bakerys_own_today(bakery: Warehouse) -> None:
    from zoneinfo import ZoneInfo

    before = datetime.now(ZoneInfo("Europe/Paris")).date()
    output = run("--tenant", "paris-fournil").output
    after = datetime.now(ZoneInfo("Europe/Paris")).date()
    assert any(f"{day:%A} {day.day} {day:%B %Y}" in output for day in (before, after))


@pytest.mark.filled(by=one_bakery)
def test_an_unknown_tenant_exits_with_two_and_names_a_similar_one(bakery: Warehouse) -> None:
    result = run("--tenant", "paris-fournl", "--date", "2026-11-24")
    assert result.exit_code == 2
    assert result.output.strip() == "There is no tenant paris-fournl. Did you mean paris-fournil?"
    assert run("--tenant", "xyz").output.strip() == "There is no tenant xyz. Known are paris-fournil."


@pytest.mark.filled(by=one_bakery)
def test_a_tenant_id_is_data_and_never_sql(bakery: Warehouse) -> None:
    result = run("--tenant", "x'; DROP TABLE ops.tenants; --", "--date", "2026-11-24")
    assert result.exit_code == 2
    assert [tenant.tenant_id for tenant in planning_runs.tenants(bakery)] == ["paris-fournil"]


def test_an_empty_warehouse_says_how_to_load(
    warehouse: Warehouse, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKERY_DATABASE_URL", database_url)
    monkeypatch.setenv("BAKERY_DAGSTER_DATABASE_URL", database_url)
    settings.cache_clear()
    result = run("--tenant", "paris")
    settings.cache_clear()
    assert (result.exit_code, result.output.strip()) == (
        2, "There is no tenant paris, nor any other; load some with: bakery load DIR",
    )  # fmt: skip


@pytest.mark.filled(by=one_bakery)
def test_what_needs_a_person_is_listed_and_acknowledged(bakery: Warehouse) -> None:
    plan(bakery, {CELL: Failed("demand_forecasts", "tenant paris-fournil has no products; load products for it")})
    listed = reported("alerts", "--tenant", "paris-fournil")
    assert listed.exit_code == 0
    words = " ".join(listed.output.split())
    assert "critical now" in words
    assert "Tue 24 Nov could not be planned: tenant paris-fournil has no products" in words
    assert "Correct what the reason names, and plan the day again." in words
    assert "planning_failed:2026-11-24@2026-11-24" in words
    for narrower in (("--class", "stock"), ("--status", "resolved"), ("--date", "2026-11-23")):
        assert reported("alerts", *narrower).output.strip() in ("No such alerts.", "No alerts."), narrower
    assert "planning_failed" in reported("alerts", "--severity", "high", "--date", "2026-11-24").output
    assert reported("alerts", "--severity", "grave").exit_code == 2
    assert reported("alerts", "--tenant", "nobody").exit_code == 2

    seen = reported("alerts", "ack", "planning_failed", "--who", "Ada", "--note", "called the office")
    assert seen.exit_code == 0, seen.output
    assert seen.output.startswith(
        "paris-fournil planning_failed:2026-11-24@2026-11-24: was open, is acknowledged by Ada.\n"
    )
    assert "seen by Ada" in reported("alerts").output
    again = reported("alerts", "ack", "planning_failed:2026-11-24@2026-11-24", "--who", "Bo")
    assert "was acknowledged by Ada, is acknowledged by Bo." in again.output
    unknown = reported("alerts", "ack", "planing_failed:2026-11-24@2026-11-24", "--who", "Bo")
    assert unknown.exit_code == 2
    assert "Did you mean planning_failed:2026-11-24@2026-11-24?" in unknown.output
    with bakery.engine.connect() as connection:
        facts = connection.execute(select(ops.alert_acknowledgements.c.who, ops.alert_acknowledgements.c.note))
        assert sorted(facts.all()) == [("Ada", "called the office"), ("Bo", None)]

    plan(bakery)
    late = reported("alerts", "ack", "planning_failed:2026-11-24@2026-11-24", "--who", "Cy")
    assert late.exit_code == 1
    assert "was resolved on 2026-11-24: The day has been planned." in late.output


def reported(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert "Traceback" not in result.output
    return result
