"""The reasoning of a published batch of the plan's own day is that of the plan, until another version replaces that.

Two thirds of what a morning wrote into published_batches were there twice.
"""
# ruff: noqa: S608 - there are no values in it

from alembic import op

revision = "0066"
down_revision = "0065"

# Of the newest version, whose rows production_batches has.
SAME = (
    " FROM plans.production_batches t WHERE p.tenant_id = t.tenant_id AND p.plan_date = t.plan_date"
    " AND p.schedule_date = t.schedule_date AND p.batch_number = t.batch_number AND p.schedule_date = p.plan_date"
    " AND p.version = (SELECT max(v.version) FROM plans.plan_versions v WHERE v.tenant_id = p.tenant_id"
    " AND v.plan_date = p.plan_date AND v.published_at IS NOT NULL)"
)


def upgrade() -> None:
    op.execute("UPDATE plans.published_batches p SET reasoning = '{}'" + SAME + " AND p.reasoning = t.reasoning")
    _describe("Every term of the calculation; {}: the one in production_batches, until another version replaces that")


def downgrade() -> None:
    op.execute("UPDATE plans.published_batches p SET reasoning = t.reasoning" + SAME + " AND p.reasoning = '{}'")
    _describe("Every term of the calculation")


def _describe(comment: str) -> None:
    op.alter_column("published_batches", "reasoning", schema="plans", comment=comment)
