"""Decisions are about versions, proposals, lines and batches, change and take back, and are judged once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

revision = "0035"
down_revision = "0034"

_DAY, _TIME, _NUMBER = "^(same_day|day_before)$", r"^([01]\d|2[0-3]):[0-5]\d$", r"^\d{1,9}(\.\d{1,6})?$"
_LIST = "^[^,]*[^, ][^,]*(,[^,]*[^, ][^,]*)*$"
_WHEN = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
SETTINGS_BEFORE = {
    "planning_day": _DAY,
    **{f"planning_day_{when}": _DAY for when in _WHEN},
    **{f"planning_time_{when}": _TIME for when in _WHEN},
    "opens": _TIME,
    "closes": _TIME,
    "replan_threshold": _NUMBER,
    "count_within_days": _NUMBER,
    "sales_due_hours": _NUMBER,
    "unexplained_limit": _NUMBER,
    "shrinkage_limit": _NUMBER,
    "quantity_policy": "^(critical_ratio|buffer|service_level)$",
    "quantity_buffer": _NUMBER,
    "service_level": _NUMBER,
    "safety_stock_rule": "^(fixed|statistical|share_of_use)$",
    "safety_stock_level": _NUMBER,
    "safety_stock_share": _NUMBER,
    "supplier_weight_price": _NUMBER,
    "supplier_weight_reliability": _NUMBER,
    "supplier_weight_lead_time": _NUMBER,
}
NEW_SETTINGS = {
    "approvers": _LIST,
    "auto_approve_limit": _NUMBER,
    "auto_approve_deviation": _NUMBER,
    "auto_approve_new_suppliers": "^(yes|no)$",
}
LAST_SETTING = {"issuing": "^(fefo|fifo)$"}

BEFORE, NOW = ("approve", "reject"), ("approve", "reject", "change", "cancel", "regenerate")
COLUMNS = (
    ("version", sa.INTEGER(), "Version of the plan; empty: the one that was out when it was recorded"),
    ("proposal_number", sa.TEXT(), "Purchase proposal that it is about; empty: none, or all of the plan"),
    ("requirement_number", sa.TEXT(), "Line of a proposal that it is about, by its requirement"),
    ("batch_number", sa.TEXT(), "Batch of the plan date that it is about"),
    ("quantity", DOUBLE_PRECISION(), "Changed quantity of the line, in the ingredient's unit"),
    ("supplier_id", sa.TEXT(), "Changed supplier of the line or proposal"),
    ("deliver_on", sa.DATE(), "Changed day of delivery of the line or proposal"),
)
CHECKS = {"version": "version BETWEEN 1 AND 1000000", "quantity": "quantity BETWEEN 0.0 AND 1000000000.0"}
MEANING_BEFORE = "What a person decided about a plan."
MEANING = (
    "What was decided about a plan, one of its purchase proposals, a line of it or a batch; judged when it is read."
)


def upgrade() -> None:
    for name, kind, comment in COLUMNS:
        op.add_column("plan_decisions", sa.Column(name, kind, comment=comment), schema="ops")
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"plan_decisions_{name}_check"), "plan_decisions", rule, schema="ops")
    op.create_foreign_key(
        op.f("plan_decisions_tenant_id_supplier_id_fkey"),
        "plan_decisions",
        "suppliers",
        ["tenant_id", "supplier_id"],
        ["tenant_id", "supplier_id"],
        source_schema="ops",
        referent_schema="ops",
    )
    _allow_decisions(NOW)
    op.create_table_comment("plan_decisions", MEANING, schema="ops")
    op.create_table(
        "decision_outcomes",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("decision_id", sa.TEXT(), nullable=False, comment="The decision"),
        sa.Column("outcome", sa.TEXT(), nullable=False, comment="Whether it holds: accepted, refused"),
        sa.Column("reason", sa.TEXT(), comment="Why it does not"),
        sa.Column("judged_at", sa.TIMESTAMP(timezone=True), nullable=False, comment="When it was judged"),
        sa.CheckConstraint("decision_id <> ''", name=op.f("decision_outcomes_decision_id_check")),
        sa.CheckConstraint("outcome IN ('accepted', 'refused')", name=op.f("decision_outcomes_outcome_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("decision_outcomes_tenant_id_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("decision_outcomes_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "decision_id", name=op.f("decision_outcomes_pkey")),
        schema="plans",
        comment="What decisions came to when they were judged; each is judged once.",
    )
    # Those of before had their effect when they came: what they rejected was planned anew.
    op.execute(
        "INSERT INTO plans.decision_outcomes (tenant_id, decision_id, outcome, reason, judged_at)"
        " SELECT tenant_id, decision_id, 'refused', 'It was made before decisions were judged.', recorded_at"
        " FROM ops.plan_decisions"
    )
    _allow_settings(SETTINGS_BEFORE | NEW_SETTINGS | LAST_SETTING)


def downgrade() -> None:
    listed = ", ".join(f"'{key}'" for key in NEW_SETTINGS)
    op.execute(f"DELETE FROM ops.tenant_settings WHERE key IN ({listed})")  # noqa: S608
    _allow_settings(SETTINGS_BEFORE | LAST_SETTING)
    op.drop_table("decision_outcomes", schema="plans")
    kept = ", ".join(f"'{decision}'" for decision in BEFORE)
    op.execute(f"DELETE FROM ops.plan_decisions WHERE decision NOT IN ({kept})")  # noqa: S608
    op.create_table_comment("plan_decisions", MEANING_BEFORE, schema="ops")
    _allow_decisions(BEFORE)
    for name, _, _ in reversed(COLUMNS):
        op.drop_column("plan_decisions", name, schema="ops")


def _allow_decisions(decisions: tuple[str, ...]) -> None:
    name = op.f("plan_decisions_decision_check")
    listed = ", ".join(f"'{each}'" for each in decisions)
    op.drop_constraint(name, "plan_decisions", schema="ops", type_="check")
    op.create_check_constraint(name, "plan_decisions", f"decision IN ({listed})", schema="ops")
    meaning = f"What was decided: {', '.join(decisions)}"
    op.alter_column("plan_decisions", "decision", comment=meaning, schema="ops")


def _allow_settings(patterns: dict[str, str]) -> None:
    name = op.f("tenant_settings_value_fits_key_check")
    cases = " ".join(f"WHEN '{key}' THEN value ~ '{pattern}'" for key, pattern in patterns.items())
    op.drop_constraint(name, "tenant_settings", schema="ops", type_="check")
    op.create_check_constraint(name, "tenant_settings", f"CASE key {cases} ELSE false END", schema="ops")
