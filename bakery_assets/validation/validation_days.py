"""Which past days a morning checks, and which forecasts of them there are."""

import polars as pl

from bakery_assets.cells import HORIZON_DAYS, past_days

DAY = ["tenant_id", "plan_date", "validation_date"]
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


def forecasts_by_lead(days: pl.DataFrame, past_forecasts: pl.DataFrame) -> pl.DataFrame:
    """Every forecast of each day that was made on it or before.

    Args:
        days: of ``days_to_validate``.
        past_forecasts: columns of ``demand_forecasts``.

    Returns:
        ``tenant_id, plan_date, validation_date, lead_days, location_id, product_id, yhat, system_yhat, q10, q50,
        q80, q90, q95, override_id``; ``lead_days``, from the plan that made it to the day, is 0 to 6.
    """
    own = past_forecasts.select(
        "tenant_id",
        "location_id",
        "product_id",
        "yhat",
        "system_yhat",
        *("q10", "q50", "q80", "q90", "q95"),
        "override_id",
        validation_date="target_date",
        lead_days=(pl.col("target_date") - pl.col("plan_date")).dt.total_days().cast(pl.Int32),
    )
    return (
        days.select(DAY)
        .join(own, on=["tenant_id", "validation_date"])
        .filter(pl.col("lead_days").is_between(0, HORIZON_DAYS - 1))
        .select(*DAY, "lead_days", pl.exclude(*DAY, "lead_days"))
    )


def forecasts_that_count(forecasts: pl.DataFrame) -> pl.DataFrame:
    """Of the forecasts of ``forecasts_by_lead``, the last of each day: that morning's, where one was made.

    All rows of a day come from one plan, so that products a later plan dropped do not come back.
    """
    return forecasts.filter(pl.col("lead_days") == pl.col("lead_days").min().over(DAY))
