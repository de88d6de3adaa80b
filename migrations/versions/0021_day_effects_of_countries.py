"""Boosters hold what holidays and the days around them sell, of each country with enough tenants."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0019"

_TEXT = "Effects of holidays and the days around them, of each country with enough tenants"


def upgrade() -> None:
    column = sa.Column("day_effects", postgresql.JSONB(), nullable=False, server_default="[]", comment=_TEXT)
    op.add_column("boosters", column, schema="plans")
    op.alter_column("boosters", "day_effects", server_default=None, schema="plans")


def downgrade() -> None:
    op.drop_column("boosters", "day_effects", schema="plans")
