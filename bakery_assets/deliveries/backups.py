"""Backups: which other supplier could bring what a delivery has not, and by when that has to be ordered."""

from typing import TypedDict

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.deliveries.watch import CAUSE, OVERDUE, ReportedLines
from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_instants
from bakery_assets.procurement.offers import SupplierOfferInputs, order_days, supplier_offers
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col


class BackupInputs(SupplierOfferInputs, TypedDict):
    """What ``backup_offers`` reads."""

    calendar: dy.DataFrame[ops.Calendar]


class BackupOffers(dy.Schema):
    """The earliest delivery of each line's ingredient by another supplier."""

    tenant_id = col.tenant_id()
    cause = ReportedLines.cause
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    supplier_id = col.key_text("The other supplier")
    supplier = col.text("Its name")
    deliver_on = col.date("Day of delivery")
    order_by = col.instant("Until when it has to be ordered")
    price = col.number("Price of a unit, in the currency")
    currency = col.text("ISO 4217 code of the price", nullable=True)


def backup_offers(
    cells: dy.DataFrame[Cells], reported: dy.DataFrame[ReportedLines], inputs: BackupInputs
) -> dy.DataFrame[BackupOffers]:
    """Who else could bring what is overdue: of those that come first the best offer; sorted.

    Args:
        cells: one row for a tenant; ``planned_as_of`` is the instant from which can be ordered.
    """
    offers = supplier_offers(cells, inputs)
    last_order = order_days(offers, cells, inputs)
    can_come = last_order >= 0
    first = can_come.argmax(axis=1) if len(last_order) else np.zeros(0, dtype=np.int64)
    ordered = last_order[np.arange(len(first)), first]
    dated = (
        offers.with_row_index("rank")
        .with_columns(
            deliver_day=pl.Series(first, dtype=pl.Int64),
            order_day=pl.Series(ordered, dtype=pl.Int64),
            comes=pl.Series(can_come.any(axis=1), dtype=pl.Boolean),
        )
        .filter("comes")
        .join(cells.select("tenant_id", "plan_date", "timezone"), on="tenant_id")
        .with_columns(
            deliver_on=pl.col("plan_date") + pl.duration(days="deliver_day"),
            order_on=pl.col("plan_date") + pl.duration(days="order_day"),
        )
    )
    timed = with_instants(dated, "order_by", day="order_on", wall_time="order_cutoff_time")
    lines = reported.filter((pl.col("kind") == OVERDUE) & pl.col("draft").is_null())
    others = (
        lines.select(*CAUSE, "ingredient_id", late_supplier_id="supplier_id")
        .join(timed, on=INGREDIENT)
        .filter(pl.col("supplier_id") != pl.col("late_supplier_id"))
        .sort(*CAUSE, "ingredient_id", "deliver_on", "rank")
        .unique([*CAUSE, "ingredient_id"], keep="first", maintain_order=True)
    )
    return conform(BackupOffers, others)
