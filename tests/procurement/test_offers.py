"""On which days suppliers can deliver, and until when orders count for today."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

import numpy as np
import polars as pl
import pytest

from bakery_assets.cells import CannotPlan, Frames
from bakery_assets.procurement.offers import Offers, delivery_days, supplier_offers

Facts = Callable[..., Frames]
Cells = Callable[..., pl.DataFrame]


def days_of(cells: pl.DataFrame, frames: Frames) -> list[int]:
    """Days from the plan date on which the one offer can come."""
    return np.flatnonzero(delivery_days(supplier_offers(cells, frames), cells, frames)[0]).tolist()


def mill(**supplier: Any) -> dict[str, list[dict[str, Any]]]:
    return {
        "suppliers": [{"supplier_id": "mill", "name": "Mill", **supplier}],
        "supplier_items": [{"supplier_id": "mill", "ingredient_id": "flour", "price": 1.0}],
    }


def test_ordered_on_monday_with_ten_days_lead_it_comes_on_the_monday_after(facts: Facts, cells: Cells) -> None:
    """Tryton stock_supply_day: ordered 2011-11-21, lead 10 days, Mondays: 2011-12-05."""
    monday = cells(on=date(2011, 11, 21))
    days = days_of(monday, facts(**mill(lead_time_days=10, delivery_weekdays="mon")))
    assert days[0] == (date(2011, 12, 5) - date(2011, 11, 21)).days


def test_after_the_cutoff_an_order_counts_for_tomorrow(facts: Facts, cells: Cells) -> None:
    early = facts(**mill(lead_time_days=1, order_cutoff_time=time(5, 0)))
    on_time = facts(**mill(lead_time_days=1, order_cutoff_time=time(5, 30)))
    # Planned at 05:30 in Berlin.
    assert days_of(cells(), early)[0] == 2
    assert days_of(cells(), on_time)[0] == 1


def test_an_items_own_lead_time_holds(facts: Facts, cells: Cells) -> None:
    frames = facts(**mill(lead_time_days=1))
    own = {**frames, "supplier_items": frames["supplier_items"].with_columns(lead_time_days=pl.lit(4, pl.Int32))}
    assert days_of(cells(), own)[0] == 4


def test_nothing_is_delivered_on_a_closed_day_or_a_holiday(facts: Facts, cells: Cells) -> None:
    closed = {"date": date(2026, 1, 8), "kind": "closed"}
    frames = facts(
        **mill(lead_time_days=1, delivery_weekdays="thu fri"),
        calendar=[closed, {"date": date(2026, 1, 9), "kind": "holiday"}],
    )
    # Monday 5 January: Thursday the 8th is closed, Friday the 9th a holiday.
    assert days_of(cells(), frames) == [10, 11]


@pytest.mark.parametrize(("calendar", "first"), [([], 10), ([{"kind": "event", "opens": time(8)}], 2)])
def test_nothing_is_delivered_at_christmas_unless_the_bakery_says_it_opens(
    calendar: list[dict[str, Any]], first: int, facts: Facts, cells: Cells
) -> None:
    wednesday = cells(on=date(2026, 12, 23))
    tenant = {"name": "Bakery", "timezone": "Europe/Berlin", "country": "DE", "currency": "EUR"}
    days = [row | {"date": date(2026, 12, 25)} for row in calendar]
    frames = facts(**mill(lead_time_days=1, delivery_weekdays="fri sat"), tenants=[tenant], calendar=days)
    # Friday 25 and Saturday 26 December are holidays in Germany, and so is Friday 1 January.
    assert days_of(wednesday, frames)[0] == first


@pytest.mark.parametrize("text", ["mon,thu", "Monday; Thursday", " MON / thurs ", "mon.,thu."])
def test_weekdays_are_read_as_people_write_them(text: str, facts: Facts, cells: Cells) -> None:
    assert days_of(cells(), facts(**mill(lead_time_days=1, delivery_weekdays=text)))[:3] == [3, 7, 10]


@pytest.mark.parametrize("text", [None, "", " "])
def test_no_weekdays_means_every_day(text: str | None, facts: Facts, cells: Cells) -> None:
    assert days_of(cells(), facts(**mill(lead_time_days=1, delivery_weekdays=text)))[:3] == [1, 2, 3]


def test_an_unknown_weekday_names_tenant_supplier_and_word(facts: Facts, cells: Cells) -> None:
    with pytest.raises(CannotPlan, match="tenant bakery: supplier mill delivers on 'lundi'"):
        supplier_offers(cells(), facts(**mill(delivery_weekdays="mon,lundi")))


def test_equal_prices_go_by_supplier(facts: Facts, cells: Cells) -> None:
    item = {"ingredient_id": "flour", "price": 2.0}
    frames = facts(
        suppliers=[{"supplier_id": name} for name in ("c", "a", "b")],
        supplier_items=[item | {"supplier_id": name} for name in ("c", "a")]
        + [item | {"supplier_id": "b", "price": 1.5}],
    )
    assert supplier_offers(cells(), frames)["supplier_id"].to_list() == ["b", "a", "c"]


def test_the_delivery_before_and_after_a_day() -> None:
    delivers = np.array([[False, True, False, False, True]])
    none = np.zeros(1)
    offers = Offers(np.zeros(1, dtype=np.int64), price=none, minimum=none, pack=none, delivers=delivers)
    assert offers.latest_delivery.tolist() == [[-1, 1, 1, 1, 4]]
    assert offers.next_delivery.tolist() == [[1, 4, 4, 4, 5]]
