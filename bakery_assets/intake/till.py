"""A till's own export as rows of sales: tickets summed to local days, refunds netted off, articles as products."""

from collections.abc import Iterator
from functools import cached_property

import polars as pl

from bakery_assets.intake.chunks import (
    FAULT_COLUMN,
    FAULT_REASON,
    FAULTS,
    LONGEST_CODE,
    ROW_NUMBER,
    VALUE,
    Chunk,
    Source,
    as_faults,
)
from bakery_assets.intake.delimited import read_delimited
from bakery_assets.intake.till_form import Till
from bakery_assets.intake.till_values import to_day, to_number
from bakery_assets.intake.values import FIRST_YEAR, LAST_YEAR

LARGEST = 1e9
MEASURES = ("quantity", "price", "revenue")
ARTICLES = {"product_id": pl.String(), "price": pl.Float64()}


class TillSales:
    """An export as sales of one tenant; it is read once, when first asked for."""

    def __init__(self, till: Till, tenant_id: str, location_id: str, zone: str) -> None:
        self._till = till
        self._tenant_id = tenant_id
        self._location_id = location_id
        self._zone = zone

    def source(self) -> Source:
        """Rows of ``sales``, as text: one a product and day, under the number of its first line."""
        path = self._till.path
        return Source(path.name, path.stat().st_size, self._chunks)

    def articles(self) -> pl.DataFrame:
        """``product_id, price``: every article once, with the median price of the last day that shows one."""
        lines = self._lines[0]
        names = lines.select("product_id").unique()
        priced = lines.filter(pl.col("price").is_not_null())
        last = priced.filter(pl.col("sales_date") == pl.col("sales_date").max().over("product_id"))
        # One row per price and day; a price that many tickets show counts as often.
        median = last.group_by("product_id").agg(pl.col("price").repeat_by("lines").explode().median().round(4))
        return names.join(median, on="product_id", how="left").sort("product_id").cast(pl.Schema(ARTICLES))

    def notes(self) -> tuple[str, ...]:
        """What the user should look at."""
        lines = self._lines[0].filter((pl.col("price") > 0) & (pl.col("quantity") != 0))
        pieces = pl.col("quantity") / pl.col("price")
        share = lines.select(
            fractions=(pl.col("quantity") % 1 != 0).mean(),
            multiples=((pieces - pieces.round()).abs() < 1e-6).mean(),
        ).row(0)
        till = self._till
        notes = till.notes
        lines_read, days = (
            self._lines[0].select(pl.col("lines").sum(), pl.struct("product_id", "sales_date").n_unique()).row(0)
        )
        if lines_read > days:
            notes = (*notes, f"{lines_read:,} lines of the export make {days:,} days of articles.")
        if till.columns.quantity and share[0] is not None and share[0] > 0.1 and share[1] > 0.9:
            hint = (
                f"Column {till.columns.quantity} was read as quantities, but {share[1]:.0%} of them are whole"
                f" multiples of the price and {share[0]:.0%} are fractions: it may hold takings. If so, import it with"
                f" --revenue {till.columns.quantity}, and quantities follow from the price."
            )
            return (*notes, hint)
        return notes

    def _chunks(self) -> Iterator[Chunk]:
        lines, faults, position = self._lines
        days = (
            lines.group_by("product_id", "sales_date")
            .agg(
                pl.col(ROW_NUMBER).min(),
                pl.col("quantity").sum().round(6),
                # A sum with a gap is no sum.
                pl.when(pl.col("revenue").is_not_null().all()).then(pl.col("revenue").sum().round(2)).alias("revenue"),
            )
            .sort(ROW_NUMBER)
        )
        rows = days.select(
            ROW_NUMBER,
            pl.lit(self._tenant_id).alias("tenant_id"),
            "product_id",
            pl.col("sales_date").cast(pl.String),
            pl.lit(self._location_id).alias("location_id"),
            (pl.col("quantity") + 0.0).cast(pl.String),
            (pl.col("revenue") + 0.0).cast(pl.String),
        )
        yield Chunk(rows, faults, position)

    @cached_property
    def _lines(self) -> tuple[pl.DataFrame, pl.DataFrame, int]:
        """Tickets summed by product, day and price; rows at fault; bytes read.

        What is held grows with products and days, not with tickets.
        """
        parts: list[pl.DataFrame] = []
        faults: list[pl.DataFrame] = [pl.DataFrame(schema=FAULTS)]
        position = 0
        for chunk in read_delimited(self._till.path, self._till.form):
            good, bad = self._read(chunk)
            parts.append(_summed(good))
            if len(parts) > 20:
                parts = [_summed(pl.concat(parts))]
            faults.append(bad)
            position = chunk.position
        tenant = pl.lit(self._tenant_id).alias("tenant_id")
        return _summed(pl.concat(parts)), pl.concat(faults).with_columns(tenant), position

    def _read(self, chunk: Chunk) -> tuple[pl.DataFrame, pl.DataFrame]:
        till, columns = self._till, self._till.columns
        read = [name for name in chunk.rows.columns if name != ROW_NUMBER]
        cells = chunk.rows.with_columns(pl.col(name).str.strip_chars() for name in read)
        number = {role: getattr(columns, role) for role in MEASURES}
        values = cells.select(
            ROW_NUMBER,
            pl.col(columns.article).str.replace_all(r"\s+", " ").alias("product_id"),
            to_day(columns.date, order=till.order, date_format=till.date_format, zone=self._zone).alias("sales_date"),
            *(
                to_number(name, till.decimals[name]).alias(role) if name else pl.lit(None, pl.Float64).alias(role)
                for role, name in number.items()
            ),
            lines=pl.lit(1, pl.Int64),
        )
        quantity, price, revenue = (pl.col(role) for role in MEASURES)
        values = values.with_columns(
            quantity=quantity if columns.quantity else pl.when(revenue == 0).then(0.0).otherwise(revenue / price),
            revenue=revenue if columns.revenue else pl.when(quantity == 0).then(0.0).otherwise(quantity * price),
        )
        reasons = pl.concat([cells.select(read), values.select(pl.all().name.prefix(VALUE))], how="horizontal").select(
            self._complaints()
        )
        found = reasons.select(
            pl.coalesce(pl.all()).alias(FAULT_REASON),
            pl.coalesce(pl.when(pl.col(n).is_not_null()).then(pl.lit(n)) for n in reasons.columns).alias(FAULT_COLUMN),
        )
        good = found[FAULT_REASON].is_null()
        bad = pl.concat([chunk.rows, found], how="horizontal").filter(~good)
        return values.filter(good), pl.concat([chunk.faults, as_faults(bad, read)])

    def _complaints(self) -> Iterator[pl.Expr]:
        till, columns = self._till, self._till.columns
        form = f"in the form {till.date_format}" if till.date_format else "such as 2026-03-29, 29.03.2026 or 29/03/2026"
        article, day = pl.col(columns.article), pl.col(f"{VALUE}sales_date")
        yield (
            pl.when(article.fill_null("") == "")
            .then(pl.lit(f"{columns.article} is empty; every row needs an article"))
            .when(pl.col(f"{VALUE}product_id").str.len_chars() > LONGEST_CODE)
            .then(pl.lit(f"{columns.article} is longer than {LONGEST_CODE} characters; shorten it"))
            .alias(columns.article)
        )
        yield (
            pl.when(day.is_null())
            .then(_says(columns.date, f", which is no date; one {form} is expected"))
            .when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR).not_())
            .then(_says(columns.date, f"; a year from {FIRST_YEAR} to {LAST_YEAR} is expected"))
            .alias(columns.date)
        )
        needed: set[str | None] = {columns.quantity} if columns.quantity else {columns.revenue, columns.price}
        for role in MEASURES:
            name = getattr(columns, role)
            if name is None:
                continue
            sign = till.decimals[name]
            value = pl.col(f"{VALUE}{role}")
            written = pl.col(name) != ""
            hint = f", which is no number; write it like 12{sign}50, or say how it is written with --decimal"
            complaint = (
                pl.when(written & value.is_null())
                .then(_says(name, hint))
                .when(value.abs() > LARGEST)
                .then(_says(name, f"; {LARGEST:,.0f} or less is expected"))
            )
            if name in needed:
                complaint = complaint.when(~written).then(pl.lit(f"{name} is empty; every row needs it"))
            if role == "price":
                complaint = complaint.when(value < 0).then(
                    _says(name, "; a price is not negative, refunds have a negative quantity")
                )
                if not columns.quantity:
                    zero = (value == 0) & (pl.col(f"{VALUE}revenue") != 0)
                    complaint = complaint.when(zero).then(_says(name, "; takings without a price give no quantity"))
            yield complaint.alias(name)


def _says(name: str, hint: str) -> pl.Expr:
    return pl.format("{} is '{}'{}", pl.lit(name), pl.col(name).str.slice(0, 60), pl.lit(hint))


def _summed(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.group_by("product_id", "sales_date", "price", maintain_order=True).agg(
        pl.col(ROW_NUMBER).min(),
        pl.col("quantity").sum(),
        pl.when(pl.col("revenue").is_not_null().all()).then(pl.col("revenue").sum()).alias("revenue"),
        pl.col("lines").sum(),
    )
