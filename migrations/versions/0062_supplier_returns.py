"""Goods that went back to suppliers are facts, which lower stock and count as complaints."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

revision = "0062"
down_revision = "0061"

_INSTANT = sa.TIMESTAMP(timezone=True)
KINDS = ("count", "receipt", "production", "consumption", "sale", "waste", "transfer", "expiry", "adjustment")
WITH_RETURNS = (*KINDS[:6], "supplier_return", *KINDS[6:])
UNEXPLAINED = (
    "What facts say was sold or thrown away beyond what was recorded as made or there.",
    "What facts say was sold, thrown away or returned to suppliers beyond what was recorded as made or there.",
)


def upgrade() -> None:
    op.create_table(
        "supplier_returns",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("return_id", sa.TEXT(), nullable=False, comment="The return"),
        sa.Column("lot_id", sa.TEXT(), nullable=False, comment="The lot it was received into"),
        sa.Column("ingredient_id", sa.TEXT(), nullable=False, comment="The ingredient"),
        sa.Column(
            "order_id",
            sa.TEXT(),
            comment="Purchase order it came with; empty: not known, so it counts for no supplier",
        ),
        sa.Column(
            "location_id", sa.TEXT(), server_default=sa.text("'main'"), nullable=False, comment="Shop or kitchen"
        ),
        sa.Column(
            "quantity",
            DOUBLE_PRECISION(),
            nullable=False,
            comment="Quantity returned, in the ingredient's unit; 0: nothing after all",
        ),
        sa.Column(
            "reason", sa.TEXT(), comment="What was wrong with it, a complaint about the supplier; empty: nothing"
        ),
        sa.Column("returned_at", _INSTANT, nullable=False, comment="When it left the house"),
        sa.Column(
            "recorded_at",
            _INSTANT,
            nullable=False,
            comment="When we learned this; a plan uses what was recorded by its planning instant",
        ),
        *(
            sa.CheckConstraint(f"{name} <> ''", name=op.f(f"supplier_returns_{name}_check"))
            for name in ("ingredient_id", "lot_id", "return_id", "tenant_id")
        ),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("supplier_returns_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ingredient_id"],
            ["ops.ingredients.tenant_id", "ops.ingredients.ingredient_id"],
            name=op.f("supplier_returns_tenant_id_ingredient_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("supplier_returns_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("supplier_returns_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "return_id", "lot_id", "recorded_at", name=op.f("supplier_returns_pkey")),
        schema="ops",
        comment="What went back to its supplier after it was received; lowers its lot, and opens nothing of its order.",
    )
    op.create_index(
        op.f("supplier_returns_tenant_id_recorded_at_idx"),
        "supplier_returns",
        ["tenant_id", "recorded_at"],
        schema="ops",
    )
    _movement_kinds(WITH_RETURNS)
    op.create_table_comment("unexplained_usage", UNEXPLAINED[1], schema="plans")


def downgrade() -> None:
    op.execute("DELETE FROM plans.stock_movements WHERE kind = 'supplier_return'")
    op.execute("DELETE FROM plans.unexplained_usage WHERE item_kind = 'ingredient'")
    _movement_kinds(KINDS)
    op.create_table_comment("unexplained_usage", UNEXPLAINED[0], schema="plans")
    op.drop_table("supplier_returns", schema="ops")


def _movement_kinds(kinds: tuple[str, ...]) -> None:
    name = op.f("stock_movements_kind_check")
    op.drop_constraint(name, "stock_movements", schema="plans", type_="check")
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.create_check_constraint(name, "stock_movements", f"kind IN ({listed})", schema="plans")
    op.alter_column("stock_movements", "kind", comment=f"What moved it: {', '.join(kinds)}", schema="plans")
