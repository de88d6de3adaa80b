"""Findings about holidays of which it is not known, or known of others only, whether a shop opens on them."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import SOON_DAYS, Finding, finding
from bakery_assets.explanations.formats import as_json, counted, percent, plain_number
from bakery_assets.keys import SHOP
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import conform, ops, plans

OF_OTHERS = ("sister_shops", "country")  # evidence that a person in the shop may know better
_SHOP_DAY = [*SHOP, "target_date"]


class HolidayAlertInputs(TypedDict):
    """What ``holiday_findings`` reads."""

    locations: dy.DataFrame[ops.Locations]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    holiday_openings: dy.DataFrame[plans.HolidayOpenings]


def holiday_findings(inputs: HolidayAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``holiday_unconfirmed``, one for each shop and holiday ahead; subject is the shop.

    One where nothing tells whether the shop opens, so that it is forecast; and one where it is forecast as 0 because
    other shops were closed. Opening hours or a closed day in the calendar end both. A forecast that a person has
    overridden needs no answer.
    """
    shops = inputs["locations"].select(*SHOP, shop=pl.coalesce("name", "location_id"))
    forecast = (
        inputs["demand_forecasts"]
        .group_by(_SHOP_DAY)
        .agg(
            forecast=ordered_sum("yhat").round(DECIMALS),
            is_overridden=pl.col("override_id").is_not_null().any(),
        )
        .filter(~pl.col("is_overridden"))
    )
    rows = (
        inputs["holiday_openings"]
        .join(forecast, on=_SHOP_DAY)
        .join(shops, on=SHOP)
        .sort(_SHOP_DAY)
        .with_columns(day=pl.col("target_date").dt.strftime("%a %-d %b"), of_others=_of_others())
    )
    # Nothing is forecast for a shop without a history, whatever the day.
    asked = rows.filter(pl.col("evidence") == "none", pl.col("forecast") > 0)
    closed = rows.filter(~pl.col("is_open"), pl.col("evidence").is_in(OF_OTHERS))
    return [_asked(asked), _closed_by_others(closed)]


def _asked(rows: pl.DataFrame) -> dy.DataFrame[Finding]:
    seen = (
        pl.when(pl.col("times_seen") == 0)
        .then(pl.lit("has never been seen on this holiday"))
        .otherwise(pl.lit("was closed the only time that it met this holiday"))
    )
    return _finding(
        rows,
        message=pl.format(
            "{}, {}: {} {}; {} units are forecast.{}",
            "day",
            "holiday",
            "shop",
            seen,
            plain_number("forecast"),
            "of_others",
        ),
        consequence="It is baked for as if it opened; if it closes, that is left over.",
        suggested_action="Enter the day in the calendar: as closed if you close, with its opening hours if you open.",
    )


def _closed_by_others(rows: pl.DataFrame) -> dy.DataFrame[Finding]:
    return _finding(
        rows,
        message=pl.format(
            "{}, {}: the forecast for {} is 0 because of what other shops did on this holiday.{}",
            "day",
            "holiday",
            "shop",
            "of_others",
        ),
        consequence="If it opens all the same, it has only what customers have ordered ahead.",
        suggested_action="If you open, enter the day in the calendar as a holiday with its opening hours; if you close,"
        " enter it as closed.",
    )


def _of_others() -> pl.Expr:
    """What other shops did on the holiday, as sentences that begin with a blank; empty: nothing is known."""
    sisters = pl.format(
        " Your other shops met it {} and were closed {}.",
        counted("sisters_seen", "time", "times"),
        counted("sisters_closed", "time", "times"),
    )
    country = pl.format(
        " In your country {} of shops are closed on it.",
        percent("country_closed_fraction"),
    )
    return pl.concat_str(
        pl.when(pl.col("sisters_seen") > 0).then(sisters).otherwise(pl.lit("")),
        pl.when(pl.col("country_closed_fraction").is_not_null()).then(country).otherwise(pl.lit("")),
    )


def _finding(rows: pl.DataFrame, message: pl.Expr, consequence: str, suggested_action: str) -> dy.DataFrame[Finding]:
    is_soon = pl.col("target_date") < pl.col("plan_date") + pl.duration(days=SOON_DAYS)
    found = finding(
        rows,
        severity=pl.when(is_soon).then(pl.lit("high")).otherwise(pl.lit("medium")),
        kind="holiday_unconfirmed",
        cause=pl.format("holiday_unconfirmed:{}:{}", "location_id", "target_date"),
        subject="location_id",
        # A whole day of the shop is at stake.
        stake=pl.lit(1.0),
        act_before=pl.col("target_date"),
        message=message,
        reasoning=as_json(
            target_date="target_date",
            holiday="holiday",
            evidence="evidence",
            forecast="forecast",
            times_seen="times_seen",
            times_closed="times_closed",
            sisters_seen="sisters_seen",
            sisters_closed="sisters_closed",
            country_closed_fraction="country_closed_fraction",
            country_tenants="country_tenants",
        ),
        consequence=consequence,
        suggested_action=suggested_action,
    )
    return conform(Finding, found)
