"""Purchase orders that follow from decisions: one line for each ingredient of an approved proposal, as changed.

A decision that holds writes records of what is different after it; what it takes back gets the quantity 0. What was
recorded of an order otherwise, by a person or after the supplier's confirmation, decisions about others leave alone.
"""

import dataframely as dy
import polars as pl

from bakery_assets.decisions.facts import LINE, PROPOSAL, TAKES_BACK, DecisionFacts
from bakery_assets.decisions.legality import Targets
from bakery_assets.decisions.numbers import moved_order_number, order_number
from bakery_assets.decisions.states import ProposalStates
from bakery_assets.decisions.targets import ORDER
from bakery_assets.materials.delivery_windows import with_window
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops


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

    When an order is expected is in ``materials.delivery_windows``.

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
    zones = facts["tenants"].select("tenant_id", "timezone")
    named = with_window(rows.join(zones, on="tenant_id"), facts).with_columns(
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
