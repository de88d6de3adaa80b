"""Thresholds of any delivery, in any zone and on any night: independent of when someone looks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.schemas.plans import WATCHED
from tests.deliveries.watches import watched

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc", "posix", "right")))


def a_delivery(zone: str, begins: datetime, hours: int, looks: list[datetime]) -> str:
    """A bakery whose only order has a window, and the instants at which it is looked at."""
    before = (begins - timedelta(days=2)).isoformat()
    window = f"{begins.isoformat()} {(begins + timedelta(hours=hours)).isoformat()}"
    return (
        f"[cells]\ntimezone planned_as_of\n{zone} 2026-01-25T03:00\n[looks]\nat\n"
        + "".join(f"{look.isoformat()}\n" for look in looks)
        + "[ingredients]\ningredient_id name unit\nflour Flour kg\n[suppliers]\nsupplier_id name\nmill Mill\n"
        "[purchase_orders]\norder_id ingredient_id supplier_id quantity expected_from expected_to ordered_at\n"
        f"P1 flour mill 75 {window} 2026-01-24T10:00+00:00\n"
        # Two days before something was received: the bakery does record receipts.
        "[stock_receipts]\nreceipt_id lot_id ingredient_id order_id quantity received_at recorded_at\n"
        f"before old flour P0 2 {before} {before}\n"
    )


@settings(max_examples=15, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    begins=st.integers(0, 290 * 24 * 60).map(
        lambda minutes: datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    hours=st.integers(1, 12),
    late=st.lists(st.integers(0, 90), min_size=4, max_size=4),
)
def test_alerts_open_at_their_thresholds_whenever_the_watch_comes(
    zone: str, begins: datetime, hours: int, late: list[int]
) -> None:
    ends = begins + timedelta(hours=hours)
    due = {"delivery_arriving_soon": begins - timedelta(hours=2), "delivery_overdue": ends + timedelta(minutes=30)}
    looks = [at + timedelta(minutes=minutes) for at, minutes in zip(
        (due["delivery_arriving_soon"], begins, due["delivery_overdue"], ends + timedelta(hours=2)), late, strict=True
    )]  # fmt: skip
    just_before = due["delivery_arriving_soon"] - timedelta(seconds=1)
    after = watched(a_delivery(zone, begins, hours, sorted([just_before, *looks])))
    first, *_, last = after.values()
    assert first.is_empty()
    found = {row["kind"]: row for row in last.to_dicts()}
    assert set(found) <= set(WATCHED)
    overdue = found["delivery_overdue"]
    assert overdue["opened_at"] == due["delivery_overdue"]
    assert overdue["opened_on"] == due["delivery_overdue"].astimezone(ZoneInfo(zone)).date()
    assert "its receipt should be recorded by now" in overdue["message"]
    if "delivery_arriving_soon" in found:
        assert found["delivery_arriving_soon"]["opened_at"] == due["delivery_arriving_soon"]
        assert found["delivery_arriving_soon"]["status"] == "resolved"
    assert len(found) == last.height, "once for an order and kind"
