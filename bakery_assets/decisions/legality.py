"""Legality: which decisions hold, and in one sentence why the others do not.

What has left the house stays as it is. Nothing is approved that a newer plan has in hand: neither of a version that
another one followed, nor of an earlier day's plan, nor where an order was recorded that the plan does not know, or it
would be ordered twice. What was approved of such plans can still be taken back, lessened and moved until it is sent.
"""

import dataframely as dy
import polars as pl

from bakery_assets.decisions.batch_changes import wrong_changes
from bakery_assets.decisions.facts import (
    AUTO,
    DECISION,
    LINE,
    PROCUREMENT,
    PROPOSAL,
    TAKES_BACK,
    VERSION,
    DecisionFacts,
    with_successors,
)
from bakery_assets.decisions.numbers import is_order_of_proposal
from bakery_assets.decisions.targets import ORDER, SUBJECTS, proposals_decided, with_versions
from bakery_assets.local_time import with_local_times
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops
from bakery_assets.tenant_settings import settings_on

TARGET = [*PROPOSAL, "decision_id"]


class JudgedDecisions(ops.PlanDecisions):
    """Decisions with the version they mean and what is wrong with them."""

    version = col.integer("Version of the plan that it means; empty: none", minimum=1, nullable=True)
    is_new = col.boolean("It was not judged before")
    refused = col.text("Why it does not hold; empty: it does", nullable=True)


class Targets(dy.Schema):
    """Proposals that decisions which hold are about, in the order of the decisions."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the plan")
    version = col.integer("Version of that plan", minimum=1)
    proposal_number = col.key_text("The proposal", primary_key=True)
    decision_id = col.key_text("The decision", primary_key=True)
    requirement_number = col.text("The line that it is about; empty: the whole proposal", nullable=True)
    decision = ops.PlanDecisions.decision
    new_quantity = ops.PlanDecisions.quantity
    new_supplier_id = ops.PlanDecisions.supplier_id
    new_deliver_on = ops.PlanDecisions.deliver_on
    who = ops.PlanDecisions.who
    reason = ops.PlanDecisions.reason
    recorded_at = col.instant("When it was recorded")
    is_new = col.boolean("The decision was not judged before")


def judge(facts: DecisionFacts) -> tuple[dy.DataFrame[JudgedDecisions], dy.DataFrame[Targets]]:
    """All decisions, and what those that hold are about; both in the order in which they were recorded."""
    versions = with_successors(facts["plan_versions"])
    accepted = facts["outcomes"].select(*DECISION, is_new=pl.lit(value=False))
    decisions = (
        with_versions(facts["plan_decisions"], versions)
        .join(accepted, on=DECISION, how="left")
        .with_columns(pl.col("is_new").fill_null(value=True))
        .join(versions.select(*VERSION, "next_version", "newer_date", found="version"), on=VERSION, how="left")
    )
    targets = _with_order_facts(
        proposals_decided(decisions, facts["published_proposals"], facts["published_orders"]), facts
    )
    decisions = decisions.with_columns(refused=pl.when("is_new").then(_wrong_by_itself(decisions, targets, facts)))
    decisions = decisions.join(
        wrong_changes(decisions, facts), on=DECISION, how="left", maintain_order="left"
    ).with_columns(refused=pl.coalesce("refused", pl.when("is_new").then("wrong_change")))
    targets = _judged_targets(targets.join(decisions.select(*DECISION, "refused"), on=DECISION))
    of_targets = targets.group_by(DECISION, maintain_order=True).agg(
        first=pl.col("wrong").drop_nulls().first(),
        twice=pl.col("twice").drop_nulls().first(),
        is_all=pl.col("wrong").is_not_null().all(),
    )
    decisions = (
        decisions.join(of_targets, on=DECISION, how="left", maintain_order="left")
        .with_columns(refused=pl.coalesce("refused", pl.when("is_all").then("first"), "twice"))
        .with_columns(refused=pl.when("is_new").then("refused"))
        .sort(ORDER)
    )
    refused = decisions.filter(pl.col("refused").is_not_null())
    holding = (
        targets.join(refused, on=DECISION, how="anti").filter(pl.col("wrong").is_null()).sort(*ORDER, "proposal_number")
    )
    return conform(JudgedDecisions, decisions), conform(Targets, holding)


def _wrong_by_itself(decisions: pl.DataFrame, targets: pl.DataFrame, facts: DecisionFacts) -> pl.Series:
    """What is wrong with a decision whatever was decided before; empty: nothing."""
    batches = facts["published_batches"].filter(pl.col("schedule_date") == pl.col("plan_date"))
    known_batches = batches.select(*VERSION, "batch_number", is_batch=pl.lit(value=True)).unique()
    rows = (
        _with_approvers(decisions, facts)
        .join(known_batches, on=[*VERSION, "batch_number"], how="left", maintain_order="left")
        .join(targets.select(*DECISION, has_target=True).unique(), on=DECISION, how="left", maintain_order="left")
    )
    subjects = pl.sum_horizontal(pl.col(name).is_not_null() for name in SUBJECTS)
    values = pl.sum_horizontal(pl.col(name).is_not_null() for name in ("quantity", "supplier_id", "deliver_on"))
    is_change, is_order = pl.col("decision") == "change", pl.col("plan") == PROCUREMENT
    one_line = pl.col("requirement_number").is_not_null()
    one = pl.coalesce(*SUBJECTS)
    plan = pl.format("the plan of {}", "plan_date")
    reasons = [
        (pl.col("version").is_null(), pl.format("No plan of {} was out by then.", "plan_date")),
        (pl.col("found").is_null(), pl.format("{} has no version {}.", _upper(plan), "version")),
        (~pl.col("may_decide"), pl.format("{} may not decide: approvers are {}.", "who", "approvers")),
        (subjects > 1, pl.lit("It names more than one of a proposal, a line and a batch.")),
        (
            is_order == pl.col("batch_number").is_not_null(),
            pl.when(is_order)
            .then(pl.lit("A batch is part of the plan production_schedules."))
            .when(subjects > 0)
            .then(pl.lit("Proposals and lines are part of the plan procurement_plans.")),
        ),
        (
            (pl.col("decision") == "regenerate") & (subjects > 0),
            pl.lit("Only a whole plan can be made again: leave proposal, line and batch out."),
        ),
        (
            is_change & ~is_order & pl.col("batch_number").is_null(),
            pl.lit("What is baked is changed batch by batch, or by a forecast override: name the batch."),
        ),
        (
            is_change & ~is_order & (pl.col("quantity").is_null() | (values > 1)),
            pl.lit("Of a batch the quantity is changed, and nothing else."),
        ),
        (is_change & (values == 0), pl.lit("A change needs a quantity, a supplier or a day.")),
        (~is_change & (values > 0), pl.lit("A quantity, a supplier or a day is given with the decision change only.")),
        (is_change & (subjects == 0), pl.lit("A change names a line, or a proposal.")),
        (
            pl.col("quantity").is_not_null() & is_order & ~one_line,
            pl.lit("A quantity is one of a line: name the requirement, such as R001."),
        ),
        (
            one_line & (pl.col("decision") == "approve"),
            pl.lit("A line is approved with its proposal; by itself it can be changed or canceled."),
        ),
        (
            (pl.col("deliver_on") < pl.col("local_at").dt.date()),
            pl.format("{} is over: the delivery day has to be ahead.", "deliver_on"),
        ),
        (
            (subjects > 0) & pl.coalesce("has_target", "is_batch").is_null(),
            pl.format("Version {} of {} has no {}.", "version", plan, one),
        ),
        (
            ~is_order & pl.col("next_version").is_not_null(),
            pl.format("Version {} of {} is superseded by version {}.", "version", plan, "next_version"),
        ),
    ]  # fmt: skip
    return rows.select(
        pl.coalesce(pl.when(is_wrong.fill_null(value=False)).then(why) for is_wrong, why in reasons).alias("refused")
    ).to_series()


def _with_approvers(decisions: pl.DataFrame, facts: DecisionFacts) -> pl.DataFrame:
    """Adds ``approvers`` by the tenant's setting on the decision's local day, ``may_decide``, and ``local_at``."""
    zones = facts["tenants"].select("tenant_id", "timezone")
    local = with_local_times(decisions.join(zones, on="tenant_id", maintain_order="left"), local_at="recorded_at")
    dated = settings_on(local.with_columns(date=pl.col("local_at").dt.date()), facts["tenant_settings"], ["approvers"])
    names = pl.col("approvers").str.to_lowercase().str.split(",").list.eval(pl.element().str.strip_chars())
    by_rule = (pl.col("who") == AUTO) & pl.col("decision_id").str.starts_with(f"{AUTO}:")
    is_named = names.list.contains(pl.col("who").str.to_lowercase().str.strip_chars())
    return dated.with_columns(may_decide=pl.col("approvers").is_null() | by_rule | is_named.fill_null(value=False))


def _with_order_facts(targets: pl.DataFrame, facts: DecisionFacts) -> pl.DataFrame:
    """Adds ``sent``: an order of the proposal that has left the house; ``twice``: why it would be ordered twice;
    ``unsold``: what of it the new supplier does not sell; ``planned``: the quantity of the line.
    """
    lines = facts["published_orders"].filter(pl.col("proposal_number").is_not_null())
    later = (
        lines.join(facts["later_orders"], on=[*VERSION, "ingredient_id"])
        .sort(*PROPOSAL, "order_id", "ingredient_id")
        .unique(PROPOSAL, keep="first", maintain_order=True)
        .select(
            *PROPOSAL,
            twice=pl.format(
                "Order {} of {} was recorded after this plan was made, which does not know it: ask for a new plan with "
                "bakery reject --reason outdated.",
                "order_id",
                "ingredient_id",
            ),
        )
    )
    sold = facts["supplier_items"].select("tenant_id", "ingredient_id", new_supplier_id="supplier_id")
    moved = targets.filter(pl.col("new_supplier_id").is_not_null()).select(
        *TARGET, "new_supplier_id", line="requirement_number"
    )
    unsold = (
        moved.join(lines.select(*PROPOSAL, "requirement_number", "ingredient_id"), on=PROPOSAL)
        .filter(pl.col("line").is_null() | (pl.col("line") == pl.col("requirement_number")))
        .join(sold, on=["tenant_id", "ingredient_id", "new_supplier_id"], how="anti")
        .sort(*DECISION, "requirement_number")
        .unique(TARGET, keep="first", maintain_order=True)
        .select(*TARGET, unsold="ingredient_id")
    )
    planned = lines.select(*LINE, planned="planned_order_quantity")
    return (
        targets.join(_sent(facts), on=PROPOSAL, how="left", maintain_order="left")
        .join(later, on=PROPOSAL, how="left", maintain_order="left")
        .join(unsold, on=TARGET, how="left", maintain_order="left")
        .join(planned, on=LINE, how="left", maintain_order="left")
    )


def _sent(facts: DecisionFacts) -> pl.DataFrame:
    """Proposals one of whose orders was sent, with its number: ``sent``."""
    sent = facts["sent_orders"].select("tenant_id", "order_id")
    own = facts["published_proposals"].select(PROPOSAL).join(sent, on="tenant_id")
    return (
        own.filter(is_order_of_proposal())
        .sort(*PROPOSAL, "order_id")
        .unique(PROPOSAL, keep="first", maintain_order=True)
        .select(*PROPOSAL, sent="order_id")
    )


def _judged_targets(targets: pl.DataFrame) -> pl.DataFrame:
    """Adds ``wrong``: why a decision does not reach a proposal; ``twice`` only where it is approved."""
    is_approval = pl.col("decision") == "approve"
    is_whole = pl.col("requirement_number").is_null()
    counts = pl.col("refused").is_null()
    sent = pl.when(pl.col("sent").is_not_null()).then(
        pl.format("Order {} was sent: settle it with the supplier, and record what comes.", "sent")
    )
    unsold = pl.when(pl.col("unsold").is_not_null()).then(
        pl.format("{} does not sell {}.", "new_supplier_id", "unsold")
    )
    newer = _replaced()
    # A decision that was accepted is as good as ever, but for what of a whole plan had been sent.
    by_itself = pl.coalesce(
        pl.when(~is_approval & (pl.col("is_new") | pl.col("is_whole_plan"))).then(sent),
        pl.when("is_new").then(pl.coalesce(unsold, pl.when(is_approval).then(newer))),
    )
    rows = targets.with_columns(
        wrong=by_itself, twice=pl.when(pl.col("is_new") & is_approval & pl.col("sent").is_null()).then("twice")
    ).sort(*ORDER, "proposal_number")
    is_once = pl.col("twice").is_null().all().over(DECISION)
    takes_effect = counts & pl.col("wrong").is_null() & is_once & is_whole
    signal = (
        pl.when(takes_effect & is_approval).then(1).when(takes_effect & pl.col("decision").is_in(TAKES_BACK)).then(0)
    )
    lowered = pl.when(counts & pl.col("wrong").is_null()).then(
        pl.when(pl.col("decision").is_in(TAKES_BACK)).then(0.0).otherwise("new_quantity")
    )
    least = pl.min_horizontal("planned", lowered.cum_min().forward_fill().shift(1).over(LINE))
    raises = pl.col("is_new") & (pl.col("new_quantity") > least).fill_null(value=False)
    before = rows.with_columns(is_raised=raises, was_approved=signal.forward_fill().shift(1).over(PROPOSAL) == 1)
    needs_order = pl.col("is_new") & ~is_approval & ~pl.col("was_approved").fill_null(value=False)
    return before.with_columns(wrong=pl.coalesce("wrong", pl.when(needs_order | pl.col("is_raised")).then(newer)))


def _replaced() -> pl.Expr:
    """Which plan has taken the place of the target's; empty: none."""
    plan = pl.format("version {} of the plan of {}", "version", "plan_date")
    by_version = pl.when(pl.col("next_version").is_not_null()).then(
        pl.format("{} is superseded by version {}.", _upper(plan), "next_version")
    )
    by_day = pl.when(pl.col("newer_date").is_not_null()).then(
        pl.format(
            "The plan of {} is superseded by that of {}, which has what is still to be ordered.",
            "plan_date",
            "newer_date",
        )
    )
    return pl.coalesce(by_version, by_day)


def _upper(text: pl.Expr) -> pl.Expr:
    return text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1)
