"""What baselines know of closures, past ones and those ahead, so that they know as much of them as the system.

A baseline that learns zeros from holidays and forecasts sales for the next one loses by that alone, and a lead over it
says nothing about forecasting.
"""

from typing import cast

import dataframely as dy
import polars as pl

from bakery_assets.backtesting.series import DailySeries
from bakery_assets.backtesting.windows import BacktestFacts
from bakery_assets.forecasting.data.context import build_context, horizon_closures, known_of_history
from bakery_assets.forecasting.data.history import HISTORY_DAYS, SeriesKey
from bakery_assets.forecasting.data.holiday_openings import country_closings, known_closings
from bakery_assets.forecasting.system_forecasts import closed_ahead
from bakery_assets.keys import SERIES, SHOP
from bakery_assets.schemas import Cells, conform
from bakery_assets.schemas import columns as col


class ClosedSeriesDays(SeriesKey):
    """Days of the horizon on which a series cannot sell, because its shop is closed."""

    date = col.date("The day", primary_key=True)


def closures_ahead(cells: dy.DataFrame[Cells], known: BacktestFacts) -> dy.DataFrame[ClosedSeriesDays]:
    """Days of the horizon that the system takes for closed: by the calendar, or predicted by the same evidence.

    Args:
        known: what was known at the origin of ``cells``.
    """
    context = build_context(cells, known, HISTORY_DAYS)
    of_countries = country_closings(context.days, context.holidays, context.countries)
    known_holidays = known_of_history(context, known_closings(of_countries, context.countries), known["opening_hours"])
    closed = closed_ahead(context.panel, horizon_closures(context, context.panel.cells, known_holidays).predicted)
    return conform(ClosedSeriesDays, closed.rename({"target_date": "date"}))


def without_closed_days(series: dy.DataFrame[DailySeries]) -> dy.DataFrame[DailySeries]:
    """The series as if no shop had ever been closed.

    A day on which a shop sold nothing at all takes the last value of the same weekday on which the shop was open; at
    the beginning of a series, where there is none yet, the next one. A weekday on which it never opened stays 0.
    """
    is_open = series.filter(pl.col("y") > 0).select(*SHOP, "date").unique().with_columns(is_open=pl.lit(True))
    same_weekday = [*SERIES, "weekday"]
    filled = (
        series.join(is_open, on=[*SHOP, "date"], how="left", maintain_order="left")
        .with_columns(weekday=pl.col("date").dt.weekday(), y=pl.when("is_open").then("y"))
        .with_columns(pl.col("y").forward_fill().over(same_weekday))
        .with_columns(pl.col("y").backward_fill().over(same_weekday))
        .with_columns(pl.col("y").fill_null(0.0))
    )
    return cast(dy.DataFrame[DailySeries], filled.select(series.columns))
