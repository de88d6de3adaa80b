"""Which rate of a currency holds on a day: the last one that has come, while it is not too old."""

from datetime import UTC, date, datetime

import polars as pl

from bakery_assets.exchange_rates import RateInputs, rates_on, with_exchange_rate
from bakery_assets.schemas import Cells, conform, ops
from tests.scenarios import filled

DAY = date(2026, 3, 24)
CELLS = conform(
    Cells,
    pl.DataFrame([("b", DAY, "Europe/Berlin", datetime(2026, 3, 24, 4, tzinfo=UTC))], pl.Schema(Cells), orient="row"),
)


def rates(*given: tuple[str, date, float], days: str | None = None) -> dict[str, float]:
    chosen = {"tenant_id": "b", "key": "exchange_rate_days", "value": days, "valid_from": date(2026, 1, 1)}
    rows = [{"tenant_id": "b", "currency": name, "date": day, "rate": rate,
             "recorded_at": datetime(2026, 3, 1, tzinfo=UTC)} for name, day, rate in given]  # fmt: skip
    inputs = RateInputs(
        tenant_settings=conform(ops.TenantSettings, filled(ops.TenantSettings, [chosen] if days else [])),
        exchange_rates=conform(ops.ExchangeRates, filled(ops.ExchangeRates, rows)),
    )
    return dict(rates_on(CELLS, inputs).select("currency", "exchange_rate").iter_rows())


def test_the_last_rate_up_to_the_plan_date_holds() -> None:
    given = [("KWD", date(2026, 3, 1), 2.9), ("KWD", date(2026, 3, 24), 3.0), ("KWD", date(2026, 3, 25), 9.0)]
    assert rates(*given, ("JPY", date(2026, 3, 20), 0.006)) == {"KWD": 3.0, "JPY": 0.006}


def test_a_rate_is_not_known_any_more_when_it_is_older_than_the_bakery_allows() -> None:
    assert rates(("KWD", date(2026, 2, 21), 3.0)) == {"KWD": 3.0}, "31 days old"
    assert rates(("KWD", date(2026, 2, 20), 3.0)) == {}
    assert rates(("KWD", date(2026, 2, 20), 3.0), days="60") == {"KWD": 3.0}
    assert rates(("KWD", date(2026, 3, 23), 3.0), days="0") == {}


def test_the_own_currency_is_worth_itself_and_a_strange_one_nothing_that_is_known() -> None:
    tenants = filled(ops.Tenants, [{"tenant_id": "b", "currency": "EUR"}])
    priced = pl.DataFrame({"tenant_id": ["b"] * 3, "currency": ["EUR", None, "KWD"]})
    empty = RateInputs(
        tenant_settings=conform(ops.TenantSettings, filled(ops.TenantSettings, [])),
        exchange_rates=conform(ops.ExchangeRates, filled(ops.ExchangeRates, [])),
    )
    found = with_exchange_rate(priced, tenants, rates_on(CELLS, empty))
    assert found.select("currency", "exchange_rate").rows() == [("EUR", 1.0), ("EUR", 1.0), ("KWD", None)]
