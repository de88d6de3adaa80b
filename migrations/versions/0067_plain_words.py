"""Comments of three columns say replanned and reported, as the rest of the project does."""

from alembic import op

revision = "0067"
down_revision = "0066"

COMMENTS = (
    (
        "plan_versions",
        "version",
        "1: made at the planning instant; then one for each time it was planned anew",
        "1: made at the planning instant; then one for each time it was replanned",
    ),
    (
        "alerts",
        "last_plan_date",
        "Date of the last plan that found it; of deliveries the date on which it was last told",
        "Date of the last plan that found it; of deliveries the date on which it was last reported",
    ),
    (
        "alerts",
        "last_planned_as_of",
        "Planning instant of that plan; of deliveries when it was last told",
        "Planning instant of that plan; of deliveries when it was last reported",
    ),
)


def upgrade() -> None:
    for table, column, _, after in COMMENTS:
        op.alter_column(table, column, comment=after, schema="plans")


def downgrade() -> None:
    for table, column, before, _ in COMMENTS:
        op.alter_column(table, column, comment=before, schema="plans")
