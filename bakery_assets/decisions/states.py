"""States of proposals and plans: a pure function of what was published and of the decisions that hold.

What is undecided is superseded by the next version, and by the plan of a later day, which have what is still to be
ordered in them. Only the last version of a day's plan is anything but superseded, so no two of them are approved.
"""

import dataframely as dy
import polars as pl

from bakery_assets.decisions.facts import PROCUREMENT, PROPOSAL, TAKES_BACK, VERSION, with_successors
from bakery_assets.decisions.legality import JudgedDecisions, Targets
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, plans
from bakery_assets.schemas.plans import PLAN_STATES, PROPOSAL_STATES


class ProposalStates(dy.Schema):
    """Where each proposal stands, and by whose decision."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the plan", primary_key=True)
    version = col.integer("Version of that plan", minimum=1, primary_key=True)
    proposal_number = col.key_text("The proposal", primary_key=True)
    status = col.choice("Where it stands", PROPOSAL_STATES)
    decided_at = col.instant("When that was decided; empty: undecided", nullable=True)


class PlanStates(dy.Schema):
    """Where each version of a plan stands."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the plan", primary_key=True)
    version = col.integer("Version of that plan", minimum=1, primary_key=True)
    status = col.choice("Where it stands", PLAN_STATES)
    since = col.instant("When the last of it was decided, or it was published")


def proposal_states(
    versions: dy.DataFrame[plans.PlanVersions],
    proposals: dy.DataFrame[plans.PublishedProposals],
    targets: dy.DataFrame[Targets],
) -> dy.DataFrame[ProposalStates]:
    """The state of every proposal, by the last decision about it as a whole; sorted by key."""
    is_whole = pl.col("requirement_number").is_null()
    decides = pl.col("decision").is_in(("approve", *TAKES_BACK))
    last = (
        targets.filter(is_whole & decides)
        .group_by(PROPOSAL, maintain_order=True)
        .agg(pl.col("decision").last(), decided_at=pl.col("recorded_at").last())
    )
    rows = proposals.select(PROPOSAL).join(last, on=PROPOSAL, how="left")
    rows = rows.join(with_successors(versions).select(*VERSION, "next_version", "newer_date"), on=VERSION)
    is_replaced = pl.any_horizontal(pl.col("next_version", "newer_date").is_not_null())
    status = (
        pl.when(pl.col("decision") == "approve")
        .then(pl.lit("approved"))
        .when(pl.col("decision").is_not_null())
        .then(pl.lit("rejected"))
        .when(is_replaced)
        .then(pl.lit("superseded"))
        .otherwise(pl.lit("draft"))
    )
    return conform(ProposalStates, rows.with_columns(status=status).sort(PROPOSAL))


def plan_states(
    versions: dy.DataFrame[plans.PlanVersions],
    proposals: dy.DataFrame[ProposalStates],
    decisions: dy.DataFrame[JudgedDecisions],
) -> dy.DataFrame[PlanStates]:
    """The state of every version, sorted by key: of the last one by its proposals, without any by what was decided."""
    counts = proposals.group_by(VERSION).agg(
        pl.len().alias("all"),
        pl.col("decided_at").max(),
        *((pl.col("status") == state).sum().alias(state) for state in PROPOSAL_STATES),
    )
    whole = decisions.filter(
        pl.col("plan") == PROCUREMENT, pl.col("refused").is_null(), pl.col("proposal_number").is_null(),
        pl.col("requirement_number").is_null(), pl.col("decision").is_in(("approve", "reject", "cancel")),
    )  # fmt: skip
    last = whole.group_by(VERSION, maintain_order=True).agg(
        pl.col("decision").last(), whole_at=pl.col("recorded_at").last()
    )
    rows = with_successors(versions).join(counts, on=VERSION, how="left").join(last, on=VERSION, how="left")
    total = pl.col("all").fill_null(0)
    status = (
        pl.when(pl.col("next_version").is_not_null())
        .then(pl.lit("superseded"))
        .when((total == 0) & (pl.col("decision") == "approve"))
        .then(pl.lit("approved"))
        .when((total == 0) & pl.col("decision").is_not_null())
        .then(pl.lit("rejected"))
        .when((total == 0) & pl.col("newer_date").is_not_null())
        .then(pl.lit("superseded"))
        .when(total == 0)
        .then(pl.lit("draft"))
        .when(pl.col("approved") == total)
        .then(pl.lit("approved"))
        .when(pl.col("approved") > 0)
        .then(pl.lit("partly_approved"))
        .when(pl.col("draft") > 0)
        .then(pl.lit("draft"))
        .when(pl.col("rejected") > 0)
        .then(pl.lit("rejected"))
        .otherwise(pl.lit("superseded"))
    )
    since = pl.coalesce(pl.max_horizontal("decided_at", "whole_at"), "published_at")
    return conform(PlanStates, rows.with_columns(status=status, since=since).sort(VERSION))
