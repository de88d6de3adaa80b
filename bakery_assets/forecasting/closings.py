"""When a shop will not open: by its calendar, by its weekly closing day, on holidays it has always kept, for good.

Only the first is written down; the others are read from days on which the shop sold nothing at all.
"""

import polars as pl

from bakery_assets.forecasting.history import SHOP

SAME_WEEKDAYS_CLOSED = 4  # as many closed same weekdays in a row make a weekly closing day
NEVER_OPEN_DAYS = 182  # a weekday that was never open for so long is one, whatever breaks lay between
SAME_HOLIDAY_SEEN = 2  # a holiday on which the shop was closed as often is kept
ANY_HOLIDAY_SEEN = 4  # and so is a holiday not seen so often, when all of as many others were
DORMANT_DAYS = 28  # a shop that has sold nothing for so long while others of its tenant did is shut


def weekly_closings(days: pl.DataFrame, excused: pl.DataFrame) -> pl.DataFrame:
    """Weekdays on which a shop does not open: ``SHOP, weekday``.

    Args:
        days: of ``shop_days``.
        excused: ``tenant_id, date`` of holidays and closed days, which say nothing about a weekday.
    """
    regular = days.join(excused, on=["tenant_id", "date"], how="anti").sort(*SHOP, "date")
    weekday = [*SHOP, "weekday"]
    recently = (
        regular.filter(~pl.col("is_break"))
        .group_by(weekday)
        .agg(seen=pl.len(), opened=pl.col("is_open").tail(SAME_WEEKDAYS_CLOSED).sum())
    )
    last = pl.col("date").max().over("tenant_id")
    for_long = (
        regular.filter(pl.col("date") > last - pl.duration(days=NEVER_OPEN_DAYS))
        .group_by(weekday)
        .agg(seen=pl.len(), opened=pl.col("is_open").sum())
    )
    return (
        pl.concat([recently, for_long])
        .filter(pl.col("seen") >= SAME_WEEKDAYS_CLOSED, pl.col("opened") == 0)
        .select(weekday)
        .unique()
        .sort(weekday)
    )


def kept_holidays(days: pl.DataFrame, holidays: pl.DataFrame, target_days: pl.DataFrame) -> pl.DataFrame:
    """Holidays to come on which a shop will be closed as it always was: ``SHOP, date``.

    A holiday on a weekday on which the shop never opens is no evidence.

    Args:
        holidays: of ``tenant_holidays``. target_days: ``SHOP, date``.
    """
    opens = days.filter("is_open").select(*SHOP, "weekday").unique()
    past = (
        days.join(holidays, on=["tenant_id", "date"])
        .join(opens, on=[*SHOP, "weekday"], how="semi")
        .select(*SHOP, "name", "is_open")
    )
    by_name = past.group_by(*SHOP, "name").agg(seen=pl.len(), opened=pl.col("is_open").sum())
    by_shop = past.group_by(SHOP).agg(all_seen=pl.len(), all_opened=pl.col("is_open").sum())
    seen = pl.col("seen").fill_null(0)
    return (
        target_days.join(holidays, on=["tenant_id", "date"])
        .join(by_name, on=[*SHOP, "name"], how="left", nulls_equal=True)
        .join(by_shop, on=SHOP)
        .filter(
            ((seen >= SAME_HOLIDAY_SEEN) & (pl.col("opened") == 0))
            | ((seen < SAME_HOLIDAY_SEEN) & (pl.col("all_seen") >= ANY_HOLIDAY_SEEN) & (pl.col("all_opened") == 0))
        )
        .select(*SHOP, "date")
    )


def dormant_shops(days: pl.DataFrame) -> pl.DataFrame:
    """Shops that have sold nothing for ``DORMANT_DAYS`` while their tenant has: ``SHOP``."""
    return (
        days.group_by(SHOP)
        .agg(
            last_open=pl.col("date").filter(pl.col("is_open")).max(),
            last_known=pl.col("date").max(),
        )
        .filter(pl.col("last_known") - pl.col("last_open") >= pl.duration(days=DORMANT_DAYS))
        .select(SHOP)
    )
