"""Auto-approval: proposals that a tenant's rules approve by themselves, each with the reason as a decision has it.

A proposal of the tenant's newest plan is approved if no one decided about it, it costs at most ``auto_approve_limit``
in the tenant's currency and meets the supplier's minimum, the supplier has delivered before (unless the tenant does not
ask for that), and each quantity is close to the usual one: the median of the last ten orders of the ingredient from the
supplier.
"""

from datetime import datetime

import dataframely as dy
import polars as pl

from bakery_assets.decisions.facts import AUTO, PROCUREMENT, PROPOSAL, VERSION, DecisionFacts, with_successors
from bakery_assets.explanations.formats import money, percent
from bakery_assets.local_time import with_local_times
from bakery_assets.quantities import TOLERANCE
from bakery_assets.schemas import conform, ops
from bakery_assets.tenant_settings import settings_on

USUAL_ORDERS = 10  # the last so many of an ingredient from a supplier say what is usual
KEYS = ("auto_approve_limit", "auto_approve_new_suppliers", "auto_approve_deviation")
_ITEM = ["tenant_id", "supplier_id", "ingredient_id"]


def auto_decisions(facts: DecisionFacts, now: datetime) -> dy.DataFrame[ops.PlanDecisions]:
    """Approvals by rule, recorded ``now``; none for a plan of which anything was decided as a whole."""
    if not (facts["tenant_settings"]["key"] == "auto_approve_limit").any():
        return ops.PlanDecisions.create_empty()
    versions = with_successors(facts["plan_versions"]).filter(
        pl.col("next_version").is_null() & pl.col("newer_date").is_null()
    )
    proposals = _undecided(facts).join(versions.select(VERSION), on=VERSION, how="semi")
    if proposals.is_empty():
        return ops.PlanDecisions.create_empty()
    own = facts["tenants"].select("tenant_id", "timezone", own_currency="currency")
    dated = with_local_times(proposals.join(own, on="tenant_id").with_columns(now=pl.lit(now)), local="now")
    ruled = settings_on(dated.with_columns(date=pl.col("local").dt.date()), facts["tenant_settings"], KEYS)
    within = ruled.filter(
        pl.col("total_cost") <= pl.col("auto_approve_limit"), pl.col("currency") == pl.col("own_currency")
    )
    asked = facts["suppliers"].select("tenant_id", "supplier_id", "minimum_order_value", supplier="name")
    delivered = _delivered(facts).with_columns(has_delivered=pl.lit(value=True))
    approved = (
        within.join(asked, on=["tenant_id", "supplier_id"])
        .join(delivered, on=["tenant_id", "supplier_id"], how="left")
        .join(_deviations(facts), on=PROPOSAL)
        .filter(
            pl.col("total_cost") >= pl.col("minimum_order_value") - TOLERANCE,
            pl.col("has_delivered").fill_null(value=False) | (pl.col("auto_approve_new_suppliers") == "yes"),
            pl.col("deviation") <= pl.col("auto_approve_deviation") + TOLERANCE,
        )
    )
    reason = pl.format(
        "{} is within the limit of {}, and every quantity within {} of the usual",
        money("total_cost"),
        money("auto_approve_limit"),
        percent("auto_approve_deviation"),
    )
    decisions = approved.sort(PROPOSAL).with_columns(
        decision_id=pl.format("{}:{}-{}-{}", pl.lit(AUTO), "plan_date", "version", "proposal_number"),
        plan=pl.lit(PROCUREMENT), decision=pl.lit("approve"), reason=reason, who=pl.lit(AUTO), recorded_at="now",
    )  # fmt: skip
    empty = (name for name in ops.PlanDecisions.column_names() if name not in decisions.columns)
    missing = decisions.with_columns(pl.lit(None).alias(name) for name in empty)
    values = ("supplier_id", "deliver_on")  # of the proposal, which the decision does not change
    return conform(ops.PlanDecisions, missing.with_columns(pl.lit(None).alias(name) for name in values))


def _undecided(facts: DecisionFacts) -> pl.DataFrame:
    decisions = facts["plan_decisions"].filter(pl.col("plan") == PROCUREMENT)
    whole = decisions.filter(pl.col("proposal_number").is_null() & pl.col("requirement_number").is_null())
    one = decisions.filter(pl.col("proposal_number").is_not_null())
    of_line = (
        decisions.filter(pl.col("requirement_number").is_not_null())
        .drop("proposal_number")
        .join(facts["published_orders"].select("tenant_id", "plan_date", "requirement_number", "proposal_number"),
              on=["tenant_id", "plan_date", "requirement_number"])
    )  # fmt: skip
    key = ["tenant_id", "plan_date", "proposal_number"]
    return (
        facts["published_proposals"]
        .join(whole, on=["tenant_id", "plan_date"], how="anti")
        .join(one, on=key, how="anti")
        .join(of_line, on=key, how="anti")
    )


def _delivered(facts: DecisionFacts) -> pl.DataFrame:
    """Suppliers of whose orders something came."""
    came = facts["stock_receipts"].filter(pl.col("order_id").is_not_null())
    return (
        facts["past_orders"]
        .join(came, on=["tenant_id", "order_id"], how="semi")
        .select("tenant_id", "supplier_id")
        .unique()
    )


def _deviations(facts: DecisionFacts) -> pl.DataFrame:
    """By proposal how far its quantities are from the usual at most, as a fraction; without a usual one none."""
    usual = (
        facts["past_orders"]
        .filter(pl.col("quantity") > 0)
        .sort(*_ITEM, "ordered_at", "order_id")
        .group_by(_ITEM, maintain_order=True)
        .agg(usual=pl.col("quantity").tail(USUAL_ORDERS).median())
    )
    lines = facts["published_orders"].filter(pl.col("proposal_number").is_not_null())
    deviation = (pl.col("planned_order_quantity") - pl.col("usual")).abs() / pl.col("usual")
    return (
        lines.join(usual, on=_ITEM, how="left")
        .group_by(PROPOSAL)
        .agg(deviation=pl.when(deviation.is_not_null().all()).then(deviation.max()))
    )
