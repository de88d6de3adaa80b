"""What kind of day a day is, for each product: closed, holiday, the days beside one, promotion, event.

Public holidays come from the library ``holidays`` by the tenant's country and region; everything else
from the tenant's own calendar.
"""

from datetime import date

import polars as pl

HOLIDAY = "holiday"
BEFORE_HOLIDAY = "day_before_holiday"
AFTER_HOLIDAY = "day_after_holiday"
PROMOTION = "promotion"
EVENT = "event"

PUBLIC_HOLIDAYS = {"country": pl.String, "region": pl.String, "date": pl.Date, "name": pl.String}


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
    """Whole-day holidays of every tenant, public ones and its own: ``tenant_id, date, name``, one row a date."""
    places = tenants.select("country", "region").unique()
    years = range(first.year, last.year + 1)
    rows = [
        (country, region, day, name)
        for country, region in places.iter_rows()
        for day, name in public_holidays(country, region, years)
    ]
    public = tenants.select("tenant_id", "country", "region").join(
        pl.DataFrame(rows, schema=PUBLIC_HOLIDAYS, orient="row"), on=["country", "region"], nulls_equal=True
    )
    own = calendar.filter((pl.col("kind") == HOLIDAY) & pl.col("product_id").is_null())
    return (
        pl.concat([public.select("tenant_id", "date", "name"), own.select("tenant_id", "date", "name")])
        .filter(pl.col("date").is_between(first, last))
        # The library's name first: a holiday has to be recognised when it comes again next year.
        .group_by("tenant_id", "date", maintain_order=True)
        .agg(pl.col("name").drop_nulls().first())
        .sort("tenant_id", "date")
    )


def special_days(
    products: pl.DataFrame, calendar: pl.DataFrame, all_holidays: pl.DataFrame, first: date, last: date
) -> pl.DataFrame:
    """Days that are not like others, for each product.

    Args:
        products: ``tenant_id, product_id`` of the products that matter.
        all_holidays: of ``tenant_holidays``.
        first, last: the span looked at; both ends count.

    Returns:
        ``tenant_id, product_id, date, is_shut, kinds`` with one row per product and special day;
        ``is_shut``: the bakery or the product is closed by the calendar; ``kinds``: list of
        ``{kind, name}``, sorted. A promotion's name is its product, or ``*`` for all products.
    """
    beside = [
        all_holidays.select("tenant_id", pl.col("date").dt.offset_by(shift), kind=pl.lit(kind), name=pl.lit(""))
        .join(all_holidays, on=["tenant_id", "date"], how="anti")
        .unique()
        for kind, shift in ((BEFORE_HOLIDAY, "-1d"), (AFTER_HOLIDAY, "1d"))
    ]
    own = calendar.filter(pl.col("date").is_between(first, last))
    named = own.filter(pl.col("kind").is_in([PROMOTION, EVENT, "closed"])).select(
        "tenant_id",
        "product_id",
        "date",
        "kind",
        name=pl.when(pl.col("kind") == EVENT)
        .then(pl.col("name").fill_null(""))
        .otherwise(pl.col("product_id").fill_null("*")),
    )
    product_holidays = own.filter((pl.col("kind") == HOLIDAY) & pl.col("product_id").is_not_null()).select(
        "tenant_id", "product_id", "date", "kind", pl.col("name").fill_null("")
    )
    for_all = pl.concat(
        [
            all_holidays.select("tenant_id", "date", kind=pl.lit(HOLIDAY), name=pl.col("name").fill_null("")),
            *beside,
            named.filter(pl.col("product_id").is_null()).drop("product_id"),
        ]
    )
    rows = pl.concat(
        [
            for_all.join(products.select("tenant_id", "product_id"), on="tenant_id"),
            named.filter(pl.col("product_id").is_not_null()).select("tenant_id", "date", "kind", "name", "product_id"),
            product_holidays.select("tenant_id", "date", "kind", "name", "product_id"),
        ]
    )
    return (
        rows.sort("tenant_id", "product_id", "date", "kind", "name")
        # What is said about the product itself wins over what is said about all products.
        .unique(["tenant_id", "product_id", "date", "kind"], keep="last", maintain_order=True)
        .group_by("tenant_id", "product_id", "date", maintain_order=True)
        .agg(
            is_shut=(pl.col("kind") == "closed").any(),
            kinds=pl.struct("kind", "name").filter(pl.col("kind") != "closed"),
        )
    )
