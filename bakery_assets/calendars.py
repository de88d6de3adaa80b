"""Calendars: closed days, holidays, the days around them, promotions, events, school holidays.

Public holidays come from the library ``holidays`` by the tenant's country and region; everything else from the
tenant's own calendar. Which days a shop is predicted to be closed without an entry is in ``forecasting.data.closures``;
what a day's kind does to demand is in ``forecasting.models.day_effects``.
"""

from datetime import date, timedelta
from functools import lru_cache

import dataframely as dy
import polars as pl

from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops
from bakery_assets.schemas.rules import unique_together

HOLIDAY = "holiday"
BEFORE_HOLIDAY = "day_before_holiday"
AFTER_HOLIDAY = "day_after_holiday"
TWO_BEFORE_HOLIDAY = "2_days_before_holiday"
TWO_AFTER_HOLIDAY = "2_days_after_holiday"
PROMOTION = "promotion"
EVENT = "event"
SCHOOL_HOLIDAY = "school_holiday"
CLOSED = "closed"

PUBLIC_HOLIDAYS = {"country": pl.String, "region": pl.String, "date": pl.Date, "name": pl.String}
NEIGHBORS = (1, -1, 2, -2)  # days from a day to the holiday that it goes with, nearest first
# By days from the day to its holiday.
AROUND_HOLIDAY = {1: BEFORE_HOLIDAY, -1: AFTER_HOLIDAY, 2: TWO_BEFORE_HOLIDAY, -2: TWO_AFTER_HOLIDAY}
EVES = ("12-24", "12-31")  # days before a holiday that people keep like one, whatever weekday they fall on


class ClosedDays(dy.Schema):
    """Days on which the whole bakery is closed by its own calendar."""

    tenant_id = col.tenant_id()
    date = col.date("The closed day", primary_key=True)


class TenantHolidays(dy.Schema):
    """Holidays of a whole day, public ones and the tenant's own."""

    tenant_id = col.tenant_id()
    date = col.date("The holiday", primary_key=True)
    name = col.text("Name by which it is recognized when it comes again")


class Occasions(dy.Schema):
    """What is special about a day, closed days and school holidays included."""

    tenant_id = col.key_text("The bakery")
    product_id = col.text("Only for this product; empty: for all", nullable=True)
    date = col.date("The day")
    kind = col.choice("What it is", (HOLIDAY, *AROUND_HOLIDAY.values(), PROMOTION, EVENT, SCHOOL_HOLIDAY, CLOSED))
    name = col.text(
        "Name of a holiday, of the holiday a day is next to, or of an event; of a promotion its product, or * for all"
    )

    key = unique_together("tenant_id", "product_id", "date", "kind", "name")


def closed_days(calendar: dy.DataFrame[ops.Calendar]) -> dy.DataFrame[ClosedDays]:
    """Days on which the whole bakery is closed by its calendar."""
    found = (
        calendar.filter((pl.col("kind") == CLOSED) & pl.col("product_id").is_null())
        .select("tenant_id", "date")
        .unique()
        .sort("tenant_id", "date")
    )
    return conform(ClosedDays, found)


def public_holidays(country: str, region: str | None, years: range) -> list[tuple[date, str]]:
    """A region's public holidays in ``years`` with their local names, by date.

    An unknown region has its country's holidays; an unknown country has none.
    """
    import holidays

    code = country.strip().upper()
    for subdivision in dict.fromkeys((region, None)):
        try:
            # Without a language the names would follow the environment of the process.
            language = holidays.country_holidays(code).default_language
            found = holidays.country_holidays(code, subdiv=subdivision, years=years, language=language)
        except NotImplementedError:
            continue
        return sorted(found.items())
    return []


@lru_cache(maxsize=64)  # 10 to 40 ms of CPU, for every round of a day the same
def regional_holidays(country: str, years: range) -> list[tuple[date, str]]:
    """The holidays that some region of a country has in ``years``, with their local names, each date once, by date."""
    import holidays

    try:
        regions = holidays.country_holidays(country.strip().upper()).subdivisions
    except NotImplementedError:
        return []
    named = {day: name for region in reversed(regions) for day, name in public_holidays(country, region, years)}
    return sorted(named.items())


def tenant_holidays(
    tenants: dy.DataFrame[ops.Tenants], calendar: dy.DataFrame[ops.Calendar], first: date, last: date
) -> dy.DataFrame[TenantHolidays]:
    """Whole-day holidays of every tenant from ``first`` to ``last``, both included.

    A holiday without a name has that of its country's regions (Corpus Christi is kept in some), else it is named after
    the public holiday it goes with, else after its day of the year: holidays that move with Easter and holidays with a
    fixed date are both recognized when they come again.
    """
    places = tenants.select("country", "region").unique()
    # Two days more at either end: New Year's Eve is named after a holiday of the next year.
    years = range((first - timedelta(days=2)).year, (last + timedelta(days=2)).year + 1)
    rows = [
        (country, region, day, name)
        for country, region in places.iter_rows()
        for day, name in public_holidays(country, region, years)
    ]
    public = (
        tenants.select("tenant_id", "country", "region")
        .join(pl.DataFrame(rows, schema=PUBLIC_HOLIDAYS, orient="row"), on=["country", "region"], nulls_equal=True)
        .select("tenant_id", "date", "name")
    )
    own = calendar.filter((pl.col("kind") == HOLIDAY) & pl.col("product_id").is_null())
    named = _with_names(_with_regional_names(own.select("tenant_id", "date", "name"), tenants, years), public)
    found = (
        # The library's name first: a holiday has to be recognized when it comes again next year.
        pl.concat([public, named])
        .filter(pl.col("date").is_between(first, last))
        .group_by("tenant_id", "date", maintain_order=True)
        .agg(pl.col("name").first())
        .sort("tenant_id", "date")
    )
    return conform(TenantHolidays, found)


def _with_regional_names(own: pl.DataFrame, tenants: pl.DataFrame, years: range) -> pl.DataFrame:
    of_country = own.join(tenants.select("tenant_id", "country"), on="tenant_id", how="left", maintain_order="left")
    unnamed = of_country.filter(pl.col("name").is_null())["country"].drop_nulls().unique().sort()
    rows = [(country, day, name) for country in unnamed for day, name in regional_holidays(country, years)]
    schema = {"country": pl.String, "date": pl.Date, "regional": pl.String}
    regional = pl.DataFrame(rows, schema=schema, orient="row")
    return of_country.join(regional, on=["country", "date"], how="left", maintain_order="left").select(
        "tenant_id", "date", pl.coalesce("name", "regional")
    )


def _with_names(own: pl.DataFrame, public: pl.DataFrame) -> pl.DataFrame:
    found = own
    for days in NEIGHBORS:
        neighbors = public.select(
            "tenant_id",
            pl.col("date").dt.offset_by(f"{-days}d"),
            pl.format("{} {}", pl.lit(f"{-days:+d} day"), "name").alias(f"near{days}"),
        )
        found = found.join(neighbors, on=["tenant_id", "date"], how="left", maintain_order="left")
    near = [pl.col(f"near{days}") for days in NEIGHBORS]
    return found.select("tenant_id", "date", pl.coalesce("name", *near, pl.col("date").dt.to_string("%m-%d")))


def occasions(
    calendar: dy.DataFrame[ops.Calendar], all_holidays: dy.DataFrame[TenantHolidays], first: date, last: date
) -> dy.DataFrame[Occasions]:
    """What is special about the days from ``first`` to ``last``, both included.

    A day next to several holidays goes with the nearest, of two as near with the one to come. The days before Christmas
    and New Year are holidays of their own kind, where the day after is one.
    """
    all_products = pl.lit(None, pl.String).alias("product_id")
    columns = Occasions.column_names()
    eve_name = pl.format("{} {}", pl.lit("-1 day"), "name")
    eves = all_holidays.select("tenant_id", pl.col("date").dt.offset_by("-1d"), name=eve_name).filter(
        pl.col("date").dt.to_string("%m-%d").is_in(EVES)
    )
    of_holidays = pl.concat([all_holidays, eves]).unique(["tenant_id", "date"], keep="first", maintain_order=True)
    days_around = (
        pl.concat(
            all_holidays.select("tenant_id", pl.col("date").dt.offset_by(f"{-days}d"), "name", kind=pl.lit(kind))
            for days, kind in AROUND_HOLIDAY.items()
        )
        .join(of_holidays, on=["tenant_id", "date"], how="anti")
        .unique(["tenant_id", "date"], keep="first", maintain_order=True)
        .with_columns(all_products)
    )
    whole_holidays = of_holidays.select("tenant_id", all_products, "date", kind=pl.lit(HOLIDAY), name="name")
    own = calendar.filter((pl.col("kind") != HOLIDAY) | pl.col("product_id").is_not_null()).select(
        "tenant_id",
        "product_id",
        "date",
        "kind",
        name=pl.when(pl.col("kind").is_in([EVENT, HOLIDAY]))
        .then(pl.col("name").fill_null(""))
        .otherwise(pl.col("product_id").fill_null("*")),
    )
    found = (
        pl.concat([part.select(columns) for part in (whole_holidays, days_around, own)])
        .filter(pl.col("date").is_between(first, last))
        .unique()
        .sort(columns)
    )
    return conform(Occasions, found)
