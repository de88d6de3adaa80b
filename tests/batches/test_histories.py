"""What batch events say: a later record corrects, what contradicts is put aside, and the rest is the batch's history."""

from datetime import UTC, date, datetime, time

import pytest

from bakery_assets.batches.histories import batch_histories, judged_events
from bakery_assets.batches.of_record import RecordedBatches
from bakery_assets.schemas import Cells, conform, ops
from tests.scenarios import filled

MONDAY = date(2026, 1, 5)
NUMBER = "20260105-001"


def at(clock: str) -> datetime:
    return datetime.combine(MONDAY, time.fromisoformat(clock), UTC)


def reported(*lines: str, planned: bool = True) -> tuple[str | None, dict[str, str]]:
    """The state after events, and what is put aside or corrected.

    Args:
        lines: ``started 05:00``, then where it differs when it was recorded, and a product.
    """
    rows = []
    for line in lines:
        event, happened, *more = line.split()
        recorded, product = (*more, None, None)[:2]
        rows.append(
            {"tenant_id": "b", "plan_date": MONDAY, "batch_number": NUMBER, "event": event, "happened_at": at(happened),
             "recorded_at": at(recorded or happened), "product_id": product}
        )  # fmt: skip
    cells = filled(Cells, [{"tenant_id": "b", "plan_date": MONDAY, "timezone": "UTC", "planned_as_of": at("12:00")}])
    batch = {"tenant_id": "b", "schedule_date": MONDAY, "batch_number": NUMBER, "published_for": MONDAY,
             "is_of_record": True, "product_id": "bread", "quantity_planned": 40.0, "planned_since": at("02:00")}  # fmt: skip
    recorded = conform(RecordedBatches, filled(RecordedBatches, [batch] if planned else []).with_columns(priority=1))
    judged = judged_events(cells, conform(ops.BatchEvents, filled(ops.BatchEvents, rows)), recorded)
    histories = batch_histories(judged)
    aside = {
        event: contradiction or "corrected"
        for event, is_corrected, contradiction in judged.select("event", "is_corrected", "contradiction").iter_rows()
        if is_corrected or contradiction
    }
    return histories["state"].item() if histories.height else None, aside


@pytest.mark.parametrize(
    ("lines", "state", "aside"),
    [
        (["confirmed 03:00", "started 04:00", "quality_check 05:00", "finished 05:10"], "completed", {}),
        (["finished 05:00"], "completed", {}),
        (["started 04:00", "confirmed 03:50 04:30"], "in_progress", {}),
        (["finished 05:00", "failed 05:30"], "failed", {"finished": "corrected"}),
        (["failed 05:00 06:00", "finished 05:30 05:30"], "failed", {"finished": "corrected"}),
        (["cancelled 04:00", "finished 06:00"], "completed", {"cancelled": "corrected"}),
        (["finished 05:00", "cancelled 04:30 06:00"], "cancelled", {"finished": "corrected"}),
        (["started 04:00", "cancelled 04:30"], "cancelled", {}),
        (["cancelled 04:00", "started 05:00"], "cancelled", {"started": "after_cancelled"}),
        (["cancelled 04:00", "confirmed 05:00"], "cancelled", {"confirmed": "after_cancelled"}),
        (["cancelled 04:00", "started 05:00", "finished 06:00"], "completed", {"cancelled": "corrected"}),
        (["finished 05:00", "started 05:30"], "completed", {"started": "after_end"}),
        (["failed 05:00", "quality_check 05:30"], "failed", {"quality_check": "after_end"}),
        (["finished 05:00", "cancelled 05:30"], "completed", {"cancelled": "cancelled_when_over"}),
        (["quality_check 05:00", "started 05:30"], "quality_check", {"started": "after_quality_check"}),
        (["started 05:00", "confirmed 05:30"], "in_progress", {"confirmed": "after_started"}),
        (["started 05:00", "finished 06:00 06:00 cake"], "in_progress", {"finished": "other_product"}),
        (["started 05:00 05:00 bread"], "in_progress", {}),
        (["started 13:00 05:00"], None, {}),
    ],
)
def test_of_a_planned_batch(lines: list[str], state: str | None, aside: dict[str, str]) -> None:
    assert reported(*lines) == (state, aside)


def test_a_batch_that_no_plan_has_names_its_product_once() -> None:
    assert reported("started 05:00", "finished 06:00", planned=False) == (
        None,
        {"started": "unknown_batch", "finished": "unknown_batch"},
    )
    assert reported("started 05:00", "finished 06:00 06:00 cake", planned=False) == ("completed", {})


def test_the_order_in_which_events_are_given_changes_nothing() -> None:
    lines = ["cancelled 04:00", "started 05:00", "finished 06:00", "failed 06:30"]
    assert (
        reported(*lines)
        == reported(*reversed(lines))
        == ("failed", {"cancelled": "corrected", "finished": "corrected"})
    )
