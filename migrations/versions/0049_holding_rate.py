"""What keeping stock costs is a setting: with it safety stocks follow from each ingredient's own costs."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"

BRANCH = r"WHEN 'holding_rate'::text THEN (value ~ '^\d{1,9}(\.\d{1,6})?$'::text) "
NEXT = "WHEN 'safety_stock_share'::text"


def upgrade() -> None:
    _replace_in_check(NEXT, BRANCH + NEXT)


def downgrade() -> None:
    op.execute("DELETE FROM ops.tenant_settings WHERE key = 'holding_rate'")
    _replace_in_check(BRANCH, "")


def _replace_in_check(old: str, new: str) -> None:
    """Change the check as it stands, whatever earlier migrations have put into it."""
    name = op.f("tenant_settings_value_fits_key_check")
    defined = op.get_bind().scalar(
        sa.text(
            "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint"
            " WHERE conrelid = 'ops.tenant_settings'::regclass AND conname = :name"
        ),
        {"name": name},
    )
    words = " ".join(str(defined).split())
    if words.count(old) != 1:
        raise RuntimeError(f"the check {name} is not what earlier migrations have made: not once {old!r}")
    op.drop_constraint(name, "tenant_settings", schema="ops", type_="check")
    op.execute(f"ALTER TABLE ops.tenant_settings ADD CONSTRAINT {name} CHECK ({words.replace(old, new)})")
