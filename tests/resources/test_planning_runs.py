"""Cells are claimed once, however many ask; replacements of one cell take turns."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import text

from bakery_assets.cells import CELLS, Cell
from bakery_assets.planning_day import STAGES
from bakery_assets.stages import Failed
from resources.warehouse import Warehouse, planning_runs, replace_plans

NOW = datetime(2026, 3, 3, 6, tzinfo=UTC)
DAY = date(2026, 3, 3)
HALF_AN_HOUR = timedelta(minutes=30)
TICK, RUN = "tick of 06:00", "run"


@pytest.fixture
def bakeries(warehouse: Warehouse) -> list[Cell]:
    """Fifty tenants' cells of one day."""
    with warehouse.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ops.tenants (tenant_id, name, timezone, country)"
                " SELECT 'b' || n, 'Bakery ' || n, 'Europe/Paris', 'FR' FROM generate_series(1, 50) n"
            )
        )
    return [Cell(f"b{number}", DAY) for number in range(1, 51)]


TABLES = [table for stage in STAGES for table in stage.writes]


def together(jobs: list[Callable[[], object]]) -> list[object]:
    """Run jobs at the same time, each in a thread."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        start.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def cells_frame(cells: list[Cell]) -> pl.DataFrame:
    return pl.DataFrame(
        [(cell.tenant_id, cell.plan_date, "Europe/Paris", NOW) for cell in cells], schema=CELLS, orient="row"
    )


def summaries(cells: list[Cell], products: int) -> dict[str, pl.DataFrame]:
    rows = [
        {
            "tenant_id": cell.tenant_id, "plan_date": cell.plan_date, "is_closed": False, "forecast_quantity": 1.0,
            "forecast_revenue": None, "products": products, "planned_quantity": 1.0, "planned_batches": 1, "orders_14d": 0,
            "order_cost_14d": 0.0, "items_at_risk_14d": 0, "accuracy": None, "alerts": 0, "headline": f"{products} products",
        }
        for cell in cells
    ]  # fmt: skip
    return {"daily_summaries": pl.DataFrame(rows)}


def replace(
    warehouse: Warehouse,
    cells: list[Cell],
    products: int,
    failed: dict[Cell, Failed] | None = None,
    written: list[str] = TABLES,
) -> dict[Cell, Failed | None]:
    good = [cell for cell in cells if cell not in (failed or {})]
    return replace_plans(
        warehouse, cells_frame(cells), summaries(good, products), failed or {},
        written=written, finished_at=NOW, run_id=RUN,
    )  # fmt: skip


def rows(warehouse: Warehouse, query: str) -> list[tuple[object, ...]]:
    with warehouse.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_cell_is_claimed_by_one_of_many_ticks(warehouse: Warehouse, bakeries: list[Cell]) -> None:
    won = together([lambda: planning_runs.claim(warehouse, bakeries, NOW, HALF_AN_HOUR, TICK)] * 4)
    assert sorted(cell for claimed in won for cell in claimed) == sorted(bakeries)  # type: ignore[attr-defined]


def test_a_stale_claim_is_won_again_and_counts_as_another_attempt(warehouse: Warehouse, bakeries: list[Cell]) -> None:
    planning_runs.claim(warehouse, bakeries, NOW, HALF_AN_HOUR, TICK)
    assert planning_runs.claim(warehouse, bakeries, NOW + timedelta(minutes=29), HALF_AN_HOUR, TICK) == set()
    assert planning_runs.claim(warehouse, bakeries, NOW + HALF_AN_HOUR, HALF_AN_HOUR, TICK) == set(bakeries)
    assert rows(warehouse, "SELECT DISTINCT attempts FROM plans.planning_runs") == [(2,)]


def test_a_claim_of_a_tenant_that_does_not_exist_is_not_won(warehouse: Warehouse, bakeries: list[Cell]) -> None:
    assert planning_runs.claim(warehouse, [Cell("nobody", DAY), bakeries[0]], NOW, HALF_AN_HOUR, TICK) == {bakeries[0]}


def test_a_wave_that_died_twice_is_tried_in_halves_until_the_cell_that_kills_it_is_alone(
    warehouse: Warehouse, bakeries: list[Cell]
) -> None:
    planning_runs.claim(warehouse, bakeries[:10], NOW, HALF_AN_HOUR, TICK)
    planning_runs.claim(warehouse, bakeries[10:], NOW, HALF_AN_HOUR, "another tick")
    poison = bakeries[0]
    for wave, limit in (
        (bakeries[:10], None),
        (bakeries[:10], 5),
        (bakeries[:5], 3),
        (bakeries[:3], 2),
        (bakeries[:2], 1),
    ):
        planning_runs.fail_claims(warehouse, [TICK], 2, "out of memory", NOW, cells=wave)
        assert rows(warehouse, "SELECT count(*) FROM plans.alerts") == [(0,)], "most of them are healthy"
        assert planning_runs.cell_states(warehouse, DAY)[poison].largest_wave == limit
        assert planning_runs.claim(warehouse, bakeries, NOW, HALF_AN_HOUR, TICK) == set(wave)
    planning_runs.fail_claims(warehouse, [TICK], 2, "out of memory", NOW, cells=[poison])
    assert planning_runs.claim(warehouse, bakeries, NOW, HALF_AN_HOUR, TICK) == set()
    assert set(planning_runs.failure_reasons(warehouse, bakeries)) == {poison}
    assert rows(warehouse, "SELECT tenant_id, severity, message FROM plans.alerts") == [
        ("b1", "critical", "Tue 3 Mar could not be planned: out of memory")
    ]
    # One more try in a run of its own is left, should it have been the machine that died so often.
    assert [each.cell for each in planning_runs.failed_cells(warehouse, 2, NOW)] == [poison]


def test_a_wave_that_died_fails_its_own_claims_and_not_those_of_its_ticks_other_waves(
    warehouse: Warehouse, bakeries: list[Cell]
) -> None:
    planning_runs.claim(warehouse, bakeries, NOW, HALF_AN_HOUR, TICK)
    planning_runs.fail_claims(warehouse, [RUN, TICK], 1, "out of memory", NOW, cells=bakeries[:1])
    assert set(planning_runs.failure_reasons(warehouse, bakeries)) == set(bakeries[:1])
    assert planning_runs.transfer_claims(warehouse, bakeries[1:], NOW, TICK, "other wave") == set(bakeries[1:])


def test_only_claims_that_a_tick_still_holds_are_transferred_to_its_wave(
    warehouse: Warehouse, bakeries: list[Cell]
) -> None:
    planning_runs.claim(warehouse, bakeries, NOW, HALF_AN_HOUR, TICK)
    planning_runs.begin(warehouse, bakeries[:5], NOW, "a run by hand")
    assert planning_runs.transfer_claims(warehouse, bakeries, NOW, TICK, RUN) == set(bakeries[5:])


def test_a_slow_run_does_not_overwrite_a_newer_one(warehouse: Warehouse, bakeries: list[Cell]) -> None:
    mine, theirs = bakeries[:2]
    planning_runs.begin(warehouse, [mine, theirs], NOW, RUN)
    planning_runs.begin(warehouse, [theirs], NOW, "newer")
    recorded = replace(warehouse, [mine, theirs], 5)
    assert recorded == {mine: None}
    assert rows(warehouse, "SELECT tenant_id FROM plans.daily_summaries") == [(mine.tenant_id,)]
    planning_runs.fail_claims(warehouse, [RUN], 1, "killed", NOW)
    assert rows(warehouse, "SELECT tenant_id, status FROM plans.planning_runs ORDER BY 1") == [
        ("b1", "planned"),
        ("b2", "claimed"),
    ]


def test_some_stages_alone_neither_plan_a_day_nor_resolve_a_failure_of_another(
    warehouse: Warehouse, bakeries: list[Cell]
) -> None:
    new, failed = bakeries[:2]
    planning_runs.begin(warehouse, [new, failed], NOW, RUN)
    replace(warehouse, [failed], 5, {failed: Failed("production_schedules", "a loop")})
    replace(warehouse, [new, failed], 6, written=["daily_summaries", "findings"])
    assert rows(warehouse, "SELECT tenant_id, status, reason FROM plans.planning_runs ORDER BY 1") == [
        ("b1", "partial", None),
        ("b2", "failed", "a loop"),
    ]
    assert rows(warehouse, "SELECT tenant_id FROM plans.alerts") == [("b2",)]


def test_two_replacements_of_the_same_cells_at_once_leave_one_set_of_rows(
    warehouse: Warehouse, bakeries: list[Cell]
) -> None:
    planning_runs.begin(warehouse, bakeries, NOW, RUN)
    together([lambda number=number: replace(warehouse, bakeries, number) for number in range(1, 7)])  # type: ignore[misc]
    found = rows(warehouse, "SELECT tenant_id, products FROM plans.daily_summaries")
    assert len(found) == len(bakeries)
    # Each replacement took all cells' locks before it wrote, so one of them was last for every cell.
    assert len({products for _, products in found}) == 1


def test_a_cell_that_fails_keeps_its_old_rows_and_raises_one_alert(warehouse: Warehouse, bakeries: list[Cell]) -> None:
    good, poison = bakeries[:2]
    planning_runs.begin(warehouse, [good, poison], NOW, RUN)
    replace(warehouse, [good, poison], 5)
    for _ in range(2):
        replace(warehouse, [good, poison], 6, {poison: Failed("production_schedules", "a loop")})
    assert rows(warehouse, "SELECT tenant_id, products FROM plans.daily_summaries ORDER BY 1") == [("b1", 6), ("b2", 5)]
    assert rows(warehouse, "SELECT tenant_id, kind, message FROM plans.alerts") == [
        ("b2", "planning_failed", "Tue 3 Mar could not be planned: a loop")
    ]
    assert rows(
        warehouse, "SELECT tenant_id, status, failed_stage FROM plans.planning_runs WHERE reason IS NOT NULL"
    ) == [("b2", "failed", "production_schedules")]
    replace(warehouse, [poison], 7)
    assert rows(warehouse, "SELECT status, resolution FROM plans.alerts") == [("resolved", "The day has been planned.")]
    assert rows(warehouse, "SELECT count(*) FROM plans.findings") == [(0,)]


def test_rows_that_the_database_refuses_fail_their_cell_and_no_other(
    warehouse: Warehouse, bakeries: list[Cell]
) -> None:
    cells = bakeries[:7]
    planning_runs.begin(warehouse, cells, NOW, RUN)
    replace(warehouse, cells, 5)
    tables = summaries(cells, 6)
    refused = pl.when(pl.col("tenant_id") == "b3").then(-1).otherwise("products")
    recorded = replace_plans(
        warehouse, cells_frame(cells), {"daily_summaries": tables["daily_summaries"].with_columns(products=refused)}, {},
        written=TABLES, finished_at=NOW, run_id=RUN,
    )  # fmt: skip
    assert [cell.tenant_id for cell, why in recorded.items() if why] == ["b3"]
    assert "daily_summaries_products_check" in recorded[Cell("b3", DAY)].reason  # type: ignore[union-attr]
    assert rows(warehouse, "SELECT tenant_id, products FROM plans.daily_summaries ORDER BY 1") == [
        (cell.tenant_id, 5 if cell.tenant_id == "b3" else 6) for cell in cells
    ]


def test_a_write_while_the_server_is_gone_is_an_error_and_not_a_failed_cell(
    warehouse: Warehouse, bakeries: list[Cell]
) -> None:
    gone = Warehouse("postgresql://nobody@127.0.0.1:1/nowhere")
    planning_runs.begin(warehouse, bakeries[:3], NOW, RUN)
    with pytest.raises(Exception, match="onnection"):
        replace(gone, bakeries[:3], 5)
