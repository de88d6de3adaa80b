"""Earlier proposals: what the newest plan before proposed, as ordering reads it.

What stays of it is decided in ``kept_proposals``.
"""

from typing import TypedDict

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.cells import OUTLOOK_DAYS, with_day
from bakery_assets.keys import CELL
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.delivery_windows import WEEK
from bakery_assets.materials.expiry_buckets import Floats, Ints
from bakery_assets.quantities import ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

LINE = ["tenant_id", "ingredient_id", "supplier_id", "deliver_on"]
REQUIREMENT = [*CELL, "version", "requirement_number"]


class ProposalInputs(TypedDict):
    """What ``earlier_proposals`` reads."""

    tenant_settings: dy.DataFrame[ops.TenantSettings]
    plan_versions: dy.DataFrame[plans.PlanVersions]
    published_orders: dy.DataFrame[plans.PublishedOrders]
    plan_decisions: dy.DataFrame[ops.PlanDecisions]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]


class EarlierProposals(dy.Schema):
    """Undecided proposals of the newest plan before."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    supplier_id = col.key_text("The supplier", primary_key=True)
    deliver_on = col.date("Day of delivery", primary_key=True)
    quantity = col.number("Quantity, in the ingredient's unit")


def earlier_proposals(cells: dy.DataFrame[Cells], inputs: ProposalInputs) -> dy.DataFrame[EarlierProposals]:
    """Lines of the newest published plan before each cell's own, sorted; without those whose proposal somebody has
    decided about, and those of which something is on order for that day."""
    instants = cells.select("tenant_id", "timezone", at="planned_as_of")
    newest = (
        inputs["plan_versions"]
        .join(instants, on="tenant_id")
        .filter(pl.col("published_at") <= pl.col("at"), pl.col("planned_as_of") < pl.col("at"))
        .sort("tenant_id", "planned_as_of", "plan_date", "version")
        .unique("tenant_id", keep="last", maintain_order=True)
    )
    lines = inputs["published_orders"].join(newest, on=[*CELL, "version"], how="semi")
    decisions = inputs["plan_decisions"].filter(pl.col("plan") == "procurement_plans")
    decided = lines.join(decisions.select(*CELL, about_version="version", about="proposal_number"), on=CELL).filter(
        pl.col("about_version").is_null() | (pl.col("about_version") == pl.col("version")),
        pl.col("about").is_null() | (pl.col("about") == pl.col("proposal_number")),
    )
    orders = inputs["purchase_orders"].join(instants, on="tenant_id")
    coming = with_local_times(orders, expected_to="expected_to").select(
        *LINE[:-1], deliver_on=pl.col("expected_to").dt.date()
    )
    undecided = lines.join(decided, on=REQUIREMENT, how="anti").drop_nulls(LINE).join(coming, on=LINE, how="anti")
    found = undecided.group_by(LINE).agg(quantity=ordered_sum("planned_order_quantity"))
    return conform(EarlierProposals, found.sort(LINE))


def proposed_by_day(cells: dy.DataFrame[Cells], offers: pl.DataFrame, waits: Ints, inputs: ProposalInputs) -> Floats:
    """What was proposed of each offer, by the day of the outlook from which it would be usable; 0: nothing.

    Args:
        offers: ``tenant_id, ingredient_id, supplier_id``, and ``can_keep``: whether what was proposed of it may stay.
        waits: offers by the days of a week, as of ``days_until_usable``.
    """
    numbered = offers.select(LINE[:-1]).with_row_index("offer").filter(offers["can_keep"])
    placed = (
        with_day(earlier_proposals(cells, inputs), cells, of="deliver_on")
        .join(numbered, on=LINE[:-1])
        .filter(pl.col("day") < OUTLOOK_DAYS)
    )
    offer, day, quantity = (placed[name].to_numpy() for name in ("offer", "day", "quantity"))
    usable = day + waits[offer, day % WEEK]
    is_ahead = (usable >= 0) & (usable < OUTLOOK_DAYS)
    found = np.zeros((offers.height, OUTLOOK_DAYS))
    np.add.at(found, (offer[is_ahead], usable[is_ahead]), quantity[is_ahead])
    return found
