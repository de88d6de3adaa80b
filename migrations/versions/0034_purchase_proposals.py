"""Plans propose whole orders, by supplier and delivery; what was proposed is kept by version."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB

revision = "0034"
down_revision = "0033"

_INSTANT = sa.TIMESTAMP(timezone=True)
_PLAN_STATES = "'draft', 'approved', 'rejected', 'superseded'"
_PLAN_STATES_NOW = "'draft', 'approved', 'partly_approved', 'rejected', 'superseded'"
_REQUIREMENT = (
    ("version", sa.INTEGER(), "Version of the plan", sa.text("1")),
    ("proposal_number", sa.TEXT(), "Purchase proposal whose line it is; empty: nothing to order", None),
)
_PUBLISHED_ORDER = (
    ("proposal_number", sa.TEXT(), "Purchase proposal whose line it was"),
    ("unit_price", DOUBLE_PRECISION(), "Price per unit, in the currency of the supplier's prices"),
    ("currency", sa.TEXT(), "ISO 4217 code of that currency"),
)


def _text(name: str, comment: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.TEXT(), nullable=nullable, comment=comment)


def _figure(name: str, comment: str) -> sa.Column[float]:
    return sa.Column(name, DOUBLE_PRECISION(), nullable=False, comment=comment)


def _not_empty(table: str, *names: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(f"{name} <> ''", name=op.f(f"{table}_{name}_check")) for name in names]


def _supplier(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "supplier_id"],
        ["ops.suppliers.tenant_id", "ops.suppliers.supplier_id"],
        name=op.f(f"{table}_tenant_id_supplier_id_fkey"),
    )


def upgrade() -> None:
    op.create_table(
        "purchase_proposals",
        _text("tenant_id", "The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        _text("proposal_number", "The proposal, ordered by deadline"),
        sa.Column("version", sa.INTEGER(), nullable=False, server_default=sa.text("1"), comment="Version of the plan"),
        _text("supplier_id", "The supplier"),
        sa.Column("deliver_on", sa.DATE(), nullable=False, comment="Day of delivery"),
        sa.Column("order_by", _INSTANT, nullable=False, comment="First deadline of its lines"),
        sa.Column("lines", sa.INTEGER(), nullable=False, comment="Requirements that it has"),
        _figure("total_cost", "Cost of its lines, in the currency of the supplier's prices"),
        _text("currency", "ISO 4217 code of that currency", nullable=True),
        _figure("minimum_order_value", "Smallest order that the supplier accepts, in its currency"),
        sa.Column("is_minimum_met", sa.BOOLEAN(), nullable=False, comment="It is worth at least that"),
        sa.Column(
            "status",
            sa.TEXT(),
            nullable=False,
            server_default="draft",
            comment="State, by what was decided: draft, approved, rejected, superseded",
        ),
        sa.Column("reasoning", JSONB(), nullable=False, comment="Its lines and every term of the sum"),
        _text(
            "consequence",
            "What happens if no one orders: on which day, to which products and customers' orders",
            nullable=True,
        ),
        *_not_empty("purchase_proposals", "tenant_id", "proposal_number", "supplier_id"),
        sa.CheckConstraint("version BETWEEN 1 AND 1000000", name=op.f("purchase_proposals_version_check")),
        sa.CheckConstraint("lines BETWEEN 1 AND 1000000", name=op.f("purchase_proposals_lines_check")),
        sa.CheckConstraint("total_cost BETWEEN 0.0 AND 1000000000.0", name=op.f("purchase_proposals_total_cost_check")),
        sa.CheckConstraint(
            "minimum_order_value BETWEEN 0.0 AND 1000000000.0",
            name=op.f("purchase_proposals_minimum_order_value_check"),
        ),
        sa.CheckConstraint(f"status IN ({_PLAN_STATES})", name=op.f("purchase_proposals_status_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("purchase_proposals_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        _supplier("purchase_proposals"),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "proposal_number", name=op.f("purchase_proposals_pkey")),
        schema="plans",
        comment="What to order of one supplier for one delivery; its lines are the requirements that name it.",
    )
    op.create_table(
        "published_proposals",
        _text("tenant_id", "The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date of the plan"),
        sa.Column("version", sa.INTEGER(), nullable=False, comment="Version of that plan"),
        _text("proposal_number", "The proposal"),
        _text("supplier_id", "Supplier"),
        sa.Column("deliver_on", sa.DATE(), nullable=False, comment="Day of delivery"),
        sa.Column("order_by", _INSTANT, nullable=False, comment="First deadline of its lines"),
        _figure("total_cost", "Cost of its lines, in the currency of the supplier's prices"),
        _text("currency", "ISO 4217 code of that currency", nullable=True),
        *_not_empty("published_proposals", "tenant_id", "proposal_number", "supplier_id"),
        sa.CheckConstraint("version BETWEEN 1 AND 1000000", name=op.f("published_proposals_version_check")),
        sa.CheckConstraint(
            "total_cost BETWEEN 0.0 AND 1000000000.0", name=op.f("published_proposals_total_cost_check")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("published_proposals_tenant_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date", "version"],
            ["plans.plan_versions.tenant_id", "plans.plan_versions.plan_date", "plans.plan_versions.version"],
            name=op.f("published_proposals_tenant_id_plan_date_version_fkey"),
            ondelete="CASCADE",
        ),
        _supplier("published_proposals"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "version", "proposal_number", name=op.f("published_proposals_pkey")
        ),
        schema="plans",
        comment="Purchase proposals as published, by version of the plan.",
    )
    for name, kind, comment, default in _REQUIREMENT:
        column = sa.Column(name, kind, nullable=default is None, server_default=default, comment=comment)
        op.add_column("procurement_requirements", column, schema="plans")
    op.create_check_constraint(
        op.f("procurement_requirements_version_check"),
        "procurement_requirements",
        "version BETWEEN 1 AND 1000000",
        schema="plans",
    )
    for name, kind, comment in _PUBLISHED_ORDER:
        op.add_column("published_orders", sa.Column(name, kind, comment=comment), schema="plans")
    op.create_check_constraint(
        op.f("published_orders_unit_price_check"),
        "published_orders",
        "unit_price BETWEEN 0.0 AND 1000000000.0",
        schema="plans",
    )
    _allow_states(_PLAN_STATES_NOW, "State, by what was decided of its proposals")


def downgrade() -> None:
    op.execute("UPDATE plans.procurement_plans SET status = 'draft' WHERE status = 'partly_approved'")
    _allow_states(_PLAN_STATES, "State")
    for name, _, _ in reversed(_PUBLISHED_ORDER):
        op.drop_column("published_orders", name, schema="plans")
    for name, _, _, _ in reversed(_REQUIREMENT):
        op.drop_column("procurement_requirements", name, schema="plans")
    op.drop_table("published_proposals", schema="plans")
    op.drop_table("purchase_proposals", schema="plans")


def _allow_states(states: str, meaning: str) -> None:
    name = op.f("procurement_plans_status_check")
    op.drop_constraint(name, "procurement_plans", schema="plans", type_="check")
    op.create_check_constraint(name, "procurement_plans", f"status IN ({states})", schema="plans")
    listed = states.replace("'", "")
    op.alter_column("procurement_plans", "status", comment=f"{meaning}: {listed}", schema="plans")
