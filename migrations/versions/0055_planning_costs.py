"""What planning each cell takes is kept: CPU time, rows and bytes by phase, a row for each time it is planned."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0055"
down_revision = "0051"


def upgrade() -> None:
    op.create_table(
        "planning_costs",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=False, comment="When it was written"),
        sa.Column(
            "phases",
            postgresql.ARRAY(sa.TEXT()),
            nullable=False,
            comment="Stages, and what comes before and after them, in their order",
        ),
        sa.Column(
            "cpu_ms",
            postgresql.ARRAY(sa.REAL()),
            nullable=False,
            comment="CPU milliseconds of each phase, without PostgreSQL's own; of a chunk's, shared out by rows",
        ),
        sa.Column(
            "row_counts",
            postgresql.ARRAY(sa.INTEGER()),
            nullable=False,
            comment="Rows that the phase reads has read, and that each stage has written; 0 for other phases",
        ),
        sa.Column(
            "byte_counts",
            postgresql.ARRAY(sa.INTEGER()),
            nullable=False,
            comment="Bytes of these rows, about as PostgreSQL stores them, without indexes and before compression",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "finished_at", name="planning_costs_pkey"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name="planning_costs_tenant_id_plan_date_fkey",
            ondelete="CASCADE",
        ),
        schema="plans",
        comment="What planning a cell has taken each time it was planned, phase by phase.",
    )


def downgrade() -> None:
    op.drop_table("planning_costs", schema="plans")
