"""How each till writes numbers and dates is remembered."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "till_forms",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("source", sa.TEXT(), nullable=False, comment="The till's profile, or the names of its columns"),
        sa.Column("decimal_sign", sa.TEXT(), comment="Sign before decimals; empty: no export has shown it"),
        sa.Column(
            "date_order",
            sa.TEXT(),
            comment="Whether the day or the month comes first; empty: no export has shown it",
        ),
        sa.Column(
            "shown_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When an export showed it last",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "source"),
        schema="ops",
        comment="How each till writes numbers and dates, for exports in which nothing shows it.",
    )


def downgrade() -> None:
    op.drop_table("till_forms", schema="ops")
