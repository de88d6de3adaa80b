"""Holiday openings: whether each shop opens on a holiday ahead, and by which evidence.

A wrong forecast of 0 leaves a shop without bread on a day that may be its biggest, so a shop is taken to be closed on
evidence only, the first of these that tells: the calendar, opening hours, its own past, its sister shops on that
holiday, what most shops of the installation did on it in that country. Without any it is forecast as open, and
``briefing.holiday_alerts`` asks. Weekly closing days are in ``closures``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from bakery_assets.calendars import CLOSED, TenantHolidays, closed_days
from bakery_assets.forecasting.data.history import ShopCalendar, ShopDates
from bakery_assets.keys import SHOP
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans

SAME_HOLIDAY_SEEN = 2  # a holiday on which the shop was closed as often is one on which it closes
ANY_HOLIDAY_SEEN = 4  # and so is a holiday not seen so often, when all of as many others were
# Of others' shops, the share from which on a shop is taken to close as they did. Baking pays up to a chance of being
# closed that equals the critical ratio, (price - cost) / price; 0.8 is that of what costs a fifth of its price.
MOST_CLOSED = 0.8
FEW_CLOSED = 0.2  # and down to which it is taken to open
HALF_CLOSED = 0.5  # enough for a shop that was closed itself the only time it met the holiday
MIN_TENANTS = 5  # behind anything that other tenants see
USUALLY_OPEN = 0.9  # of the days of a weekday: fewer are no weekday on which a holiday closes a shop
HOLIDAY = ["tenant_id", "name"]
SHOP_HOLIDAY = [*SHOP, "name"]


class HolidaysSeen(dy.Schema):
    """How often each shop met a holiday on a weekday on which it opens, and how often it was closed then."""

    tenant_id = col.tenant_id()
    location_id = col.key_text("Shop or kitchen", primary_key=True)
    name = col.text("Name of the holiday", primary_key=True)
    seen = col.integer("Times that it met the holiday", minimum=1)
    closed = col.integer("Times that it was closed then")

    @dy.rule()
    def closed_when_seen(cls) -> pl.Expr:
        """closed <= seen."""
        return pl.col("closed") <= pl.col("seen")


class CountryClosings(dy.Schema):
    """Which share of a country's shops is closed on a holiday, each tenant counting alike."""

    country = col.key_text("The country, in capitals", primary_key=True)
    name = col.text("Name of the holiday", primary_key=True)
    share_closed = col.number("Mean over tenants of the share of their shops that were closed", maximum=1.0)
    tenants = col.integer("Tenants that this is the mean of", minimum=MIN_TENANTS)


class KnownClosings(dy.Schema):
    """The ``CountryClosings`` of each tenant's country."""

    tenant_id = col.tenant_id()
    name = col.text("Name of the holiday", primary_key=True)
    share_closed = CountryClosings.share_closed
    tenants = CountryClosings.tenants


class ShopHolidays(ShopDates):
    """Whether a shop opens on a holiday, and by which evidence."""

    holiday = plans.HolidayOpenings.holiday
    is_open = plans.HolidayOpenings.is_open
    evidence = plans.HolidayOpenings.evidence
    times_seen = plans.HolidayOpenings.times_seen
    times_closed = plans.HolidayOpenings.times_closed
    sisters_seen = plans.HolidayOpenings.sisters_seen
    sisters_closed = plans.HolidayOpenings.sisters_closed
    country_closed_fraction = plans.HolidayOpenings.country_closed_fraction
    country_tenants = plans.HolidayOpenings.country_tenants


@dataclass(frozen=True)
class KnownOfHolidays:
    """What is known of holidays besides the calendar.

    Attributes:
        opening_hours: of the shops, as far as there are any.
    """

    seen: dy.DataFrame[HolidaysSeen]
    in_country: dy.DataFrame[KnownClosings]
    opening_hours: dy.DataFrame[ops.OpeningHours]


def holidays_seen(
    days: dy.DataFrame[ShopCalendar], holidays: dy.DataFrame[TenantHolidays]
) -> dy.DataFrame[HolidaysSeen]:
    """How often each shop met each holiday, sorted; one on a weekday on which it never opens does not count."""
    opens = days.filter("is_open").select(*SHOP, "weekday").unique()
    return conform(HolidaysSeen, _counted(days, holidays, opens))


def country_closings(
    days: dy.DataFrame[ShopCalendar], holidays: dy.DataFrame[TenantHolidays], countries: Mapping[str, str | None]
) -> dy.DataFrame[CountryClosings]:
    """The share of each country's shops that is closed on a holiday, of holidays that enough tenants met, sorted.

    Only shops that open on nearly every such weekday count, since days are those of a sample of series: a shop of
    which one product is known that sells now and then seems closed on the other days.

    Args:
        countries: of the tenants.
    """
    of_country = pl.col("tenant_id").replace_strict(dict(countries), default=None, return_dtype=pl.String)
    regular = days.join(holidays, on=["tenant_id", "date"], how="anti").filter(~pl.col("is_break"))
    opens = (
        regular.group_by(*SHOP, "weekday")
        .agg(pl.col("is_open").mean())
        .filter(pl.col("is_open") >= USUALLY_OPEN)
        .select(*SHOP, "weekday")
    )
    of_tenants = (
        _counted(days, holidays, opens)
        .group_by(HOLIDAY)
        .agg(pl.col("seen").sum(), pl.col("closed").sum())
        .with_columns(country=of_country, share=pl.col("closed") / pl.col("seen"))
        .drop_nulls("country")
    )
    shares = (
        of_tenants.group_by("country", "name")
        .agg(share_closed=pl.col("share").sort().mean().round(DECIMALS), tenants=pl.len().cast(pl.Int32))
        .filter(pl.col("tenants") >= MIN_TENANTS)
    )
    return conform(CountryClosings, shares.sort("country", "name"))


def country_closings_from(boosters: pl.DataFrame) -> dy.DataFrame[CountryClosings]:
    """The ``holiday_closings`` of at most one booster."""
    types = {name: column.dtype for name, column in CountryClosings.columns().items()}
    rows = [row for text in boosters["holiday_closings"] for row in json.loads(text)]
    return conform(CountryClosings, pl.DataFrame(rows, schema=types))


def known_closings(
    of_countries: dy.DataFrame[CountryClosings], countries: Mapping[str, str | None]
) -> dy.DataFrame[KnownClosings]:
    """What each tenant's country does, sorted.

    Args:
        countries: of the tenants.
    """
    tenants = pl.DataFrame(
        {"tenant_id": list(countries), "country": list(countries.values())},
        schema={"tenant_id": pl.String, "country": pl.String},
    )
    return conform(KnownClosings, tenants.join(of_countries, on="country").drop("country").sort(HOLIDAY))


def holiday_openings(
    targets: dy.DataFrame[ShopDates],
    holidays: dy.DataFrame[TenantHolidays],
    calendar: dy.DataFrame[ops.Calendar],
    known: KnownOfHolidays,
) -> dy.DataFrame[ShopHolidays]:
    """Whether each shop opens on each holiday among ``targets``, sorted."""
    of_tenants = known.seen.group_by(HOLIDAY).agg(
        tenant_seen=pl.col("seen").sum(), tenant_closed=pl.col("closed").sum()
    )
    of_shops = known.seen.group_by(SHOP).agg(any_seen=pl.col("seen").sum(), any_closed=pl.col("closed").sum())
    counts = ["seen", "closed", "tenant_seen", "tenant_closed", "any_seen", "any_closed"]
    weekday = pl.col("date").dt.weekday().cast(pl.Int32)
    rows = (
        targets.join(holidays, on=["tenant_id", "date"])
        .join(_announced(calendar), on=["tenant_id", "date"], how="left")
        .join(_weekdays_with_hours(known.opening_hours), on=SHOP, how="left")
        .join(known.seen, on=SHOP_HOLIDAY, how="left")
        .join(of_tenants, on=HOLIDAY, how="left")
        .join(of_shops, on=SHOP, how="left")
        .join(known.in_country, on=HOLIDAY, how="left")
        .with_columns(pl.col(counts).fill_null(0), has_no_hours=~pl.col("weekdays").list.contains(weekday))
        .with_columns(
            sisters_seen=pl.col("tenant_seen") - pl.col("seen"),
            sisters_closed=pl.col("tenant_closed") - pl.col("closed"),
        )
    )
    evidence, opens = pl.lit("none"), pl.lit(value=True)
    for name, is_open, condition in reversed(_rules()):  # the first that tells is the last to be said
        evidence = pl.when(condition).then(pl.lit(name)).otherwise(evidence)
        opens = pl.when(condition).then(pl.lit(is_open)).otherwise(opens)
    found = rows.with_columns(evidence=evidence, is_open=opens).rename(
        {
            "name": "holiday",
            "seen": "times_seen",
            "closed": "times_closed",
            "share_closed": "country_closed_fraction",
            "tenants": "country_tenants",
        }
    )
    return conform(ShopHolidays, found.sort(*SHOP, "date"))


def _rules() -> list[tuple[plans.HolidayEvidence, bool, pl.Expr]]:
    """What tells whether a shop opens: evidence, whether it opens by it, and the condition; the first comes first."""
    seen, closed = pl.col("seen"), pl.col("closed")
    # Its own only time counts with those of its sisters.
    of_chain = (pl.col("sisters_closed") + closed) / (pl.col("sisters_seen") + seen)
    has_sisters = (pl.col("sisters_seen") > 0) & (pl.col("sisters_seen") + seen >= SAME_HOLIDAY_SEEN)
    of_country = pl.col("share_closed")
    is_new = seen == 0
    always_closed = pl.col("any_closed") == pl.col("any_seen")
    return [
        ("calendar", False, pl.col("announced") == CLOSED),
        ("calendar", True, pl.col("announced").is_not_null()),
        ("opening_hours", False, pl.col("has_no_hours")),
        ("own_past", True, seen > closed),
        ("own_past", False, seen >= SAME_HOLIDAY_SEEN),
        ("other_holidays", False, always_closed & (pl.col("any_seen") >= ANY_HOLIDAY_SEEN)),
        ("sister_shops", False, has_sisters & (of_chain >= MOST_CLOSED)),
        ("sister_shops", True, has_sisters & (of_chain <= FEW_CLOSED) & is_new),
        ("none", True, has_sisters),
        ("country", False, of_country >= MOST_CLOSED),
        ("country", False, ~is_new & (of_country >= HALF_CLOSED)),
        ("country", True, is_new & (of_country <= FEW_CLOSED)),
    ]


def _counted(
    days: dy.DataFrame[ShopCalendar], holidays: dy.DataFrame[TenantHolidays], opens: pl.DataFrame
) -> pl.DataFrame:
    """``SHOP_HOLIDAY, seen, closed`` of holidays on the weekdays ``opens`` (``SHOP, weekday``), sorted."""
    return (
        days.join(holidays, on=["tenant_id", "date"])
        .join(opens, on=[*SHOP, "weekday"], how="semi")
        .group_by(SHOP_HOLIDAY)
        .agg(seen=pl.len().cast(pl.Int32), closed=(~pl.col("is_open")).sum().cast(pl.Int32))
        .sort(SHOP_HOLIDAY)
    )


def _announced(calendar: dy.DataFrame[ops.Calendar]) -> pl.DataFrame:
    """Days that the calendar says are open or closed: ``tenant_id, date, announced``, CLOSED or open."""
    closed = closed_days(calendar).with_columns(announced=pl.lit(CLOSED))
    opened = announced_openings(calendar).join(closed, on=["tenant_id", "date"], how="anti")
    return pl.concat([closed, opened.with_columns(announced=pl.lit("open"))])


def announced_openings(calendar: dy.DataFrame[ops.Calendar]) -> pl.DataFrame:
    """Days for which the calendar gives the whole bakery's opening hours: ``tenant_id, date``."""
    hours = calendar.filter(pl.col("opens").is_not_null(), pl.col("product_id").is_null(), pl.col("kind") != CLOSED)
    return hours.select("tenant_id", "date").unique()


def _weekdays_with_hours(opening_hours: dy.DataFrame[ops.OpeningHours]) -> pl.DataFrame:
    """``SHOP, weekdays`` of shops that have opening hours."""
    return opening_hours.group_by(SHOP).agg(weekdays=pl.col("weekday"))
