"""Purchase orders that follow from decisions: one line for each ingredient of an approved proposal, as changed.

A decision that holds writes records of what is different after it; what it takes back gets the quantity 0. What was
recorded of an order otherwise, by a person or after the supplier's confirmation, decisions about others leave alone.
"""

from datetime import time

import dataframely as dy
import polars as pl

from bakery_assets.decisions.facts import LINE, PROPOSAL, TAKES_BACK, DecisionFacts, WindowFacts
from bakery_assets.decisions.legality import Targets
from bakery_assets.decisions.numbers import moved_order_number, order_number
from bakery_assets.decisions.states import ProposalStates
from bakery_assets.decisions.targets import ORDER
from bakery_assets.local_time import with_instants
from bakery_assets.materials.baking_starts import baking_lives, baking_starts
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops

LAST_MINUTE = time(23, 59)


class OrderLines(dy.Schema):
    """Lines of purchase orders as decided."""

    tenant_id = col.tenant_id()
    order_id = col.key_text("The order", primary_key=True)
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    plan_date = col.date("Local date of the plan")
    version = col.integer("Version of that plan", minimum=1)
    proposal_number = col.key_text("Proposal that it comes from")
    supplier_id = col.key_text("Who delivers it")
    deliver_on = col.date("Day of delivery")
    quantity = col.number("Quantity, in the ingredient's unit")
    unit_price = ops.PurchaseOrders.unit_price
    currency = ops.PurchaseOrders.currency
    requirement_number = ops.PurchaseOrders.requirement_number
    decided_at = col.instant("When the order was approved")


def order_lines(
    facts: DecisionFacts, states: dy.DataFrame[ProposalStates], targets: dy.DataFrame[Targets]
) -> dy.DataFrame[OrderLines]:
    """The lines of all approved proposals with the changes of ``targets``, sorted by key.

    A line that is canceled has quantity 0. Lines of one ingredient that come with one order are one. The price of
    another supplier is the one that it asks now.
    """
    approved = states.filter(pl.col("status") == "approved").select(*PROPOSAL, "decided_at")
    lines = facts["published_orders"].join(approved, on=PROPOSAL).rename({"planned_order_quantity": "planned"})
    changed = _with_price(lines.join(_changes(lines, targets), on=LINE, how="left"), facts)
    is_moved = pl.col("supplier_id").ne_missing(pl.col("old_supplier")) | pl.col("deliver_on").ne_missing(
        pl.col("old_day")
    )
    named = changed.with_columns(order_id=pl.when(is_moved).then(moved_order_number()).otherwise(order_number()))
    merged = (
        named.sort(LINE)
        .group_by("tenant_id", "order_id", "ingredient_id", maintain_order=True)
        .agg(
            pl.col("plan_date", "version", "proposal_number", "supplier_id", "deliver_on", "unit_price").first(),
            pl.col("currency", "requirement_number", "decided_at").first(),
            ordered_sum("quantity").round(DECIMALS),
        )
    )
    return conform(OrderLines, merged.sort("tenant_id", "order_id", "ingredient_id"))


def order_records(
    facts: DecisionFacts,
    before: dy.DataFrame[OrderLines],
    after: dy.DataFrame[OrderLines],
    targets: dy.DataFrame[Targets],
    not_known_to: pl.DataFrame,
) -> dy.DataFrame[ops.PurchaseOrders]:
    """Records of the lines that new decisions change, as learned when the last of these was recorded; sorted by key.

    An order is expected within its whole day, as the plan has it (``materials.baking_starts``): what is good for a
    single day's baking before it.

    Args:
        not_known_to: ``tenant_id, instant``: plans up to this instant are made without these orders, which are
            therefore recorded after it.
    """
    key = ["tenant_id", "order_id", "ingredient_id"]
    compared = ["supplier_id", "deliver_on", "quantity", "unit_price", "currency"]
    known = before.select(*key, was_ordered=pl.lit(value=True))
    different = (
        after.join(before, on=[*key, *compared], how="anti", nulls_equal=True)
        .join(known, on=key, how="left")
        # A line that was canceled before it was ordered is none.
        .filter((pl.col("quantity") > 0) | pl.col("was_ordered"))
    )
    gone = before.filter(pl.col("quantity") > 0).join(after, on=key, how="anti").with_columns(quantity=pl.lit(0.0))
    new = targets.filter("is_new").group_by(PROPOSAL).agg(pl.col("recorded_at").max())
    rows = (
        pl.concat([part.select(OrderLines.column_names()) for part in (different, gone)])
        .join(new, on=PROPOSAL)
        .join(not_known_to, on="tenant_id", how="left")
        .with_columns(recorded_at=pl.max_horizontal("recorded_at", pl.col("instant") + pl.duration(microseconds=1)))
    )
    named = with_window(rows, facts).with_columns(
        ordered_at="decided_at", proposed_on="plan_date", plan_version="version"
    )
    return conform(ops.PurchaseOrders, named.sort(key))


def _changes(lines: pl.DataFrame, targets: pl.DataFrame) -> pl.DataFrame:
    """By line the last quantity, supplier and day that decisions give it; empty: as planned."""
    takes_back = pl.col("decision").is_in(TAKES_BACK)
    of_line = targets.filter(pl.col("requirement_number").is_not_null()).with_columns(
        new_quantity=pl.when(takes_back).then(0.0).otherwise("new_quantity")
    )
    of_proposal = targets.filter(pl.col("requirement_number").is_null() & (pl.col("decision") == "change")).drop(
        "requirement_number"
    )
    spread = of_proposal.join(lines.select(*PROPOSAL, "requirement_number"), on=PROPOSAL)
    given = ("new_quantity", "new_supplier_id", "new_deliver_on")
    wanted = [*LINE, *ORDER[1:], *given]
    return (
        pl.concat([of_line.select(wanted), spread.select(wanted)])
        .sort(ORDER)
        .group_by(LINE, maintain_order=True)
        .agg(pl.col(name).drop_nulls().last() for name in given)
    )


def _with_price(lines: pl.DataFrame, facts: DecisionFacts) -> pl.DataFrame:
    """Lines as changed, with what they were as ``old_supplier`` and ``old_day``, and the new supplier's price."""
    asked = (
        facts["supplier_items"]
        .select("tenant_id", "supplier_id", "ingredient_id", "price")
        .join(facts["suppliers"].select("tenant_id", "supplier_id", supplier_currency="currency"),
              on=["tenant_id", "supplier_id"])
        .join(facts["tenants"].select("tenant_id", own_currency="currency"), on="tenant_id")
        .select("tenant_id", "ingredient_id", new_supplier_id="supplier_id", new_price="price",
                new_currency=pl.coalesce("supplier_currency", "own_currency"))
    )  # fmt: skip
    is_other = pl.col("new_supplier_id").ne_missing(pl.col("supplier_id")) & pl.col("new_supplier_id").is_not_null()
    return lines.join(asked, on=["tenant_id", "ingredient_id", "new_supplier_id"], how="left").with_columns(
        old_supplier="supplier_id",
        old_day="deliver_on",
        quantity=pl.coalesce("new_quantity", "planned"),
        unit_price=pl.when(is_other).then("new_price").otherwise("unit_price"),
        currency=pl.when(is_other).then("new_currency").otherwise("currency"),
        supplier_id=pl.coalesce("new_supplier_id", "supplier_id"),
        deliver_on=pl.coalesce("new_deliver_on", "deliver_on"),
    )


def with_window(rows: pl.DataFrame, facts: WindowFacts) -> pl.DataFrame:
    """Adds ``expected_from`` and ``expected_to``: the hours in which the supplier delivers, else the local day.

    Args:
        rows: ``tenant_id, ingredient_id, supplier_id, deliver_on``.
    """
    lives = baking_lives(facts["ingredients"], facts["shifts"])
    keeps_a_day = facts["ingredients"].select("tenant_id", "ingredient_id", baking_life=lives)
    begun = baking_starts(facts["shifts"])
    hours = facts["suppliers"].select("tenant_id", "supplier_id", "delivers_from", "delivers_until")
    following = begun.select("tenant_id", "weekday", next_before="days_before", next_starts_at="starts_at")
    timed = (
        rows.join(facts["tenants"].select("tenant_id", "timezone"), on="tenant_id")
        .join(keeps_a_day, on=["tenant_id", "ingredient_id"], how="left")
        .join(hours, on=["tenant_id", "supplier_id"], how="left")
        .with_columns(
            from_time=pl.col("delivers_from").fill_null(time(0)),
            until_time=pl.col("delivers_until").fill_null(LAST_MINUTE),
            weekday=pl.col("deliver_on").dt.weekday().cast(pl.Int32),
        )
        .join(begun, on=["tenant_id", "weekday"], how="left")
        .with_columns(
            baking_day=pl.col("deliver_on") - pl.duration(days="days_before"), next_weekday=pl.col("weekday") % 7 + 1
        )
        .join(following, left_on=["tenant_id", "next_weekday"], right_on=["tenant_id", "weekday"], how="left")
        .with_columns(
            next_baking_day=pl.col("deliver_on") + pl.duration(days=1 - pl.col("next_before")),
            until_day=pl.col("deliver_on")
            + pl.duration(days=(pl.col("until_time") <= pl.col("from_time")).cast(pl.Int32)),
        )
    )
    for name, day, at in (
        ("expected_from", "deliver_on", "from_time"),
        ("window_ends", "until_day", "until_time"),
        ("baking_at", "baking_day", "starts_at"),
        ("next_baking_at", "next_baking_day", "next_starts_at"),
    ):
        timed = with_instants(timed, name, day=day, wall_time=at)
    # What the plan counts on for a day has to be there when its baking begins, with a night shift the evening before.
    keeps_one_day = pl.col("baking_life") == 1
    begins = pl.when(keeps_one_day).then("baking_at").otherwise("next_baking_at")
    ends = pl.min_horizontal("window_ends", begins)
    return timed.with_columns(expected_to=ends).with_columns(
        expected_from=pl.min_horizontal("expected_from", "expected_to")
    )
