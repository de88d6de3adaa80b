"""A till's own export as rows of sales: tickets summed to local days and hours, refunds netted off, articles as
products.

How the export is written is detected in ``till_dialect``, its lines are read in ``till_lines``.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import dataframely as dy
import polars as pl

from bakery_assets.intake.faults import ROW_NUMBER, Faults, RowFaults, faults_frame, with_content
from bakery_assets.intake.row_batches import RowBatch, Source
from bakery_assets.intake.till_dialect import TillDialect
from bakery_assets.intake.till_lines import LineReader
from bakery_assets.quantities import counted
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
    repeated: int  # receipts that the file has more than once
    canceled: pl.DataFrame


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

    def lines(self) -> pl.DataFrame:
        """What was sold by receipt and minute, or by hour where receipts have no numbers.

        Columns ``tenant_id, product_id, location_id, sales_date, receipt, minute, quantity, revenue`` as in
        ``imports.ImportLines``.
        """
        summed = self._lines.group_by(*_DAY, "receipt", "minute").agg(*_SUMS)
        tenant = pl.lit(self._tenant_id).alias("tenant_id")
        return summed.select(tenant, *_DAY, "receipt", "minute", "quantity", "revenue").sort(*_DAY, "receipt", "minute")

    def canceled(self) -> pl.DataFrame:
        """Receipts that are void and have no other line: ``tenant_id, location_id, sales_date, receipt, minute``."""
        found = self._read.canceled.with_columns(location_id=self._shop())
        found = found.join(self._lines, on=found.columns, how="anti", nulls_equal=True)
        return self._keyed(found.sort(found.columns)) if self.has_receipts else self._keyed(found.clear())

    @property
    def has_receipts(self) -> bool:
        """Whether every line has the number of its receipt."""
        receipts = pl.concat([self._lines["receipt"], self._read.canceled["receipt"]])
        return len(receipts) > 0 and not (receipts == "").any()

    def days(self) -> pl.DataFrame:
        """What the export says of days: ``tenant_id, product_id, location_id, sales_date, quantity, revenue``."""
        return self._keyed(self._lines.group_by(_DAY).agg(*_SUMS))

    def hours(self) -> pl.DataFrame:
        """The same of hours, without revenue, for days of which every line has a time."""
        return self._keyed(self._timed.group_by(*_DAY, "hour").agg(*_SUMS).drop("revenue"))

    def source(self, days: pl.DataFrame | None = None, refused: dy.DataFrame[RowFaults] | None = None) -> Source:
        """Rows of ``sales``, as text: one a product, shop and day, under the number of its first line.

        Args:
            days: ``KEY, quantity, revenue`` of the export's days together with what other files say of them; None:
                the export alone.
            refused: rows that are faults.
        """
        path, days = self._dialect.path, self.days() if days is None else days
        rows = self._numbered(days).select(*self._key(), _text("quantity"), _text("revenue"))
        faults = [self._read.faults]
        if refused is not None and refused.height:
            faults.append(with_content(rows, refused))
            rows = rows.join(refused.select(pl.col("row_number").alias(ROW_NUMBER)), on=ROW_NUMBER, how="anti")
        batch = RowBatch(rows, conform(Faults, pl.concat(faults)), self._read.position)
        folder = str(path.absolute().parent)
        return Source(path.name, path.stat().st_size, lambda: iter([batch]), folder=folder, is_trimmed=True)

    def hourly_source(self, hours: pl.DataFrame | None = None) -> Source | None:
        """Rows of ``sales_hourly``, as ``source``; None where there are none."""
        hours = self.hours() if hours is None else hours
        if hours.is_empty():
            return None
        path = self._dialect.path
        rows = self._numbered(hours).select(*self._key(), pl.col("hour").cast(pl.String), _text("quantity"))
        batch = RowBatch(rows, faults_frame([]), self._read.position)
        name, folder = f"{path.name} by hour", str(path.absolute().parent)
        return Source(name, path.stat().st_size, lambda: iter([batch]), folder=folder, is_trimmed=True)

    def row_numbers(self) -> pl.DataFrame:
        """The first line of each product, shop and day: ``ROW_NUMBER, product_id, location_id, sales_date``."""
        return self._lines.group_by(_DAY).agg(pl.col(ROW_NUMBER).min())

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
        if self._read.repeated:
            yield f"{self._read.repeated:,} receipts come more than once in the file, and count once."
        shops = self._shops
        if len(shops) > 1:
            yield (
                f"Column {self._dialect.columns.location} names {len(shops)} shops, which are kept apart:"
                f" {', '.join(shops)}. All of them as one: --location-column none."
            )
        lines = self._lines
        lines_read, days = lines.select(pl.col("lines").sum(), pl.struct(_DAY).n_unique()).row(0)
        if lines_read > days:
            yield f"{lines_read:,} lines of the export make {counted(days, 'day of an article', 'days of articles')}."
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

    def _keyed(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(pl.lit(self._tenant_id).alias("tenant_id"), *rows.columns)

    def _numbered(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows under the numbers of their first lines, in the order of these."""
        order = [name for name in (ROW_NUMBER, *_DAY, "hour") if name == ROW_NUMBER or name in rows.columns]
        return rows.join(self.row_numbers(), on=_DAY).sort(order)

    def _key(self) -> list[pl.Expr]:
        return [
            pl.col(ROW_NUMBER),
            pl.col("tenant_id"),
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
        return self._read.lines.with_columns(location_id=self._shop())

    def _shop(self) -> pl.Expr:
        """The shop of a line that may name one."""
        if not self._shops:
            return pl.lit(self._location_id or MAIN_LOCATION)
        named = pl.col("location_id").replace("", None)
        main = named.str.to_lowercase() == MAIN_LOCATION
        return pl.when(main.fill_null(value=True)).then(pl.lit(MAIN_LOCATION)).otherwise(named)

    @cached_property
    def _read(self) -> _Read:
        """Tickets summed by product, shop, hour and price, where they have numbers also by these and the minute.

        What is held grows with products, days and hours, and with receipts that have numbers, not with lines.
        """
        reader = LineReader(self._dialect, self._zone)
        parts: list[pl.DataFrame] = []
        left_out: list[pl.DataFrame] = []
        canceled: list[pl.DataFrame] = []
        faults = [faults_frame([])]
        position = 0
        for batch in self._dialect.batches():
            lines = reader.read(batch)
            parts.append(_summed(_with_hours(lines.sales)))
            if len(parts) > MOST_PARTS:
                parts = [_summed(pl.concat(parts))]
            left_out.append(lines.left_out)
            canceled.append(lines.canceled.select("location_id", "sales_date", "receipt", "minute").unique())
            faults.append(lines.faults)
            position = batch.position
        tenant = pl.lit(self._tenant_id).alias("tenant_id")
        read = _summed(pl.concat(parts))
        has_numbers = not (read["receipt"] == "").any()
        read, repeated = _each_receipt_once(read) if has_numbers else (_without_receipts(read), 0)
        return _Read(
            read.drop("stretch"),
            conform(Faults, pl.concat(faults).with_columns(tenant)),
            position,
            pl.concat(left_out),
            repeated,
            pl.concat(canceled).drop_nulls("sales_date").filter(pl.col("receipt") != "").unique(),
        )


def _with_hours(sales: pl.DataFrame) -> pl.DataFrame:
    """Lines with their hour, their shop as text or null, and a price, which may follow from takings and quantity."""
    derived = pl.when((pl.col("quantity") > 0) & (pl.col("revenue") > 0)).then(pl.col("revenue") / pl.col("quantity"))
    shop = pl.col("location_id").replace("", None)
    is_main = shop.str.to_lowercase() == MAIN_LOCATION
    return sales.select(
        ROW_NUMBER,
        "product_id",
        "sales_date",
        pl.when(is_main).then(pl.lit(MAIN_LOCATION)).otherwise(shop).alias("location_id"),
        (pl.col("minute") // 60).alias("hour"),
        pl.coalesce("price", derived.round(4)).alias("price"),
        "receipt",
        "stretch",
        pl.when(pl.col("receipt") == "").then(pl.col("minute") // 60 * 60).otherwise("minute").alias("minute"),
        "quantity",
        "revenue",
        "lines",
    )


def _summed(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.group_by(*_DAY, "hour", "price", "receipt", "stretch", "minute", maintain_order=True).agg(
        pl.col(ROW_NUMBER).min(), pl.col("quantity").sum(), _revenue(), pl.col("lines").sum()
    )


def _revenue() -> pl.Expr:
    """Takings together; a sum with a gap is no sum."""
    return pl.when(pl.col("revenue").is_not_null().all()).then(pl.col("revenue").sum()).alias("revenue")


_SUMS = (pl.col("quantity").sum().round(6), _revenue().round(2))


def _without_receipts(read: pl.DataFrame) -> pl.DataFrame:
    hour = pl.col("hour") * 60
    return _summed(read.with_columns(receipt=pl.lit(""), stretch=pl.lit(0, pl.UInt32), minute=hour))


def _each_receipt_once(read: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The lines without those of stretches that repeat an earlier one of their receipt, and how many receipts do so.

    A file that was made of several that overlap has receipts twice, whole. A stretch with other lines is another
    part of the receipt, as in a file that is sorted by article.
    """
    stretches = read.select("receipt", "stretch").unique()
    if stretches.height == stretches["receipt"].n_unique():
        return read, 0
    line = pl.struct(*_DAY, "minute", "price", "quantity", "revenue", "lines").hash()
    seen = (
        read.group_by("receipt", "stretch")
        .agg(content=line.sort().cast(pl.String).str.join(","))
        .sort("stretch")
        .with_columns(is_first=pl.struct("receipt", "content").is_first_distinct())
    )
    again = seen.filter(~pl.col("is_first"))
    return read.join(again, on=["receipt", "stretch"], how="anti", maintain_order="left"), again["receipt"].n_unique()


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
