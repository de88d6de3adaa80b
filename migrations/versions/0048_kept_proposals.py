"""Proposed orders stay as the plan before had them within a threshold and some days, which are settings of a tenant."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"

NUMBER = r"^\d{1,9}(\.\d{1,6})?$"
SETTINGS = ("proposal_change_threshold", "proposal_early_days")
NEXT = "WHEN 'supplier_weight_price'::text"
BRANCHES = "".join(f"WHEN '{key}'::text THEN (value ~ '{NUMBER}'::text) " for key in SETTINGS)


def upgrade() -> None:
    _replace_in_check(NEXT, BRANCHES + NEXT)


def downgrade() -> None:
    listed = ", ".join(f"'{key}'" for key in SETTINGS)
    op.execute(f"DELETE FROM ops.tenant_settings WHERE key IN ({listed})")  # noqa: S608
    _replace_in_check(BRANCHES, "")


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
