"""Explanations of purchase proposals: their lines and sum as JSON, and what happens if no one orders.

What is ordered is decided in ``procurement``; why each line is ordered is explained in ``explanations.procurement``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.explanations.formats import as_json, counted, iso_date
from bakery_assets.explanations.procurement import RequirementTerms
from bakery_assets.keys import PRODUCT
from bakery_assets.materials.gross_requirements import WhereUsed
from bakery_assets.quantities import ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans

NAMED = 3  # ingredients, products and customers' orders that a sentence names; it counts the rest
PROPOSAL = ["tenant_id", "proposal_number"]
PROPOSAL_SUM = (
    "total_cost = sum of the lines' costs; a line's cost = quantity * price; is_minimum_met = total_cost is at least "
    "minimum_order_value"
)
TERMS = ("supplier", "currency", "total_cost", "minimum_order_value", "is_minimum_met", "expiring_cost", "late_lines",
         "lines", "sum")  # fmt: skip


class ProposalLines(RequirementTerms):
    """Requirements with an order, and the proposal whose lines they are."""

    proposal_number = plans.PurchaseProposals.proposal_number


class ProposalTerms(plans.PlanRow):
    """What proposals amount to."""

    proposal_number = plans.PurchaseProposals.proposal_number
    supplier_id = plans.PurchaseProposals.supplier_id
    supplier = col.text("The supplier's name")
    deliver_on = plans.PurchaseProposals.deliver_on
    order_by = plans.PurchaseProposals.order_by
    total_cost = plans.PurchaseProposals.total_cost
    currency = plans.PurchaseProposals.currency
    lines = plans.PurchaseProposals.lines
    minimum_order_value = plans.PurchaseProposals.minimum_order_value
    is_minimum_met = plans.PurchaseProposals.is_minimum_met


class ExplainedProposals(ProposalTerms):
    """Proposals with their explanation."""

    reasoning = plans.PurchaseProposals.reasoning
    consequence = plans.PurchaseProposals.consequence


def add_proposal_explanations(
    proposals: dy.DataFrame[ProposalTerms],
    lines: dy.DataFrame[ProposalLines],
    where_used: dy.DataFrame[WhereUsed],
    customer_orders: dy.DataFrame[ops.CustomerOrders],
) -> dy.DataFrame[ExplainedProposals]:
    """Add each proposal's lines and terms, and what happens, when, to which products and customers' orders without it.

    A customer's order is at stake where its product is made of an ingredient that runs out, from that day through the
    last day that the line covers; after that a later order can help.
    """
    affected = _affected_products(lines, where_used)
    named = (
        proposals.join(_line_terms(lines), on=PROPOSAL, how="left", maintain_order="left")
        .join(_shortages(lines), on=PROPOSAL, how="left", maintain_order="left")
        .join(_products(affected), on=PROPOSAL, how="left", maintain_order="left")
        .join(_customers(affected, customer_orders), on=PROPOSAL, how="left", maintain_order="left")
        .with_columns(sum=pl.lit(PROPOSAL_SUM))
    )
    terms = {name: pl.col(f"{name}_listed") if name == "lines" else pl.col(name) for name in TERMS}
    return conform(ExplainedProposals, named.with_columns(reasoning=as_json(**terms), consequence=_consequence()))


def _line_terms(lines: pl.DataFrame) -> pl.DataFrame:
    line = pl.struct(
        requirement_number="requirement_number", ingredient="name", quantity="planned_order_quantity", unit="unit",
        price="price", cost="cost",
    )  # fmt: skip
    return (
        lines.sort("tenant_id", "requirement_number")
        .group_by(PROPOSAL, maintain_order=True)
        .agg(
            lines_listed=line,
            late_lines=pl.col("is_late").sum(),
            expiring_cost=ordered_sum("expiring_cost").round(2),
        )
    )


def _shortages(lines: pl.DataFrame) -> pl.DataFrame:
    """By proposal which ingredients run out, fall below their safety stock, or have an unknown stock."""
    is_out = pl.col("stockout_on").is_not_null()
    is_known = pl.col("is_stock_known")
    is_low = is_known & ~is_out & pl.col("needed_on").is_not_null()
    first = (
        lines.sort("tenant_id", "stockout_on", "needed_on", "requirement_number", nulls_last=True)
        .unique([*PROPOSAL, "ingredient_id"], keep="first", maintain_order=True)
        .with_columns(
            out=pl.format("{} runs out on {}", "name", iso_date("stockout_on")),
            low=pl.format("{} falls below its safety stock on {}", "name", iso_date("needed_on")),
        )
    )
    return first.group_by(PROPOSAL, maintain_order=True).agg(
        out=pl.col("out").filter(is_out),
        low=pl.col("low").filter(is_low),
        unknown=pl.col("name").filter(~is_known),
    )


def _affected_products(lines: pl.DataFrame, where_used: pl.DataFrame) -> pl.DataFrame:
    """Products that cannot be baked without a proposal, with the days on which that is so."""
    stockout_day = (pl.col("stockout_on") - pl.col("plan_date")).dt.total_days()
    return (
        lines.filter(pl.col("stockout_on").is_not_null())
        .select(*PROPOSAL, "ingredient_id", "stockout_on", "covered_through", stockout_day=stockout_day)
        .join(where_used.rename({"name": "product"}), on=["tenant_id", "ingredient_id"])
        .filter(pl.col("last_baked_day") >= pl.col("stockout_day"))
    )


def _products(affected: pl.DataFrame) -> pl.DataFrame:
    return (
        affected.unique([*PROPOSAL, "product_id"])
        .sort(*PROPOSAL, "product", "product_id")
        .group_by(PROPOSAL, maintain_order=True)
        .agg(products="product")
    )


def _customers(affected: pl.DataFrame, customer_orders: pl.DataFrame) -> pl.DataFrame:
    wanted = customer_orders.filter(pl.col("quantity") > 0).select(*PRODUCT, "order_id", "due_date")
    return (
        affected.join(wanted, on=PRODUCT)
        .filter(pl.col("due_date").is_between("stockout_on", "covered_through"))
        .sort(*PROPOSAL, "due_date", "order_id")
        .unique([*PROPOSAL, "order_id"], keep="first", maintain_order=True)
        .group_by(PROPOSAL, maintain_order=True)
        .agg(customer_orders="order_id", first_due_on=pl.col("due_date").first())
    )


def _consequence() -> pl.Expr:
    """What happens if no one orders; empty where nothing is known to."""
    out, low, unknown = (pl.col(name).list.len() > 0 for name in ("out", "low", "unknown"))
    products = pl.when(pl.col("products").list.len() > 0).then(pl.format(" {} cannot be baked.", _joined("products")))
    count = pl.col("customer_orders").list.len()
    customers = pl.when(count > 0).then(
        pl.format(
            " {} at stake, the first on {}: {}.",
            counted(count, "customer's order is", "customers' orders are"),
            iso_date("first_due_on"),
            _joined("customer_orders"),
        )
    )
    known = (
        pl.when(out)
        .then(pl.format("Without this order {}.", _joined("out")))
        .when(low)
        .then(pl.format("Without this order nothing runs out, but {}.", _joined("low")))
    )
    not_known = pl.when(unknown).then(
        pl.format(
            "{}The stock of {} is not recorded.",
            pl.when(out | low).then(pl.lit(" ")).otherwise(pl.lit("")),
            _joined("unknown"),
        )
    )
    text = pl.concat_str(known, products, customers, not_known, ignore_nulls=True)
    return pl.when(text != "").then(text)


def _joined(names: str) -> pl.Expr:
    """The first ``NAMED`` of a list, and how many more there are; ``listed`` is for groups, this for lists."""
    more = pl.col(names).list.len().cast(pl.Int64) - NAMED
    first = pl.col(names).list.head(NAMED).list.join(", ")
    return pl.when(more > 0).then(pl.format("{} and {} more", first, more)).otherwise(first)
