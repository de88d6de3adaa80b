"""What is said of an import next to earlier ones: what it replaced, which receipts were known, what adds up."""

from collections.abc import Iterator

import dataframely as dy
import polars as pl

from bakery_assets.intake.imports import ADDED, RECEIPTS, REPLACED, SHOP_DAY, ImportLines

_RECEIPT = [*SHOP_DAY, "receipt", "minute"]


def import_notes(new: dy.DataFrame[ImportLines], stored: dy.DataFrame[ImportLines]) -> Iterator[str]:
    """Sentences about a new import.

    Args:
        stored: the lines of other imports of the same days that are not undone.
    """
    if new.is_empty():
        return
    taken, source = new["days_taken"][0], new["source"][0]
    reported = stored.filter(pl.col("days_taken") != ADDED).join(new, on=SHOP_DAY, how="semi")
    mine, others = reported.filter(pl.col("source") == source), reported.filter(pl.col("source") != source)
    if taken == ADDED:
        yield f"They were added to what else is known of {_days(new)}."
        return
    replaced = mine if taken == REPLACED else mine.filter(pl.col("days_taken") == REPLACED)
    if replaced.height:
        yield (
            f"They take the place of what {_imports(replaced)} said of {_days(replaced)}. To add to it instead,"
            " undo this import and give --add; if it is another till, give --source NAME."
        )
    if taken == RECEIPTS:
        yield from _receipt_notes(new, mine.filter(pl.col("days_taken") == RECEIPTS))
    if others.height:
        yield (
            f"Of {_days(others)} there are sales of another source, too ({_imports(others)}), and both count. If"
            " they are of the same till, undo one of the two."
        )


def _receipt_notes(new: pl.DataFrame, mine: pl.DataFrame) -> Iterator[str]:
    both = new.select(_RECEIPT).unique().join(mine, on=_RECEIPT, how="semi", nulls_equal=True)
    if both.is_empty():
        return
    receipts = new.select(_RECEIPT).n_unique()
    line = ["product_id", "quantity", "revenue"]
    newest = mine.filter(pl.col("import_id") == pl.col("import_id").max().over(_RECEIPT))
    differing = pl.concat(
        [
            left.join(both, on=_RECEIPT, how="semi", nulls_equal=True)
            .join(right, on=[*_RECEIPT, *line], how="anti", nulls_equal=True)
            .select(_RECEIPT)
            for left, right in ((new, newest), (newest, new))
        ]
    ).n_unique()
    changed = f"; {differing:,} of them differ and count as they are in this file" if differing else ""
    yield f"{both.height:,} of {receipts:,} receipts were known before and count once{changed}."


def _imports(lines: pl.DataFrame) -> str:
    numbers = lines["import_id"].unique().sort().to_list()
    return f"import{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _days(lines: pl.DataFrame) -> str:
    days = lines["sales_date"].unique().sort()
    if len(days) == 1:
        return f"{days[0]}"
    return f"{len(days):,} days, {days[0]} to {days[-1]}"
