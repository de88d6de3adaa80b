"""Kitchens: which location bakes for each shop, and how far it is from there."""

import dataframely as dy
import polars as pl

from bakery_assets.keys import SHOP
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops


class ServingKitchens(dy.Schema):
    """Where what each location sells is baked; a kitchen serves itself."""

    tenant_id = col.tenant_id()
    location_id = col.location_id(primary_key=True)
    kitchen_id = col.key_text("Kitchen that bakes for it")
    minutes = dy.Int64(min=0, description="Minutes on the way from that kitchen")


def serving_kitchens(locations: dy.DataFrame[ops.Locations]) -> dy.DataFrame[ServingKitchens]:
    """The kitchen of every location, sorted.

    Kitchens are the one that serves ``main``, and locations that name themselves. A location that another one serves
    does not bake: what it serves is baked where its own goods come from, and the ways add up. Locations that serve
    one another in a circle are served by the kitchen of ``main``.
    """
    main = locations.filter(pl.col("location_id") == col.MAIN_LOCATION).select("tenant_id", of_main="kitchen_id")
    named = locations.join(main, on="tenant_id", how="left").with_columns(
        pl.col("kitchen_id", "of_main").fill_null(col.MAIN_LOCATION),
        way=pl.col("minutes_from_kitchen").fill_null(0).cast(pl.Int64),
    )
    bakes = (pl.col("location_id") == pl.col("of_main")) | (pl.col("location_id") == pl.col("kitchen_id"))
    served = named.with_columns(
        kitchen_id=pl.when(bakes).then("location_id").otherwise("kitchen_id"),
        minutes=pl.when(bakes).then(0).otherwise("way"),
    )
    kitchens = pl.concat(
        [
            named.filter(bakes).select("tenant_id", kitchen_id="location_id"),
            named.select("tenant_id", kitchen_id="of_main"),
        ]
    ).unique()
    # Each step doubles the length of the chains that are followed.
    for _ in range(locations.height.bit_length()):
        if served.join(kitchens, on=["tenant_id", "kitchen_id"], how="anti").is_empty():
            break
        onward = served.select("tenant_id", kitchen_id="location_id", onward_id="kitchen_id", onward="minutes")
        served = (
            served.join(onward, on=["tenant_id", "kitchen_id"], how="left")
            .with_columns(
                kitchen_id=pl.coalesce("onward_id", "kitchen_id"),
                minutes=pl.col("minutes") + pl.col("onward").fill_null(0),
            )
            .drop("onward_id", "onward")
        )
    found = served.join(kitchens.with_columns(ends=True), on=["tenant_id", "kitchen_id"], how="left").with_columns(
        kitchen_id=pl.when("ends").then("kitchen_id").otherwise("of_main"),
        minutes=pl.when("ends").then("minutes").otherwise("way"),
    )
    return conform(ServingKitchens, found.sort(SHOP))
