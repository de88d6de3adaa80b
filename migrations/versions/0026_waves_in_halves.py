"""Cells whose waves have died go into smaller waves, until the one that kills its wave is alone."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

_TEXT = "Most cells of the wave that may plan it next, after waves with it died; empty: as many as usual"
_CHECK = "planning_runs_largest_wave_check"


_ATTEMPTS = "Times planning was begun by itself since the last plan; a person's tries do not count"


def upgrade() -> None:
    op.alter_column("planning_runs", "attempts", comment=_ATTEMPTS, schema="plans")
    op.add_column(
        "planning_runs", sa.Column("largest_wave", sa.Integer(), nullable=True, comment=_TEXT), schema="plans"
    )
    op.create_check_constraint(_CHECK, "planning_runs", "largest_wave >= 1", schema="plans")


def downgrade() -> None:
    op.alter_column("planning_runs", "attempts", comment="How often planning was started", schema="plans")
    op.drop_column("planning_runs", "largest_wave", schema="plans")
