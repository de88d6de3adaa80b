"""Rounds of cells."""

from datetime import date

from bakery_assets.cells import Cell, rounds


def test_rounds_hold_no_tenant_twice_and_earlier_dates_come_first() -> None:
    days = [date(2026, 3, number) for number in (3, 1, 2)]
    made = rounds([Cell(tenant, day) for day in days for tenant in ("b", "a")] + [Cell("a", days[0])])
    assert [[(cell.tenant_id, cell.plan_date.day) for cell in members] for members in made] == [
        [("a", 1), ("b", 1)],
        [("a", 2), ("b", 2)],
        [("a", 3), ("b", 3)],
    ]
