"""The reasoning of a published order is that of its requirement, until another version replaces that.

It was most of what a morning wrote about orders, twice.
"""
# ruff: noqa: S608 - there are no values in it

from alembic import op

revision = "0046"
down_revision = "0045"

SAME = (
    " FROM plans.procurement_requirements t WHERE p.tenant_id = t.tenant_id AND p.plan_date = t.plan_date"
    " AND p.version = t.version AND p.requirement_number = t.requirement_number"
)


def upgrade() -> None:
    op.execute("UPDATE plans.published_orders p SET reasoning = '{}'" + SAME + " AND p.reasoning = t.reasoning")
    _describe(
        "Every term of the calculation; {}: the one in procurement_requirements, until another version replaces that"
    )


def downgrade() -> None:
    op.execute("UPDATE plans.published_orders p SET reasoning = t.reasoning" + SAME + " AND p.reasoning = '{}'")
    _describe("Every term of the calculation")


def _describe(comment: str) -> None:
    op.alter_column("published_orders", "reasoning", schema="plans", comment=comment)
