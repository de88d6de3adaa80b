"""Calendars: closed days, holidays, the days around them, promotions, events, school holidays.

Public holidays come from the library ``holidays`` by the tenant's country and region; everything else from the
tenant's own calendar. Which days a shop is predicted to be closed without an entry is in ``forecasting.data.closures``.
"""

from datetime import date, timedelta

import polars as pl

HOLIDAY = "holiday"
BEFORE_HOLIDAY = "day_before_holiday"
AFTER_HOLIDAY = "day_after_holiday"
PROMOTION = "promotion"
EVENT = "event"
SCHOOL_HOLIDAY = "school_holiday"
CLOSED = "closed"

PUBLIC_HOLIDAYS = {"country": pl.String, "region": pl.String, "date": pl.Date, "name": pl.String}
NEIGHBOURS = (1, -1, 2, -2)  # days from an unnamed holiday to the named one that it goes with, nearest first


def closed_days(calendar: pl.DataFrame) -> pl.DataFrame:
    """Days on which the whole bakery is closed by its own calendar: ``tenant_id, date``, distinct."""
    return (
        calendar.filter((pl.col("kind") == "closed") & pl.col("product_id").is_null())
        .select("tenant_id", "date")
        .unique()
        .sort("tenant_id", "date")
    )


def public_holidays(country: str, region: str | None, years: range) -> list[tuple[date, str]]:
    """A region's public holidays in ``years`` with their local names, by date.

    An unknown region has its country's holidays; an unknown country has none.
    """
    import holidays

    code = country.strip().upper()
    for subdivision in dict.fromkeys((region, None)):
        try:
            # Without a language the names would follow the environment of whoever plans.
            language = holidays.country_holidays(code).default_language
            found = holidays.country_holidays(code, subdiv=subdivision, years=years, language=language)
        except NotImplementedError:
            continue
        return sorted(found.items())
    return []


def tenant_holidays(tenants: pl.DataFrame, calendar: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Whole-day holidays of every tenant, public ones and its own: ``tenant_id, date, name``, one row a date.

    A holiday that nobody has named is named after the public holiday it goes with (Easter Sunday has a name in
    few calendars, Easter Monday in most), else after its day of the year: what moves with Easter and what stays
    on its date are both recognised when they come again.
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
    return (
        # The library's name first: a holiday has to be recognised when it comes again next year.
        pl.concat([public, _named(own.select("tenant_id", "date", "name"), public)])
        .filter(pl.col("date").is_between(first, last))
        .group_by("tenant_id", "date", maintain_order=True)
        .agg(pl.col("name").first())
        .sort("tenant_id", "date")
    )


def _named(own: pl.DataFrame, public: pl.DataFrame) -> pl.DataFrame:
    found = own
    for days in NEIGHBOURS:
        beside = public.select(
            "tenant_id",
            pl.col("date").dt.offset_by(f"{-days}d"),
            pl.format("{} {}", pl.lit(f"{-days:+d} day"), "name").alias(f"near{days}"),
        )
        found = found.join(beside, on=["tenant_id", "date"], how="left", maintain_order="left")
    near = [pl.col(f"near{days}") for days in NEIGHBOURS]
    return found.select("tenant_id", "date", pl.coalesce("name", *near, pl.col("date").dt.to_string("%m-%d")))


def occasions(calendar: pl.DataFrame, all_holidays: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """What is special about days, closings and school holidays included.

    Args:
        all_holidays: of ``tenant_holidays``.
        first, last: the span looked at; both ends count.

    Returns:
        ``tenant_id, product_id, date, kind, name``, distinct; ``product_id`` is null where all products are
        meant. A promotion's name is its product, or ``*`` for all products.
    """
    everybody = pl.lit(None, pl.String).alias("product_id")
    columns = ["tenant_id", "product_id", "date", "kind", "name"]
    beside = [
        all_holidays.select(
            "tenant_id", everybody, pl.col("date").dt.offset_by(shift), kind=pl.lit(kind), name=pl.lit("")
        )
        .join(all_holidays, on=["tenant_id", "date"], how="anti")
        .unique()
        for kind, shift in ((BEFORE_HOLIDAY, "-1d"), (AFTER_HOLIDAY, "1d"))
    ]
    whole_holidays = all_holidays.select("tenant_id", everybody, "date", kind=pl.lit(HOLIDAY), name="name")
    own = calendar.filter((pl.col("kind") != HOLIDAY) | pl.col("product_id").is_not_null()).select(
        "tenant_id",
        "product_id",
        "date",
        "kind",
        name=pl.when(pl.col("kind").is_in([EVENT, HOLIDAY]))
        .then(pl.col("name").fill_null(""))
        .otherwise(pl.col("product_id").fill_null("*")),
    )
    return (
        pl.concat([whole_holidays.select(columns), *(part.select(columns) for part in beside), own.select(columns)])
        .filter(pl.col("date").is_between(first, last))
        .unique()
        .sort(columns)
    )
