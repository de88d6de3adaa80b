"""Receipts say what was rejected and what was wrong with it, and bakeries what that weighs in the choice of suppliers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

revision = "0051"
down_revision = "0049"

REJECTED = "What came beyond that and was not accepted: no stock, and still open of the order"
COMPLAINT = "What was wrong with what came, accepted or not; empty: nothing"
TRANSACTION = "Transaction that wrote the row; events are appended by it; empty: written before there were events"
KEY = "supplier_weight_quality"
BRANCH = rf"WHEN '{KEY}'::text THEN (value ~ '^\d{{1,9}}(\.\d{{1,6}})?$'::text) "
NEXT = "WHEN 'issuing'::text"


def upgrade() -> None:
    rejected = sa.Column(
        "rejected_quantity", DOUBLE_PRECISION(), server_default=sa.text("0.0"), nullable=False, comment=REJECTED
    )
    op.add_column("stock_receipts", rejected, schema="ops")
    op.create_check_constraint(
        op.f("stock_receipts_rejected_quantity_check"),
        "stock_receipts",
        "rejected_quantity BETWEEN 0.0 AND 1000000000.0",
        schema="ops",
    )
    op.add_column("stock_receipts", sa.Column("complaint", sa.TEXT(), nullable=True, comment=COMPLAINT), schema="ops")
    _move_transaction_to_the_end()
    _replace_in_check(NEXT, BRANCH + NEXT)


def downgrade() -> None:
    op.execute(f"DELETE FROM ops.tenant_settings WHERE key = '{KEY}'")  # noqa: S608
    _replace_in_check(BRANCH, "")
    op.drop_column("stock_receipts", "complaint", schema="ops")
    op.drop_column("stock_receipts", "rejected_quantity", schema="ops")


def _move_transaction_to_the_end() -> None:
    """Facts' own columns come before it, as in every other table."""
    op.execute("ALTER TABLE ops.stock_receipts RENAME COLUMN transaction_id TO written_by")
    op.execute("ALTER TABLE ops.stock_receipts ADD COLUMN transaction_id xid8")
    op.execute("UPDATE ops.stock_receipts SET transaction_id = written_by")
    op.execute("ALTER TABLE ops.stock_receipts ALTER COLUMN transaction_id SET DEFAULT pg_current_xact_id()")
    op.execute("ALTER TABLE ops.stock_receipts DROP COLUMN written_by")
    op.alter_column("stock_receipts", "transaction_id", schema="ops", comment=TRANSACTION)
    op.create_index(op.f("stock_receipts_transaction_id_idx"), "stock_receipts", ["transaction_id"], schema="ops")


def _replace_in_check(old: str, new: str) -> None:
    """Change the check of settings as it stands, whatever earlier migrations have put into it."""
    name = op.f("tenant_settings_value_fits_key_check")
    defined = op.get_bind().scalar(
        sa.text(
            "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint"
            " WHERE conrelid = CAST('ops.tenant_settings' AS regclass) AND conname = :name"
        ),
        {"name": name},
    )
    words = " ".join(str(defined).split())
    if words.count(old) != 1:
        raise RuntimeError(f"the check {name} is not what earlier migrations have made: not once {old!r}")
    op.drop_constraint(name, "tenant_settings", schema="ops", type_="check")
    op.execute(f"ALTER TABLE ops.tenant_settings ADD CONSTRAINT {name} CHECK ({words.replace(old, new)})")
