"""Waste may know its hour, so that a count of the same day can tell whether it came before or after."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column(
        "waste",
        sa.Column(
            "wasted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was thrown away; empty: at closing, or at the item's first count of that day after recorded_at",
        ),
        schema="ops",
    )


def downgrade() -> None:
    op.drop_column("waste", "wasted_at", schema="ops")
