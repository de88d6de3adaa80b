"""Stock movements reach the instant that balances are of, also where a plan is made on the evening before."""

from alembic import op

revision = "0019"
down_revision = "0018"

_NEW = "How stock changed from the start of the day whose stock is kept to the planning instant, or as the day begins."
_OLD = "How stock changed in the last days before the planning instant, from the start of the day whose stock is kept."


def upgrade() -> None:
    op.execute(f"COMMENT ON TABLE plans.stock_movements IS '{_NEW}'")


def downgrade() -> None:
    op.execute(f"COMMENT ON TABLE plans.stock_movements IS '{_OLD}'")
