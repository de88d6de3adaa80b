"""How often sales stay within quantiles on open days, in all and by kind of day.

Closed days are left out: nothing sold and nothing forecast is no evidence of a good band.
"""

from collections.abc import Mapping
from typing import Any, Final

import dataframely as dy
import polars as pl

from bakery_assets import metrics
from bakery_assets.backtesting.bootstrap import ratio_interval
from bakery_assets.backtesting.scores import HAS_INTERVAL, SHOWS_DEMAND, ComparedDays
from bakery_assets.metrics import QUANTILE_LEVELS

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Every open day is of two kinds: of a weekday, and near a holiday or not.
KINDS: Mapping[str, pl.Expr] = {
    "all": pl.lit(value=True),
    **{name: pl.col("date").dt.weekday() == number for number, name in enumerate(WEEKDAYS, start=1)},
    "near_holiday": pl.col("is_near_holiday"),
    "not_near_holiday": ~pl.col("is_near_holiday"),
}

COUNTED: Final = (pl.col("is_open"), SHOWS_DEMAND, HAS_INTERVAL)


def coverage_by_kind(days: dy.DataFrame[ComparedDays]) -> dict[str, dict[str, dict[str, Any]]]:
    """Coverage of open days with an interval that did not sell out, by model and kind of day (``KINDS``).

    Returns:
        ``days``, how many; ``coverage80``, the share with q10 <= actual <= q90, and ``coverage80_interval``, its
        bootstrap interval over dates (None: no days, or one date); ``levels``: by quantile ``below``, the share with
        actual < quantile, and ``at_or_below``, with actual <= quantile. Of a product that seldom sells the quantile and
        the sales are often both 0, and the level lies between the two. None where a model has no such quantile.
    """
    counted = days.filter(*COUNTED)
    return {
        str(model): {
            kind: _coverage(counted.filter(pl.col("model") == model, is_kind)) for kind, is_kind in KINDS.items()
        }
        for model in days["model"].unique().sort()
    }


def _coverage(days: pl.DataFrame) -> dict[str, Any]:
    by_date = days.group_by("date").agg(covered=metrics.is_covered().sum(), days=pl.len()).sort("date")
    return {
        "days": days.height,
        "coverage80": days.select(metrics.coverage()).item(),
        "coverage80_interval": ratio_interval(by_date["covered"], by_date["days"]),
        "levels": {name: _level(days, name) for name in QUANTILE_LEVELS},
    }


def _level(days: pl.DataFrame, quantile: str) -> dict[str, float] | None:
    actual = pl.col("actual")
    shares = days.select(below=(actual < pl.col(quantile)).mean(), at_or_below=(actual <= pl.col(quantile)).mean()).row(
        0, named=True
    )
    return None if shares["below"] is None else shares
