"""Deliveries of the supply replay: suppliers come late or bring less, as often as they say that they are not reliable.

What is drawn belongs to a supplier's day, not to an order, so that every policy meets the same weather.
"""

from datetime import date

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops

LATE_SHARE = 0.5  # of a supplier's failures are late deliveries, the others short lines
MOST_DAYS_LATE = 3
LEAST_BROUGHT, MOST_BROUGHT = 0.5, 0.9  # of what was ordered, where a line falls short


class DeliveryChances(dy.Schema):
    """How a supplier's delivery of a day would come, line by line."""

    tenant_id = col.tenant_id()
    supplier_id = col.key_text("The supplier", primary_key=True)
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    deliver_on = col.date("The day for which it is ordered", primary_key=True)
    days_late = col.integer("Days by which the whole delivery is late", maximum=MOST_DAYS_LATE)
    brought_share = col.number("Share of the line that is brought; the rest never comes", maximum=1.0)


def delivery_chances(
    suppliers: dy.DataFrame[ops.Suppliers],
    supplier_items: dy.DataFrame[ops.SupplierItems],
    first: date,
    last: date,
    seed: int,
) -> dy.DataFrame[DeliveryChances]:
    """For every day and line; with a reliability of 1 everything comes on time and in full. Sorted."""
    chance = np.random.default_rng([seed, 2])
    days = pl.DataFrame({"deliver_on": pl.date_range(first, last, eager=True)})
    visits = suppliers.select("tenant_id", "supplier_id", "reliability").join(days, how="cross")
    visits = visits.sort("tenant_id", "supplier_id", "deliver_on")
    fails = 1.0 - visits["reliability"].to_numpy()
    is_late = chance.random(visits.height) < fails * LATE_SHARE
    by = chance.integers(1, MOST_DAYS_LATE + 1, visits.height)
    lines = (
        visits.with_columns(days_late=pl.Series(np.where(is_late, by, 0)))
        .join(supplier_items.select("tenant_id", "supplier_id", "ingredient_id"), on=["tenant_id", "supplier_id"])
        .sort("tenant_id", "supplier_id", "ingredient_id", "deliver_on")
    )
    is_short = chance.random(lines.height) < (1.0 - lines["reliability"].to_numpy()) * (1.0 - LATE_SHARE)
    share = chance.uniform(LEAST_BROUGHT, MOST_BROUGHT, lines.height)
    return conform(DeliveryChances, lines.with_columns(brought_share=pl.Series(np.where(is_short, share, 1.0))))
