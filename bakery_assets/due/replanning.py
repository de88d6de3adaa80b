"""What replans a day whose plan is out: the one place where these rules are stated.

A plan that is out is worked with.

**Decisions and facts.** A plan that a person wants again, or rejects for a reason that says that its data was stale
(``decisions.stale_reasons``), is made again until the last shop closes; rejected for another reason it waits for a
person. A batch of the day that failed or was
cancelled replans it until the first shop opens, because what it was to bring can still be baked, and so does one of
which the plan takes another quantity as made than what was recorded since, above the threshold below. A count that
differs from the plan's book by more than the tenant's ``replan_threshold``, as a fraction of the book, does so only
before work for the day begins; one of a product that is made while the day before is still sold says nothing of the
book that the plan begins with. A delivery does so in the same way, when it brings less than the plan counts on, or
comes on another day (``due.deliveries``). Everything later waits for a person, or for the next day's plan.

**Late sales.** Sales that arrive after it validate the days they are of, always. They plan the day
again only while work for it has not begun (before the first start of work for the date, without shifts before the first
shop opens), and only when they change the total of a day by more than the tenant's ``replan_threshold``, as a fraction
of what the plan had taken. It had taken what was recorded by then; of a day that was not over, its forecast, where that
is more.
"""

from datetime import datetime
from typing import Literal, get_args

import dataframely as dy
import polars as pl

from bakery_assets.cells import Cell
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform
from bakery_assets.schemas.plans import VERSION_CAUSES

Asking = Literal["regeneration", "batch_lost", "batch_made", "counted", "delivered"]
ASKING: tuple[Asking, ...] = get_args(Asking)


class ReplanCandidates(dy.Schema):
    """Planned cells whose revalidation is requested, with the days whose sales they have taken."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the cell", primary_key=True)
    sales_date = col.date("Local day of sales before it", primary_key=True)
    work_begins_at = col.instant("First start of work for the plan date, else the first opening")
    threshold = col.number("Change from which the day is replanned, as a fraction of what was taken")
    taken = col.number("Units that the plan had taken as sold", minimum=None)
    known = col.number("Units known as sold now", minimum=None)


def cells_to_replan(candidates: dy.DataFrame[ReplanCandidates], now: datetime) -> set[Cell]:
    """The cells that are replanned."""
    change = (pl.col("known") - pl.col("taken")).abs()
    found = candidates.filter(
        pl.col("work_begins_at") > now, change > pl.col("threshold") * pl.col("taken").clip(lower_bound=0.0)
    )
    return {Cell(*row) for row in found.select("tenant_id", "plan_date").unique().iter_rows()}


class AskingFacts(dy.Schema):
    """Decisions and facts that the last version of a planned day's plan does not know."""

    tenant_id = col.key_text("The bakery")
    plan_date = col.date("Local date of the cell")
    asking = col.choice("What it is", ASKING)
    recorded_at = col.instant("When it was recorded")
    detail = col.text("What asks, in words")
    work_begins_at = col.instant("First start of work for the plan date, else the first opening")
    opens_at = col.instant("When the first shop opens on the plan date")
    closes_at = col.instant("When the last shop closes on the plan date")
    sold_until = col.instant("When the last shop closes on the day before")
    threshold = col.number("Change from which a quantity replans the day, as a fraction of the book")
    book = col.number("Of a batch that is made, a count or a delivery: what the plan counts on", nullable=True)
    found = col.number("Of the same: what was made, was found, or came", nullable=True)
    product_counted_at = col.instant("Of a count of a product: when it was counted", nullable=True)


class VersionRequests(dy.Schema):
    """Cells of which a new version is wanted."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the cell", primary_key=True)
    planned_as_of = col.instant("When the last of what asks for it was recorded")
    cause = col.choice("What it is made for", VERSION_CAUSES)
    detail = col.text("What asks for it, in words")


def versions_asked_for(facts: dy.DataFrame[AskingFacts], now: datetime) -> dy.DataFrame[VersionRequests]:
    """One version of each cell that something asks for in time, made for the last that does; sorted."""
    asking = pl.col("asking")
    until = (
        pl.when(asking == "regeneration")
        .then("closes_at")
        .when(asking.is_in(["batch_lost", "batch_made"]))
        .then("opens_at")
        .otherwise("work_begins_at")
    )
    change = (pl.col("found") - pl.col("book")).abs()
    is_much = (
        pl.when(asking.is_in(["batch_made", "counted", "delivered"]))
        .then(change > pl.col("threshold") * pl.col("book"))
        .otherwise(True)
    )
    is_sold_from = (pl.col("product_counted_at") < pl.col("sold_until")).fill_null(value=False)
    asked = facts.filter(until > now, is_much, ~is_sold_from).with_columns(
        planned_as_of="recorded_at",
        cause=pl.when(asking == "regeneration").then(pl.lit("decision")).otherwise(pl.lit("fact")),
    )
    last = asked.sort("tenant_id", "plan_date", "recorded_at", "detail").unique(
        ["tenant_id", "plan_date"], keep="last", maintain_order=True
    )
    return conform(VersionRequests, last)
