"""What a tenant has chosen, and from when on it holds."""

from datetime import date, time

import polars as pl
import pytest

from bakery_assets.schemas import failing_tenants, ops
from bakery_assets.schemas.setting_keys import SETTING_KEYS
from bakery_assets.tenant_settings import settings_on
from tests.scenarios import filled


def chosen(*rows: tuple[str, str, date]) -> pl.DataFrame:
    return filled(
        ops.TenantSettings,
        [{"tenant_id": "t", "key": key, "value": value, "valid_from": first} for key, value, first in rows],
    )


def on(day: date, settings: pl.DataFrame, *keys: str) -> dict[str, object]:
    days = pl.DataFrame({"tenant_id": ["t"], "date": [day]})
    return settings_on(days, settings, keys).drop("tenant_id", "date").row(0, named=True)


def test_the_last_choice_that_has_begun_holds() -> None:
    settings = chosen(("opens", "06:00", date(2026, 1, 10)), ("opens", "08:00", date(2026, 1, 1)))
    assert on(date(2025, 12, 31), settings, "opens") == {"opens": time(7)}
    assert on(date(2026, 1, 9), settings, "opens") == {"opens": time(8)}
    assert on(date(2026, 1, 10), settings, "opens") == {"opens": time(6)}


def test_a_choice_is_the_tenants_own() -> None:
    days = pl.DataFrame({"tenant_id": ["a", "t", "a"], "date": [date(2026, 1, 1)] * 3})
    found = settings_on(days, chosen(("issuing", "fifo", date(2026, 1, 1))), ["issuing"])
    assert found["issuing"].to_list() == ["fefo", "fifo", "fefo"]


def test_without_choices_and_defaults_nothing_is_chosen() -> None:
    assert on(date(2026, 1, 1), chosen(), "planning_day", "planning_time_holiday") == {
        "planning_day": None,
        "planning_time_holiday": None,
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [("opens", "7"), ("opens", "24:00"), ("planning_day", "yesterday"), ("issuing", "FEFO"), ("size_of_oven", "1")],
)
def test_a_value_that_does_not_fit_its_key_is_refused(key: str, value: str) -> None:
    assert "t" in failing_tenants(ops.TenantSettings, chosen((key, value, date(2026, 1, 1))))


def test_every_default_is_a_value_of_its_key() -> None:
    for each in SETTING_KEYS:
        if each.default is not None:
            text = f"{each.default:%H:%M}" if isinstance(each.default, time) else str(each.default)
            row = chosen((each.key, text, date(2026, 1, 1)))
            assert failing_tenants(ops.TenantSettings, row) == {}, each.key
