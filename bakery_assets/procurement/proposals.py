"""Purchase proposals: a plan's orders brought together by supplier and delivery, each to be decided on as a whole."""

import dataframely as dy
import polars as pl

from bakery_assets.explanations.procurement import ExplainedRequirements
from bakery_assets.explanations.proposals import (
    ExplainedProposals,
    ProposalLines,
    ProposalTerms,
    add_proposal_explanations,
)
from bakery_assets.keys import CELL
from bakery_assets.materials.gross_requirements import WhereUsed
from bakery_assets.procurement.joint_minimum import CENT
from bakery_assets.quantities import CENTS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans

DELIVERY = ["tenant_id", "supplier_id", "deliver_on"]


def with_proposals(requirements: dy.DataFrame[ExplainedRequirements]) -> pl.DataFrame:
    """Requirements with ``proposal_number``, by which those with an order belong together: those of one supplier that
    come on one day. Proposals are numbered within the tenant by first deadline, supplier and day of delivery."""
    deliveries = (
        requirements.filter(pl.col("planned_order_quantity") > 0)
        .group_by(DELIVERY)
        .agg(pl.col("order_by").min())
        .sort("tenant_id", "order_by", "supplier_id", "deliver_on", nulls_last=True)
    )
    number = pl.int_range(1, pl.len() + 1).over("tenant_id").cast(pl.String)
    digits = pl.len().over("tenant_id").cast(pl.String).str.len_chars().cast(pl.Int64).clip(2)
    numbered = deliveries.select(*DELIVERY, proposal_number="P" + number.str.pad_start(digits, "0"))
    is_order = pl.col("planned_order_quantity") > 0
    found = requirements.join(numbered, on=DELIVERY, how="left", maintain_order="left")
    return found.with_columns(proposal_number=pl.when(is_order).then("proposal_number"))


def purchase_proposals(
    requirements: pl.DataFrame,
    where_used: dy.DataFrame[WhereUsed],
    customer_orders: dy.DataFrame[ops.CustomerOrders],
) -> dy.DataFrame[ExplainedProposals]:
    """One row for each supplier and delivery, sorted by tenant and number.

    Args:
        requirements: of ``with_proposals``.
    """
    lines = conform(ProposalLines, requirements.filter(pl.col("proposal_number").is_not_null()))
    totals = (
        lines.group_by("tenant_id", "plan_date", "proposal_number", "supplier_id", "supplier", "deliver_on")
        .agg(
            order_by=pl.col("order_by").min(),
            total_cost=ordered_sum("cost").round(CENTS),
            currency=pl.col("currency").min(),
            lines=pl.len(),
            minimum_order_value=pl.col("minimum_order_value").max(),
        )
        .with_columns(is_minimum_met=pl.col("total_cost") > pl.col("minimum_order_value") - CENT)
        .sort("tenant_id", "proposal_number")
    )
    return add_proposal_explanations(conform(ProposalTerms, totals), lines, where_used, customer_orders)


def with_version(
    rows: pl.DataFrame, cells: dy.DataFrame[Cells], versions: dy.DataFrame[plans.PlanVersions]
) -> pl.DataFrame:
    """Rows of the cells with the ``version`` that their plan is: the one of their instant, else the first."""
    own = cells.select(*CELL, "planned_as_of").join(
        versions.select(*CELL, "planned_as_of", "version"), on=[*CELL, "planned_as_of"]
    )
    found = rows.join(own.select(*CELL, "version"), on=CELL, how="left", maintain_order="left")
    return found.with_columns(pl.col("version").fill_null(1))
