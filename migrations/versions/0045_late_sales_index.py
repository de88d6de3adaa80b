"""What was recorded months after its day is found by an index.

So a morning that reads half a year of sales knows whether the stock of longer ago has changed.
"""

from alembic import op

revision = "0045"
down_revision = "0041"


def upgrade() -> None:
    for table in ("sales", "sales_hourly"):
        op.execute(
            f"CREATE INDEX {table}_late_idx ON ops.{table} (tenant_id, recorded_at)"
            " WHERE (recorded_at AT TIME ZONE 'UTC')::date - sales_date > 120"
        )


def downgrade() -> None:
    for table in ("sales", "sales_hourly"):
        op.drop_index(f"{table}_late_idx", table, schema="ops")
