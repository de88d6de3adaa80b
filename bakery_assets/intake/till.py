"""A till's own export as rows of sales: tickets summed to local days and hours, refunds netted off, articles as
products.

How the export is written is detected in ``till_dialect``, its lines are read in ``till_lines``.
"""

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import NamedTuple

import dataframely as dy
import polars as pl

from bakery_assets.intake.faults import ROW_NUMBER, Faults, faults_frame
from bakery_assets.intake.row_batches import RowBatch, Source
from bakery_assets.intake.till_dialect import TillDialect
from bakery_assets.intake.till_lines import LineReader
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform
from bakery_assets.schemas.columns import MAIN_LOCATION

MOST_PARTS = 20  # summed batches that are held before they are summed again
_DAY = ["product_id", "location_id", "sales_date"]


class Articles(dy.Schema):
    """What a till sells; each becomes a product."""

    product_id = col.key_text("The article, which names the product", primary_key=True)
    price = col.number("Median price of the last day that shows one", minimum=None, nullable=True)


class _Read(NamedTuple):
    lines: pl.DataFrame
    faults: dy.DataFrame[Faults]
    position: int
    left_out: pl.DataFrame


class TillSales:
    """An export as sales of one tenant; it is read once, when its rows or articles are first needed.

    Args:
        location_id: the shop that all lines belong to; None: the one that the export names, where it names several or
            the user names its column, and else the tenant's main one.
        by_column: the user has named the column of the shops.
        zone: the tenant's time zone.
    """

    def __init__(
        self, dialect: TillDialect, tenant_id: str, location_id: str | None, zone: str, *, by_column: bool = False
    ) -> None:
        self._dialect = dialect
        self._tenant_id = tenant_id
        self._location_id = location_id
        self._by_column = by_column
        self._zone = zone
        self._known_hours = pl.DataFrame(
            schema={"product_id": pl.String, "location_id": pl.String, "sales_date": pl.Date, "hour": pl.Int32}
        )

    def source(self) -> Source:
        """Rows of ``sales``, as text: one a product, shop and day, under the number of its first line."""
        path = self._dialect.path
        return Source(path.name, path.stat().st_size, self._days, folder=str(path.absolute().parent), is_trimmed=True)

    def hourly_source(self) -> Source | None:
        """Rows of ``sales_hourly``, for days of which every line has a time; None where no day has."""
        if self._timed.is_empty():
            return None
        path = self._dialect.path
        name = f"{path.name} by hour"
        return Source(name, path.stat().st_size, self._hours, folder=str(path.absolute().parent), is_trimmed=True)

    def days(self) -> tuple[date, date] | None:
        """The first and last day of the export."""
        first, last = self._lines.select(pl.col("sales_date").min(), pl.col("sales_date").max().alias("last")).row(0)
        return None if first is None else (first, last)

    def know_hours(self, hours: pl.DataFrame) -> None:
        """Hours that are stored already (``product_id, location_id, sales_date, hour``).

        Of days that the export has, too, those hours in which it sold nothing are told as 0, so that a corrected day
        keeps no sale of its earlier version.
        """
        self._known_hours = hours.select(self._known_hours.columns).cast(self._known_hours.schema)

    def articles(self) -> dy.DataFrame[Articles]:
        """Every article once, with the price of one unit; where none is given, that is takings over quantity."""
        lines = self._lines
        names = lines.select("product_id").unique()
        priced = lines.filter(pl.col("price").is_not_null())
        last = priced.filter(pl.col("sales_date") == pl.col("sales_date").max().over("product_id"))
        # One row per price and day; a price that many tickets show counts as often.
        median = last.group_by("product_id").agg(pl.col("price").repeat_by("lines").explode().median().round(4))
        return conform(Articles, names.join(median, on="product_id", how="left").sort("product_id"))

    def notes(self) -> tuple[str, ...]:
        """What the user should look at."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        yield from self._dialect.notes
        yield from _left_out_notes(self._read.left_out)
        shops = self._shops
        if len(shops) > 1:
            yield (
                f"Column {self._dialect.columns.location} names {len(shops)} shops, which are kept apart:"
                f" {', '.join(shops)}. All of them as one: --location-column none."
            )
        lines = self._lines
        lines_read, days = lines.select(pl.col("lines").sum(), pl.struct(_DAY).n_unique()).row(0)
        if lines_read > days:
            yield f"{lines_read:,} lines of the export make {days:,} days of articles."
        if not self._timed.is_empty():
            yield "Sales by hour were kept, too."
        priced = lines.filter((pl.col("price") > 0) & (pl.col("quantity") != 0))
        pieces = pl.col("quantity") / pl.col("price")
        share = priced.select(
            fractions=(pl.col("quantity") % 1 != 0).mean(),
            multiples=((pieces - pieces.round()).abs() < 1e-6).mean(),
        ).row(0)
        columns = self._dialect.columns
        if columns.quantity and columns.price and share[0] is not None and share[0] > 0.1 and share[1] > 0.9:
            yield (
                f"Column {columns.quantity} was read as quantities, but {share[1]:.0%} of them are whole"
                f" multiples of the price and {share[0]:.0%} are fractions: it may hold takings. If so, import it with"
                f" --revenue {columns.quantity}, and quantities follow from the price."
            )

    def _days(self) -> Iterator[RowBatch]:
        days = (
            self._lines.group_by(_DAY)
            .agg(
                pl.col(ROW_NUMBER).min(),
                pl.col("quantity").sum().round(6),
                # A sum with a gap is no sum.
                pl.when(pl.col("revenue").is_not_null().all()).then(pl.col("revenue").sum().round(2)).alias("revenue"),
            )
            .sort(ROW_NUMBER, *_DAY)
        )
        rows = days.select(*self._key(), _text("quantity"), _text("revenue"))
        yield RowBatch(rows, self._read.faults, self._read.position)

    def _hours(self) -> Iterator[RowBatch]:
        hours = self._timed.group_by(*_DAY, "hour").agg(pl.col(ROW_NUMBER).min(), pl.col("quantity").sum().round(6))
        first_lines = hours.group_by(_DAY).agg(pl.col(ROW_NUMBER).min())
        gone = self._known_hours.join(hours, on=[*_DAY, "hour"], how="anti").join(first_lines, on=_DAY)
        hours = pl.concat([hours, gone.select(*_DAY, "hour", ROW_NUMBER, quantity=pl.lit(0.0))])
        hours = hours.sort(ROW_NUMBER, *_DAY, "hour")
        rows = hours.select(*self._key(), pl.col("hour").cast(pl.String), _text("quantity"))
        yield RowBatch(rows, faults_frame([]), self._read.position)

    def _key(self) -> list[pl.Expr]:
        return [
            pl.col(ROW_NUMBER),
            pl.lit(self._tenant_id).alias("tenant_id"),
            pl.col("product_id"),
            pl.col("sales_date").cast(pl.String),
            pl.col("location_id"),
        ]

    @cached_property
    def _timed(self) -> pl.DataFrame:
        """The lines of days of which every line has a time."""
        return self._lines.filter(pl.col("hour").is_not_null().all().over(_DAY))

    @cached_property
    def _shops(self) -> list[str]:
        """The shops that the export names, where they are kept apart."""
        named = self._read.lines["location_id"].drop_nulls().unique().sort().to_list()
        if self._location_id is not None or not (self._by_column or len(named) > 1):
            return []
        return list(named)

    @cached_property
    def _lines(self) -> pl.DataFrame:
        """The summed lines, each with its shop."""
        shop = (
            pl.col("location_id").fill_null(MAIN_LOCATION)
            if self._shops
            else pl.lit(self._location_id or MAIN_LOCATION)
        )
        return self._read.lines.with_columns(location_id=shop)

    @cached_property
    def _read(self) -> _Read:
        """Tickets summed by product, shop, hour and price; rows at fault; bytes read; lines that are no sale.

        What is held grows with products, days and hours, not with tickets.
        """
        reader = LineReader(self._dialect, self._zone)
        parts: list[pl.DataFrame] = []
        left_out: list[pl.DataFrame] = []
        faults = [faults_frame([])]
        position = 0
        for batch in self._dialect.batches():
            lines = reader.read(batch)
            parts.append(_summed(_with_hours(lines.sales)))
            if len(parts) > MOST_PARTS:
                parts = [_summed(pl.concat(parts))]
            left_out.append(lines.left_out)
            faults.append(lines.faults)
            position = batch.position
        tenant = pl.lit(self._tenant_id).alias("tenant_id")
        return _Read(
            _summed(pl.concat(parts)),
            conform(Faults, pl.concat(faults).with_columns(tenant)),
            position,
            pl.concat(left_out),
        )


def _with_hours(sales: pl.DataFrame) -> pl.DataFrame:
    """Lines with their hour, their shop as text or null, and a price, which may follow from takings and quantity."""
    derived = pl.when((pl.col("quantity") > 0) & (pl.col("revenue") > 0)).then(pl.col("revenue") / pl.col("quantity"))
    shop = pl.col("location_id").replace("", None)
    return sales.select(
        ROW_NUMBER,
        "product_id",
        "sales_date",
        pl.when(shop.str.to_lowercase() == MAIN_LOCATION)
        .then(pl.lit(MAIN_LOCATION))
        .otherwise(shop)
        .alias("location_id"),
        (pl.col("minute") // 60).alias("hour"),
        pl.coalesce("price", derived.round(4)).alias("price"),
        "quantity",
        "revenue",
        "lines",
    )


def _summed(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.group_by(*_DAY, "hour", "price", maintain_order=True).agg(
        pl.col(ROW_NUMBER).min(),
        pl.col("quantity").sum(),
        pl.when(pl.col("revenue").is_not_null().all()).then(pl.col("revenue").sum()).alias("revenue"),
        pl.col("lines").sum(),
    )


def _left_out_notes(left_out: pl.DataFrame) -> Iterator[str]:
    found = left_out.group_by("what").agg(
        pl.col("lines").sum(), pl.col("which").sort_by(["lines", "which"], descending=[True, False]).first()
    )
    for what, lines, which in found.sort("what").rows():
        example = f", for example {which}" if which else ""
        yield f"{lines:,} {'lines were' if lines > 1 else 'line was'} left out ({what}{example})."


def _text(name: str) -> pl.Expr:
    # Adding 0.0 turns minus zero, which prints and compares in surprising ways, into zero.
    return (pl.col(name) + 0.0).cast(pl.String).alias(name)
