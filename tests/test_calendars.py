"""Which days are special, and why."""

from datetime import date, timedelta

import polars as pl
import pytest

from bakery_assets.calendars import occasions, public_holidays, tenant_holidays
from bakery_assets.forecasting import forecast_demand
from tests.forecasting.forecast_facts import cells, days_before, facts, note, sale

TENANTS = pl.DataFrame(
    {"tenant_id": ["t"], "country": ["DE"], "region": [None]}, schema_overrides={"region": pl.String}
)


def test_regions_have_holidays_of_their_own() -> None:
    everywhere = dict(public_holidays("DE", None, range(2026, 2027)))
    bavaria = dict(public_holidays("DE", "BY", range(2026, 2027)))
    assert date(2026, 1, 6) not in everywhere
    assert bavaria[date(2026, 1, 6)] == "Heilige Drei Könige"


@pytest.mark.parametrize(("country", "region"), [("de", None), ("DE", "nowhere"), (" DE ", None)])
def test_a_carelessly_written_place_still_has_its_countrys_holidays(country: str, region: str | None) -> None:
    assert dict(public_holidays(country, region, range(2026, 2027)))[date(2026, 10, 3)] == "Tag der Deutschen Einheit"


def test_names_do_not_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en_US")
    assert (date(2026, 12, 25), "Erster Weihnachtstag") in public_holidays("DE", None, range(2026, 2027))


def test_an_unknown_country_has_none() -> None:
    assert public_holidays("XX", None, range(2026, 2027)) == []


def named(*own: tuple[date, str | None], years: tuple[int, int] = (2024, 2027)) -> dict[date, str]:
    calendar = facts(calendar=[note("t", day, "holiday", None, name) for day, name in own])["calendar"]
    found = tenant_holidays(TENANTS, calendar, date(years[0], 1, 1), date(years[1], 12, 31))
    return {day: name for _, day, name in found.rows()}


def test_an_unnamed_holiday_is_named_after_that_of_another_region_of_its_country_that_moves_as_it_does() -> None:
    """Corpus Christi, sixty days after Easter, is kept in six of the sixteen states of Germany."""
    corpus_christi = [date(2024, 5, 30), date(2025, 6, 19), date(2026, 6, 4)]
    assert [named(*((day, None) for day in corpus_christi))[day] for day in corpus_christi] == ["Fronleichnam"] * 3
    easter_sundays = [date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5)]
    assert [named(*((day, None) for day in easter_sundays))[day] for day in easter_sundays] == ["Ostersonntag"] * 3


def test_an_unnamed_holiday_of_no_region_is_named_after_the_public_one_next_to_it() -> None:
    saturdays = [date(2024, 3, 30), date(2025, 4, 19), date(2026, 4, 4)]
    names = named(*((day, None) for day in saturdays))
    assert [names[day] for day in saturdays] == ["+1 day Karfreitag"] * 3
    # The day after is nearer than a holiday two days away; the one before wins over neither.
    names = named((date(2026, 5, 2), None), (date(2026, 10, 1), None), (date(2026, 10, 5), None))
    assert names[date(2026, 5, 2)] == "+1 day Erster Mai"
    assert names[date(2026, 10, 1)] == "-2 day Tag der Deutschen Einheit"
    assert names[date(2026, 10, 5)] == "+2 day Tag der Deutschen Einheit"


def test_an_unnamed_holiday_far_from_any_other_is_named_after_its_day_of_the_year() -> None:
    names = named((date(2025, 7, 15), None), (date(2026, 7, 15), None), (date(2026, 7, 1), "Founders' day"))
    assert names[date(2025, 7, 15)] == names[date(2026, 7, 15)] == "07-15"
    assert names[date(2026, 7, 1)] == "Founders' day"


def test_the_public_name_wins_over_a_tenants_own() -> None:
    assert named((date(2026, 10, 3), "Unity!"))[date(2026, 10, 3)] == "Tag der Deutschen Einheit"


def test_new_years_eve_is_named_alike_in_every_year_looked_at() -> None:
    names = named((date(2025, 12, 31), None), (date(2026, 12, 31), None), years=(2025, 2026))
    assert names[date(2025, 12, 31)] == names[date(2026, 12, 31)] == "-1 day Neujahr"


def test_the_shop_closes_on_an_easter_sunday_of_its_own_calendar_if_it_always_did() -> None:
    easter = [date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5)]
    plan = date(2026, 4, 1)
    for closed_before, closed in ((easter[:2], "holiday"), (easter[:1], None)):
        frames = facts(
            tenants=[("t", "DE", None)],
            products=[("t", "bread", None)],
            sales=[sale("t", "bread", day, 10) for day in days_before(1_100, plan) if day not in closed_before],
            calendar=[note("t", day, "holiday") for day in easter],
        )
        made = forecast_demand(cells("t", day=plan), frames)["demand_forecasts"].filter(target_date=easter[2])
        reason = made.select(pl.col("reasoning").str.json_path_match("$.closed")).item()
        assert reason == closed
        assert (made["yhat"].item() == 0.0) == (closed is not None)


def test_kinds_of_a_day_are_separate_by_product() -> None:
    tenants = pl.DataFrame({"tenant_id": ["t"], "country": ["XX"], "region": ["r"]})
    fair, founders = date(2026, 3, 10), date(2026, 3, 15)
    calendar = facts(
        calendar=[
            note("t", fair, "event", None, "fair"),
            note("t", fair, "promotion"),
            note("t", fair, "promotion", "cake"),
            note("t", founders, "holiday", None, "Founders' day"),
            note("t", date(2026, 3, 20), "closed", "cake"),
            note("t", date(2026, 3, 22), "school_holiday"),
            note("t", date(2026, 4, 1), "event", None, "later"),
        ]
    )["calendar"]
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    found = occasions(calendar, tenant_holidays(tenants, calendar, first, last), first, last)
    all_products = [
        (fair, "event", "fair"),
        (fair, "promotion", "*"),
        (founders - timedelta(days=2), "2_days_before_holiday", "Founders' day"),
        (founders - timedelta(days=1), "day_before_holiday", "Founders' day"),
        (founders, "holiday", "Founders' day"),
        (founders + timedelta(days=1), "day_after_holiday", "Founders' day"),
        (founders + timedelta(days=2), "2_days_after_holiday", "Founders' day"),
        (date(2026, 3, 22), "school_holiday", "*"),
    ]
    assert found.columns == ["tenant_id", "product_id", "date", "kind", "name"]
    assert set(found.rows()) == {
        *(("t", None, *row) for row in all_products),
        ("t", "cake", fair, "promotion", "cake"),
        ("t", "cake", date(2026, 3, 20), "closed", "cake"),
    }
    assert found.height == 10


def days_of(*own: tuple[date, str | None], first: date, last: date) -> list[tuple[str, str, str]]:
    calendar = facts(calendar=[note("t", day, "holiday", None, name) for day, name in own])["calendar"]
    all_holidays = tenant_holidays(TENANTS, calendar, first - timedelta(days=2), last + timedelta(days=2))
    rows = occasions(calendar, all_holidays, first, last).select("date", "kind", "name").rows()
    return [(f"{day:%m-%d}", kind, name) for day, kind, name in rows]


def test_two_holidays_in_a_row_have_days_before_and_after_and_the_eve_of_christmas_is_one_itself() -> None:
    assert days_of(first=date(2026, 12, 20), last=date(2026, 12, 29)) == [
        ("12-23", "2_days_before_holiday", "Erster Weihnachtstag"),
        ("12-24", "holiday", "-1 day Erster Weihnachtstag"),
        ("12-25", "holiday", "Erster Weihnachtstag"),
        ("12-26", "holiday", "Zweiter Weihnachtstag"),
        ("12-27", "day_after_holiday", "Zweiter Weihnachtstag"),
        ("12-28", "2_days_after_holiday", "Zweiter Weihnachtstag"),
    ]


def test_new_years_eve_is_a_holiday_itself_where_new_year_is_one() -> None:
    days = days_of(first=date(2026, 12, 30), last=date(2027, 1, 3))
    assert days == [
        ("12-30", "2_days_before_holiday", "Neujahr"),
        ("12-31", "holiday", "-1 day Neujahr"),
        ("01-01", "holiday", "Neujahr"),
        ("01-02", "day_after_holiday", "Neujahr"),
        ("01-03", "2_days_after_holiday", "Neujahr"),
    ]
    nowhere = TENANTS.with_columns(country=pl.lit("XX"))
    first, last = date(2026, 12, 20), date(2027, 1, 10)
    calendar = facts()["calendar"]
    assert occasions(calendar, tenant_holidays(nowhere, calendar, first, last), first, last).is_empty()


def test_an_eve_with_a_name_of_its_own_keeps_it() -> None:
    days = days_of((date(2026, 12, 24), "Heiligabend"), first=date(2026, 12, 22), last=date(2026, 12, 24))
    assert days == [
        ("12-22", "2_days_before_holiday", "Heiligabend"),
        ("12-23", "day_before_holiday", "Heiligabend"),
        ("12-24", "holiday", "Heiligabend"),
    ]


def test_a_day_between_holidays_goes_with_the_nearest_and_then_with_the_one_to_come() -> None:
    def between(second: int) -> list[tuple[str, str, str]]:
        own = ((date(2026, 7, 10), "a"), (date(2026, 7, second), "b"))
        return days_of(*own, first=date(2026, 7, 11), last=date(2026, 7, second - 1))

    assert between(12) == [("07-11", "day_before_holiday", "b")]
    assert between(13) == [("07-11", "day_after_holiday", "a"), ("07-12", "day_before_holiday", "b")]
    assert between(14) == [
        ("07-11", "day_after_holiday", "a"),
        ("07-12", "2_days_before_holiday", "b"),
        ("07-13", "day_before_holiday", "b"),
    ]
