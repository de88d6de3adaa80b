"""Orders keep to a largest quantity and to what can be stored, and say what of them will expire."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

revision = "0030"
down_revision = "0029"

LIMITS = (
    ("ingredients", "storage_limit", "The most of it that can be kept at a time, in the ingredient's unit; empty: any"),
    ("supplier_items", "maximum_quantity", "Largest order of a delivery, in the ingredient's unit; empty: any"),
)
PARTS = (
    (
        "left_out_quantity",
        "Part of the net requirement that the supplier's largest order or the storage limit leaves out of the order, "
        "in the ingredient's unit",
    ),
    (
        "expiring_quantity",
        "Part of the order that will expire before it is used, because its minimum or pack is more than is needed, "
        "in the ingredient's unit",
    ),
)


def upgrade() -> None:
    for table, name, comment in LIMITS:
        column = sa.Column(name, DOUBLE_PRECISION(), nullable=True, comment=comment)
        op.add_column(table, column, schema="ops")
        op.create_check_constraint(
            op.f(f"{table}_{name}_check"), table, f"{name} BETWEEN 1e-06 AND 1000000000.0", schema="ops"
        )
    for name, comment in PARTS:
        column = sa.Column(name, DOUBLE_PRECISION(), server_default=sa.text("0.0"), nullable=False, comment=comment)
        op.add_column("procurement_requirements", column, schema="plans")
        op.create_check_constraint(
            op.f(f"procurement_requirements_{name}_check"),
            "procurement_requirements",
            f"{name} BETWEEN 0.0 AND 1000000000.0",
            schema="plans",
        )


def downgrade() -> None:
    for name, _ in PARTS:
        op.drop_column("procurement_requirements", name, schema="plans")
    for table, name, _ in LIMITS:
        op.drop_column(table, name, schema="ops")
