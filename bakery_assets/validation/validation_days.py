"""Which past days a plan validates, and with which forecasts: the one place where this rule is stated.

A plan validates the day before its plan date and, where that day is closed, the days before it back to the last open
one, at most ``LOOK_BACK_DAYS`` in all: a closed day is not planned on schedule, so no other plan would validate the
days before it. Seen from a day: the plan of the next open day validates it. After a longer break it is the plan of the
very next day, which a person or late sales have to ask for.

The forecast that counts is the last one made on the day or before it; the others are compared by their lead.

``resources.warehouse.validation_days`` states the rule in SQL, where the database has to know it; a test holds both
to the same days.
"""

from typing import TypeVar, cast

import dataframely as dy
import polars as pl

from bakery_assets.calendars import closed_days
from bakery_assets.cells import HORIZON_DAYS, past_days
from bakery_assets.keys import CELL
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

LOOK_BACK_DAYS = 14
LONGEST_LEAD_DAYS = HORIZON_DAYS - 1  # from a plan to the last day that it forecasts
POOLED_DAYS = 28  # days up to a validated one that metrics of products and trends are pooled over
PAST_VALIDATION_DAYS = LOOK_BACK_DAYS + POOLED_DAYS  # plans before a plan date that have validated these days

DAY = [*CELL, "validation_date"]
SHOP_DAY = ["tenant_id", "validation_date", "location_id"]

Forecasts = TypeVar("Forecasts", bound="LeadForecasts")


class ValidationDays(plans.PlanRow):
    """Days that a plan validates."""

    validation_date = plans.ValidationRuns.validation_date
    is_closed = col.boolean("The bakery's calendar closes the day")


class LeadForecasts(plans.PlanRow):
    """Forecasts of the validated days, of every lead."""

    validation_date = plans.ValidationLeads.validation_date
    lead_days = plans.ValidationLeads.lead_days
    location_id = plans.DemandForecasts.location_id
    product_id = plans.DemandForecasts.product_id
    yhat = plans.DemandForecasts.yhat
    system_yhat = plans.DemandForecasts.system_yhat
    q10 = plans.DemandForecasts.q10
    q50 = plans.DemandForecasts.q50
    q80 = plans.DemandForecasts.q80
    q90 = plans.DemandForecasts.q90
    q95 = plans.DemandForecasts.q95
    override_id = plans.DemandForecasts.override_id


def days_to_validate(cells: dy.DataFrame[Cells], calendar: dy.DataFrame[ops.Calendar]) -> dy.DataFrame[ValidationDays]:
    """The days that each cell validates, by cell and day."""
    closed = closed_days(calendar).select("tenant_id", validation_date="date", is_closed=pl.lit(True))
    days = (
        past_days(cells, LOOK_BACK_DAYS)
        .rename({"past_date": "validation_date"})
        .join(closed, on=["tenant_id", "validation_date"], how="left")
        .with_columns(pl.col("is_closed").fill_null(False))
        .sort(*DAY, descending=[False, False, True])
        .with_columns(open_days_after=(~pl.col("is_closed")).cast(pl.Int32).cum_sum().shift(1, fill_value=0).over(CELL))
        .filter(pl.col("open_days_after") == 0)
        .sort(DAY)
    )
    return conform(ValidationDays, days)


def forecasts_by_lead(
    days: dy.DataFrame[ValidationDays], past_forecasts: dy.DataFrame[plans.DemandForecasts]
) -> dy.DataFrame[LeadForecasts]:
    """Every forecast of each day that was made on it or before it."""
    figures = [name for name in LeadForecasts.column_names() if name not in (*DAY, "lead_days")]
    made = past_forecasts.select(
        "tenant_id",
        *figures,
        validation_date="target_date",
        lead_days=(pl.col("target_date") - pl.col("plan_date")).dt.total_days().cast(pl.Int32),
    )
    forecasts = (
        days.select(DAY)
        .join(made, on=["tenant_id", "validation_date"])
        .filter(pl.col("lead_days").is_between(0, LONGEST_LEAD_DAYS))
    )
    return conform(LeadForecasts, forecasts)


def forecasts_that_count(forecasts: dy.DataFrame[Forecasts]) -> dy.DataFrame[Forecasts]:
    """Of the forecasts of ``forecasts_by_lead``, the last of each day: that morning's, where one was made.

    All rows of a day come from one plan, so that products a later plan dropped do not come back.
    """
    last = forecasts.filter(pl.col("lead_days") == pl.col("lead_days").min().over(DAY))
    return cast(dy.DataFrame[Forecasts], last)
