"""Settling: what decisions that were not looked at yet come to, all at once: outcomes, orders, states and events.

A decision is judged once. What it came to is kept, so that a retry, another tick or a later decision changes nothing
of it.
"""

from dataclasses import dataclass
from datetime import datetime

import dataframely as dy
import polars as pl

from bakery_assets.decisions.auto_approval import auto_decisions
from bakery_assets.decisions.batch_changes import batch_events
from bakery_assets.decisions.facts import DECISION, PROCUREMENT, TAKES_BACK, DecisionFacts
from bakery_assets.decisions.legality import JudgedDecisions, Targets, judge
from bakery_assets.decisions.orders import order_lines, order_records
from bakery_assets.decisions.stale_reasons import says_stale
from bakery_assets.decisions.states import PlanStates, ProposalStates, plan_states, proposal_states
from bakery_assets.explanations.formats import as_json
from bakery_assets.schemas import conform, ops
from bakery_assets.schemas.new_events import NewEvents


@dataclass(frozen=True)
class Settlement:
    """What to write.

    Attributes:
        auto_decisions: decisions by the tenants' rules, which are facts like those of people.
        decisions: all decisions, judged; those with ``is_new`` have to be recorded with their outcome.
        purchase_orders: records of orders that the new ones place, change or take back.
        batch_events: what the new ones say of batches.
        proposals, plans: where these stand now.
        new_events: what the new decisions changed.
    """

    auto_decisions: dy.DataFrame[ops.PlanDecisions]
    decisions: dy.DataFrame[JudgedDecisions]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]
    batch_events: dy.DataFrame[ops.BatchEvents]
    proposals: dy.DataFrame[ProposalStates]
    plans: dy.DataFrame[PlanStates]
    new_events: dy.DataFrame[NewEvents]


def settle(facts: DecisionFacts, now: datetime, not_known_to: pl.DataFrame) -> Settlement:
    """Judge what is new and work out what follows.

    Args:
        not_known_to: ``tenant_id, instant``: the last planning instant whose plan cannot know orders that are recorded
            from here on, though their decisions may have been recorded before it.
    """
    auto = auto_decisions(facts, now)
    facts = {**facts, "plan_decisions": conform(ops.PlanDecisions, pl.concat([facts["plan_decisions"], auto]))}
    # Most plans are published with nothing decided: then there is only who follows whom.
    nothing = JudgedDecisions.create_empty(), Targets.create_empty()
    decisions, targets = nothing if facts["plan_decisions"].is_empty() else judge(facts)
    versions, proposals = facts["plan_versions"], facts["published_proposals"]
    after = proposal_states(versions, proposals, targets)
    is_new = decisions["is_new"].any()
    return Settlement(
        auto_decisions=auto,
        decisions=decisions,
        purchase_orders=_orders(facts, after, targets, not_known_to) if is_new else ops.PurchaseOrders.create_empty(),
        batch_events=batch_events(decisions.filter(pl.col("refused").is_null())),
        proposals=after,
        plans=plan_states(versions, after, decisions),
        new_events=_new_events(decisions) if is_new else NewEvents.create_empty(),
    )


def _orders(
    facts: DecisionFacts,
    after: dy.DataFrame[ProposalStates],
    targets: dy.DataFrame[Targets],
    not_known_to: pl.DataFrame,
) -> dy.DataFrame[ops.PurchaseOrders]:
    """Records of what is ordered otherwise than without the new decisions."""
    earlier = conform(Targets, targets.filter(~pl.col("is_new")))
    before = proposal_states(facts["plan_versions"], facts["published_proposals"], earlier)
    was, is_now = order_lines(facts, before, earlier), order_lines(facts, after, targets)
    return order_records(facts, was, is_now, targets, not_known_to)


def _new_events(decisions: dy.DataFrame[JudgedDecisions]) -> dy.DataFrame[NewEvents]:
    """One event for each new decision that holds, and one for each that has the plan made again.

    A rejection has it made again where its reason says that data was stale, and no later one about the same that is
    read with it takes it back. So has a changed batch, for everything else of the plan to fit it.
    """
    plan = pl.when(pl.col("plan") == PROCUREMENT).then(pl.lit("procurement.plan")).otherwise(pl.lit("production.plan"))
    what = (
        pl.when(pl.col("decision") == "approve")
        .then(pl.lit("approved"))
        .when(pl.col("decision") == "reject")
        .then(pl.lit("rejected"))
        .when(pl.col("decision") == "cancel")
        .then(pl.lit("cancelled"))
        .otherwise(pl.lit("changed"))
    )
    subject = ["tenant_id", "plan_date", "version", "plan", "proposal_number", "requirement_number", "batch_number"]
    words = (
        pl.when(pl.col("plan") == PROCUREMENT)
        .then(pl.lit("the orders"))
        .otherwise(pl.format("batch {}", "batch_number").fill_null("the production"))
    )
    verb = pl.when(pl.col("decision") == "regenerate").then(pl.lit("to be made again")).otherwise(what)
    detail = pl.format("{} {} by {}{}", words, verb, "who", pl.format(": {}", "reason").fill_null(""))
    is_changed_batch = (pl.col("decision") == "change") & pl.col("batch_number").is_not_null()
    new = decisions.filter("is_new", pl.col("refused").is_null()).sort("tenant_id", "recorded_at", "decision_id")
    held = new.with_columns(
        subject=pl.format("plan/{}/{}", "plan_date", "version"),
        occasion="decision_id",
        time="recorded_at",
        data=as_json(
            decision_id="decision_id", plan="plan", plan_date=pl.col("plan_date").cast(pl.String), version="version",
            proposal_number="proposal_number", requirement_number="requirement_number", batch_number="batch_number",
            decision="decision", quantity="quantity", supplier_id="supplier_id",
            deliver_on=pl.col("deliver_on").cast(pl.String), reason="reason", who="who", detail=detail,
        ),
        is_last=pl.col("decision_id") == pl.col("decision_id").last().over([*subject, is_changed_batch]),
    )  # fmt: skip
    reported = held.filter(pl.col("decision") != "regenerate").with_columns(type=pl.concat_str(plan, pl.lit("."), what))
    asks = (
        (pl.col("decision") == "regenerate")
        | is_changed_batch
        | (pl.col("decision").is_in(TAKES_BACK[:1]) & says_stale("reason") & pl.col("batch_number").is_null())
    )
    again = held.filter(asks & pl.col("is_last")).with_columns(
        type=pl.concat_str(plan, pl.lit(".regeneration_requested"))
    )
    return conform(NewEvents, pl.concat([reported, again]).sort(*DECISION, "type"))
