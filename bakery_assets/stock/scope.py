"""What the ledger of a round is about: each tenant's kitchen, clock and way of issuing, and its locations' hours.

Facts that only know their day happen when their location closes, see ``opening_hours.trading_hours``.
"""

from dataclasses import dataclass

import dataframely as dy
import polars as pl

from bakery_assets.local_time import with_instants, with_local_times
from bakery_assets.opening_hours import TradingHours, trading_hours
from bakery_assets.schemas import Cells, ops
from bakery_assets.schemas.columns import MAIN_LOCATION
from bakery_assets.tenant_settings import settings_on

LOCATION_DAY = ["tenant_id", "location_id", "date"]


@dataclass(frozen=True)
class Scope:
    """The ground that events stand on.

    Attributes:
        cells: the cells with ``begins_on``, the first local day whose facts count; ``begins_at``, its midnight, where
            the ledger goes on from a closing balance, else empty; and ``kitchen_id``, where batches are made.
        hours: of every location from two days before ``begins_on`` to the day after the plan date.
        kitchens: which location serves each shop: ``tenant_id, location_id, kitchen_id``.
        fifo_tenants: tenants that issue first in, first out.
    """

    cells: pl.DataFrame
    hours: dy.DataFrame[TradingHours]
    kitchens: pl.DataFrame
    fifo_tenants: pl.Series

    def at_closing(self, rows: pl.DataFrame, name: str = "happened_at") -> pl.DataFrame:
        """Rows of a location's ``date`` with the instant of its closing, at most the planning instant."""
        closing = self.hours.select(*LOCATION_DAY, closes_at="closes_at")
        own = self.cells.select("tenant_id", "planned_as_of")
        joined = rows.join(closing, on=LOCATION_DAY, how="inner", maintain_order="left").join(own, on="tenant_id")
        return joined.with_columns(pl.min_horizontal("closes_at", "planned_as_of").alias(name)).drop(
            "closes_at", "planned_as_of"
        )

    def at_opening(self, rows: pl.DataFrame, name: str) -> pl.DataFrame:
        """Rows of a tenant's ``date`` with its ``kitchen_id`` and the instant at which that opens."""
        kitchens = self.cells.select("tenant_id", "kitchen_id")
        opening = self.hours.select("tenant_id", "date", kitchen_id="location_id", opens_at="opens_at")
        return (
            rows.join(kitchens, on="tenant_id", maintain_order="left")
            .join(opening, on=["tenant_id", "date", "kitchen_id"], how="left", maintain_order="left")
            .rename({"opens_at": name})
        )

    def expired_through(self, rows: pl.DataFrame, at: str = "happened_at") -> pl.Series:
        """The last day, in days since 1970, whose lots had expired at each row's instant."""
        zones = self.cells.select("tenant_id", "timezone")
        local = rows.select("tenant_id", "location_id", at).join(zones, on="tenant_id", maintain_order="left")
        local = with_local_times(local, wall=at).with_columns(date=pl.col("wall").dt.date())
        closing = self.hours.select(*LOCATION_DAY, "closes_at")
        before = closing.with_columns(pl.col("date").dt.offset_by("1d")).rename({"closes_at": "closed_before"})
        known = local.join(closing, on=LOCATION_DAY, how="left", maintain_order="left").join(
            before, on=LOCATION_DAY, how="left", maintain_order="left"
        )
        past = (pl.col("closes_at") < pl.col(at)).fill_null(value=False)
        past_before = (pl.col("closed_before") < pl.col(at)).fill_null(value=True)
        days = pl.when(past).then(0).when(past_before).then(1).otherwise(2)
        return known.select((pl.col("date").to_physical().cast(pl.Int64) - days).alias("expired_through")).to_series()


def scope_of(
    cells: dy.DataFrame[Cells],
    begins: pl.DataFrame,
    locations: pl.DataFrame,
    opening_hours: dy.DataFrame[ops.OpeningHours],
    calendar: dy.DataFrame[ops.Calendar],
    settings: dy.DataFrame[ops.TenantSettings],
) -> Scope:
    """The scope of a round.

    Args:
        begins: ``tenant_id, begins_on, goes_on``: the first day, and whether a closing balance is of its start.
        locations: ``tenant_id, location_id, kitchen_id`` of all locations that facts name.
    """
    main = locations.filter(pl.col("location_id") == MAIN_LOCATION).select("tenant_id", main_kitchen="kitchen_id")
    known = (
        cells.join(begins, on="tenant_id", maintain_order="left")
        .join(main, on="tenant_id", how="left", maintain_order="left")
        .with_columns(kitchen_id=pl.col("main_kitchen").fill_null(MAIN_LOCATION), midnight=pl.time(0))
    )
    known = with_instants(known, "begins_at", day="begins_on", wall_time="midnight").with_columns(
        begins_at=pl.when("goes_on").then("begins_at")
    )
    places = pl.concat(
        [locations.select("tenant_id", "location_id"), known.select("tenant_id", location_id="kitchen_id")]
    ).unique()
    days = (
        known.select(
            "tenant_id",
            "timezone",
            date=pl.date_ranges(pl.col("begins_on").dt.offset_by("-2d"), pl.col("plan_date").dt.offset_by("1d")),
        )
        .explode("date")
        .join(places, on="tenant_id")
    )
    choices = settings_on(cells.select("tenant_id", date="plan_date"), settings, ("issuing",))
    return Scope(
        known.drop("main_kitchen", "midnight", "goes_on"),
        trading_hours(days, opening_hours, calendar, settings),
        locations.with_columns(pl.col("kitchen_id").fill_null(MAIN_LOCATION)),
        choices.filter(pl.col("issuing") == "fifo")["tenant_id"],
    )
