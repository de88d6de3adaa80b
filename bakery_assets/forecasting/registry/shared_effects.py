"""Shared effects: what a country's tenants know of holidays together, for tenants without a version of their own.

They are stored with the boosters. A trained tenant's version holds what it needs of them, so they are read only for
the others, without the trees.
"""

from datetime import datetime

import dataframely as dy
import polars as pl

from bakery_assets.forecasting.models.gradient_boosting import FittedBoosters
from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.schemas import columns as col


class SharedEffects(dy.Schema):
    """What boosters hold besides their trees."""

    booster_id = plans.Boosters.booster_id
    trained_at = plans.Boosters.trained_at
    day_effects = plans.Boosters.day_effects
    holiday_closings = plans.Boosters.holiday_closings


class EffectsInUse(dy.Schema):
    """Whose shared effects a tenant has."""

    tenant_id = col.tenant_id()
    booster_id = col.text("The newest booster at its planning instant; empty: none", nullable=True)


def shared_effects_of(boosters: dy.DataFrame[FittedBoosters], trained_at: datetime) -> dy.DataFrame[SharedEffects]:
    """What boosters hold that have just been fitted."""
    return conform(SharedEffects, boosters.with_columns(trained_at=pl.lit(trained_at)))


def effects_in_use(cells: dy.DataFrame[Cells], shared: dy.DataFrame[SharedEffects]) -> dy.DataFrame[EffectsInUse]:
    """The newest booster at each cell's planning instant, in the order of the cells; so a day planned again uses
    the same one."""
    known = shared.sort("trained_at", "booster_id").select("booster_id", "trained_at")
    found = cells.sort("planned_as_of").join_asof(known, left_on="planned_as_of", right_on="trained_at")
    return conform(EffectsInUse, cells.select("tenant_id").join(found, on="tenant_id", maintain_order="left"))
