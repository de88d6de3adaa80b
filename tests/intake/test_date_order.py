"""Dates that can all be read both ways are read as what else is known says, and asked for where that contradicts."""

from collections.abc import Iterator
from datetime import date

import pytest

from bakery_assets.intake.date_order import KnownOfTenant, likely_order
from bakery_assets.intake.faults import Unreadable, faults_frame
from bakery_assets.intake.row_batches import RowBatch, rows_frame
from bakery_assets.intake.till_values import DAY_FIRST, MONTH_FIRST

MAY = date(2026, 5, 10)


def order_of(*dates: str, known: KnownOfTenant, remembered: str | None = None) -> tuple[str, str]:
    def batches() -> Iterator[RowBatch]:
        rows = rows_frame(["day"], range(2, 2 + len(dates)), [(each,) for each in dates])
        yield RowBatch(rows, faults_frame([]), 0)

    order, (note,) = likely_order(batches, "day", known, remembered)
    return order, note


def test_no_sale_lies_in_the_future_whatever_the_till_showed_before() -> None:
    order, note = order_of("03/12/2025", "05/12/2026", known=KnownOfTenant(MAY, "US"), remembered=DAY_FIRST)
    assert (order, "no sale lies in the future" in note) == (DAY_FIRST, False), "both ways one of them does"
    order, note = order_of("03/08/2026", known=KnownOfTenant(MAY, "DE"), remembered=DAY_FIRST)
    assert (order, "no sale lies in the future" in note) == (MONTH_FIRST, True)


def test_earlier_exports_of_the_till_come_next() -> None:
    order, note = order_of("03/04/2026", known=KnownOfTenant(MAY, "DE"), remembered=MONTH_FIRST)
    assert (order, note) == (MONTH_FIRST, "Dates in day were read with the month first, as in earlier exports.")


def test_days_of_a_file_follow_each_other() -> None:
    week = [f"03/{day:02d}/2026" for day in range(1, 6)]  # in the first days of March, not the 3rd of five months
    order, note = order_of(*week, known=KnownOfTenant(MAY, "DE"))
    assert (order, "follow each other" in note) == (MONTH_FIRST, True)


@pytest.mark.parametrize("last_sale", [None, date(2026, 4, 2), date(2026, 5, 9)])
def test_the_country_decides_unless_the_sales_that_are_known_contradict(last_sale: date | None) -> None:
    assert order_of("03/04/2026", known=KnownOfTenant(MAY, "FR", last_sale))[0] == DAY_FIRST


def test_where_country_and_sales_contradict_the_user_is_asked() -> None:
    with pytest.raises(Unreadable) as refused:
        order_of("03/04/2026", known=KnownOfTenant(MAY, "FR", date(2026, 3, 3)))
    assert str(refused.value) == (
        "The first date in day may be 2026-04-03 (--date-format %d/%m/%Y) or 2026-03-04 (--date-format %m/%d/%Y): the first"
        " is usual in FR, the second continues the sales, which are known until 2026-03-03. Say which with the option."
    )
