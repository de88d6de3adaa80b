"""Batch events that contradict go to quarantine with the reason, the others are stored."""

from datetime import timedelta
from pathlib import Path

from bakery_assets.cells import Cell
from resources.warehouse import Warehouse
from tests.bakeries import DAY, PLANNING_INSTANT, bakery, insert, rows
from tests.intake.test_load_folder import load, refused
from tests.publishing import plan

HEADER = "tenant_id,plan_date,batch_number,event,happened_at,recorded_at,product_id\n"
FIRST = f"{DAY:%Y%m%d}-001"


def event(number: str, what: str, clock: str, *, recorded: str | None = None, product: str = "") -> str:
    return f"b,{DAY},{number},{what},{DAY} {clock},{DAY} {recorded or clock},{product}\n"


def stored(warehouse: Warehouse) -> set[tuple[str, str]]:
    return {(number, what) for number, what in rows(warehouse, "SELECT batch_number, event FROM ops.batch_events")}


def test_what_contradicts_is_kept_in_quarantine_and_the_rest_goes_on(warehouse: Warehouse, tmp_path: Path) -> None:
    insert(warehouse, **bakery("b"))
    plan(warehouse, Cell("b", DAY), PLANNING_INSTANT + timedelta(minutes=5))
    text = HEADER + "".join(
        [
            event(FIRST, "cancelled", "07:00"),
            event(FIRST, "started", "08:00"),  # row 3
            event("extra-1", "started", "07:00"),
            event("extra-1", "finished", "08:00", product="baguette"),
            event("extra-2", "finished", "08:00"),  # row 6
        ]
    )
    report = load(warehouse, tmp_path, {"batch_events.csv": text})
    assert (report.new, report.quarantined) == (3, 2)
    assert stored(warehouse) == {(FIRST, "cancelled"), ("extra-1", "started"), ("extra-1", "finished")}
    assert [(number, column, reason.partition(";")[0]) for _, number, column, reason in refused(warehouse)] == [
        (3, "happened_at", f"started of batch {FIRST}: it happened after the batch was cancelled"),
        (6, "batch_number", "finished of batch extra-2: no plan has this batch, and no event of it names its product"),
    ]
    assert rows(warehouse, "SELECT tenant_id, content->>'event' FROM ops.quarantine ORDER BY row_number") == [
        ("b", "started"),
        ("b", "finished"),
    ]


def test_an_event_is_judged_with_those_known_before_and_can_be_loaded_once_they_are_corrected(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    insert(warehouse, **bakery("b"))
    plan(warehouse, Cell("b", DAY), PLANNING_INSTANT + timedelta(minutes=5))
    load(warehouse, tmp_path, {"batch_events.csv": HEADER + event(FIRST, "finished", "07:00")})
    start = {"batch_events.csv": HEADER + event(FIRST, "started", "07:30")}
    assert load(warehouse, tmp_path, start).quarantined == 1
    corrected = HEADER + event(FIRST, "finished", "08:10", recorded="09:00")
    assert load(warehouse, tmp_path, {"batch_events.csv": corrected}).quarantined == 0
    assert load(warehouse, tmp_path, start).new == 1


def test_the_plan_has_another_product(warehouse: Warehouse, tmp_path: Path) -> None:
    facts = bakery("b")
    facts["products"] = [*facts["products"], {"tenant_id": "b", "product_id": "cake", "name": "Cake"}]
    insert(warehouse, **facts)
    plan(warehouse, Cell("b", DAY), PLANNING_INSTANT + timedelta(minutes=5))
    load(warehouse, tmp_path, {"batch_events.csv": HEADER + event(FIRST, "started", "07:00", product="cake")})
    ((_, _, column, reason),) = refused(warehouse)
    assert column == "product_id"
    assert "the plan has this batch with another product" in reason
    assert stored(warehouse) == set()


def test_what_an_app_writes_itself_shows_in_the_view_and_changes_no_plan(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    plan(warehouse, Cell("b", DAY), PLANNING_INSTANT + timedelta(minutes=5))
    at = PLANNING_INSTANT + timedelta(hours=1)
    own = {"tenant_id": "b", "plan_date": DAY, "batch_number": FIRST}
    insert(
        warehouse,
        batch_events=[
            {**own, "event": "cancelled", "happened_at": at, "recorded_at": at},
            {**own, "event": "started", "happened_at": at + timedelta(hours=1), "recorded_at": at + timedelta(hours=1)},
        ],
    )
    assert rows(warehouse, "SELECT batch_number, event, contradiction FROM plans.batch_event_contradictions") == [
        (FIRST, "started", "after_cancelled")
    ]
    state = rows(warehouse, f"SELECT state, product_id FROM plans.batch_states WHERE batch_number = '{FIRST}'")
    assert state == [("cancelled", "baguette")]
