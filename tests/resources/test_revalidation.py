"""Revalidation in the database: no late sale is missed or met twice, and each request is served once."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from bakery_assets.cells import CELLS, Cell
from bakery_assets.due.revalidation import CellsToRevalidate, cells_leaving_gaps, cells_missing_late_sales
from bakery_assets.planning_day import WRITTEN_BY
from bakery_assets.stages import Failed
from resources.warehouse import Warehouse, planning_runs, read_snapshot, replace_plans, revalidation
from tests.bakeries import DAY, bakery, insert, rows, together
from tests.bakeries import PLANNING_INSTANT as DAWN

SINCE = date(2026, 1, 1)
NOW = DAWN + timedelta(hours=5)
HALF_AN_HOUR = timedelta(minutes=30)
YESTERDAY = DAY - timedelta(days=1)
VALIDATION = [name for name, stage in WRITTEN_BY.items() if stage == "validation_runs"]


@pytest.fixture(scope="module")
def server(own_server: URL) -> URL:
    return own_server


def sale(day: date, quantity: float, recorded_at: datetime, tenant: str = "b") -> dict[str, Any]:
    return {
        "tenant_id": tenant, "product_id": "baguette", "sales_date": day, "location_id": "main",
        "quantity": quantity, "recorded_at": recorded_at,
    }  # fmt: skip


def sell(connection: Connection, day: date, recorded_at: datetime, tenant: str = "b") -> None:
    connection.execute(
        text(
            "INSERT INTO ops.sales (tenant_id, product_id, sales_date, quantity, recorded_at)"
            " VALUES (:tenant, 'baguette', :day, 7, :at)"
        ),
        {"tenant": tenant, "day": day, "at": recorded_at},
    )


def plan(
    warehouse: Warehouse,
    *cells: Cell,
    written: Collection[str] = tuple(WRITTEN_BY),
    run_id: str = "run",
    failed: bool = False,
    status: str | None = "validated",
) -> None:
    """Let a run write ``cells``, each with a validation of the day before where that is among ``written``."""
    planning_runs.begin(warehouse, cells, NOW, run_id)
    finish(warehouse, *cells, written=written, run_id=run_id, failed=failed, status=status)


def finish(
    warehouse: Warehouse,
    *cells: Cell,
    written: Collection[str] = tuple(WRITTEN_BY),
    run_id: str = "run",
    failed: bool = False,
    status: str | None = "validated",
) -> None:
    validations = [
        {
            "tenant_id": cell.tenant_id, "plan_date": cell.plan_date, "forecasts_evaluated": 1,
            "validation_date": cell.plan_date - timedelta(days=1), "status": status, "forecasts_with_actuals": 1,
            "sold_out_series": 0, "trend": "unknown",
        }
        for cell in cells
    ]  # fmt: skip
    frame = pl.DataFrame(
        [(cell.tenant_id, cell.plan_date, "Europe/Paris", dawn(cell.plan_date)) for cell in cells],
        schema=CELLS,
        orient="row",
    )
    replace_plans(
        warehouse, frame, {"validation_runs": pl.DataFrame(validations)} if status else {},
        dict.fromkeys(cells, Failed("demand_forecasts", "a loop")) if failed else {},
        written=written, finished_at=NOW, run_id=run_id,
    )  # fmt: skip


def forecast(warehouse: Warehouse, tenant: str, made_on: date, days: int = 7) -> None:
    with warehouse.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO plans.packed_demand_forecasts (tenant_id, plan_date, location_id, product_id, target_date, yhat,"
                " q10, q50, q80, q90, q95, model, model_version, override_id, reasoning, system_yhat)"
                " SELECT :tenant, :day, '{main}', '{baguette}', :day + n, '{1}', '{1}', '{1}', '{1}', '{1}', '{1}',"
                " '{trees}', '{v}', '{NULL}', ARRAY['{}'], '{1}'"
                " FROM generate_series(0, :last) n"
            ),
            {"tenant": tenant, "day": made_on, "last": days - 1},
        )


def dawn(day: date) -> datetime:
    return datetime.combine(day, time(4, 30), UTC)


def new_sales(warehouse: Warehouse, since: int | None, now: datetime = NOW) -> revalidation.NewSales:
    return revalidation.cells_of_new_sales(warehouse, since, now, SINCE)


def met(found: revalidation.NewSales) -> list[tuple[Any, ...]]:
    return found.candidates.select("tenant_id", "sales_date", "plan_date").rows()


def state(warehouse: Warehouse, cell: Cell) -> tuple[Any, ...]:
    [found] = rows(
        warehouse,
        "SELECT status, facts_until, requested_xid IS NOT NULL, validated_xid IS NOT NULL FROM plans.planning_runs"
        f" WHERE tenant_id = '{cell.tenant_id}' AND plan_date = '{cell.plan_date}'",
    )
    return found


def test_sales_whose_transaction_began_first_and_committed_last_are_met_exactly_once(warehouse: Warehouse) -> None:
    insert(warehouse, **together(bakery("first"), bakery("second"), bakery("third")))
    plan(warehouse, *(Cell(name, DAY) for name in ("first", "second", "third")))
    where = new_sales(warehouse, None)
    engine = warehouse.engine
    seen = []
    with engine.connect() as slow, engine.connect() as quick:
        sell(slow, YESTERDAY, NOW, "first")
        sell(quick, YESTERDAY, NOW, "second")
        quick.commit()
        for _ in range(2):
            # The second has a higher number than the first, which may still commit: neither is read yet.
            where = new_sales(warehouse, where.next_transaction_id)
            seen.append(met(where))
        slow.commit()
        with engine.connect() as lost:
            sell(lost, YESTERDAY, NOW, "third")
            lost.rollback()
        for _ in range(3):
            where = new_sales(warehouse, where.next_transaction_id)
            seen.append(met(where))
    assert [row for found in seen for row in found] == [("first", YESTERDAY, DAY), ("second", YESTERDAY, DAY)]
    assert seen[:2] == [[], []]


def test_the_first_call_returns_only_where_to_read_on(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    plan(warehouse, Cell("b", DAY))
    first = new_sales(warehouse, None)
    assert met(first) == []
    assert met(new_sales(warehouse, first.next_transaction_id)) == []
    assert len(met(new_sales(warehouse, 3))) > 0, "the same rows are there to be met"


def test_sales_of_today_and_of_cells_that_were_never_started_concern_no_cell(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    where = new_sales(warehouse, None)
    with warehouse.engine.begin() as connection:
        sell(connection, YESTERDAY, NOW)
    where = new_sales(warehouse, where.next_transaction_id)
    assert met(where) == []
    plan(warehouse, Cell("b", DAY))
    with warehouse.engine.begin() as connection:
        sell(connection, DAY, NOW)
    assert met(new_sales(warehouse, where.next_transaction_id)) == []
    assert met(new_sales(warehouse, where.next_transaction_id, NOW + timedelta(days=1))) == [], (
        "that day's cell was not started"
    )


def test_late_sales_concern_the_cell_that_validates_their_day_and_today(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    week = [Cell("b", DAY - timedelta(days=back)) for back in range(7)]
    plan(warehouse, *week)
    where = new_sales(warehouse, None)
    day = DAY - timedelta(days=4)
    with warehouse.engine.begin() as connection:
        sell(connection, day, NOW)
    found = new_sales(warehouse, where.next_transaction_id)
    assert met(found) == [("b", day, DAY - timedelta(days=3)), ("b", day, DAY)]
    revalidation.request(warehouse, cells_missing_late_sales(found.candidates), NOW)
    requests = revalidation.open_requests(warehouse, NOW, SINCE, claim_for=HALF_AN_HOUR, attempts=2)
    assert [(each.cell.plan_date, each.is_replan) for each in requests] == [
        (DAY - timedelta(days=3), False),
        (DAY, False),
    ], "the shop has opened by now, so today is not replanned"
    assert state(warehouse, week[3]) == ("planned", NOW, True, True)


def test_across_closed_days_the_next_open_days_cell_is_the_one(warehouse: Warehouse) -> None:
    insert(
        warehouse,
        **bakery("b"),
        calendar=[{"tenant_id": "b", "date": DAY - timedelta(days=back), "kind": "closed"} for back in (2, 3)],
    )
    plan(warehouse, Cell("b", DAY - timedelta(days=1)))
    where = new_sales(warehouse, None)
    with warehouse.engine.begin() as connection:
        sell(connection, DAY - timedelta(days=4), NOW)
    assert met(new_sales(warehouse, where.next_transaction_id)) == [
        ("b", DAY - timedelta(days=4), DAY - timedelta(days=1))
    ]


def test_a_database_restored_elsewhere_is_looked_through_again_by_when_sales_were_recorded(
    warehouse: Warehouse,
) -> None:
    insert(warehouse, **bakery("b"))
    plan(warehouse, Cell("b", DAY), Cell("b", YESTERDAY))
    with warehouse.engine.begin() as connection:
        sell(connection, YESTERDAY, DAWN + timedelta(hours=1))
        connection.execute(text("UPDATE ops.sales SET transaction_id = '900000000000'"))
        connection.execute(text("UPDATE plans.planning_runs SET validated_xid = '900000000001', requested_xid = NULL"))
    found = new_sales(warehouse, 900_000_000_002)
    assert found.is_restored
    assert found.next_transaction_id < 900_000_000_000
    # Yesterday's sales came after today's plan; all others were recorded in time.
    assert cells_missing_late_sales(found.candidates).select("plan_date", "facts_until").rows() == [
        (DAY, DAWN + timedelta(hours=1))
    ]
    revalidation.request(warehouse, cells_missing_late_sales(found.candidates), NOW)
    plan(warehouse, Cell("b", DAY))
    assert state(warehouse, Cell("b", DAY)) == ("planned", DAWN + timedelta(hours=1), False, True)
    assert not new_sales(warehouse, found.next_transaction_id).is_restored


def test_a_validation_serves_a_request_only_if_it_was_started_after_it(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    cell = Cell("b", DAY)
    plan(warehouse, cell)
    cells = pl.DataFrame([("b", DAY, DAWN, NOW)], schema=pl.Schema(CellsToRevalidate), orient="row")
    planning_runs.begin(warehouse, [cell], NOW, "slow")
    revalidation.request(warehouse, cells, NOW)
    finish(warehouse, cell, run_id="slow", written=VALIDATION)
    assert state(warehouse, cell) == ("planned", NOW, True, True)
    plan(warehouse, cell, run_id="next", written=["daily_summaries", "findings"])
    assert state(warehouse, cell)[2], "it did not validate"
    plan(warehouse, cell, run_id="next", failed=True)
    assert state(warehouse, cell)[2], "it failed"
    plan(warehouse, cell, run_id="next", written=VALIDATION)
    assert not state(warehouse, cell)[2]


def test_a_cell_requested_before_it_was_started_is_planned_as_any_other(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    cell = Cell("b", DAY)
    revalidation.request(
        warehouse, pl.DataFrame([("b", DAY, DAWN, None)], schema=pl.Schema(CellsToRevalidate), orient="row"), NOW
    )
    assert state(warehouse, cell) == ("partial", None, True, False)
    plan(warehouse, cell, written=VALIDATION)
    assert state(warehouse, cell) == ("partial", None, False, True)
    assert planning_runs.claim(warehouse, [cell], NOW, HALF_AN_HOUR, "tick") == {cell}
    assert rows(warehouse, "SELECT attempts FROM plans.planning_runs") == [(1,)]


def test_a_forecast_written_late_requests_revalidation_of_the_days_after_it(warehouse: Warehouse) -> None:
    insert(warehouse, **together(bakery("b"), bakery("other")))
    later = [Cell("b", DAY - timedelta(days=back)) for back in (0, 1, 9)]
    plan(warehouse, *later, Cell("other", DAY))
    plan(warehouse, Cell("b", DAY - timedelta(days=8)), run_id="catching up")
    requests = revalidation.open_requests(warehouse, NOW, SINCE, claim_for=HALF_AN_HOUR, attempts=2)
    assert [each.cell for each in requests] == [later[1]], "the seven days after it, of this tenant only"
    # A backfill plans its days one after the other, so that each reads the forecasts before it.
    backfill = [Cell("b", DAY - timedelta(days=back)) for back in (3, 2)]
    planning_runs.begin(warehouse, backfill, NOW, "backfill")
    for cell in backfill:
        finish(warehouse, cell, run_id="backfill")
    requests = revalidation.open_requests(warehouse, NOW, SINCE, claim_for=HALF_AN_HOUR, attempts=2)
    assert sorted(each.cell for each in requests) == [later[1], later[0]]


def test_a_cell_waits_while_one_before_it_is_being_planned(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    plan(warehouse, Cell("b", DAY))
    revalidation.request(
        warehouse, pl.DataFrame([("b", DAY, DAWN, None)], schema=pl.Schema(CellsToRevalidate), orient="row"), NOW
    )
    planning_runs.claim(warehouse, [Cell("b", YESTERDAY)], NOW, HALF_AN_HOUR, "tick")

    def requested(now: datetime) -> list[Cell]:
        return [
            each.cell for each in revalidation.open_requests(warehouse, now, SINCE, claim_for=HALF_AN_HOUR, attempts=2)
        ]

    assert requested(NOW) == []
    assert requested(NOW + HALF_AN_HOUR) == [Cell("b", DAY)]


def gap_days(warehouse: Warehouse, now: datetime = NOW, since: date = SINCE) -> list[tuple[Any, ...]]:
    found = revalidation.gaps(warehouse, now, since)
    return found.select("sales_date", "plan_date").rows()


def test_a_gap_is_a_day_with_a_forecast_and_sales_and_no_validation(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    start = DAY - timedelta(days=30)
    plan(warehouse, Cell("b", start))
    forecast(warehouse, "b", start)
    days = [start + timedelta(days=ahead) for ahead in range(7)]
    assert gap_days(warehouse) == [(day, day + timedelta(days=1)) for day in days]
    plan(warehouse, Cell("b", days[3]))
    plan(warehouse, Cell("b", days[6]), status="no_forecast")
    with warehouse.engine.begin() as connection:
        connection.execute(text(f"DELETE FROM ops.sales WHERE sales_date = '{days[4]}'"))
    left = [day for day in days if day not in (days[2], days[4])]
    assert [day for day, _ in gap_days(warehouse)] == left
    assert [day for day, _ in gap_days(warehouse, since=days[6])] == [days[5], days[6]]
    assert [day for day, _ in gap_days(warehouse, now=dawn(days[1]))] == [days[0]]
    # The cell that was validated and had nothing to evaluate is not requested again.
    cells = cells_leaving_gaps(
        revalidation.gaps(warehouse, NOW, SINCE), NOW, include_demo=False, claim_for=HALF_AN_HOUR, max_attempts=2
    )
    assert cells["plan_date"].to_list() == [day + timedelta(days=1) for day in left if day != days[5]]


def test_a_day_before_a_long_break_is_validated_by_the_day_after_it(warehouse: Warehouse) -> None:
    closed = [DAY - timedelta(days=back) for back in range(5, 20)]
    insert(warehouse, **bakery("b"), calendar=[{"tenant_id": "b", "date": day, "kind": "closed"} for day in closed])
    last = DAY - timedelta(days=20)
    plan(warehouse, Cell("b", last))
    forecast(warehouse, "b", last, days=1)
    assert gap_days(warehouse) == [(last, last + timedelta(days=1))]


def quantities(warehouse: Warehouse, cell: Cell) -> dict[date, float]:
    _, frames = read_snapshot(warehouse, [cell], ["sales", "stock_lots"], 1_200).of([cell])
    assert frames["stock_lots"]["quantity"].to_list() == [60.0]
    return dict(frames["sales"].filter(pl.col("sales_date") >= YESTERDAY).select("sales_date", "quantity").iter_rows())


def test_late_sales_count_for_the_days_before_and_nothing_else_does(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    cell, at_noon = Cell("b", DAY), DAWN + timedelta(hours=7)
    insert(
        warehouse,
        sales=[sale(YESTERDAY, 70.0, at_noon), sale(DAY, 30.0, at_noon)],
        stock_lots=[{"tenant_id": "b", "lot_id": "sack", "ingredient_id": "flour", "location_id": "main", "quantity": 5.0,
                     "recorded_at": at_noon}],
    )  # fmt: skip
    plan(warehouse, cell)
    assert quantities(warehouse, cell) == {YESTERDAY: 100.0}
    for until, expected in ((at_noon - timedelta(seconds=1), 100.0), (at_noon, 70.0)):
        revalidation.request(
            warehouse, pl.DataFrame([("b", DAY, DAWN, until)], schema=pl.Schema(CellsToRevalidate), orient="row"), NOW
        )
        assert quantities(warehouse, cell) == {YESTERDAY: expected}
    cells, _ = read_snapshot(warehouse, [cell], ["sales"], 1_200).of([cell])
    assert cells.schema == CELLS
    assert cells["planned_as_of"].to_list() == [DAWN], "a day planned again bakes no later"
    revalidation.request(
        warehouse,
        pl.DataFrame([("b", DAY, DAWN, DAWN + HALF_AN_HOUR)], schema=pl.Schema(CellsToRevalidate), orient="row"),
        NOW,
    )
    assert quantities(warehouse, cell) == {YESTERDAY: 70.0}, "what counted once goes on counting"


def test_the_migration_can_be_undone_and_applied_again(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    config = Config()
    config.set_main_option("script_location", str(Path(revalidation.__file__).parents[2] / "migrations"))
    with warehouse.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
        assert "transaction_id" not in connection.execute(text("SELECT * FROM ops.sales LIMIT 1")).keys()  # noqa: SIM118
    with warehouse.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        assert connection.execute(text("SELECT count(*), count(DISTINCT transaction_id) FROM ops.sales")).one() == (
            42,
            1,
        )


@pytest.mark.parametrize("table", ["sales", "sales_hourly"])
def test_every_row_knows_the_transaction_that_wrote_it(warehouse: Warehouse, table: str) -> None:
    insert(warehouse, **bakery("b"))
    with warehouse.engine.begin() as connection:
        hour = ", hour" if table == "sales_hourly" else ""
        connection.execute(
            text(
                f"INSERT INTO ops.{table} (tenant_id, product_id, sales_date{hour}, quantity, recorded_at)"
                f" VALUES ('b', 'baguette', '2026-03-03'{', 9' if hour else ''}, 1, now())"
            )
        )
        written, now = connection.execute(
            text(f"SELECT max(transaction_id)::text, pg_current_xact_id()::text FROM ops.{table}")
        ).one()
    assert written == now
