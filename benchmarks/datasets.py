"""The real data next to the project as folders in the load format; ../shared/data/README.md describes them.

Every function takes an empty or new folder and returns it. Nothing is cleaned: what is odd in the data stays
odd. Where the load format cannot express something, the function says how it is represented.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from bakery_assets.calendars import HOLIDAY, PROMOTION
from bakery_assets.keys import PRODUCT, SERIES
from bakery_assets.settings import PROJECT

DATA = PROJECT.parent / "shared" / "data"

OPENING_HOURS = (6, 22)  # first and last hour of fresh_chain's day; the data set's own stock-out count uses them
REAL_DISCOUNT = 0.9  # a tenth off or more; fresh_chain's median discount is 0.99, which no customer notices
SATURDAY = 6


def write_bread_chain(folder: Path) -> Path:
    """20 stores of a German chain, one tenant each; it comes in the load format and is copied as it is."""
    return _copy("bread_chain", folder)


def write_yaz_restaurant(folder: Path) -> Path:
    """A restaurant's seven dishes with its closed days; it comes in the load format and is copied as it is."""
    return _copy("yaz_restaurant", folder)


def write_breadbasket(folder: Path) -> Path:
    """A café's articles over 23 weeks; it comes in the load format and is copied as it is."""
    return _copy("breadbasket", folder)


def write_french_shop(folder: Path) -> Path:
    """One shop's till export: articles are products, ``y`` is the quantity, the last day's price is the price.

    Quantities may be negative (refunds). The export's own zeros are kept as rows. ``y`` is mostly a whole
    multiple of the price, so it may well be takings; it is measured as it stands, as the table in the data's
    README is.
    """
    till = pl.read_csv(DATA / "french_shop" / "till_export.csv", try_parse_dates=True)
    articles = till.sort("unique_id", "ds").group_by("unique_id", maintain_order=True).agg(pl.col("unit_price").last())
    return _write(
        folder,
        tenants=_tenant("french_shop", "Europe/Paris", "FR", "EUR"),
        products=articles.select(
            tenant_id=pl.lit("french_shop"), product_id="unique_id", name="unique_id", price="unit_price"
        ),
        sales=till.select(tenant_id=pl.lit("french_shop"), product_id="unique_id", sales_date="ds", quantity="y"),
    )


def write_kiel_branch(folder: Path) -> Path:
    """One German branch: product groups are products, turnover in EUR is the quantity.

    The town's festival week is a calendar event, given for every year in the file, so known ahead. Weather has
    the temperature; no rain is given. The unit says kg only because a quantity in pieces would be whole.
    """
    source = DATA / "kiel_branch"
    sales = pl.read_csv(source / "umsatzdaten_gekuerzt.csv", try_parse_dates=True).with_columns(
        product_id=pl.format("group-{}", "Warengruppe")
    )
    festival = pl.read_csv(source / "kiwo.csv", try_parse_dates=True).filter(pl.col("KielerWoche") == 1)
    weather = pl.read_csv(source / "wetter.csv", try_parse_dates=True)
    tenant = pl.lit("kiel_branch").alias("tenant_id")
    return _write(
        folder,
        tenants=_tenant("kiel_branch", "Europe/Berlin", "DE", "EUR").with_columns(region=pl.lit("SH")),
        products=sales.select("product_id")
        .unique()
        .sort("product_id")
        .select(tenant, "product_id", name="product_id", unit=pl.lit("kg")),
        sales=sales.sort("product_id", "Datum").select(tenant, "product_id", sales_date="Datum", quantity="Umsatz"),
        calendar=festival.select(tenant, date="Datum", kind=pl.lit("event"), name=pl.lit("Kieler Woche")),
        weather=weather.select(
            tenant, date="Datum", temperature_c=pl.col("Temperatur").round(3), rain_mm=pl.lit(None, pl.Float64)
        ),
    )


def write_fresh_chain(folder: Path) -> Path:
    """Fresh food in 16 cities: a city is a tenant, its stores are locations, for calendar and weather are by tenant.

    - ``sales`` is a day's sum over all 24 hours. ``sales_hourly`` holds the opening hours only (6 to 22), with
      ``in_stock`` = 1 - the stock-out flag: a shelf that is empty at night is no lost sale. About 4% of the
      sales fall outside these hours, so the hours of a day sum to a little less than the day.
    - ``holiday_flag`` marks every day off, weekends included. Only those from Monday to Friday become calendar
      holidays; a weekend is a weekday's business.
    - The calendar has no location. A product is on promotion in a city on days when most of its stores there
      have the activity flag or at least a tenth off; stores of a city agree on 97 days of 100.
    - Weather differs a little between stores; the city's is their mean.
    - The unit says kg because the data's sales are scaled and a quantity in pieces would be whole.
    """
    hourly = pl.read_parquet(DATA / "fresh_chain" / "hourly.parquet").with_columns(
        pl.col("dt").str.to_date(),
        tenant_id=pl.format("city-{}", "city_id"),
        location_id=pl.format("store-{}", "store_id"),
        product_id=pl.format("product-{}", "product_id"),
    )
    days = hourly.group_by(*SERIES, "dt").agg(
        quantity=pl.col("hourly_sale").sum().round(6),
        is_promoted=((pl.col("activity_flag") == 1) | (pl.col("discount") < REAL_DISCOUNT)).any(),
    )
    opened = hourly.filter(pl.col("hour").is_between(*OPENING_HOURS))
    cities = hourly.select("tenant_id").unique().sort("tenant_id")
    return _write(
        folder,
        tenants=cities.select(
            "tenant_id",
            name="tenant_id",
            timezone=pl.lit("Asia/Shanghai"),
            country=pl.lit("CN"),
            currency=pl.lit("CNY"),
        ),
        products=hourly.select(*PRODUCT, "third_category_id")
        .unique()
        .sort(PRODUCT)
        .select(*PRODUCT, name="product_id", category=pl.format("category-{}", "third_category_id"), unit=pl.lit("kg")),
        sales=days.sort(*SERIES, "dt").select(*PRODUCT, "location_id", sales_date="dt", quantity="quantity"),
        sales_hourly=opened.sort(*SERIES, "dt", "hour").select(
            *PRODUCT,
            "location_id",
            "hour",
            sales_date="dt",
            quantity="hourly_sale",
            in_stock=1.0 - pl.col("hourly_stockout"),
        ),
        calendar=_fresh_chain_calendar(hourly, days),
        weather=hourly.group_by("tenant_id", date="dt")
        .agg(temperature_c=pl.col("avg_temperature").mean().round(3), rain_mm=pl.col("precpt").mean().round(3))
        .sort("tenant_id", "date"),
    )


def _fresh_chain_calendar(hourly: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    promoted = days.group_by(*PRODUCT, "dt").agg(share=pl.col("is_promoted").mean()).filter(pl.col("share") > 0.5)
    holidays = hourly.filter((pl.col("holiday_flag") == 1) & (pl.col("dt").dt.weekday() < SATURDAY))
    calendar = [
        holidays.select("tenant_id", date="dt", kind=pl.lit(HOLIDAY), product_id=pl.lit(None, pl.String)).unique(),
        promoted.select("tenant_id", date="dt", kind=pl.lit(PROMOTION), product_id="product_id"),
    ]
    return pl.concat(calendar).sort("tenant_id", "date", "kind", "product_id")


WRITERS: Mapping[str, Callable[[Path], Path]] = {
    "bread_chain": write_bread_chain,
    "yaz_restaurant": write_yaz_restaurant,
    "breadbasket": write_breadbasket,
    "french_shop": write_french_shop,
    "kiel_branch": write_kiel_branch,
    "fresh_chain": write_fresh_chain,
}


def _copy(name: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted((DATA / name).glob("*.csv")):
        shutil.copyfile(file, folder / file.name)
    return folder


def _tenant(name: str, zone: str, country: str, currency: str) -> pl.DataFrame:
    row = {"tenant_id": name, "name": name, "timezone": zone, "country": country, "currency": currency}
    return pl.DataFrame([row])


def _write(folder: Path, **tables: pl.DataFrame) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder
