"""Imports of a bakery's tills: which lines of several files count, and the sales of days that follow from them.

A line counts or not by all imports that are not undone, so that neither the order of files nor how receipts are
divided among them changes a day's sales, and undoing an import gives what was without it.
"""

from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from bakery_assets.local_time import INSTANT
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform

RECEIPTS, REPLACED, ADDED = "receipts", "replaced", "added"
DAYS_TAKEN = (RECEIPTS, REPLACED, ADDED)
KEY = ["tenant_id", "product_id", "location_id", "sales_date"]
SHOP_DAY = ["tenant_id", "location_id", "sales_date"]
SOURCE_DAY = [*SHOP_DAY, "source"]
_RECEIPT = [*SOURCE_DAY, "receipt", "minute"]
_TICK = timedelta(microseconds=1)


class ImportLines(dy.Schema):
    """What imports say was sold: a line for each receipt and article where receipts have numbers, else each hour."""

    tenant_id = col.key_text("The bakery")
    import_id = dy.Int64(min=1, description="The import; a later one has a larger number")
    written = dy.Int64(
        description="Transaction that stored the import; what was recorded directly since stands above it"
    )
    source = col.key_text("The till: its profile, the names of its columns, or as the user names it")
    days_taken = col.choice("How days that other files have, too, are taken", DAYS_TAKEN)
    location_id = col.key_text("Shop or kitchen")
    sales_date = col.date("Local day of the sale")
    product_id = col.key_text("The product")
    receipt = col.text("Number of the receipt; empty: the till gives none")
    minute = col.integer("Minute of the local day; empty: the till gives no time", maximum=1439, nullable=True)
    quantity = col.number("Units sold; negative: more were returned than sold", minimum=None)
    revenue = col.number("Revenue in the tenant's currency", minimum=None, nullable=True)


class DirectSales(dy.Schema):
    """The latest record of sales that no import made, such as those of a folder or an app."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    location_id = col.key_text("Shop or kitchen", primary_key=True)
    sales_date = col.date("Local day of the sale", primary_key=True)
    written = dy.Int64(description="Transaction that recorded it")
    quantity = col.number("Units sold", minimum=None)
    revenue = col.number("Revenue", minimum=None, nullable=True)
    sold_out_at = col.time("Local time the last one was sold", nullable=True)


class DayTotals(dy.Schema):
    """What a product sold on a shop's day, of imports and of what was recorded directly."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    location_id = col.key_text("Shop or kitchen", primary_key=True)
    sales_date = col.date("Local day of the sale", primary_key=True)
    quantity = col.number("Units sold", minimum=None)
    revenue = col.number("Revenue; empty: not known of all lines", minimum=None, nullable=True)
    sold_out_at = col.time("Local time the last one was sold", nullable=True)
    has_lines = col.boolean("Lines of imports are part of it")
    has_direct = col.boolean("What was recorded directly is part of it")
    is_timed = col.boolean("It is made of lines that all have a time")


def counted(lines: dy.DataFrame[ImportLines]) -> pl.DataFrame:
    """The lines that count.

    Of a till's day those of its newest import, which takes the place of earlier ones; where imports have receipts,
    these merge by number and minute (numbers start again every day, and several registers may have the same), and of
    one that several imports have the newest counts. Lines that were added count always, as do those of other tills.
    """
    reported = lines.filter(pl.col("days_taken") != ADDED)
    replaced = pl.col("import_id").filter(pl.col("days_taken") == REPLACED).max().over(SOURCE_DAY).fill_null(0)
    newest = pl.col("import_id").max().over(SOURCE_DAY)
    reported = reported.filter(
        pl.when(newest == replaced).then(pl.col("import_id") == newest).otherwise(pl.col("import_id") > replaced)
    )
    is_newest = pl.col("import_id") == pl.col("import_id").max().over(_RECEIPT)
    reported = reported.filter((pl.col("days_taken") == REPLACED) | is_newest)
    return pl.concat([reported, lines.filter(pl.col("days_taken") == ADDED)])


def canceled_lines(new: pl.DataFrame, stored: dy.DataFrame[ImportLines], import_of: pl.DataFrame) -> pl.DataFrame:
    """Lines of 0 for receipts that a file says are void and that earlier files of the till have reported.

    Args:
        new: ``tenant_id, location_id, sales_date, receipt, minute`` of these receipts.
        import_of: a row of the import's own values: ``import_id, written, source, days_taken``.
    """
    receipt = [*SHOP_DAY, "receipt", "minute"]
    reported = counted(stored).join(import_of.select("source"), on="source", how="semi")
    void = reported.join(new, on=receipt, how="semi", nulls_equal=True).select(*receipt, "product_id").unique()
    zero = pl.lit(0.0)
    return void.join(import_of, how="cross").with_columns(quantity=zero, revenue=zero).sort(*receipt, "product_id")


def day_totals(lines: dy.DataFrame[ImportLines], direct: dy.DataFrame[DirectSales]) -> dy.DataFrame[DayTotals]:
    """The sales of days, sorted.

    What was recorded directly counts where no later import tells of the same product and day; lines that were added
    come on top of it.

    Args:
        lines: of all imports that are not undone, all of each shop's day.
        direct: of the same days.
    """
    is_reported = (pl.col("days_taken") != ADDED).any()
    sums = (
        _since(lines, direct)
        .group_by(KEY)
        .agg(
            quantity=pl.col("quantity").sum().round(6),
            # A sum with a gap is no sum.
            revenue=pl.when(pl.col("revenue").is_not_null().all()).then(pl.col("revenue").sum().round(2)),
            is_reported=is_reported,
            is_timed=pl.col("minute").is_not_null().all(),
        )
    )
    joined = direct.join(sums, on=KEY, how="full", suffix="_lines", coalesce=True)
    has_lines = pl.col("is_reported").is_not_null()
    has_direct = pl.col("written").is_not_null() & ~pl.col("is_reported").fill_null(value=False)
    both = has_lines & has_direct
    # What lines say again as it was recorded, that keeps what they do not tell.
    is_same = has_lines & (pl.col("quantity") == pl.col("quantity_lines"))

    def total(name: str) -> pl.Expr:
        added = pl.col(name) + pl.col(f"{name}_lines")
        return pl.when(both).then(added).when(has_lines).then(f"{name}_lines").otherwise(name)

    totals = joined.with_columns(
        quantity=total("quantity"),
        revenue=pl.coalesce(total("revenue"), pl.when(is_same).then("revenue")),
        sold_out_at=pl.when(has_direct | is_same).then("sold_out_at"),
        has_lines=has_lines,
        has_direct=has_direct,
        is_timed=has_lines & ~has_direct & pl.col("is_timed"),
    )
    return conform(DayTotals, totals.sort(KEY))


def hour_totals(
    lines: dy.DataFrame[ImportLines], direct: dy.DataFrame[DirectSales], direct_hours: pl.DataFrame
) -> pl.DataFrame:
    """The sales of hours (``KEY, hour, quantity, in_stock``), sorted.

    They are those of lines where a day is made of lines that all have a time, those recorded directly where it is
    what was recorded directly, and else unknown.

    Args:
        direct_hours: the latest records of hours that no import made, in the same columns.
    """
    totals = day_totals(lines, direct)
    summed = (
        _since(lines, direct)
        .join(totals.filter("is_timed"), on=KEY, how="semi")
        .group_by(*KEY, (pl.col("minute") // 60).cast(pl.Int32).alias("hour"))
        .agg(pl.col("quantity").sum().round(6), in_stock=pl.lit(1.0))
        .filter(pl.col("quantity").abs() <= col.LARGEST)
    )
    recorded = direct_hours.join(totals.filter(~pl.col("has_lines")), on=KEY, how="semi").select(summed.columns)
    return pl.concat([summed, recorded]).sort(*KEY, "hour")


def without_gone_hours(hours: pl.DataFrame, current: pl.DataFrame) -> pl.DataFrame:
    """Hours, and those of ``current`` of the same days in which nothing was sold, as 0.

    A day that is corrected so keeps no sale of its earlier version.
    """
    gone = (
        current.filter(~pl.col("is_withdrawn"))
        .join(hours, on=[*KEY, "hour"], how="anti")
        .join(hours, on=KEY, how="semi")
        .with_columns(quantity=pl.lit(0.0))
    )
    return pl.concat([hours, gone.select(hours.columns)])


def _since(lines: dy.DataFrame[ImportLines], direct: dy.DataFrame[DirectSales]) -> pl.DataFrame:
    """The lines that count and are later than what was recorded directly of the same."""
    recorded = direct.select(*KEY, recorded="written")
    return (
        counted(lines)
        .join(recorded, on=KEY, how="left")
        .filter(pl.col("recorded").is_null() | (pl.col("written") > pl.col("recorded")))
    )


def records(
    totals: pl.DataFrame, current: pl.DataFrame, key: list[str], content: list[str], known_at: datetime
) -> pl.DataFrame:
    """The records that make ``current`` what ``totals`` say: ``key``, ``content``, ``recorded_at, is_withdrawn``.

    What is there without being in ``totals`` is withdrawn, by a record with a quantity of 0.

    Args:
        totals: ``key``, ``content`` and ``recorded_at``, from when on it is known if nothing is there yet; null: from
            ``known_at`` on.
        current: ``key``, ``content``, ``recorded_at`` and ``is_withdrawn`` of the latest records.
        known_at: from when on is known what differs from the latest record; it is later than that in any case.
    """
    present = current.with_columns(is_there=~pl.col("is_withdrawn"))
    joined = totals.with_columns(is_wanted=pl.lit(value=True)).join(
        present, on=key, how="full", suffix="_now", coalesce=True
    )
    is_wanted, is_there = pl.col("is_wanted").is_not_null(), pl.col("is_there").fill_null(value=False)
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_now")) for name in content)
    changes = joined.filter(pl.when(is_wanted & is_there).then(differs).otherwise(is_wanted | is_there))
    at = pl.lit(known_at, INSTANT)
    follows = pl.max_horizontal(at, pl.col("recorded_at_now") + _TICK)
    nothing = {"quantity": 0.0, "in_stock": 1.0}
    return changes.with_columns(
        *(pl.col(name).fill_null(nothing[name]) for name in content if name in nothing),
        recorded_at=pl.when(pl.col("recorded_at_now").is_null())
        .then(pl.coalesce("recorded_at", at))
        .otherwise(follows),
        is_withdrawn=~is_wanted,
    ).select(*key, *content, "recorded_at", "is_withdrawn")
