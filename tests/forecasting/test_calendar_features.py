"""Which days are special, and why."""

from datetime import date

import polars as pl
import pytest

from bakery_assets.forecasting.calendar_features import public_holidays, special_days, tenant_holidays

CALENDAR = {
    "tenant_id": pl.String,
    "date": pl.Date,
    "kind": pl.String,
    "product_id": pl.String,
    "name": pl.String,
}
PRODUCTS = pl.DataFrame({"tenant_id": ["t", "t"], "product_id": ["bread", "cake"]})


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


def test_kinds_of_a_day_are_told_apart_by_product() -> None:
    tenants = pl.DataFrame({"tenant_id": ["t"], "country": ["XX"], "region": ["r"]})
    fair, shut = date(2026, 3, 10), date(2026, 3, 20)
    calendar = pl.DataFrame(
        [
            ("t", fair, "event", None, "fair"),
            ("t", fair, "promotion", None, None),
            ("t", fair, "promotion", "cake", None),
            ("t", date(2026, 3, 15), "holiday", None, "Founders' day"),
            ("t", shut, "closed", "cake", None),
            ("t", date(2026, 3, 22), "school_holiday", None, None),
        ],
        schema=CALENDAR,
        orient="row",
    )
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    found = special_days(PRODUCTS, calendar, tenant_holidays(tenants, calendar, first, last), first, last)
    listed = {
        (product, day.day): (shut, [(kind["kind"], kind["name"]) for kind in kinds])
        for _, product, day, shut, kinds in found.iter_rows()
    }
    beside = {
        14: (False, [("day_before_holiday", "")]),
        15: (False, [("holiday", "Founders' day")]),
        16: (False, [("day_after_holiday", "")]),
    }
    assert listed == {
        **{(product, day): said for product in ("bread", "cake") for day, said in beside.items()},
        ("bread", 10): (False, [("event", "fair"), ("promotion", "*")]),
        ("cake", 10): (False, [("event", "fair"), ("promotion", "cake")]),
        ("cake", 20): (True, []),
    }
