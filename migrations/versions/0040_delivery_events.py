"""Orders and receipts know the transaction that wrote them, by which events about them are appended."""

from alembic import op

revision = "0040"
down_revision = "0039"

COMMENT = "Transaction that wrote the row; events are appended by it; empty: written before there were events"


def upgrade() -> None:
    for table in ("purchase_orders", "stock_receipts"):
        op.execute(f"ALTER TABLE ops.{table} ADD COLUMN transaction_id xid8")
        # Rows that are there stay without one: nobody waits for news of them.
        op.execute(f"ALTER TABLE ops.{table} ALTER COLUMN transaction_id SET DEFAULT pg_current_xact_id()")
        op.alter_column(table, "transaction_id", schema="ops", comment=COMMENT)
        op.create_index(op.f(f"{table}_transaction_id_idx"), table, ["transaction_id"], schema="ops")


def downgrade() -> None:
    for table in ("purchase_orders", "stock_receipts"):
        op.drop_index(op.f(f"{table}_transaction_id_idx"), table, schema="ops")
        op.drop_column(table, "transaction_id", schema="ops")
