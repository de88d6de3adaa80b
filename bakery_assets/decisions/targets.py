"""Targets: the purchase proposals that each decision is about, and the version of the plan that it means."""

import dataframely as dy
import polars as pl

from bakery_assets.decisions.facts import DECISION, LINE, PROCUREMENT, PROPOSAL, VERSION
from bakery_assets.schemas import ops, plans

ORDER = ["tenant_id", "recorded_at", "decision_id"]  # in which decisions are taken to have been made
SUBJECTS = ("proposal_number", "requirement_number", "batch_number")


def with_versions(decisions: dy.DataFrame[ops.PlanDecisions], versions: pl.DataFrame) -> pl.DataFrame:
    """Decisions with ``given_version`` as it was given, and ``version``: where none was, the one that was out then.

    Args:
        versions: of ``facts.with_successors``.
    """
    out = (
        decisions.filter(pl.col("version").is_null())
        .select(*DECISION, "plan_date", "recorded_at")
        .join(versions.select(*VERSION, "published_at"), on=["tenant_id", "plan_date"])
        .filter(pl.col("published_at") <= pl.col("recorded_at"))
        .group_by(DECISION)
        .agg(out_then=pl.col("version").max())
    )
    found = decisions.join(out, on=DECISION, how="left").with_columns(
        given_version="version", version=pl.coalesce("version", "out_then")
    )
    return found.drop("out_then").sort(ORDER)


def proposals_decided(
    decisions: pl.DataFrame,
    proposals: dy.DataFrame[plans.PublishedProposals],
    lines: dy.DataFrame[plans.PublishedOrders],
) -> pl.DataFrame:
    """A row for each proposal that a decision about orders is about: all of its plan, one, or the one of a line;
    ``is_whole_plan`` tells which.

    Args:
        decisions: of ``with_versions``.
    """
    about = decisions.filter((pl.col("plan") == PROCUREMENT) & pl.col("batch_number").is_null()).rename(
        {"supplier_id": "new_supplier_id", "deliver_on": "new_deliver_on", "quantity": "new_quantity"}
    )
    known = proposals.select(PROPOSAL)
    of_line = lines.filter(pl.col("proposal_number").is_not_null()).select(*LINE, line_of="proposal_number")
    whole = about.filter(pl.col("proposal_number").is_null() & pl.col("requirement_number").is_null())
    single = about.join(of_line, on=LINE, how="left").with_columns(pl.coalesce("proposal_number", "line_of"))
    parts = [
        whole.drop("proposal_number").join(known, on=VERSION).with_columns(is_whole_plan=pl.lit(value=True)),
        single.drop("line_of").join(known, on=PROPOSAL, how="semi").with_columns(is_whole_plan=pl.lit(value=False)),
    ]
    return pl.concat([part.select(parts[1].columns) for part in parts]).sort(*ORDER, "proposal_number")
