"""Findings about sales that have not been reported: one for each location whose till is silent, and one for a bakery
whose sales ended longer ago than is waited for.
"""

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, finding
from bakery_assets.calendars import closed_days
from bakery_assets.complete_days import MISSING_WITHIN_DAYS, TradingFacts, unreported_days
from bakery_assets.explanations.formats import as_json, clock
from bakery_assets.keys import SHOP
from bakery_assets.local_time import with_local_times
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, ops, plans


class SalesAlertInputs(TradingFacts):
    """What ``sales_findings`` reads; ``day_forecasts`` are earlier plans' forecasts of their own day and the next."""

    locations: dy.DataFrame[ops.Locations]
    sales: dy.DataFrame[ops.Sales]
    day_forecasts: dy.DataFrame[plans.DemandForecasts]


def sales_findings(cells: dy.DataFrame[Cells], inputs: SalesAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``sales_missing``, whose subject is the location, and ``sales_ended``, at most one a bakery.

    A day of which nothing was to be sold is not missing: a shop may close on a holiday that its calendar does not name.
    """
    return [_sales_missing(cells, inputs), _sales_ended(cells, inputs)]


def _sales_ended(cells: dy.DataFrame[Cells], inputs: SalesAlertInputs) -> dy.DataFrame[Finding]:
    """Days without sales, and without being closed, since the last sale, where they are more than are waited for."""
    plan_dates = cells.select("tenant_id", "plan_date")
    past = inputs["sales"].join(plan_dates, on="tenant_id").filter(pl.col("sales_date") < pl.col("plan_date"))
    last = past.group_by("tenant_id", "plan_date").agg(last_sale=pl.col("sales_date").max()).sort("tenant_id")
    closed = (
        closed_days(inputs["calendar"])
        .join(last, on="tenant_id")
        .filter((pl.col("date") > pl.col("last_sale")) & (pl.col("date") < pl.col("plan_date")))
        .group_by("tenant_id")
        .agg(closed=pl.len().cast(pl.Int64))
    )
    silent = (pl.col("plan_date") - pl.col("last_sale")).dt.total_days() - 1 - pl.col("closed").fill_null(0)
    ended = last.join(closed, on="tenant_id", how="left", maintain_order="left").with_columns(silent=silent)
    day, next_day = "last_sale", pl.col("last_sale").dt.offset_by("1d").dt.strftime("%Y-%m-%d")
    return finding(
        ended.filter(pl.col("silent") > MISSING_WITHIN_DAYS),
        severity="high",
        kind="sales_ended",
        message=pl.format("The last sale is of {}, {} open days ago.", pl.col(day).dt.strftime("%Y-%m-%d"), "silent"),
        reasoning=as_json(last_sale=day, open_days_since="silent", waited_for=pl.lit(MISSING_WITHIN_DAYS)),
        consequence="Forecasts follow what sold then, or are 0 for what has not sold since.",
        suggested_action=pl.format("Import the sales since. To look at that time, plan --date {}.", next_day),
    )


def _sales_missing(cells: dy.DataFrame[Cells], inputs: SalesAlertInputs) -> dy.DataFrame[Finding]:
    silent = unreported_days(cells, inputs["sales"], inputs)
    expected = (
        inputs["day_forecasts"]
        .filter(pl.col("plan_date") == pl.col("plan_date").max().over(*SHOP, "target_date"))
        .group_by(*SHOP, sales_date="target_date")
        .agg(expected=pl.col("yhat").sort().sum())
    )
    zones = cells.select("tenant_id", "timezone", "plan_date")
    days = (
        silent.join(expected, on=[*SHOP, "sales_date"], how="left")
        .filter(pl.col("expected").is_null() | (pl.col("expected") > 0))
        .join(zones, on="tenant_id")
    )
    names = inputs["locations"].select(*SHOP, "name").with_columns(shops=pl.len().over("tenant_id"))
    local = with_local_times(days, reported="reported_at").sort(*SHOP, "sales_date")
    day = pl.col("sales_date").dt.strftime("%a %-d %b")
    until = pl.format("{} (only until {})", day, clock("reported"))
    tills = (
        local.with_columns(phrase=pl.when(pl.col("reported_at").is_null()).then(day).otherwise(until))
        .group_by(*SHOP, "plan_date", maintain_order=True)
        .agg(
            dates=pl.col("phrase").str.join(", "),
            count=pl.len(),
            days="sales_date",
            waiting=pl.col("expected").sum().round(DECIMALS),
        )
        .join(names, on=SHOP, how="left", maintain_order="left")
    )
    shop = pl.format("{}: no", pl.coalesce("name", "location_id"))
    return finding(
        tills,
        severity="medium",
        kind="sales_missing",
        subject="location_id",
        stake=pl.col("count") / MISSING_WITHIN_DAYS,
        message=pl.format(
            "{} closing sales have arrived for {}, though {} was open.",
            pl.when(pl.col("shops") > 1).then(shop).otherwise(pl.lit("No")),
            "dates",
            pl.when(pl.col("shops") > 1).then(pl.lit("it")).otherwise(pl.lit("the bakery")),
        ),
        reasoning=as_json(days="days", forecast_of_these_days="waiting"),
        consequence=(
            "Until they arrive the forecast is taken as sold: stock follows it, and nothing is learned from these days."
        ),
        suggested_action=(
            "Look whether the till reports, and import its sales of these days. If it was closed, enter that in the"
            " calendar."
        ),
    )
