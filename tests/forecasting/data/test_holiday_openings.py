"""Whether shops open on holidays: what is counted, what is shared between bakeries, and which evidence tells first."""

from datetime import date, time, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakery_assets.calendars import TenantHolidays
from bakery_assets.forecasting.data.history import ShopDates, shop_calendar
from bakery_assets.forecasting.data.holiday_openings import (
    CountryClosings,
    HolidaysSeen,
    KnownClosings,
    KnownOfHolidays,
    country_closings,
    country_closings_from,
    holiday_openings,
    holidays_seen,
    known_closings,
)
from bakery_assets.schemas import conform, ops
from tests.scenarios import filled

FEAST = date(2026, 5, 5)  # a Tuesday


def calendar_of(tenants: dict[str, dict[str, list[date]]]) -> Any:
    """Shops that opened on all days of ten weeks around the feast but those named."""
    days = [FEAST + timedelta(days=n) for n in range(-35, 35)]
    rows = [
        (tenant, shop, day)
        for tenant, shops in tenants.items()
        for shop, closed in shops.items()
        for day in days
        if day not in closed
    ]
    return shop_calendar(conform(ShopDates, pl.DataFrame(rows, schema=pl.Schema(ShopDates), orient="row")))


def feast(*tenants: str) -> Any:
    rows = [(tenant, FEAST, "feast") for tenant in tenants]
    return conform(TenantHolidays, pl.DataFrame(rows, schema=pl.Schema(TenantHolidays), orient="row"))


def test_a_holiday_on_a_weekday_on_which_the_shop_never_opens_says_nothing() -> None:
    tuesdays = [FEAST + timedelta(days=7 * week) for week in range(-5, 5)]
    days = calendar_of({"t": {"open": [], "closed": [FEAST], "never on Tuesdays": tuesdays}})
    seen = holidays_seen(days, feast("t"))
    assert seen.select("location_id", "seen", "closed").rows() == [("closed", 1, 1), ("open", 1, 0)]


def closings(tenants: dict[str, dict[str, list[date]]], **countries: str) -> list[tuple[Any, ...]]:
    days = calendar_of(tenants)
    of = {tenant: countries.get(tenant, "DE") for tenant in tenants}
    return country_closings(days, feast(*tenants), of).rows()


def test_a_country_is_known_from_five_tenants_on_each_counting_alike() -> None:
    chain = {str(number): [FEAST] for number in range(20)}
    tenants = {"chain": chain, **{name: {"main": []} for name in "abc"}, "d": {"main": [FEAST], "second": []}}
    assert closings(tenants) == [("DE", "feast", 0.3, 5)], "(1 + 0 + 0 + 0 + 1/2) / 5"
    assert closings(tenants, d="FR") == [], "four in one country, one in the other"
    assert closings({name: shops for name, shops in tenants.items() if name != "a"}) == []


def test_a_shop_of_which_only_a_rare_product_is_known_says_nothing_of_the_country() -> None:
    """Seen through its sampled series, it is closed on every second Tuesday."""
    rare = [FEAST, *(FEAST + timedelta(days=14 * n) for n in (-2, -1, 1, 2))]
    tenants = {**{name: {"main": []} for name in "abcd"}, "rare": {"main": rare}}
    assert closings(tenants) == []
    assert closings({**tenants, "e": {"main": []}}) == [("DE", "feast", 0.0, 5)]


def test_what_is_stored_with_a_booster_is_read_for_each_tenant_of_the_country() -> None:
    stored = pl.DataFrame({"holiday_closings": ['[{"country":"DE","name":"feast","share_closed":0.3,"tenants":5}]']})
    read = country_closings_from(stored)
    assert read.rows() == [("DE", "feast", 0.3, 5)]
    known = known_closings(read, {"a": "DE", "b": "FR", "c": None, "d": "DE"})
    assert known.rows() == [("a", "feast", 0.3, 5), ("d", "feast", 0.3, 5)]
    assert country_closings_from(stored.clear()).is_empty()


def opening(
    seen: dict[str, tuple[int, int]],
    others: tuple[int, int] = (0, 0),
    share: float | None = None,
    announced: str | None = None,
    hours: list[int] | None = None,
) -> tuple[bool, str]:
    """Whether the shop "main" opens on the feast, and by which evidence.

    Args:
        seen: by shop, how often it met the feast and was closed. others: the same of main and other holidays.
        share: of the country that is closed.
        announced: kind of the day in the calendar; "open": with opening hours.
        hours: weekdays on which main has opening hours.
    """
    counts = [("t", shop, "feast", *both) for shop, both in seen.items() if both[0]]
    counts += [("t", "main", "other", *others)] if others[0] else []
    entry = {"tenant_id": "t", "date": FEAST, "kind": "holiday" if announced == "open" else announced}
    days = [{**entry, "opens": time(8) if announced == "open" else None}] if announced else []
    rows = [("t", "main", weekday, time(7), time(18)) for weekday in hours or []]
    known = KnownOfHolidays(
        conform(HolidaysSeen, pl.DataFrame(counts, schema=pl.Schema(HolidaysSeen), orient="row")),
        conform(
            KnownClosings,
            pl.DataFrame(
                [("t", "feast", share, 7)] if share is not None else [], schema=pl.Schema(KnownClosings), orient="row"
            ),
        ),
        conform(ops.OpeningHours, pl.DataFrame(rows, schema=pl.Schema(ops.OpeningHours), orient="row")),
    )
    targets = conform(ShopDates, pl.DataFrame([("t", "main", FEAST)], schema=pl.Schema(ShopDates), orient="row"))
    found = holiday_openings(targets, feast("t"), conform(ops.Calendar, filled(ops.Calendar, days)), known)
    return found.select("is_open", "evidence").row(0)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"seen": {}}, (True, "none")),
        ({"seen": {}, "announced": "holiday"}, (True, "none")),
        ({"seen": {"main": (3, 3)}, "announced": "open"}, (True, "calendar")),
        ({"seen": {"main": (3, 0)}, "announced": "closed"}, (False, "calendar")),
        ({"seen": {"main": (3, 0)}, "hours": [1, 3, 4]}, (False, "opening_hours")),
        ({"seen": {"main": (3, 3)}, "hours": [1, 2]}, (False, "own_past")),
        ({"seen": {"main": (2, 2)}, "share": 0.0}, (False, "own_past")),
        ({"seen": {"main": (3, 2), "east": (9, 9)}, "share": 1.0}, (True, "own_past")),
        ({"seen": {"main": (1, 1)}}, (True, "none")),
        ({"seen": {"main": (1, 1)}, "others": (3, 3)}, (False, "other_holidays")),
        ({"seen": {}, "others": (4, 4)}, (False, "other_holidays")),
        ({"seen": {}, "others": (4, 3)}, (True, "none")),
        ({"seen": {"east": (1, 1)}}, (True, "none")),
        ({"seen": {"east": (1, 1), "west": (1, 1)}}, (False, "sister_shops")),
        ({"seen": {"main": (1, 1), "west": (1, 1)}}, (False, "sister_shops")),
        ({"seen": {"east": (5, 1)}, "share": 1.0}, (True, "sister_shops")),
        ({"seen": {"main": (1, 1), "east": (4, 0)}}, (True, "none")),
        ({"seen": {"east": (4, 2)}, "share": 1.0}, (True, "none")),
        ({"seen": {}, "share": 0.8}, (False, "country")),
        ({"seen": {}, "share": 0.79}, (True, "none")),
        ({"seen": {}, "share": 0.2}, (True, "country")),
        ({"seen": {"main": (1, 1)}, "share": 0.5}, (False, "country")),
        ({"seen": {"main": (1, 1)}, "share": 0.2}, (True, "none")),
    ],
)
def test_the_first_evidence_that_tells_decides(given_: dict[str, Any], expected: tuple[bool, str]) -> None:
    assert opening(**given_) == expected


@st.composite
def counted(draw: st.DrawFn, most: int) -> tuple[int, int]:
    seen = draw(st.integers(0, most))
    return seen, draw(st.integers(0, seen))


@given(
    main=counted(3), east=counted(6), others=counted(6), share=st.none() | st.floats(0, 1),
    announced=st.sampled_from([None, None, "holiday"]),
)  # fmt: skip
def test_no_shop_is_taken_to_be_closed_without_evidence(
    main: tuple[int, int], east: tuple[int, int], others: tuple[int, int], share: float | None, announced: str | None
) -> None:
    """Whoever was ever open on the holiday opens; and a shop closes only where most that is known was closed."""
    is_open, evidence = opening({"main": main, "east": east}, others, share, announced)
    assert is_open or evidence != "none"
    if main[0] > main[1]:
        assert is_open
    if not is_open:
        assert main[0] == main[1]
        closed = [main[0] >= 2, sum((main[0], others[0])) >= 4 and others[0] == others[1]]
        chain = main[0] + east[0]
        closed += [chain >= 2 and (main[1] + east[1]) / chain >= 0.8, share is not None and share >= 0.5]
        assert any(closed)
    if not any((*main, *east, *others)) and (share is None or 0.2 < share < 0.8):
        assert evidence == "none"


def test_the_share_of_a_country_is_a_fraction_of_at_least_five_tenants() -> None:
    row = {"country": "DE", "name": "feast", "share_closed": 0.5}
    assert CountryClosings.is_valid(pl.DataFrame([{**row, "tenants": 5}], schema=pl.Schema(CountryClosings)))
    assert not CountryClosings.is_valid(pl.DataFrame([{**row, "tenants": 4}], schema=pl.Schema(CountryClosings)))
