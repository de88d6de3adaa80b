"""A bakery whose sales are sound, and ways to spoil exactly one thing about them."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from bakery_assets.cells import CELLS
from bakery_assets.local_time import to_instant

MONDAY = date(2026, 3, 9)  # no German public holiday within the 10 weeks before but 1 January
ZONE = "Europe/Berlin"
PRODUCTS = ("rye", "roll", "pretzel", "cake", "rusk")
FACTS = ("tenants", "products", "sales", "calendar")
Frames = dict[str, pl.DataFrame]
CALENDAR = {
    "tenant_id": pl.String, "date": pl.Date, "kind": pl.String, "product_id": pl.String, "name": pl.String,
    "opens": pl.Time, "closes": pl.Time,
}  # fmt: skip


def usual_quantity(product: int, day: date) -> float:
    """Around 30, 60, ... pieces, more on Saturdays; odd and even numbers, nothing on Sundays."""
    swing = (day.toordinal() * 7 + product * 3) % 5 - 2
    return float(30 * (product + 1) + (20 if day.isoweekday() == 6 else 0) + swing)


def facts(tenant: str, *, day: date = MONDAY, days: int = 120, zone: str = ZONE) -> Frames:
    """A bakery with five products, open Monday to Saturday; sales are recorded at 20:00 UTC of their day."""
    dates = [day - timedelta(days=back) for back in range(days, 0, -1)]
    return {
        "tenants": pl.DataFrame(
            {"tenant_id": [tenant], "name": [tenant], "timezone": [zone], "country": ["DE"], "region": [None]},
            schema_overrides={"region": pl.String},
        ),
        "products": pl.DataFrame(
            {"tenant_id": tenant, "product_id": PRODUCTS, "unit": "piece", "discontinued_on": None},
            schema_overrides={"discontinued_on": pl.Date},
        ),
        "sales": pl.DataFrame(
            [
                (tenant, product, sold, "main", usual_quantity(number, sold), datetime.combine(sold, time(20), UTC))
                for sold in dates
                if sold.isoweekday() < 7
                for number, product in enumerate(PRODUCTS)
            ],
            schema={
                "tenant_id": pl.String, "product_id": pl.String, "sales_date": pl.Date, "location_id": pl.String,
                "quantity": pl.Float64, "recorded_at": pl.Datetime("us", "UTC"),
            },
            orient="row",
        ),
        "calendar": pl.DataFrame(schema=CALENDAR),
    }  # fmt: skip


def cells(*tenants: str, day: date = MONDAY, zone: str = ZONE) -> pl.DataFrame:
    """The tenants' cells of a day."""
    instant = to_instant(day, time(5, 30), zone)
    return pl.DataFrame([(tenant, day, zone, instant) for tenant in tenants], schema=CELLS, orient="row")


def together(*bakeries: Mapping[str, pl.DataFrame]) -> Frames:
    """Several bakeries' facts."""
    return {name: pl.concat([each[name] for each in bakeries]) for name in FACTS}


def changed(frames: Frames, change: Callable[[pl.DataFrame], pl.DataFrame], table: str = "sales") -> Frames:
    """The facts with one table changed."""
    return {**frames, table: change(frames[table])}


def scaled(factor: float, since: date, until: date = MONDAY) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Every quantity of some days times a factor."""
    within = pl.col("sales_date").is_between(since, until)
    return lambda sales: sales.with_columns(
        quantity=pl.when(within).then(pl.col("quantity") * factor).otherwise("quantity")
    )


def with_row(
    product: str, day: date, quantity: float | None, **other: object
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Sales with the row of a product and day replaced."""

    def change(sales: pl.DataFrame) -> pl.DataFrame:
        is_it = (pl.col("product_id") == product) & (pl.col("sales_date") == day)
        row = sales.head(1).with_columns(
            product_id=pl.lit(product), sales_date=pl.lit(day), quantity=pl.lit(quantity, pl.Float64),
            recorded_at=pl.lit(datetime.combine(day, time(20), UTC)).cast(pl.Datetime("us", "UTC")),
        )  # fmt: skip
        row = row.with_columns(**{name: pl.lit(value, sales.schema[name]) for name, value in other.items()})
        return pl.concat([sales.filter(~is_it), row])

    return change


def days_dropped(*dates: date) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Sales without some days."""
    return lambda sales: sales.filter(~pl.col("sales_date").is_in(list(dates)))


def calendar_rows(tenant: str, kind: str, *dates: date) -> pl.DataFrame:
    """Calendar entries for the whole bakery."""
    blank = dict.fromkeys(("product_id", "name", "opens", "closes"))
    return pl.DataFrame([{"tenant_id": tenant, "date": day, "kind": kind, **blank} for day in dates], schema=CALENDAR)
