"""Why a series is to be retrained: each trigger with the number measured, the limit, and a sentence."""

from datetime import timedelta
from typing import cast

import dataframely as dy
import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.forecasting import insufficient_history
from bakery_assets.forecasting.data.history import SalesFacts
from bakery_assets.keys import SERIES
from bakery_assets.schemas import Cells

MAPE_LIMIT = 0.30
MAPE_RISE_LIMIT = 0.05
WINDOW_DAYS = 30
AGE_LIMIT_DAYS = 30
ENOUGH_ROWS = 7  # a week of sales: below it one odd day decides the mean
SELLING_DAYS = 56  # what has not sold for eight weeks needs no model of its own
DECIMALS = 6  # figures are compared as they are stored, so that 30.0% is 30% whatever the sum's last bit says

TRIGGERS = pl.Schema(
    {
        **dict.fromkeys(SERIES, pl.String()),
        "kind": pl.String(),
        "value": pl.Float64(),
        "threshold": pl.Float64(),
        "explanation": pl.String(),
    }
)


def find_triggers(cells: pl.DataFrame, frames: Frames) -> Frames:
    """The triggers of every series, the series themselves, and the tenants that have sold too short for models.

    Args:
        cells, frames: of ``series_triggers``.

    Returns:
        retraining_triggers: ``TRIGGERS``. known_series: ``SERIES``, of those that sell and those that have a model.
        young: ``tenant_id, reason``; they have no triggers.
    """
    reasons = insufficient_history(cast(dy.DataFrame[Cells], cells), cast(SalesFacts, frames))
    young = pl.DataFrame(list(reasons.items()), schema={"tenant_id": pl.String, "reason": pl.String}, orient="row")
    old = cells.join(young, on="tenant_id", how="anti")
    known = pl.concat([series_to_train(cells, frames), frames["incumbents"].select(SERIES)]).unique().sort(SERIES)
    return {"retraining_triggers": series_triggers(old, frames), "known_series": known, "young": young}


def series_to_train(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Series that sold something within the last ``SELLING_DAYS`` and whose product is still made.

    Args:
        cells: the columns of ``cells.CELLS``.
        frames: products, sales.

    Returns:
        ``SERIES``, distinct and sorted.
    """
    made = frames["products"].select("tenant_id", "product_id", "discontinued_on")
    return (
        frames["sales"]
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .filter(
            pl.col("sales_date") < pl.col("plan_date"),
            pl.col("sales_date") >= pl.col("plan_date") - timedelta(days=SELLING_DAYS),
            pl.col("quantity") > 0,
        )
        .join(made, on=["tenant_id", "product_id"])
        .filter(pl.col("discontinued_on").is_null() | (pl.col("discontinued_on") > pl.col("plan_date")))
        .select(SERIES)
        .unique()
        .sort(SERIES)
    )


def series_triggers(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """What sets off the retraining of a series.

    - ``mape``: the mean of the last 30 days' percentage errors is above 30%.
    - ``mape_rise``: it is more than 5 points above that of the 30 days before.
    - ``age``: its model was trained more than 30 days ago.
    - ``no_model``: it sells and has none.
    - ``request``: somebody asked for its bakery.

    A MAPE counts with ``ENOUGH_ROWS`` days with sales behind it; what sold out is not among them.

    Args:
        cells: the columns of ``cells.CELLS``; ``planned_as_of`` is the instant of the retraining.
        frames: products; sales; checked: forecasts of the same morning against sales, one row a series and day
            (``SERIES``, validation_date, error, actual); incumbents: series_models of the champion; requests:
            ``tenant_id`` of those for whom somebody asked.

    Returns:
        ``TRIGGERS``, sorted by series and kind.
    """
    selling = series_to_train(cells, frames)
    incumbents = frames["incumbents"].join(cells, on="tenant_id").select(*SERIES, "trained_as_of", "planned_as_of")
    series = pl.concat([selling, incumbents.select(SERIES)]).unique()
    found = [
        *_mape(_windows(cells, frames["checked"]).join(series, on=SERIES, how="semi")),
        _age(incumbents),
        _without_number(selling.join(incumbents, on=SERIES, how="anti"), "no_model", "it sells and has no model yet"),
        _without_number(series.join(frames["requests"], on="tenant_id", how="semi"), "request", "asked for by hand"),
    ]
    return pl.concat(found).sort(*SERIES, "kind")


def carried_over(incumbents: pl.DataFrame, triggers: pl.DataFrame) -> pl.DataFrame:
    """Series whose present model stays, as nothing asks for a new one: ``SERIES``, sorted."""
    return incumbents.join(triggers, on=SERIES, how="anti").select(SERIES).unique().sort(SERIES)


def _windows(cells: pl.DataFrame, checked: pl.DataFrame) -> pl.DataFrame:
    """MAPE of the last 30 days and of the 30 before, with the rows behind them; null where these are too few."""
    rows = (
        checked.join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .with_columns(days_ago=(pl.col("plan_date") - pl.col("validation_date")).dt.total_days())
        .filter(pl.col("actual") > 0, pl.col("days_ago") > 0)
        .sort(*SERIES, "validation_date")
        .with_columns(ape=pl.col("error").abs() / pl.col("actual"))
    )
    now = pl.col("days_ago") <= WINDOW_DAYS
    before = (pl.col("days_ago") > WINDOW_DAYS) & (pl.col("days_ago") <= 2 * WINDOW_DAYS)
    return rows.group_by(SERIES).agg(
        *(
            pl.when(window.sum() >= ENOUGH_ROWS).then(pl.col("ape").filter(window).mean().round(DECIMALS)).alias(name)
            for name, window in (("mape", now), ("mape_before", before))
        ),
        days=now.sum(),
    )


def _mape(windows: pl.DataFrame) -> list[pl.DataFrame]:
    rise = (pl.col("mape") - pl.col("mape_before")).round(DECIMALS)
    percent = (100 * pl.col("mape")).round(2)
    high = windows.filter(pl.col("mape") > MAPE_LIMIT).select(
        *SERIES,
        kind=pl.lit("mape"),
        value="mape",
        threshold=pl.lit(MAPE_LIMIT),
        explanation=pl.format(
            f"MAPE {{}}% on {{}} days with sales of the last {WINDOW_DAYS}, above {MAPE_LIMIT:.0%}", percent, "days"
        ),
    )
    rising = windows.filter(rise > MAPE_RISE_LIMIT).select(
        *SERIES,
        kind=pl.lit("mape_rise"),
        value=rise,
        threshold=pl.lit(MAPE_RISE_LIMIT),
        explanation=pl.format(
            f"MAPE rose from {{}}% to {{}}% against the {WINDOW_DAYS} days before, by more than"
            f" {100 * MAPE_RISE_LIMIT:g} points",
            (100 * pl.col("mape_before")).round(2),
            percent,
        ),
    )
    return [high.cast(TRIGGERS), rising.cast(TRIGGERS)]


def _age(incumbents: pl.DataFrame) -> pl.DataFrame:
    days = ((pl.col("planned_as_of") - pl.col("trained_as_of")).dt.total_seconds() / 86_400).round(DECIMALS)
    return (
        incumbents.with_columns(value=days)
        .filter(pl.col("value") > AGE_LIMIT_DAYS)
        .select(
            *SERIES,
            kind=pl.lit("age"),
            value="value",
            threshold=pl.lit(float(AGE_LIMIT_DAYS)),
            explanation=pl.format(f"its model is {{}} days old, more than {AGE_LIMIT_DAYS}", pl.col("value").round(1)),
        )
        .cast(TRIGGERS)
    )


def _without_number(series: pl.DataFrame, kind: str, explanation: str) -> pl.DataFrame:
    return series.select(
        *SERIES,
        kind=pl.lit(kind),
        value=pl.lit(None, pl.Float64),
        threshold=pl.lit(None, pl.Float64),
        explanation=pl.lit(explanation),
    ).cast(TRIGGERS)
