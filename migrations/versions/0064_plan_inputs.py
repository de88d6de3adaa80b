"""What each plan was made from is kept, and what of it has changed since, so that the same plan is not made twice.

The triggers that call these functions are made with every migration, from the description of the tables
(``resources.warehouse.input_changes``).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import UserDefinedType

revision = "0064"
down_revision = "0063"


class _Named(UserDefinedType):
    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        return self.name


XID8, SNAPSHOT = _Named("xid8"), _Named("pg_snapshot")
OF_ROWS = """
CREATE FUNCTION plans.note_changed_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO plans.input_changes (tenant_id, source)
        SELECT DISTINCT n.tenant_id, TG_TABLE_NAME FROM written n ON CONFLICT DO NOTHING;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO plans.input_changes (tenant_id, source)
        SELECT DISTINCT o.tenant_id, TG_TABLE_NAME FROM replaced o ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO plans.input_changes (tenant_id, source)
        SELECT DISTINCT c.tenant_id, TG_TABLE_NAME FROM (
            (SELECT * FROM written EXCEPT ALL SELECT * FROM replaced)
            UNION ALL (SELECT * FROM replaced EXCEPT ALL SELECT * FROM written)
        ) c ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$
"""
OF_ALL = """
CREATE FUNCTION plans.note_change_for_all() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO plans.input_changes (tenant_id, source) VALUES ('*', TG_TABLE_NAME) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "input_changes",
        sa.Column(
            "tenant_id",
            sa.TEXT(),
            nullable=False,
            comment="The bakery; *: all of them; empty: transactions before its are forgotten",
        ),
        sa.Column("source", sa.TEXT(), nullable=False, comment="The table that was changed"),
        sa.Column(
            "transaction_id",
            XID8,
            server_default=sa.text("pg_current_xact_id()"),
            nullable=False,
            comment="Transaction that changed it",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "transaction_id", "source", name="input_changes_pkey"),
        schema="plans",
        comment="What has been changed of what plans are made from, a row for each transaction, bakery and table.",
    )
    op.create_table(
        "plan_inputs",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column("published_xid", XID8, nullable=False, comment="Transaction that wrote the cell's plan last"),
        sa.Column("published_at", sa.TIMESTAMP(timezone=True), nullable=False, comment="When that was"),
        sa.Column(
            "facts_snapshot",
            SNAPSHOT,
            nullable=True,
            comment="Transactions whose changes the plan may know; empty: it is not to be reused",
        ),
        sa.Column(
            "plans_snapshot", SNAPSHOT, nullable=True, comment="Transactions whose plans of other days it may know"
        ),
        sa.Column("planned_as_of", sa.TIMESTAMP(timezone=True), nullable=True, comment="Planning instant"),
        sa.Column(
            "sales_until",
            sa.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Sales of days before that were recorded up to it count",
        ),
        sa.Column("made_by", sa.TEXT(), nullable=True, comment="Code, settings and libraries, as a digest"),
        sa.Column(
            "watched_by", sa.TEXT(), nullable=True, comment="The database and its watch over changes, as a digest"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", name="plan_inputs_pkey"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name="plan_inputs_tenant_id_plan_date_fkey",
            ondelete="CASCADE",
        ),
        schema="plans",
        comment="What each cell's plan was made from, by which a plan that would be the same is known.",
    )
    op.execute(OF_ROWS)
    op.execute(OF_ALL)


def downgrade() -> None:
    op.execute("DROP FUNCTION plans.note_changed_rows() CASCADE")
    op.execute("DROP FUNCTION plans.note_change_for_all() CASCADE")
    op.drop_table("plan_inputs", schema="plans")
    op.drop_table("input_changes", schema="plans")
