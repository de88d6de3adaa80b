"""Retraining triggers: for each series the reason, the measured number, the limit, and a sentence."""

from datetime import timedelta
from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.explanations.formats import percent
from bakery_assets.forecasting import insufficient_history
from bakery_assets.keys import SERIES
from bakery_assets.metrics import absolute_percentage_error
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

MAPE_LIMIT = 0.30
MAPE_RISE_LIMIT = 0.05
WINDOW_DAYS = 30
AGE_LIMIT_DAYS = 30
MIN_DAYS_WITH_SALES = 7  # a week of sales: with fewer one odd day decides the mean
SELLING_DAYS = 56  # what has not sold for eight weeks needs no model of its own


class ForecastErrors(dy.Schema):
    """Errors of forecasts made the same morning, of rows that neither sold out nor were overridden."""

    tenant_id = plans.ValidationResults.tenant_id
    location_id = plans.ValidationResults.location_id
    product_id = plans.ValidationResults.product_id
    validation_date = plans.ValidationResults.validation_date
    error = plans.ValidationResults.error
    actual = plans.ValidationResults.actual


class RequestedTenants(dy.Schema):
    """Tenants whose retraining a person has requested."""

    tenant_id = col.tenant_id()


class LevelShifts(dy.Schema):
    """Tenants whose sales are at another level, as the data-quality gate has found."""

    tenant_id = col.tenant_id()
    explanation = plans.RetrainingTriggers.explanation


class KnownSeries(dy.Schema):
    """Series that sell or have a model."""

    tenant_id = plans.SeriesModels.tenant_id
    location_id = plans.SeriesModels.location_id
    product_id = plans.SeriesModels.product_id


class CarriedOverSeries(KnownSeries):
    """Series that keep their model in the next version, as nothing triggers a new one."""


class SeriesTriggers(KnownSeries):
    """Why series are to be retrained; values and limits are fractions for MAPE, days for age."""

    kind = plans.RetrainingTriggers.kind
    value = plans.RetrainingTriggers.value
    threshold = plans.RetrainingTriggers.threshold
    explanation = plans.RetrainingTriggers.explanation


class InsufficientHistory(dy.Schema):
    """Tenants with too few days of sales for models."""

    tenant_id = col.tenant_id()
    reason = plans.RetrainingTriggers.explanation


class SellingFacts(TypedDict):
    """The facts that tell which series sell."""

    products: dy.DataFrame[ops.Products]
    sales: dy.DataFrame[ops.Sales]


class TriggerInputs(SellingFacts):
    """What ``find_triggers`` reads; ``incumbents`` are the champion's models."""

    forecast_errors: dy.DataFrame[ForecastErrors]
    incumbents: dy.DataFrame[plans.SeriesModels]
    requests: dy.DataFrame[RequestedTenants]
    level_shifts: dy.DataFrame[LevelShifts]


class TriggerTables(TypedDict):
    """What ``find_triggers`` writes; tenants with insufficient history have no triggers."""

    retraining_triggers: dy.DataFrame[SeriesTriggers]
    known_series: dy.DataFrame[KnownSeries]
    insufficient_history: dy.DataFrame[InsufficientHistory]


def find_triggers(cells: dy.DataFrame[Cells], inputs: TriggerInputs) -> TriggerTables:
    """The triggers of every series, the series themselves, and the tenants with too few days of sales for models.

    Args:
        cells: ``planned_as_of`` is the instant of the retraining.
    """
    too_few = insufficient_history(cells, {"products": inputs["products"], "sales": inputs["sales"]})
    insufficient = pl.DataFrame(
        list(too_few.items()), schema=["tenant_id", "reason"], schema_overrides=_TEXTS, orient="row"
    )
    trainable = conform(Cells, cells.join(insufficient, on="tenant_id", how="anti"))
    known = pl.concat([selling_series(cells, inputs), inputs["incumbents"].select(SERIES)]).unique().sort(SERIES)
    return TriggerTables(
        retraining_triggers=series_triggers(trainable, inputs),
        known_series=conform(KnownSeries, known),
        insufficient_history=conform(InsufficientHistory, insufficient),
    )


_TEXTS = {"tenant_id": pl.String(), "reason": pl.String()}


def selling_series(cells: dy.DataFrame[Cells], facts: SellingFacts) -> dy.DataFrame[KnownSeries]:
    """Series that sold something within the last ``SELLING_DAYS`` and whose product is still made, sorted."""
    made = facts["products"].select("tenant_id", "product_id", "discontinued_on")
    series = (
        facts["sales"]
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
    return conform(KnownSeries, series)


def series_triggers(cells: dy.DataFrame[Cells], inputs: TriggerInputs) -> dy.DataFrame[SeriesTriggers]:
    """What sets off the retraining of a series, by series and kind.

    - ``mape``: the MAPE of the last 30 days is above 30%.
    - ``mape_rise``: it is more than 5 points above that of the 30 days before.
    - ``age``: its model was trained more than 30 days ago.
    - ``no_model``: it sells and has none.
    - ``request``: a person requested it for its tenant.
    - ``level_shift``: its tenant's sales are at another level that the gate takes for true.

    A MAPE counts with ``MIN_DAYS_WITH_SALES`` days behind it; what sold out is not among them.

    Args:
        cells: ``planned_as_of`` is the instant of the retraining.
    """
    selling = selling_series(cells, inputs)
    incumbents = inputs["incumbents"].join(cells, on="tenant_id").select(*SERIES, "trained_as_of", "planned_as_of")
    series = pl.concat([selling, incumbents.select(SERIES)]).unique()
    found = [
        *_mape_triggers(_mape_windows(cells, inputs["forecast_errors"]).join(series, on=SERIES, how="semi")),
        _age_triggers(incumbents),
        _unmeasured(
            selling.join(incumbents, on=SERIES, how="anti"), "no_model", pl.lit("it sells and has no model yet")
        ),
        _unmeasured(
            series.join(inputs["requests"], on="tenant_id", how="semi"), "request", pl.lit("requested by a person")
        ),
        _unmeasured(series.join(inputs["level_shifts"], on="tenant_id"), "level_shift", pl.col("explanation")),
    ]
    return conform(SeriesTriggers, pl.concat(found).sort(*SERIES, "kind"))


def series_carried_over(
    incumbents: dy.DataFrame[plans.SeriesModels], triggers: dy.DataFrame[SeriesTriggers]
) -> dy.DataFrame[CarriedOverSeries]:
    """Series of the champion without a trigger, sorted."""
    kept = incumbents.join(triggers, on=SERIES, how="anti").select(SERIES).unique().sort(SERIES)
    return conform(CarriedOverSeries, kept)


def _mape_windows(cells: pl.DataFrame, errors: pl.DataFrame) -> pl.DataFrame:
    """MAPE of the last 30 days and of the 30 before, with the days behind them; null where these are too few."""
    rows = (
        errors.join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .with_columns(days_ago=(pl.col("plan_date") - pl.col("validation_date")).dt.total_days())
        .filter(pl.col("actual") > 0, pl.col("days_ago") > 0)
        .sort(*SERIES, "validation_date")
        .with_columns(percentage_error=absolute_percentage_error(pl.col("error"), pl.col("actual")))
    )
    now = pl.col("days_ago") <= WINDOW_DAYS
    before = (pl.col("days_ago") > WINDOW_DAYS) & (pl.col("days_ago") <= 2 * WINDOW_DAYS)
    # Rounded as stored, so that 30.0% is 30% whatever the last bit of the sum says.
    return rows.group_by(SERIES).agg(
        *(
            pl.when(window.sum() >= MIN_DAYS_WITH_SALES)
            .then(pl.col("percentage_error").filter(window).mean().round(DECIMALS))
            .alias(name)
            for name, window in (("mape", now), ("mape_before", before))
        ),
        days=now.sum(),
    )


def _mape_triggers(windows: pl.DataFrame) -> list[pl.DataFrame]:
    rise = (pl.col("mape") - pl.col("mape_before")).round(DECIMALS)
    high = windows.filter(pl.col("mape") > MAPE_LIMIT).select(
        *SERIES,
        kind=pl.lit("mape"),
        value="mape",
        threshold=pl.lit(MAPE_LIMIT),
        explanation=pl.format(
            f"MAPE {{}} on {{}} days with sales of the last {WINDOW_DAYS}, above {MAPE_LIMIT:.0%}",
            percent("mape", decimals=2),
            "days",
        ),
    )
    rising = windows.filter(rise > MAPE_RISE_LIMIT).select(
        *SERIES,
        kind=pl.lit("mape_rise"),
        value=rise,
        threshold=pl.lit(MAPE_RISE_LIMIT),
        explanation=pl.format(
            f"MAPE rose from {{}} to {{}} against the {WINDOW_DAYS} days before, by more than"
            f" {100 * MAPE_RISE_LIMIT:g} points",
            percent("mape_before", decimals=2),
            percent("mape", decimals=2),
        ),
    )
    return [high, rising]


def _age_triggers(incumbents: pl.DataFrame) -> pl.DataFrame:
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
    )


def _unmeasured(series: pl.DataFrame, kind: str, explanation: pl.Expr) -> pl.DataFrame:
    return series.select(
        *SERIES,
        kind=pl.lit(kind),
        value=pl.lit(None, pl.Float64),
        threshold=pl.lit(None, pl.Float64),
        explanation=explanation,
    )
