"""Which past days a morning checks, and which forecast of them counts."""

import polars as pl

from bakery_assets.frames import past_days

LOOK_BACK_DAYS = 14


def days_to_validate(cells: pl.DataFrame, closed: pl.DataFrame) -> pl.DataFrame:
    """Yesterday, and across closed days the days back to the last open one.

    A closed day is not planned, so that nobody else would check the day before it.

    Args:
        closed: ``tenant_id, date`` of ``frames.closed_days``.

    Returns:
        ``tenant_id, plan_date, validation_date, is_closed``, at most ``LOOK_BACK_DAYS`` days a cell.
    """
    marks = closed.select("tenant_id", validation_date="date", is_closed=pl.lit(True))
    cell = ["tenant_id", "plan_date"]
    return (
        past_days(cells, LOOK_BACK_DAYS)
        .rename({"past_date": "validation_date"})
        .join(marks, on=["tenant_id", "validation_date"], how="left")
        .with_columns(pl.col("is_closed").fill_null(False))
        .sort(*cell, "validation_date", descending=[False, False, True])
        .with_columns(open_days_after=(~pl.col("is_closed")).cast(pl.Int32).cum_sum().shift(1, fill_value=0).over(cell))
        .filter(pl.col("open_days_after") == 0)
        .drop("open_days_after")
        .sort(*cell, "validation_date")
    )


def forecasts_that_count(days: pl.DataFrame, past_forecasts: pl.DataFrame) -> pl.DataFrame:
    """The last forecast of each day made on it or before: ``past_forecasts`` with the cell's ``plan_date``.

    All rows of a day come from one plan, so that products a later plan dropped do not come back.

    Args:
        days: of ``days_to_validate``.

    Returns:
        ``tenant_id, plan_date, validation_date, location_id, product_id, yhat, q10, q90``.
    """
    own = past_forecasts.select(
        "tenant_id",
        "location_id",
        "product_id",
        "yhat",
        "q10",
        "q90",
        made_on="plan_date",
        validation_date="target_date",
    )
    day = ["tenant_id", "plan_date", "validation_date"]
    return (
        days.select(day)
        .join(own, on=["tenant_id", "validation_date"])
        .filter(pl.col("made_on") <= pl.col("validation_date"))
        .filter(pl.col("made_on") == pl.col("made_on").max().over(day))
        .drop("made_on")
    )
