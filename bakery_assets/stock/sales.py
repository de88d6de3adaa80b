"""Sales as events: what was recorded, what is taken as sold on days not yet complete, and what days without a plan of
record must have made.

A day is complete when its location has closed and its till has reported since.
"""

from dataclasses import dataclass

import dataframely as dy
import polars as pl

from bakery_assets.complete_days import is_reported, with_midnights
from bakery_assets.keys import SERIES
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.items import PRODUCT_KIND
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans
from bakery_assets.stock.batches import MadeBatches, RecordedDays
from bakery_assets.stock.events import Action, StockEvents
from bakery_assets.stock.recorded import events_of
from bakery_assets.stock.scope import LOCATION_DAY, Scope

PROFILE_DAYS = 28  # days whose hourly sales say how a day's sales spread over its hours
SERIES_DAY = [*SERIES, "date"]


class SoldDays(dy.Schema):
    """What each product sold in a location on a day, up to the planning instant."""

    tenant_id = col.tenant_id()
    location_id = col.location_id(primary_key=True)
    product_id = col.key_text("The product", primary_key=True)
    date = col.date("The day", primary_key=True)
    recorded = col.number("Sales recorded, net of refunds", minimum=None)
    assumed = col.number("Sales taken as made beyond them")
    opens_at = col.instant("When the location opens")
    until = col.instant("When it closes, or the planning instant")


class ImpliedProduction(dy.Schema):
    """What days without a plan of record made: what was sold and thrown away."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    made_on = col.date("The day", primary_key=True)
    quantity = col.number("Units made")


@dataclass(frozen=True)
class SalesFacts:
    """What sales are worked out from, each fact in its latest correction."""

    sales: dy.DataFrame[ops.Sales]
    sales_hourly: dy.DataFrame[ops.SalesHourly]
    day_forecasts: dy.DataFrame[plans.DemandForecasts]


def sold_days(scope: Scope, facts: SalesFacts) -> dy.DataFrame[SoldDays]:
    """Sales by product, location and day from the ledger's first day on, sorted.

    On a day that is not complete the larger of what was recorded and the last forecast of the day before its own is
    taken as sold: up to the planning instant by the profile of the hours.
    """
    own = scope.cells.select("tenant_id", "begins_on", "plan_date", "planned_as_of", "timezone")
    within = pl.col("date").is_between(pl.col("begins_on"), pl.col("plan_date"))
    recorded = facts.sales.rename({"sales_date": "date"}).join(own, on="tenant_id").filter(within)
    days = _days(scope, own, recorded)
    expected = (
        facts.day_forecasts.join(own.select("tenant_id", "begins_on", as_of_date="plan_date"), on="tenant_id")
        .filter((pl.col("target_date") >= pl.col("begins_on")) & (pl.col("target_date") <= pl.col("as_of_date")))
        .sort("plan_date")
        .unique([*SERIES, "target_date"], keep="last")
        .select(*SERIES, "yhat", date="target_date")
        .join(days.filter(~pl.col("is_complete")), on=LOCATION_DAY, how="semi")
    )
    rows = (
        recorded.select(*SERIES_DAY, recorded="quantity")
        .join(expected, on=SERIES_DAY, how="full", coalesce=True)
        .join(days, on=LOCATION_DAY)
        .with_columns(pl.col("recorded").fill_null(0.0))
    )
    waiting = rows.filter(pl.col("yhat") > pl.col("recorded"))
    shares = with_shares(scope, waiting, facts.sales_hourly, at="until", of_own_day=False)
    assumed = shares.select(*SERIES_DAY, assumed=(pl.col("yhat") * pl.col("share") - pl.col("recorded")).clip(0.0))
    sold = rows.join(assumed, on=SERIES_DAY, how="left").with_columns(pl.col("assumed").fill_null(0.0).round(DECIMALS))
    return conform(SoldDays, sold.filter((pl.col("recorded") != 0) | (pl.col("assumed") > 0)).sort(SERIES_DAY))


def _days(scope: Scope, own: pl.DataFrame, recorded: pl.DataFrame) -> pl.DataFrame:
    """Location days that have begun, whether each is complete, and until when it sold."""
    reported = recorded.group_by(LOCATION_DAY).agg(reported_at=pl.col("recorded_at").max())
    days = scope.hours.join(own, on="tenant_id").join(reported, on=LOCATION_DAY, how="left")
    days = with_midnights(days, "date")
    return days.with_columns(
        is_complete=~pl.col("is_open") | is_reported(), until=pl.min_horizontal("closes_at", "planned_as_of")
    ).select(*LOCATION_DAY, "is_complete", "opens_at", "closes_at", "until", "timezone")


def with_shares(
    scope: Scope, rows: pl.DataFrame, hourly: dy.DataFrame[ops.SalesHourly], *, at: str, of_own_day: bool
) -> pl.DataFrame:
    """Rows of product, location and day with the ``share`` of the day's sales that is made by an instant.

    By the day's own hourly sales where it has any and they may be used, else by those of the weeks before it, else
    evenly over the opening hours.
    """
    if rows.is_empty():
        return rows.with_columns(share=pl.lit(0.0))
    days = rows.select(SERIES_DAY).unique()
    back = (pl.col("date") - pl.col("sales_date")).dt.total_days()
    weights = (
        hourly.join(days, on=SERIES)
        .filter(back.is_between(0 if of_own_day else 1, PROFILE_DAYS))
        .with_columns(is_own=back == 0)
        .filter(pl.col("is_own") | ~pl.col("is_own").any().over(SERIES_DAY))
        .group_by(*SERIES_DAY, "hour")
        .agg(weight=ordered_sum("quantity").clip(0.0))
    )
    hours = pl.DataFrame({"hour": range(24)}, {"hour": pl.Int32})
    profile = (
        weights.select(SERIES_DAY)
        .unique()
        .join(hours, how="cross")
        .join(weights, on=[*SERIES_DAY, "hour"], how="left")
        .with_columns(pl.col("weight").fill_null(0.0))
        .sort(*SERIES_DAY, "hour")
        .with_columns(
            before=pl.col("weight").cum_sum().over(SERIES_DAY) - pl.col("weight"),
            total=pl.col("weight").sum().over(SERIES_DAY),
        )
        .filter(pl.col("total") > 0)
    )
    local = with_local_times(rows, wall=at).with_columns(hour=pl.col("wall").dt.hour().cast(pl.Int32))
    span = pl.col("closes_at") - pl.col("opens_at")
    evenly = (pl.col(at) - pl.col("opens_at")).dt.total_seconds() / span.dt.total_seconds()
    by_hour = (pl.col("before") + pl.col("weight") * pl.col("wall").dt.minute() / 60) / pl.col("total")
    # After midnight the day's profile starts again, but its sales do not.
    is_day = pl.col("wall").dt.date() == pl.col("date")
    share = (
        pl.when(pl.col(at) >= pl.col("closes_at"))
        .then(1.0)
        .when(is_day & by_hour.is_not_null())
        .then(by_hour)
        .otherwise(evenly)
    )
    joined = local.join(profile, on=[*SERIES_DAY, "hour"], how="left", maintain_order="left")
    return joined.with_columns(share=share.clip(0.0, 1.0)).drop("wall", "hour", "weight", "before", "total")


def implied_production(
    scope: Scope,
    sold: dy.DataFrame[SoldDays],
    waste: dy.DataFrame[StockEvents],
    made: dy.DataFrame[MadeBatches],
    recorded: dy.DataFrame[RecordedDays],
    reported: pl.DataFrame,
) -> dy.DataFrame[ImpliedProduction]:
    """Sales and waste by product and day, where neither a plan of record nor a batch tells what was made.

    What was thrown away before the kitchen opened is not of what was there then: it is taken from what was left, and
    what is beyond that is raised, see ``ledger``.

    Args:
        reported: ``tenant_id, product_id, schedule_date`` that events tell of, whatever became of the batches.
    """
    sales = sold.select("tenant_id", "product_id", "date", quantity=pl.col("recorded") + pl.col("assumed"))
    of_products = waste.filter(pl.col("item_kind") == PRODUCT_KIND).with_columns(date=pl.col("made_on"))
    too_early = (pl.col("happened_at") < pl.col("opens_at")).fill_null(value=False)
    thrown = (
        scope.at_opening(of_products, "opens_at")
        .filter(~too_early)
        .select("tenant_id", product_id="item_id", date="date", quantity="quantity")
    )
    of_day = ["tenant_id", "product_id", "date"]
    batches = pl.concat([made.select("tenant_id", "product_id", "schedule_date"), reported]).rename(
        {"schedule_date": "date"}
    )
    needed = (
        pl.concat([sales, thrown])
        .join(recorded.rename({"schedule_date": "date"}), on=["tenant_id", "date"], how="anti")
        .join(batches, on=of_day, how="anti")
        .join(scope.cells.select("tenant_id", "begins_on"), on="tenant_id")
        .filter(pl.col("date") >= pl.col("begins_on"))
        .group_by(of_day)
        .agg(ordered_sum("quantity").round(DECIMALS))
        .filter(pl.col("quantity") > 0)
        .rename({"date": "made_on"})
        .sort("tenant_id", "product_id", "made_on")
    )
    return conform(ImpliedProduction, needed)


def implied_batches(
    scope: Scope, implied: dy.DataFrame[ImpliedProduction], shelf_lives: pl.DataFrame
) -> dy.DataFrame[StockEvents]:
    """What days without a plan of record made, there when the kitchen opened."""
    rows = scope.at_opening(implied.with_columns(date=pl.col("made_on")), "happened_at")
    rows = rows.with_columns(item_kind=pl.lit(PRODUCT_KIND), item_id="product_id", location_id="kitchen_id")
    rows = rows.join(shelf_lives, on=["tenant_id", "item_kind", "item_id"], how="left")
    return events_of(
        rows,
        action=int(Action.PRODUCE),
        lot_id=pl.format("baked {}", "made_on"),
        expires_on=pl.col("made_on") + pl.duration(days=pl.col("shelf_life_days") - 1),
        source=pl.format("baking {}", "made_on"),
        is_assumed=pl.lit(True),
    )


def sales_events(
    scope: Scope,
    sold: dy.DataFrame[SoldDays],
    counts: dy.DataFrame[StockEvents],
    hourly: dy.DataFrame[ops.SalesHourly],
    shelf_lives: pl.DataFrame,
) -> dy.DataFrame[StockEvents]:
    """Sales at closing; a count within the opening hours parts the day's sales by the profile of the hours."""
    rows = sold.join(scope.kitchens, on=["tenant_id", "location_id"], how="left")
    closing = scope.hours.select(*LOCATION_DAY, "closes_at")
    rows = rows.join(closing, on=LOCATION_DAY).join(scope.cells.select("tenant_id", "timezone"), on="tenant_id")
    parts = pl.concat(
        [_parts(rows, scope, counts, hourly), rows.with_columns(happened_at="until", sold_by=pl.lit(1.0))],
        how="diagonal",
    )
    parts = parts.sort(*SERIES_DAY, "happened_at").with_columns(
        fraction=pl.col("sold_by") - pl.col("sold_by").shift(1, fill_value=0.0).over(SERIES_DAY)
    )
    kinds = pl.concat(
        [
            parts.with_columns(
                quantity=pl.col("recorded"), source=pl.format("sales {}", "date"), is_assumed=pl.lit(False)
            ),
            parts.with_columns(
                quantity=pl.col("assumed"), source=pl.format("forecast {}", "date"), is_assumed=pl.lit(True)
            ),
        ]
    )
    amount = (pl.col("quantity") * pl.col("fraction")).round(DECIMALS)
    kinds = kinds.with_columns(quantity=amount).filter(pl.col("quantity") != 0)
    kinds = kinds.with_columns(item_kind=pl.lit(PRODUCT_KIND), item_id="product_id").join(
        shelf_lives, on=["tenant_id", "item_kind", "item_id"], how="left"
    )
    is_return = pl.col("quantity") < 0
    return events_of(
        kinds.with_columns(pl.col("quantity").abs(), is_return=is_return),
        action=pl.when("is_return")
        .then(int(Action.TAKE_BACK))
        .when("is_assumed")
        .then(int(Action.EXPECT_SALE))
        .otherwise(int(Action.SELL)),
        other_location_id=pl.when(pl.col("kitchen_id") != pl.col("location_id")).then("kitchen_id"),
        new_lot_id=pl.when("is_return").then(pl.format("returned {}", "date")),
        expires_on=pl.when("is_return").then(pl.col("date") + pl.duration(days=pl.col("shelf_life_days") - 1)),
        made_on=pl.col("date"),
    )


def _parts(
    sold: pl.DataFrame, scope: Scope, counts: pl.DataFrame, hourly: dy.DataFrame[ops.SalesHourly]
) -> pl.DataFrame:
    """Days that a count parts: at each count ``sold_by``, the share of the day's sales that was made before it."""
    counted = counts.filter(pl.col("item_kind") == PRODUCT_KIND).select(
        "tenant_id", product_id="item_id", counted_in="location_id", happened_at="happened_at"
    )
    within = (pl.col("happened_at") > pl.col("opens_at")) & (pl.col("happened_at") < pl.col("until"))
    here = (pl.col("counted_in") == pl.col("location_id")) | (pl.col("counted_in") == pl.col("kitchen_id"))
    parted = sold.join(counted.unique(), on=["tenant_id", "product_id"]).filter(within & here)
    parted = parted.drop("counted_in").unique([*SERIES_DAY, "happened_at"])
    before = with_shares(scope, parted, hourly, at="happened_at", of_own_day=True).rename({"share": "share_then"})
    by_end = with_shares(scope, before, hourly, at="until", of_own_day=True)
    share = pl.when(pl.col("share") > 0).then(pl.col("share_then") / pl.col("share")).otherwise(0.0).clip(0.0, 1.0)
    return by_end.with_columns(sold_by=share).drop("share_then", "share")
