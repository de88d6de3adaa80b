"""Meaning: values that have the right form and that planning would trip over, such as a country that does not exist.

Decided by one row alone. What several rows of master data mean together is in ``materials.recipe_faults``; a load
tells it.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cache

import dataframely as dy
import polars as pl

from bakery_assets.intake.faults import ROW_NUMBER, RowFaults, row_faults
from bakery_assets.intake.tables import TableSpec
from bakery_assets.procurement.offers import unknown_weekday
from bakery_assets.schemas import ops

NO_COUNTRY = "XX"  # of the codes that ISO 3166 leaves to users: a bakery without public holidays
# A wrong year or a month taken for a day lies farther ahead; the clock of a machine that loads, or simulates, may lag.
AHEAD = timedelta(days=31)


def check_meaning(
    spec: TableSpec, rows: pl.DataFrame, loaded_at: datetime
) -> tuple[pl.DataFrame, dy.DataFrame[RowFaults]]:
    """Rows that mean something, and the others.

    Args:
        rows: the rows of ``row_rules.row_schema``.
        loaded_at: the moment of loading, aware.
    """
    found = [part for part in _checks(spec, rows, loaded_at) if part.height]
    if not found:
        return rows, row_faults()
    faults = pl.concat(found).unique(ROW_NUMBER, keep="first", maintain_order=True)
    return rows.join(faults, on=ROW_NUMBER, how="anti", maintain_order="left"), row_faults(faults)


def _checks(spec: TableSpec, rows: pl.DataFrame, loaded_at: datetime) -> Iterator[pl.DataFrame]:
    if spec.schema is ops.Tenants:
        yield _unknown(rows, "country", "unknown_country", no_country)
        yield _unknown(rows, "currency", "unknown_currency", _no_currency)
        yield _unknown_regions(rows)
    elif spec.schema is ops.Suppliers:
        yield _unknown(rows, "currency", "unknown_currency", _no_currency)
        for column in ("delivery_weekdays", "working_weekdays"):
            yield _unknown(rows, column, "unknown_weekday", _no_weekdays)
    elif spec.schema in (ops.ExchangeRates, ops.PurchaseOrders):
        yield _unknown(rows, "currency", "unknown_currency", _no_currency)
    elif spec.schema in (ops.Sales, ops.SalesHourly):
        last = (loaded_at + AHEAD).date()
        reason = pl.format("sales_date is {}, which is in the future; correct it", "sales_date")
        ahead = rows.filter(pl.col("sales_date") > last)
        yield _found(ahead, "in_the_future", "sales_date", reason)


def _unknown(rows: pl.DataFrame, column: str, code: str, fault: Callable[[str], str | None]) -> pl.DataFrame:
    """Rows whose text in a column ``fault`` says something of."""
    texts = rows[column].drop_nulls().unique().to_list()
    reasons = {text: f"{column} is '{text}', {why}" for text in texts if (why := fault(text))}
    return _reported(rows, pl.col(column), reasons, code, column)


def _unknown_regions(rows: pl.DataFrame) -> pl.DataFrame:
    places = rows.select("country", "region").drop_nulls().unique().rows()
    reasons = {
        f"{country}/{region}": f"region is '{region}', {why}"
        for country, region in places
        if (why := _no_region(country, region))
    }
    return _reported(rows, pl.format("{}/{}", "country", "region"), reasons, "unknown_region", "region")


def _reported(rows: pl.DataFrame, text: pl.Expr, reasons: Mapping[str, str], code: str, column: str) -> pl.DataFrame:
    reason = text.replace_strict(list(reasons), list(reasons.values()), default=None, return_dtype=pl.String)
    return _found(rows.with_columns(__reason=reason).drop_nulls("__reason"), code, column, pl.col("__reason"))


def _found(rows: pl.DataFrame, code: str, column: str, reason: pl.Expr) -> pl.DataFrame:
    return rows.select(ROW_NUMBER, code=pl.lit(code), column_name=pl.lit(column), reason=reason)


def no_country(code: str) -> str | None:
    """Why a code is no country's, and what to write; None: it is one, or says that there is none."""
    known = _countries()
    if code == NO_COUNTRY or code in known:
        return None
    upper = code.strip().upper()
    hint = f"write it as {upper}" if upper in known else f"write it like DE, or {NO_COUNTRY} for none"
    return f"which is no ISO 3166 code of a country; {hint}"


def _no_currency(code: str) -> str | None:
    known = _currencies()
    if code in known:
        return None
    near = [code.strip().upper()] if code.strip().upper() in known else get_close_matches(code.upper(), known, 1)
    hint = f"did you mean {near[0]}" if near else "write it like EUR"
    return f"which is no ISO 4217 code of a currency; {hint}"


def _no_region(country: str, region: str) -> str | None:
    known = _regions(country)
    if not known or region in known:
        return None
    near = get_close_matches(region, known, 3) or list(known[:3])
    return f"which {country} does not have; write it like {', '.join(near)}, or leave it empty"


def _no_weekdays(text: str) -> str | None:
    word = unknown_weekday(text)
    return None if word is None else f"of which '{word}' is no weekday; write it like mon,thu"


@cache
def _countries() -> frozenset[str]:
    """Codes of countries by which public holidays are known, which are all of ISO 3166."""
    import holidays

    return frozenset(holidays.list_supported_countries(include_aliases=True))


@cache
def _regions(country: str) -> tuple[str, ...]:
    """Codes and names of a country's regions by which public holidays are known."""
    import holidays

    if country not in _countries():
        return ()
    found = holidays.country_holidays(country)
    names = [name for each in found.get_subdivision_aliases().values() for name in each]
    return tuple(dict.fromkeys([*found.subdivisions, *names]))


@cache
def _currencies() -> tuple[str, ...]:
    from babel.numbers import list_currencies

    return tuple(sorted(list_currencies()))
