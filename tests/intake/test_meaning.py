"""What has the right form and means nothing is refused when it is loaded, not when the morning is planned."""

from datetime import UTC, datetime

import polars as pl
import pytest

from bakery_assets.intake.faults import ROW_NUMBER
from bakery_assets.intake.meaning import check_meaning
from resources.schema import ops
from resources.warehouse.intake_tables import table_spec

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def reasons(table: str, **columns: list[str | None]) -> list[str]:
    spec = table_spec(next(each for each in ops.LOADED if each.name == table))
    rows = pl.DataFrame(columns).with_row_index(ROW_NUMBER, 2).cast({ROW_NUMBER: pl.Int32})
    if "sales_date" in columns:
        rows = rows.with_columns(pl.col("sales_date").str.to_date())
    good, faults = check_meaning(spec, rows, NOW)
    assert good.height + faults.height == rows.height
    return faults["reason"].to_list()


@pytest.mark.parametrize(
    ("country", "hint"),
    [
        ("DE", None), ("XX", None), ("XK", None), ("UK", None), ("de", "write it as DE"),
        ("Germany", "write it like DE"), ("QZ", "no ISO 3166 code"),
    ],
)  # fmt: skip
def test_a_country_exists(country: str, hint: str | None) -> None:
    found = reasons("tenants", country=[country], currency=["EUR"], region=[None])
    assert [hint in reason for reason in found if hint] == ([True] if hint else [])
    assert bool(found) == bool(hint)


def test_a_currency_exists_and_a_country_has_its_region() -> None:
    assert reasons(
        "tenants",
        country=["DE", "DE", "US", "XX", "DE", "DE"],
        currency=["EURO", "eur", "USD", "XXX", "EUR", "EUR"],
        region=[None, None, "California", "anything", "BY", "Bayren"],
    ) == [
        "currency is 'EURO', which is no ISO 4217 code of a currency; did you mean EUR",
        "currency is 'eur', which is no ISO 4217 code of a currency; did you mean EUR",
        "region is 'Bayren', which DE does not have; write it like Bayern, Bremen, or leave it empty",
    ]


def test_suppliers_deliver_on_weekdays() -> None:
    assert reasons(
        "suppliers",
        currency=["EUR", None, "EUR"],
        delivery_weekdays=["Mo,Mi", "mon, Thu", None],
        working_weekdays=[None, None, "mon-fri"],
    ) == [
        "delivery_weekdays is 'Mo,Mi', of which 'Mo' is no weekday; write it like mon,thu",
        "working_weekdays is 'mon-fri', of which 'mon-fri' is no weekday; write it like mon,thu",
    ]


def test_no_sale_lies_in_the_future() -> None:
    assert reasons("sales", sales_date=["2026-03-10", "2026-04-10", "2026-04-11", "2027-03-10"]) == [
        "sales_date is 2026-04-11, which is in the future; correct it",
        "sales_date is 2027-03-10, which is in the future; correct it",
    ]
