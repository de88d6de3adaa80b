"""Weather is a fact with the instant at which we learned it, so that planning a past day again reads what was known.

Of the rows that are there nobody wrote that down: they count as known from the end of their day, or from now on where
that is still to come.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_LEARNED = "When we learned this; a plan uses what was recorded by its planning instant"


def upgrade() -> None:
    op.add_column(
        "weather", sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True, comment=_LEARNED), schema="ops"
    )
    op.execute(
        "UPDATE ops.weather w SET recorded_at = least(timezone(t.timezone, (w.date + 1)::timestamp), now())"
        " FROM ops.tenants t WHERE t.tenant_id = w.tenant_id"
    )
    op.alter_column("weather", "recorded_at", nullable=False, schema="ops")
    op.drop_constraint("weather_pkey", "weather", schema="ops")
    op.create_primary_key("weather_pkey", "weather", ["tenant_id", "date", "recorded_at"], schema="ops")
    op.execute(
        "COMMENT ON TABLE ops.weather IS 'Weather: of days that have passed as it was, of days to come as it was forecast.'"
    )


def downgrade() -> None:
    op.execute(
        "DELETE FROM ops.weather w USING ops.weather later WHERE later.tenant_id = w.tenant_id AND later.date = w.date"
        " AND later.recorded_at > w.recorded_at"
    )
    op.drop_constraint("weather_pkey", "weather", schema="ops")
    op.drop_column("weather", "recorded_at", schema="ops")
    op.create_primary_key("weather_pkey", "weather", ["tenant_id", "date"], schema="ops")
    op.execute("COMMENT ON TABLE ops.weather IS 'Observed weather.'")
