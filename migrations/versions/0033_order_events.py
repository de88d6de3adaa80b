"""Orders know price and plan, what happens to them afterwards is a fact, and what plans and orders become is an event."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB

revision = "0033"
down_revision = "0032"

_INSTANT = sa.TIMESTAMP(timezone=True)
COLUMNS = (
    (
        "unit_price",
        DOUBLE_PRECISION(),
        "Price per unit of the ingredient as ordered, in `currency`; empty: not known",
    ),
    ("currency", sa.TEXT(), "ISO 4217 code of the price; empty: as the supplier's"),
    ("proposed_on", sa.DATE(), "Date of the plan that proposed it; empty: no plan did"),
    ("plan_version", sa.INTEGER(), "Version of that plan"),
    ("requirement_number", sa.TEXT(), "Requirement of that plan which it covers; where it covers several, the first"),
)
CHECKS = {
    "unit_price": "unit_price BETWEEN 0.0 AND 1000000000.0",
    "plan_version": "plan_version BETWEEN 1 AND 1000000",
}


def upgrade() -> None:
    for name, kind, comment in COLUMNS:
        op.add_column("purchase_orders", sa.Column(name, kind, comment=comment), schema="ops")
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"purchase_orders_{name}_check"), "purchase_orders", rule, schema="ops")
    op.create_table(
        "order_events",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("order_id", sa.TEXT(), nullable=False, comment="The order"),
        sa.Column("event", sa.TEXT(), nullable=False, comment="What happened: sent, confirmed"),
        sa.Column("how", sa.TEXT(), comment="How it was sent or confirmed: printed, csv, phone, e-mail or other words"),
        sa.Column("who", sa.TEXT(), comment="Who sent it, or who confirmed it"),
        sa.Column("happened_at", _INSTANT, nullable=False, comment="When"),
        sa.Column(
            "recorded_at",
            _INSTANT,
            nullable=False,
            comment="When we learned this; a plan uses what was recorded by its planning instant",
        ),
        sa.CheckConstraint("event IN ('sent', 'confirmed')", name=op.f("order_events_event_check")),
        sa.CheckConstraint("order_id <> ''", name=op.f("order_events_order_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("order_events_tenant_id_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("order_events_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "order_id", "event", "recorded_at", name=op.f("order_events_pkey")),
        schema="ops",
        comment="What happened to a purchase order after it was placed: it left the house, the supplier confirmed it.",
    )
    op.create_table(
        "events",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column(
            "event_id",
            sa.TEXT(),
            nullable=False,
            comment="The event; follows from what it tells, so that none is written twice",
        ),
        sa.Column("type", sa.TEXT(), nullable=False, comment="What happened, for example procurement.plan.approved"),
        sa.Column(
            "source", sa.TEXT(), nullable=False, comment="Who tells it; no two events of a source have the same id"
        ),
        sa.Column("subject", sa.TEXT(), nullable=False, comment="What it happened to"),
        sa.Column("time", _INSTANT, nullable=False, comment="When it happened"),
        sa.Column("data", JSONB(), nullable=False, comment="What belongs to it"),
        *(
            sa.CheckConstraint(f"{name} <> ''", name=op.f(f"events_{name}_check"))
            for name in ("event_id", "source", "subject", "tenant_id", "type")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("events_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "event_id", name=op.f("events_pkey")),
        schema="plans",
        comment="What became of plans, orders and deliveries, with the attributes of CloudEvents 1.0; rows are only appended.",
    )
    op.create_index("events_tenant_id_time_idx", "events", ["tenant_id", "time"], schema="plans")


def downgrade() -> None:
    op.drop_table("events", schema="plans")
    op.drop_table("order_events", schema="ops")
    for name, _, _ in reversed(COLUMNS):
        op.drop_column("purchase_orders", name, schema="ops")
