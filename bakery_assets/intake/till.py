"""A till's own export as rows of sales: tickets summed to local days, refunds netted off, articles as products.

How the export is written is detected in ``till_dialect``.
"""

from collections.abc import Iterator
from functools import cached_property

import dataframely as dy
import polars as pl

from bakery_assets.intake.delimited import read_delimited
from bakery_assets.intake.faults import ROW_NUMBER, Faults, faults_frame, row_faults, with_content
from bakery_assets.intake.row_batches import VALUE, RowBatch, Source
from bakery_assets.intake.till_dialect import TillDialect
from bakery_assets.intake.till_values import to_day, to_number
from bakery_assets.intake.values import FIRST_YEAR, LAST_YEAR, LONGEST_CODE, shown_text
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform

LARGEST = 1e9
MEASURES = ("quantity", "price", "revenue")


class Articles(dy.Schema):
    """What a till sells; each becomes a product."""

    product_id = col.key_text("The article, which names the product", primary_key=True)
    price = col.number("Median price of the last day that shows one", minimum=None, nullable=True)


class TillSales:
    """An export as sales of one tenant; it is read once, when its rows or articles are first needed."""

    def __init__(self, dialect: TillDialect, tenant_id: str, location_id: str, zone: str) -> None:
        self._dialect = dialect
        self._tenant_id = tenant_id
        self._location_id = location_id
        self._zone = zone

    def source(self) -> Source:
        """Rows of ``sales``, as text: one a product and day, under the number of its first line."""
        path = self._dialect.path
        return Source(path.name, path.stat().st_size, self._batches)

    def articles(self) -> dy.DataFrame[Articles]:
        """Every article once."""
        lines = self._lines[0]
        names = lines.select("product_id").unique()
        priced = lines.filter(pl.col("price").is_not_null())
        last = priced.filter(pl.col("sales_date") == pl.col("sales_date").max().over("product_id"))
        # One row per price and day; a price that many tickets show counts as often.
        median = last.group_by("product_id").agg(pl.col("price").repeat_by("lines").explode().median().round(4))
        return conform(Articles, names.join(median, on="product_id", how="left").sort("product_id"))

    def notes(self) -> tuple[str, ...]:
        """What the user should look at."""
        lines = self._lines[0].filter((pl.col("price") > 0) & (pl.col("quantity") != 0))
        pieces = pl.col("quantity") / pl.col("price")
        share = lines.select(
            fractions=(pl.col("quantity") % 1 != 0).mean(),
            multiples=((pieces - pieces.round()).abs() < 1e-6).mean(),
        ).row(0)
        dialect = self._dialect
        notes = dialect.notes
        lines_read, days = (
            self._lines[0].select(pl.col("lines").sum(), pl.struct("product_id", "sales_date").n_unique()).row(0)
        )
        if lines_read > days:
            notes = (*notes, f"{lines_read:,} lines of the export make {days:,} days of articles.")
        if dialect.columns.quantity and share[0] is not None and share[0] > 0.1 and share[1] > 0.9:
            hint = (
                f"Column {dialect.columns.quantity} was read as quantities, but {share[1]:.0%} of them are whole"
                f" multiples of the price and {share[0]:.0%} are fractions: it may hold takings. If so, import it with"
                f" --revenue {dialect.columns.quantity}, and quantities follow from the price."
            )
            return (*notes, hint)
        return notes

    def _batches(self) -> Iterator[RowBatch]:
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
        yield RowBatch(rows, faults, position)

    @cached_property
    def _lines(self) -> tuple[pl.DataFrame, dy.DataFrame[Faults], int]:
        """Tickets summed by product, day and price; rows at fault; bytes read.

        What is held grows with products and days, not with tickets.
        """
        parts: list[pl.DataFrame] = []
        faults = [faults_frame([])]
        position = 0
        for batch in read_delimited(self._dialect.path, self._dialect.csv):
            good, bad = self._read(batch)
            parts.append(_summed(good))
            if len(parts) > 20:
                parts = [_summed(pl.concat(parts))]
            faults.append(bad)
            position = batch.position
        tenant = pl.lit(self._tenant_id).alias("tenant_id")
        return _summed(pl.concat(parts)), conform(Faults, pl.concat(faults).with_columns(tenant)), position

    def _read(self, batch: RowBatch) -> tuple[pl.DataFrame, dy.DataFrame[Faults]]:
        dialect, columns = self._dialect, self._dialect.columns
        read = batch.columns
        cells = batch.rows.with_columns(pl.col(name).str.strip_chars() for name in read)
        number = {role: getattr(columns, role) for role in MEASURES}
        values = cells.select(
            ROW_NUMBER,
            pl.col(columns.article).str.replace_all(r"\s+", " ").alias("product_id"),
            to_day(columns.date, order=dialect.order, date_format=dialect.date_format, zone=self._zone).alias(
                "sales_date"
            ),
            *(
                to_number(name, dialect.decimals[name]).alias(role) if name else pl.lit(None, pl.Float64).alias(role)
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
            self._reasons()
        )
        found = pl.concat([values.select(ROW_NUMBER), reasons], how="horizontal").select(
            ROW_NUMBER,
            column_name=pl.coalesce(pl.when(pl.col(n).is_not_null()).then(pl.lit(n)) for n in reasons.columns),
            reason=pl.coalesce(reasons.columns),
        )
        is_good = found["reason"].is_null()
        faults = with_content(batch.rows, row_faults(found.filter(~is_good)))
        return values.filter(is_good), conform(Faults, pl.concat([batch.faults, faults]))

    def _reasons(self) -> Iterator[pl.Expr]:
        dialect, columns = self._dialect, self._dialect.columns
        form = (
            f"in the form {dialect.date_format}"
            if dialect.date_format
            else "such as 2026-03-29, 29.03.2026 or 29/03/2026"
        )
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
            .then(_shown(columns.date, f", which is no date; one {form} is expected"))
            .when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR).not_())
            .then(_shown(columns.date, f"; a year from {FIRST_YEAR} to {LAST_YEAR} is expected"))
            .alias(columns.date)
        )
        needed: set[str | None] = {columns.quantity} if columns.quantity else {columns.revenue, columns.price}
        for role in MEASURES:
            name = getattr(columns, role)
            if name is None:
                continue
            sign = dialect.decimals[name]
            value = pl.col(f"{VALUE}{role}")
            written = pl.col(name) != ""
            hint = f", which is no number; write it like 12{sign}50, or say how it is written with --decimal"
            reason = (
                pl.when(written & value.is_null())
                .then(_shown(name, hint))
                .when(value.abs() > LARGEST)
                .then(_shown(name, f"; {LARGEST:,.0f} or less is expected"))
            )
            if name in needed:
                reason = reason.when(~written).then(pl.lit(f"{name} is empty; every row needs it"))
            if role == "price":
                reason = reason.when(value < 0).then(
                    _shown(name, "; a price is not negative, refunds have a negative quantity")
                )
                if not columns.quantity:
                    zero = (value == 0) & (pl.col(f"{VALUE}revenue") != 0)
                    reason = reason.when(zero).then(_shown(name, "; takings without a price give no quantity"))
            yield reason.alias(name)


def _shown(name: str, hint: str) -> pl.Expr:
    return shown_text(name, pl.col(name)) + hint


def _summed(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.group_by("product_id", "sales_date", "price", maintain_order=True).agg(
        pl.col(ROW_NUMBER).min(),
        pl.col("quantity").sum(),
        pl.when(pl.col("revenue").is_not_null().all()).then(pl.col("revenue").sum()).alias("revenue"),
        pl.col("lines").sum(),
    )
