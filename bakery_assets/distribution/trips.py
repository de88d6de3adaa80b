"""Trips: what each place gets of the day, and which part of it leaves in the morning and which with a later trip."""

import dataframely as dy
import polars as pl

from bakery_assets.distribution.apportionment import apportioned
from bakery_assets.distribution.leftovers import with_extra
from bakery_assets.distribution.needs import KITCHEN_PRODUCT, Needs
from bakery_assets.distribution.supply import Supply
from bakery_assets.keys import SERIES
from bakery_assets.materials.demand import ShopDays
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform


class Trips(Needs):
    """What leaves for a place with a trip; a place that gets nothing has one row."""

    trip = col.integer("1: the first, which leaves in the morning if anything is ready then", minimum=1,
                       primary_key=True)  # fmt: skip
    leaves_at = col.instant("When it leaves")
    available = col.number("What the kitchen has of it by then")
    quantity = col.number("How much leaves")
    extra = col.number("What the place gets beyond its need of what lots are rounded up by")
    share = col.number("What the place gets of the whole day")
    total_need = col.number("Needs of all places of the kitchen together")
    total_available = col.number("What the kitchen has for the whole day")
    kitchen_share = col.number("What of the whole day stays for the kitchen's own counter")
    arrives_at = col.instant("When it arrives; what no times are known of not before the kitchen opens")


def trips(
    needed: dy.DataFrame[Needs], days: dy.DataFrame[ShopDays], supply: dy.DataFrame[Supply]
) -> dy.DataFrame[Trips]:
    """Trips of every place, the kitchen's own counter included, sorted.

    Each place gets its need of what the kitchen has that day; where that does not do, what customers have ordered is
    set aside first, and the rest shared by need; where it has more, ``leftovers`` says who gets that. Of what is ready
    when goods leave for a place, it gets its share among those that have not been served yet. What is not ready by then
    follows with one later trip, when the last of it is. What comes out too late to reach any place before it closes is
    not counted; a trip that would arrive after closing does not leave.
    """
    last_call = pl.col("last_call").max().over(KITCHEN_PRODUCT)
    lines = needed.with_columns(last=last_call).sort(*KITCHEN_PRODUCT, "location_id")
    in_time = supply.join(lines.select(*KITCHEN_PRODUCT, "last").unique(), on=KITCHEN_PRODUCT).filter(
        pl.col("ready_at").is_null() | (pl.col("ready_at") < pl.col("last"))
    )
    whole_day = in_time.group_by(KITCHEN_PRODUCT).agg(
        total_available=ordered_sum("quantity"),
        last_ready_at=pl.col("ready_at").max(),
        has_no_times=pl.col("has_no_times").any(),
    )
    lines = lines.join(whole_day, on=KITCHEN_PRODUCT, how="left", maintain_order="left").with_columns(
        _usable(pl.col("total_available")), total_need=ordered_sum("need").over(KITCHEN_PRODUCT)
    )
    morning = _in_the_morning(_ready(_shared(lines, days), in_time))
    later = morning.with_columns(
        quantity=(pl.col("share") - pl.col("quantity")).round(DECIMALS),
        leaves_at="last_ready_at",
        available="total_available",
    ).filter((pl.col("quantity") > 0) & (pl.col("leaves_at") < pl.col("last_call")))
    brings = pl.col("quantity") > 0
    rows = (
        pl.concat([morning, later.select(morning.columns)])
        .sort(*SERIES, "leaves_at")
        .filter(brings | ~brings.any().over(SERIES))
        .with_columns(trip=pl.int_range(1, pl.len() + 1).over(SERIES))
    )
    there = pl.col("leaves_at") + pl.duration(minutes=pl.col("minutes"))
    arrives_at = pl.when("has_no_times").then(pl.max_horizontal(there, "kitchen_opens_at")).otherwise(there)
    return conform(Trips, rows.with_columns(arrives_at=arrives_at).sort(Trips.primary_key()))


def _shared(lines: pl.DataFrame, days: dy.DataFrame[ShopDays]) -> pl.DataFrame:
    """Lines with ``share``, what each place gets of the whole day, ``extra`` of it, and ``kitchen_share``."""
    ordered = pl.min_horizontal("need", pl.when("is_whole").then(pl.col("orders").ceil()).otherwise("orders"))
    firm = lines.with_columns(firm=pl.min_horizontal(ordered, "total_available")).with_columns(
        open=pl.col("need") - pl.col("firm"),
        rest=(pl.col("total_available") - ordered_sum("firm").over(KITCHEN_PRODUCT)).clip(0.0),
    )
    shared = apportioned(firm, "by_need", total="rest", weight="open", over=KITCHEN_PRODUCT).with_columns(
        share=(pl.col("firm") + pl.col("by_need")).round(DECIMALS)
    )
    shared = with_extra(shared, days)
    own = pl.col("share").filter(pl.col("location_id") == pl.col("kitchen_id"))
    return shared.with_columns(kitchen_share=own.sum().over(KITCHEN_PRODUCT)).drop("firm", "open", "rest", "by_need")


def _ready(lines: pl.DataFrame, in_time: pl.DataFrame) -> pl.DataFrame:
    """Lines with ``available``: what is ready when goods leave for the place."""
    departures = lines.select(*KITCHEN_PRODUCT, "leaves_at").unique()
    ready = (
        departures.join(in_time, on=KITCHEN_PRODUCT)
        .filter(pl.col("ready_at").is_null() | (pl.col("ready_at") <= pl.col("leaves_at")))
        .group_by(*KITCHEN_PRODUCT, "leaves_at")
        .agg(available=ordered_sum("quantity"))
    )
    on = [*KITCHEN_PRODUCT, "leaves_at"]
    return lines.join(ready, on=on, how="left", maintain_order="left").with_columns(_usable(pl.col("available")))


def _usable(quantity: pl.Expr) -> pl.Expr:
    known = quantity.fill_null(0.0).round(DECIMALS)
    return pl.when("is_whole").then(known.floor()).otherwise(known)


def _in_the_morning(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with ``quantity``, what each place gets when goods leave for it.

    Those for whom goods leave at the same time share what is ready with all that are served later, by what each has to
    get of the day; departure follows departure.
    """
    departure = pl.col("leaves_at").rank("dense").over(KITCHEN_PRODUCT).cast(pl.Int64)
    lines = lines.with_columns(departure=departure, quantity=pl.lit(0.0))
    for number in lines["departure"].unique().sort():
        is_now = pl.col("departure") == number
        ready = pl.col("available").filter(is_now).max().over(KITCHEN_PRODUCT)
        gone = ordered_sum("quantity").over(KITCHEN_PRODUCT)
        lines = lines.with_columns(
            waiting=pl.when(pl.col("departure") >= number).then("share").otherwise(0.0),
            left=(ready - gone).fill_null(0.0).clip(0.0).round(DECIMALS),
        )
        lines = apportioned(lines, "now", total="left", weight="waiting", over=KITCHEN_PRODUCT)
        lines = lines.with_columns(quantity=pl.when(is_now).then("now").otherwise("quantity")).drop("now")
    return lines.drop("departure", "waiting", "left", strict=False)
