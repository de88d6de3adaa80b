"""When a shop will not open: by its weekly closing day, on holidays it has always kept, for good.

These are read from days on which the shop sold nothing at all; what the calendar says stands apart.
"""

import polars as pl

from bakery_assets.keys import SHOP

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


def holiday_habits(days: pl.DataFrame, holidays: pl.DataFrame) -> pl.DataFrame:
    """On which holidays a shop was closed, for holidays seen often enough to say.

    A holiday on a weekday on which the shop never opens is no evidence.

    Args:
        days: of ``shop_days``. holidays: of ``tenant_holidays``.

    Returns:
        ``SHOP, name, is_kept``, sorted; the row without a name speaks of all holidays together.
    """
    opens = days.filter("is_open").select(*SHOP, "weekday").unique()
    past = (
        days.join(holidays, on=["tenant_id", "date"])
        .join(opens, on=[*SHOP, "weekday"], how="semi")
        .select(*SHOP, "name", "is_open")
    )
    counts = (pl.len().alias("seen"), (pl.col("is_open").sum() == 0).alias("is_kept"))
    by_name = past.group_by(*SHOP, "name").agg(counts).filter(pl.col("seen") >= SAME_HOLIDAY_SEEN)
    by_shop = (
        past.group_by(SHOP)
        .agg(counts)
        .filter(pl.col("seen") >= ANY_HOLIDAY_SEEN)
        .with_columns(name=pl.lit(None, pl.String))
    )
    columns = [*SHOP, "name", "is_kept"]
    return pl.concat([by_name.select(columns), by_shop.select(columns)]).sort(*SHOP, "name")


def kept_holidays(habits: pl.DataFrame, holidays: pl.DataFrame, target_days: pl.DataFrame) -> pl.DataFrame:
    """Holidays to come on which a shop will be closed as it always was: ``SHOP, date``.

    Args:
        habits: of ``holiday_habits``. target_days: ``SHOP, date``.
    """
    named = habits.filter(pl.col("name").is_not_null())
    every = habits.filter(pl.col("name").is_null()).select(*SHOP, keeps_all="is_kept")
    return (
        target_days.join(holidays, on=["tenant_id", "date"])
        .join(named, on=[*SHOP, "name"], how="left")
        .join(every, on=SHOP, how="left")
        .filter(pl.coalesce("is_kept", "keeps_all", pl.lit(False)))
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


def shut_days(
    targets: pl.DataFrame, days: pl.DataFrame, habits: pl.DataFrame, holidays: pl.DataFrame, calendar: pl.DataFrame
) -> pl.DataFrame:
    """Days on which a shop will not open though its calendar does not say so: ``SHOP, date, closed``.

    A day for which the calendar gives opening hours is open.

    Args:
        targets: ``SHOP, date``. days: of ``shop_days``. habits: of ``holiday_habits``.
        holidays: of ``tenant_holidays``. calendar: the tenants' own.
    """
    shut = calendar.filter((pl.col("kind") == "closed") & pl.col("product_id").is_null())
    excused = pl.concat([holidays.select("tenant_id", "date"), shut.select("tenant_id", "date")]).unique()
    weekly = targets.with_columns(weekday=pl.col("date").dt.weekday()).join(
        weekly_closings(days, excused), on=[*SHOP, "weekday"], how="semi"
    )
    reasons = [
        kept_holidays(habits, holidays, targets).with_columns(closed=pl.lit("holiday"), rank=1),
        weekly.select(*SHOP, "date", closed=pl.lit("weekly_closing"), rank=2),
        targets.join(dormant_shops(days), on=SHOP, how="semi").with_columns(closed=pl.lit("dormant_shop"), rank=3),
    ]
    announced = calendar.filter(pl.col("opens").is_not_null(), pl.col("kind") != "closed").select("tenant_id", "date")
    return (
        pl.concat([reason.select(*SHOP, "date", "closed", "rank") for reason in reasons])
        .join(announced, on=["tenant_id", "date"], how="anti")
        .sort(*SHOP, "date", "rank")
        .unique([*SHOP, "date"], keep="first", maintain_order=True)
        .drop("rank")
    )
