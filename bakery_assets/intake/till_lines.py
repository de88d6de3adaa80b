"""The lines of a till's export as typed rows; which of them are no sale, and which are at fault, is decided here.

How the export is written is in its ``TillDialect``; what becomes of the lines of a day is in ``till``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import dataframely as dy
import polars as pl

from bakery_assets.intake.faults import ROW_NUMBER, Faults, row_faults, with_content, without_others
from bakery_assets.intake.row_batches import VALUE, RowBatch
from bakery_assets.intake.till_dialect import ROUNDING, TillDialect
from bakery_assets.intake.till_names import plain
from bakery_assets.intake.till_profiles import Lines, generic_words, named
from bakery_assets.intake.till_values import to_local, to_number
from bakery_assets.intake.values import FIRST_YEAR, LAST_YEAR, LONGEST_CODE, shown_text
from bakery_assets.schemas import conform

LARGEST = 1e9
MEASURES = ("quantity", "price", "revenue")
MOST_OVER_PRICE = 1.35  # takings over quantity x price: taxes on top
LEAST_OVER_PRICE = 0.1  # below are no discounts, but a quantity read a thousand times too large
JOIN = " - "  # between several columns of one article
_LEFT = "__left"
_CODE_ENDS = "\x1f"  # between the code of a fault and its text
_WHAT, _WHICH = "what", "which"


@dataclass(frozen=True)
class TillLines:
    """Sales of a batch of lines, the lines at fault, and those that are no sale by what they are.

    ``canceled``: lines of receipts that are canceled, typed as ``sales``.
    """

    sales: pl.DataFrame
    faults: dy.DataFrame[Faults]
    left_out: pl.DataFrame
    canceled: pl.DataFrame


@dataclass
class LineReader:
    """Reads batch after batch; a receipt that goes on in the next batch keeps what its first line says.

    Args:
        zone: the tenant's time zone.
    """

    dialect: TillDialect
    zone: str
    _open_receipt: pl.DataFrame = field(default_factory=pl.DataFrame)
    _last_receipt: str | None = None
    _stretch: int = 0

    def read(self, batch: RowBatch) -> TillLines:
        """Type a batch's lines, and put aside those that are no sale or at fault."""
        columns = self.dialect.columns
        cells = self._filled(batch.rows.with_columns(pl.col(name).str.strip_chars() for name in batch.columns))
        articles = [pl.col(name).str.replace_all(r"\s+", " ").replace("", None) for name in columns.article]
        joined = pl.concat_str(articles, separator=JOIN, ignore_nulls=True).replace("", None)
        cells = cells.with_columns(joined.alias(f"{VALUE}product_id"))
        canceled = self._typed(cells.filter(self._is_canceled(cells)))
        cells = cells.with_columns(self._what(cells).alias(_LEFT))
        left_out = (
            cells.filter(pl.col(_LEFT).is_not_null())
            .group_by(pl.col(_LEFT).alias(_WHAT), pl.col(f"{VALUE}product_id").fill_null("").alias(_WHICH))
            .agg(lines=pl.len().cast(pl.Int64))
        )
        cells = cells.filter(pl.col(_LEFT).is_null()).drop(_LEFT)
        values = self._with_stretches(self._typed(cells))
        read = pl.concat(
            [cells.drop(ROW_NUMBER, f"{VALUE}product_id"), values.select(pl.all().name.prefix(VALUE))], how="horizontal"
        )
        reasons = read.select(self._reasons())
        parts = pl.coalesce(reasons.columns).str.split_exact(_CODE_ENDS, 1)
        found = pl.concat([values.select(ROW_NUMBER), reasons], how="horizontal").select(
            ROW_NUMBER,
            code=parts.struct.field("field_0"),
            column_name=pl.coalesce(pl.when(pl.col(n).is_not_null()).then(pl.lit(n)) for n in reasons.columns),
            reason=parts.struct.field("field_1"),
        )
        is_good = found["reason"].is_null()
        faults = with_content(batch.rows.select(ROW_NUMBER, *self._used), row_faults(found.filter(~is_good)))
        unsplit = without_others(batch.faults, self._used, batch.columns)
        return TillLines(values.filter(is_good), conform(Faults, pl.concat([unsplit, faults])), left_out, canceled)

    @property
    def _used(self) -> list[str]:
        """The columns that a rule looks at; what else a line holds, such as customers, is not kept."""
        profile, columns = self.dialect.profile, self.dialect.columns
        names = [*columns.article, columns.date, columns.time, columns.quantity, columns.price, columns.revenue]
        names += [columns.location, *self._status_columns]
        if profile is not None:
            names += [self._column(rule.column) for rule in (*profile.left_out, *profile.not_products)]
            names += [self._column(profile.refunds.column)] if profile.refunds else []
        return list(dict.fromkeys(name for name in names if name))

    def _column(self, name: str) -> str | None:
        return named(self.dialect.header, name)

    def _filled(self, cells: pl.DataFrame) -> pl.DataFrame:
        """The lines, each with what the first line of its receipt says."""
        profile, receipt = self.dialect.profile, self.dialect.columns.receipt
        names = [] if profile is None else [self._column(name) for name in profile.receipt_columns]
        given = [name for name in names if name is not None]
        if not given or receipt is None:
            return cells
        every = pl.concat([self._open_receipt, cells], how="vertical") if self._open_receipt.height else cells
        number = pl.col(receipt).replace("", None).forward_fill()
        every = every.with_columns(
            pl.col(name).replace("", None).forward_fill().over(number.rle_id()) for name in given
        )
        self._open_receipt = every.tail(1)
        return every.tail(cells.height)

    def _with_stretches(self, values: pl.DataFrame) -> pl.DataFrame:
        """Lines with the number of the stretch of lines of one receipt that they belong to."""
        if values.is_empty():
            return values.with_columns(stretch=pl.lit(0, pl.UInt32))
        first, last = values["receipt"][0], values["receipt"][-1]
        start = self._stretch if first == self._last_receipt else self._stretch + 1
        values = values.with_columns(stretch=pl.col("receipt").rle_id() + pl.lit(start, pl.UInt32))
        self._stretch, self._last_receipt = int(values["stretch"][-1]), last
        return values

    @property
    def _status_columns(self) -> list[str]:
        """Without a profile, the columns whose values may say that a line was canceled or given back."""
        if self.dialect.profile is not None:
            return []
        words = generic_words()
        return [name for name in self.dialect.header if plain(name) in words.status_columns]

    def _is_canceled(self, cells: pl.DataFrame) -> pl.Expr:
        """Whether a line says that its receipt is void; its sale is taken back, if an earlier file reported it."""
        rules = self.dialect.profile.left_out if self.dialect.profile else ()
        columns = ((self._column(rule.column), rule) for rule in rules)
        tests = [_matches(cells, column, rule) for column, rule in columns if column is not None]
        tests += [_is_one_of(cells, name, generic_words().canceled) for name in self._status_columns]
        return pl.any_horizontal(pl.lit(value=False), *tests)

    def _what(self, cells: pl.DataFrame) -> pl.Expr:
        """Why a line is no sale; null where it is one."""
        profile, words = self.dialect.profile, generic_words()
        tests: list[tuple[pl.Expr, str]] = []
        for rule in () if profile is None else (*profile.left_out, *profile.not_products):
            column = self._column(rule.column)
            if column is not None:
                tests.append((_matches(cells, column, rule), rule.what))
        tests += [(_is_one_of(cells, name, words.canceled), f"canceled by {name}") for name in self._status_columns]
        article, date = f"{VALUE}product_id", self.dialect.columns.date
        tests += [
            (_is_one_of(cells, article, words.totals), "a total"),
            ((pl.col(article).is_null()) & _is_one_of(cells, date, words.totals), "a total"),
            (_is_one_of(cells, article, words.not_products), "no product"),
        ]
        return pl.coalesce(*(pl.when(test).then(pl.lit(what)) for test, what in tests), pl.lit(None, pl.String))

    def _is_refund(self, cells: pl.DataFrame) -> pl.Expr:
        profile = self.dialect.profile
        if profile is not None:
            column = self._column(profile.refunds.column) if profile.refunds else None
            if profile.refunds is None or column is None:
                return pl.lit(value=False)
            return _is_one_of(cells, column, frozenset(map(plain, profile.refunds.values)))
        words = generic_words().refunds
        tests = [_is_one_of(cells, name, words) for name in self._status_columns]
        return pl.any_horizontal(pl.lit(value=False), *tests)

    def _typed(self, cells: pl.DataFrame) -> pl.DataFrame:
        dialect, columns = self.dialect, self.dialect.columns
        clock = pl.col(columns.time) if columns.time else None
        day, minute = to_local(
            pl.col(columns.date), clock, order=dialect.order, date_format=dialect.date_format, zone=self.zone
        )
        number = {role: getattr(columns, role) for role in MEASURES}
        values = cells.select(
            ROW_NUMBER,
            pl.col(f"{VALUE}product_id").alias("product_id"),
            day.alias("sales_date"),
            minute.alias("minute"),
            (pl.col(columns.location) if columns.location else pl.lit(None, pl.String)).alias("location_id"),
            self._zone_of(cells).alias("zone"),
            self._receipt().alias("receipt"),
            *(
                to_number(name, dialect.decimals[name]).alias(role) if name else pl.lit(None, pl.Float64).alias(role)
                for role, name in number.items()
            ),
            is_refund=self._is_refund(cells),
            lines=pl.lit(1, pl.Int64),
        )
        quantity, price, revenue = (pl.col(role) for role in MEASURES)
        if columns.quantity is None:
            each = 1.0 if columns.quantity_each else pl.when(revenue == 0).then(0.0).otherwise(revenue / price)
            values = values.with_columns(quantity=each)
        elif columns.quantity_each:
            is_one = cells[columns.quantity].fill_null("") == ""
            values = values.with_columns(quantity=pl.when(is_one).then(1.0).otherwise(quantity))
        values = values.with_columns(
            revenue=revenue if columns.revenue else pl.when(quantity == 0).then(0.0).otherwise(quantity * price)
        )
        # A refund is negative whatever its sign; takings that are given back are, too, where nothing else says so.
        gives_back = pl.col("is_refund") | ((revenue < 0) & (quantity > 0))
        values = values.with_columns(
            quantity=pl.when(gives_back).then(-quantity.abs()).otherwise(quantity),
            revenue=pl.when(pl.col("is_refund")).then(-revenue.abs()).otherwise(revenue),
        )
        return _in_zone(values, self.zone).drop("zone", "is_refund")

    def _receipt(self) -> pl.Expr:
        """The receipt's number in a form that PostgreSQL stores; empty where there is none."""
        name = self.dialect.columns.receipt
        number = pl.col(name).fill_null("").str.replace_all("\0", "", literal=True) if name else pl.lit("")
        return number.str.slice(0, LONGEST_CODE)

    def _zone_of(self, cells: pl.DataFrame) -> pl.Expr:
        zones = self.dialect.profile.time_zone if self.dialect.profile else None
        column = self._column(zones.column) if zones else None
        if zones is None or column is None:
            return pl.lit(None, pl.String)
        return pl.col(column).replace_strict(dict(zones.zones), default=None, return_dtype=pl.String)

    def _reasons(self) -> Iterator[pl.Expr]:
        dialect, columns = self.dialect, self.dialect.columns
        form = (
            f"in the form {dialect.date_format}"
            if dialect.date_format
            else "such as 2026-03-29, 29.03.2026 or 29/03/2026"
        )
        name = columns.article[0]
        article, day = pl.col(f"{VALUE}product_id"), pl.col(f"{VALUE}sales_date")
        yield (
            pl.when(article.is_null())
            .then(_because("missing_value", pl.lit(f"{name} is empty; every row needs an article")))
            .when(article.str.len_chars() > LONGEST_CODE)
            .then(_because("too_long", pl.lit(f"{name} is longer than {LONGEST_CODE} characters; shorten it")))
            .when(article.str.contains("\0", literal=True))
            .then(_because("not_readable", pl.lit(f"{name} holds a NUL character; remove it")))
            .alias(name)
        )
        yield (
            pl.when(day.is_null())
            .then(_shown("not_readable", columns.date, f", which is no date; one {form} is expected"))
            .when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR).not_())
            .then(_shown("out_of_range", columns.date, f"; a year from {FIRST_YEAR} to {LAST_YEAR} is expected"))
            .alias(columns.date)
        )
        if columns.location:
            too_long = pl.col(columns.location).str.len_chars() > LONGEST_CODE
            reason = f"{columns.location} is longer than {LONGEST_CODE} characters; shorten it"
            yield pl.when(too_long).then(_because("too_long", pl.lit(reason))).alias(columns.location)
        yield from self._reasons_of_measures()

    def _reasons_of_measures(self) -> Iterator[pl.Expr]:
        dialect, columns = self.dialect, self.dialect.columns
        needed: set[str | None] = {columns.quantity} if columns.quantity else {columns.revenue, columns.price}
        needed = set() if columns.quantity_each else needed
        quantity, price, revenue = (pl.col(f"{VALUE}{role}") for role in MEASURES)
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
                .then(_shown("not_readable", name, hint))
                .when(value.abs() > LARGEST)
                .then(_shown("out_of_range", name, f"; {LARGEST:,.0f} or less is expected"))
            )
            if name in needed:
                reason = reason.when(written.fill_null(value=False).not_()).then(
                    _because("missing_value", pl.lit(f"{name} is empty; every row needs it"))
                )
            if role == "price":
                reason = reason.when(value < 0).then(
                    _shown("out_of_range", name, "; a price is not negative, refunds have a negative quantity")
                )
                if not columns.quantity and not columns.quantity_each:
                    zero = (value == 0) & (revenue != 0)
                    reason = reason.when(zero).then(
                        _shown("contradiction", name, "; takings without a price give no quantity")
                    )
            if role == "revenue" and columns.quantity:
                reason = reason.when((value > 0) & (quantity < 0)).then(
                    _shown("contradiction", name, f", but {columns.quantity} is negative; a return gives both back")
                )
                if columns.price:
                    product = (quantity * price).abs()
                    off = value.abs() > MOST_OVER_PRICE * product + ROUNDING
                    off |= (value != 0) & (value.abs() < LEAST_OVER_PRICE * product - ROUNDING)
                    contradiction = pl.format(
                        "{} is '{}', but {} x {} is {}; correct one of them, or switch the price off with --price none",
                        pl.lit(name), pl.col(name), pl.lit(columns.quantity), pl.lit(columns.price), product.round(2),
                    )  # fmt: skip
                    reason = reason.when((product > 0) & off).then(_because("contradiction", contradiction))
            yield reason.alias(name)


def _in_zone(values: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Days and minutes of lines whose own zone is known, in the tenant's."""
    others = values["zone"].drop_nulls().unique().to_list()
    for other in sorted(others):
        if other == zone:
            continue
        local = pl.col("sales_date").cast(pl.Datetime("us")) + pl.duration(minutes=pl.col("minute"))
        moved = local.dt.replace_time_zone(other, ambiguous="earliest", non_existent="null").dt.convert_time_zone(zone)
        applies = (pl.col("zone") == other) & moved.is_not_null()
        minute = moved.dt.hour().cast(pl.Int32) * 60 + moved.dt.minute().cast(pl.Int32)
        values = values.with_columns(
            sales_date=pl.when(applies).then(moved.dt.date()).otherwise("sales_date"),
            minute=pl.when(applies).then(minute).otherwise("minute"),
        )
    return values


def _matches(cells: pl.DataFrame, column: str, rule: Lines) -> pl.Expr:
    if rule.filled:
        return pl.col(column).fill_null("") != ""
    return _is_one_of(cells, column, frozenset(map(plain, rule.values)))


def _is_one_of(cells: pl.DataFrame, column: str, words: frozenset[str]) -> pl.Expr:
    """Whether a column's text is one of ``words``, compared as ``plain`` gives them."""
    found = [text for text in cells[column].unique().drop_nulls().to_list() if plain(text) in words]
    return pl.col(column).is_in(found).fill_null(value=False)


def _shown(code: str, name: str, hint: str) -> pl.Expr:
    return _because(code, shown_text(name, pl.col(name)) + hint)


def _because(code: str, text: pl.Expr) -> pl.Expr:
    # The separator, a control character, may stand in a shown text.
    return pl.concat_str(pl.lit(code + _CODE_ENDS), text.str.replace_all(_CODE_ENDS, " ", literal=True))
