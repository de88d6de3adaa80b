"""A decision changes a batch's quantity, and a confirmation says what is to be made of it."""

from alembic import op

revision = "0063"
down_revision = "0062"

COMMENTS = (
    (
        "batch_events",
        "Units made so far, without those wasted; empty: as planned",
        "Units made so far, without those wasted; of a batch that is confirmed, what is to be made of it, where that is"
        " above 0; empty: as planned",
    ),
    (
        "plan_decisions",
        "Changed quantity of the line, in the ingredient's unit",
        "Changed quantity of the line or batch, in the unit of the ingredient or product",
    ),
)


def upgrade() -> None:
    for table, _, after in COMMENTS:
        op.alter_column(table, "quantity", comment=after, schema="ops")


def downgrade() -> None:
    for table, before, _ in COMMENTS:
        op.alter_column(table, "quantity", comment=before, schema="ops")
