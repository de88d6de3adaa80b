"""Which plans need not be made again: those of which nothing has changed that they are made from."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import count
from unittest.mock import patch

import polars as pl
import pytest
from alembic import command
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from bakery_assets.assets import rounds
from bakery_assets.assets.rounds import CpuSeconds, find_unchanged, plan_round, read_facts
from bakery_assets.cells import Cell
from bakery_assets.planning_day import STAGES, TRAINED_DAYS, facts_and_plans_read
from bakery_assets.settings import Settings
from resources.clock import Clock
from resources.code_version import code_version
from resources.schema import metadata, ops
from resources.schema.packed import stored
from resources.warehouse import Warehouse, migrate, planning_runs, read_plans, read_snapshot
from resources.warehouse.connection import Bulk
from resources.warehouse.input_changes import TRIGGERS
from resources.warehouse.record import request_versions
from resources.warehouse.unchanged_plans import forget_inputs, taken, what_changed, what_changed_in
from tests.bakeries import DAY, PLANNING_INSTANT, bakery, digests, insert, rows, together
from tests.resources.test_vocabulary_migration import configured

pytestmark = pytest.mark.usefixtures("program_as_loaded")
CELL, YESTERDAY, TOMORROW = Cell("b1", DAY), Cell("b1", DAY - timedelta(days=1)), Cell("b1", DAY + timedelta(days=1))
NOON = PLANNING_INSTANT + timedelta(hours=8)


def plan(warehouse: Warehouse, *cells: Cell, now: datetime = NOON) -> None:
    planning_runs.begin(warehouse, cells, now, "run", by_person=True)
    read = read_facts(warehouse, cells, STAGES, clock=Clock(lambda: now), meter=CpuSeconds())
    plan_round(warehouse, read, cells, STAGES, clock=Clock(lambda: now), run_id="run", meter=CpuSeconds())


@pytest.fixture(scope="module")
def server(own_server: URL) -> URL:
    """What is forgotten ends with the oldest transaction of the server: those of other tests would hold it back."""
    return own_server


def two_bakeries(warehouse: Warehouse) -> None:
    """Yesterday and today of one bakery, today of another."""
    insert(warehouse, **together(bakery("b1", weeks=3), bakery("b2", weeks=3)))
    plan(warehouse, YESTERDAY)
    plan(warehouse, CELL, Cell("b2", DAY))
    do(
        warehouse,
        f"CREATE TABLE published AS SELECT * FROM plans.plan_inputs WHERE tenant_id = 'b1' AND plan_date = '{DAY}'",
    )


def publish(warehouse: Warehouse, snapshot: str) -> None:
    """Keep with ``CELL`` what it was made from, as a plan does whose facts were read in a snapshot."""
    seen = f"facts_snapshot = '{snapshot}', plans_snapshot = '{snapshot}'"
    do(
        warehouse,
        "INSERT INTO plans.plan_inputs SELECT * FROM published ON CONFLICT (tenant_id, plan_date)"
        " DO UPDATE SET published_at = excluded.published_at",
        f"UPDATE plans.plan_inputs SET {seen} WHERE tenant_id = 'b1' AND plan_date = '{DAY}'",
    )


def made_by() -> str:
    digest = code_version(Settings())
    assert digest
    return digest


def why(warehouse: Warehouse, cell: Cell = CELL) -> str | None:
    return what_changed(warehouse, [cell], made_by()).get(cell, NOT_WHOLE)


def do(warehouse: Warehouse, *statements: str) -> None:
    with warehouse.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


A_SALE = (
    "INSERT INTO ops.sales (tenant_id, product_id, location_id, sales_date, quantity, recorded_at)"
    " VALUES ('b1', 'baguette', 'main', '2026-03-02', 7, '2026-03-02 23:00Z')"
)
OTHER_DAYS, NEW_VERSION = "plans of other days changed", "a new version was requested"
NOT_WHOLE, WATCH_CHANGED = "it was not planned as a whole", "the database or its watch over changes is another"


CHANGES = {
    A_SALE: "sales changed",
    A_SALE.replace("2026-03-02 23:00Z", "2031-01-01"): "sales changed",
    "UPDATE ops.sales SET is_withdrawn = true WHERE tenant_id = 'b1' AND sales_date = '2026-03-02'": "sales changed",
    "DELETE FROM ops.sales WHERE tenant_id = 'b1' AND sales_date = '2026-03-02'": "sales changed",
    "TRUNCATE ops.sales": WATCH_CHANGED,
    "UPDATE ops.products SET price = 2 WHERE tenant_id = 'b1'": "products changed",
    "UPDATE ops.sales SET tenant_id = 'b1' WHERE false": None,
    "UPDATE ops.products SET price = 2 WHERE tenant_id = 'b2'": None,
    "UPDATE ops.products SET price = price": None,
    "INSERT INTO ops.tenant_settings (tenant_id, key, value, valid_from) VALUES ('b1', 'opens', '07:00', '2026-01-01')":
        "tenant_settings changed",
    "INSERT INTO ops.weather (tenant_id, date, temperature_c, rain_mm, recorded_at)"
    " VALUES ('b1', '2026-03-02', 7, 0, '2026-03-02 23:00Z')": "weather changed",
    "INSERT INTO ops.calendar (tenant_id, date, kind, name) VALUES ('b1', '2026-03-05', 'event', 'Fair');"
    " UPDATE ops.tenants SET planning_time = '03:00' WHERE tenant_id = 'b1'": "calendar, tenants changed",
    "DELETE FROM plans.boosters": "boosters changed",
    "DELETE FROM plans.packed_demand_forecasts WHERE tenant_id = 'b1'": "packed_demand_forecasts changed",
    "DELETE FROM plans.stock_closing_balances": "stock_closing_balances changed",
    "UPDATE plans.plan_versions SET published_at = published_at": "plan_versions changed",
    "SET LOCAL bakery.writes_plans = on; UPDATE plans.procurement_plans SET status = 'approved'": None,
    "UPDATE plans.planning_runs SET facts_until = '2026-03-03 23:00Z'": NEW_VERSION,
    "UPDATE plans.planning_runs SET requested_xid = pg_current_xact_id(), started_xid = NULL":
        "its validation was requested",
    "UPDATE plans.planning_runs SET status = 'failed', failed_stage = 'x', reason = 'x'": NOT_WHOLE,
    "ALTER TABLE ops.sales DISABLE TRIGGER noted_insert": WATCH_CHANGED,
    "ALTER TABLE ops.sales DISABLE TRIGGER noted_insert; ALTER TABLE ops.sales ENABLE ALWAYS TRIGGER noted_insert":
        WATCH_CHANGED,
    f"SET LOCAL session_replication_role = replica; {A_SALE}": "sales changed",
    "DELETE FROM ops.quarantine": None,
    "DELETE FROM ops.tenants WHERE tenant_id = 'none of them'": None,
}  # fmt: skip


@pytest.mark.filled(by=two_bakeries)
def test_a_plan_is_made_again_when_what_it_is_made_from_changes_and_not_otherwise(warehouse: Warehouse) -> None:
    for statements, reason in CHANGES.items():
        assert why(warehouse) is None
        with warehouse.bulk(commit=False) as bulk:
            for statement in statements.split("; "):
                bulk.run(statement)
            assert what_changed_in(bulk, [CELL], made_by())[CELL] == reason, statements


@pytest.mark.filled(by=two_bakeries)
def test_another_program_a_new_version_and_an_earlier_plan_make_it_again_and_a_later_one_does_not(
    warehouse: Warehouse,
) -> None:
    assert what_changed(warehouse, [CELL], "another") == {CELL: "the program, its settings or its libraries changed"}
    plan(warehouse, TOMORROW)
    assert why(warehouse) is None, "tomorrow's plan was published after today's instant"
    assert why(warehouse, TOMORROW) is None
    plan(warehouse, YESTERDAY)
    assert why(warehouse) == why(warehouse, TOMORROW) == OTHER_DAYS
    other = Cell("b2", DAY)
    assert why(warehouse, other) is None
    request_versions(warehouse, [other], NOON, "person", "the mixer stands still", NOON)
    assert why(warehouse, other) == NEW_VERSION


@pytest.mark.filled(by=two_bakeries)
def test_an_unchanged_plan_is_found_without_reading_and_is_what_making_it_again_gives(warehouse: Warehouse) -> None:
    cells = [CELL, Cell("b2", DAY)]
    do(warehouse, A_SALE.replace("2026-03-02 23:00Z", "2026-03-04"))
    plan(warehouse, CELL)
    before, later = digests(warehouse), NOON + timedelta(days=10)  # the sale of tomorrow is known by then
    planning_runs.begin(warehouse, cells, later, "again", by_person=True)
    with patch.object(rounds, "read_snapshot", side_effect=AssertionError("facts were read")):
        found = find_unchanged(warehouse, cells, clock=Clock(lambda: later), run_id="again", meter=CpuSeconds())
    assert found == dict.fromkeys(cells)
    assert rows(warehouse, "SELECT tenant_id, phases FROM plans.planning_costs WHERE phases = '{unchanged}' ORDER BY 1") == [
        ("b1", ["unchanged"]), ("b2", ["unchanged"])
    ]  # fmt: skip
    plan(warehouse, *cells, now=later)
    assert digests(warehouse) == before


@pytest.mark.filled(by=two_bakeries)
def test_what_is_forgotten_is_no_longer_asked_for(warehouse: Warehouse) -> None:
    other = Cell("b2", DAY)
    do(warehouse, "UPDATE ops.products SET price = 2 WHERE tenant_id = 'b2'")
    forget_inputs(warehouse)
    assert rows(warehouse, "SELECT tenant_id, source FROM plans.input_changes") == [("", "forgotten")]
    assert (why(warehouse), why(warehouse, other)) == (None, NOT_WHOLE)
    with warehouse.bulk(isolation="REPEATABLE READ") as in_the_making:
        facts = taken(in_the_making)
        do(warehouse, A_SALE)
        assert why(warehouse) == "sales changed"
        forget_inputs(warehouse)
    publish(warehouse, facts.snapshot)
    assert why(warehouse) == "what has changed since is forgotten", "it was read before the sale, and written after"
    with warehouse.bulk() as bulk:
        now = taken(bulk).snapshot
    publish(warehouse, now)
    do(warehouse, "UPDATE plans.plan_inputs SET published_at = now() - interval '9 days'")
    assert why(warehouse) is None
    forget_inputs(warehouse)
    assert why(warehouse) == NOT_WHOLE


@pytest.mark.filled(by=two_bakeries)
def test_every_table_that_a_plan_is_read_from_is_watched(warehouse: Warehouse) -> None:
    named: set[str] = set()
    read = Bulk.read

    def noted(bulk: Bulk, sql: str) -> pl.DataFrame:
        named.update(re.findall(r"\b(?:ops|plans)\.[a-z_]+", sql))
        return read(bulk, sql)

    facts, plans = facts_and_plans_read(STAGES)
    with patch.object(Bulk, "read", noted):
        snapshot = read_snapshot(warehouse, [CELL], facts, 400, trained_days=TRAINED_DAYS)
        read_plans(warehouse, snapshot.of([CELL])[0], plans)
    named &= metadata.tables.keys()  # columns have such names, too
    assert len(named) > 40
    watched = {stored(metadata.tables[name]).fullname for name in named}
    # The cell's own state, of which all that a plan knows is compared.
    assert {table for table in watched if f"{table}.noted_all" not in TRIGGERS} == {"plans.planning_runs"}
    assert {f"{table.fullname}.noted_all" for table in ops.LOADED} <= TRIGGERS.keys()


def test_rows_of_any_watched_table_can_be_compared_with_what_they_were(warehouse: Warehouse) -> None:
    """Of some types PostgreSQL cannot say whether two values are the same, and refuses the change itself."""
    with warehouse.bulk(commit=False) as bulk:
        for name in TRIGGERS:
            table, _, trigger = name.rpartition(".")
            if trigger == "noted_update":
                bulk.run(f"UPDATE {table} SET tenant_id = 'nobody'")


def test_an_upgraded_database_is_watched_as_a_new_one_is_and_one_that_lost_triggers_gets_them_again(
    warehouse: Warehouse,
) -> None:
    triggers = (
        "SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(oid), obj_description(oid, 'pg_trigger')"
        " FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    )
    new = rows(warehouse, triggers)
    assert len(new) >= len(TRIGGERS) > 100
    with warehouse.engine.begin() as connection:
        command.downgrade(configured(connection), "0064-1")
    assert not rows(warehouse, triggers)
    migrate(warehouse.engine, "0064")
    assert not rows(warehouse, triggers), "they are made from the newest description of the tables only"
    migrate(warehouse.engine)
    assert rows(warehouse, triggers) == new
    do(
        warehouse,
        "DROP TRIGGER noted_insert ON ops.sales",
        "ALTER TABLE ops.waste DISABLE TRIGGER noted_update",
        "CREATE TRIGGER noted_old AFTER INSERT ON ops.waste EXECUTE FUNCTION plans.note_change_for_all()",
        "CREATE OR REPLACE TRIGGER noted_all AFTER DELETE ON ops.products EXECUTE FUNCTION plans.note_change_for_all()",
        "COMMENT ON TRIGGER noted_all ON ops.products IS 'of another version'",
    )
    with warehouse.bulk() as bulk:
        assert taken(bulk).watched_by is None
    migrate(warehouse.engine)
    assert rows(warehouse, triggers) == new
    with warehouse.bulk() as bulk:
        assert taken(bulk).watched_by


STEPS = st.lists(
    st.sampled_from(
        ["write 0", "write 1", "change 0", "remove 1", "commit 0", "commit 1", "roll back 0", "read", "forget"]
    ),
    max_size=12,
)


@contextmanager
def two_writers(warehouse: Warehouse) -> Iterator[list[Connection]]:
    with ExitStack() as stack:
        yield [stack.enter_context(warehouse.engine.connect()) for _ in range(2)]


SERIAL = count(1)
SOLD = "SELECT coalesce(sum(quantity), 0), count(*) FROM ops.sales WHERE tenant_id = 'b1'"


@pytest.mark.filled(by=two_bakeries)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
@example(steps=["write 0", "write 1", "commit 1", "read", "commit 0"])
@example(steps=["write 0", "read", "roll back 0"])
@example(steps=["write 0", "forget", "commit 0"])
def test_however_writers_and_the_reader_of_facts_interleave_an_unchanged_plan_has_read_what_is_there(
    warehouse: Warehouse, steps: list[str]
) -> None:
    """In place of planning the sum of sales is taken, in the snapshot that is kept with the cell."""

    def read() -> tuple[float, int]:
        with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
            seen = taken(bulk)
            sold = bulk.read(SOLD).row(0)
        publish(warehouse, seen.snapshot)
        return sold

    with two_writers(warehouse) as writers:
        sold, is_written = read(), [False, False]
        changed_since = False
        for step in steps:
            if step == "read":
                sold, changed_since = read(), False
            elif step == "forget":
                forget_inputs(warehouse)
            else:
                writer = int(step[-1])
                connection = writers[writer]
                at = f"2026-03-02 10:00:00.{next(SERIAL):06}Z"
                if step.startswith("write"):
                    connection.execute(text(A_SALE.replace("2026-03-02 23:00Z", at)))
                elif step.startswith("change"):
                    connection.execute(text(f"UPDATE ops.sales SET quantity = quantity + 1 WHERE tenant_id = 'b1'"
                                            f" AND sales_date = '2026-03-0{writer + 1}' AND quantity > 50"))  # fmt: skip
                elif step.startswith("remove"):
                    connection.execute(
                        text("DELETE FROM ops.sales WHERE tenant_id = 'b1' AND sales_date = '2026-02-27'")
                    )
                elif step.startswith("commit"):
                    changed_since |= is_written[writer]
                    connection.commit()
                else:
                    connection.rollback()
                is_written[writer] = step.split()[0] in ("write", "change", "remove")
            is_unchanged = why(warehouse) is None
            assert not is_unchanged or rows(warehouse, SOLD) == [sold]
            if not changed_since:
                assert is_unchanged, "nothing was committed since it was read"
