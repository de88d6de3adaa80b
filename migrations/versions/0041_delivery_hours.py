"""Suppliers say in which hours they deliver; orders made of proposals are expected then, and not all day long."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"

COLUMNS = (
    ("delivers_from", "Local time from which it delivers; empty: from midnight on"),
    (
        "delivers_until",
        "Local time until which it delivers; not after delivers_from: of the next day; empty: the end of the day",
    ),
)


def upgrade() -> None:
    for name, comment in COLUMNS:
        op.add_column("suppliers", sa.Column(name, sa.Time(), nullable=True, comment=comment), schema="ops")


def downgrade() -> None:
    for name, _ in reversed(COLUMNS):
        op.drop_column("suppliers", name, schema="ops")
