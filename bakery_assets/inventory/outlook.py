"""What lies behind the days that are forecast and baked for: the second week of the outlook."""

import polars as pl

from bakery_assets.frames import HORIZON_DAYS, OUTLOOK_DAYS


def repeat_week(rows: pl.DataFrame, cells: pl.DataFrame, date_column: str) -> pl.DataFrame:
    """The rows of days 1 to 7, and the same again a week later: days 8 to 14 repeat their weekday.

    The second week takes no calendar into account: a closing day or a holiday in it is met when it comes
    within the seven days that are forecast. Rows outside days 1 to 7 are left out.

    Args:
        rows: anything with ``tenant_id`` and the date column.
        cells: the columns of ``frames.CELLS``.

    Returns:
        The columns of ``rows`` and ``day``: 0 on the plan date, 13 on the last day of the outlook.
    """
    dated = rows.join(cells.select("tenant_id", "plan_date"), on="tenant_id").with_columns(
        day=(pl.col(date_column) - pl.col("plan_date")).dt.total_days()
    )
    first = dated.filter(pl.col("day").is_between(0, HORIZON_DAYS - 1)).drop("plan_date")
    later = [
        first.with_columns(pl.col(date_column) + pl.duration(days=offset), pl.col("day") + offset)
        for offset in range(HORIZON_DAYS, OUTLOOK_DAYS, HORIZON_DAYS)
    ]
    return pl.concat([first, *later])
