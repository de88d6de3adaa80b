"""Waste can name an intermediate; what is lost of one is valued by its ingredients."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0055"

RECIPE = "Intermediate, such as a dough; what stock does not have of it was made for this, of its ingredients"
TABLE = (
    "What was thrown away.",
    "What was thrown away; of a batch that failed, or units that it wasted, its batch events tell.",
)
_VALUE = (
    "Of an adjustment, of waste and of what expires: quantity times price, in the tenant's currency. The price is that of"
    " an ingredient's cheapest offer, by the exchange rate of the plan date, {} as entered when it was planned; empty:"
    " there is none"
)
VALUE = (
    _VALUE.format("or a product's unit cost,"),
    _VALUE.format("a product's unit cost, or what the ingredients of an intermediate cost,"),
)
ONE_ITEM = (
    ("product_id", "ingredient_id"),
    ("product_id", "ingredient_id", "recipe_id"),
)


def upgrade() -> None:
    op.add_column("waste", sa.Column("recipe_id", sa.TEXT(), nullable=True, comment=RECIPE), schema="ops")
    op.create_foreign_key(
        op.f("waste_tenant_id_recipe_id_fkey"),
        "waste",
        "recipes",
        ["tenant_id", "recipe_id"],
        ["tenant_id", "recipe_id"],
        source_schema="ops",
        referent_schema="ops",
    )
    _one_of(*ONE_ITEM)
    _comment(1)


def downgrade() -> None:
    op.execute("DELETE FROM ops.waste WHERE recipe_id IS NOT NULL")
    _one_of(*reversed(ONE_ITEM))
    op.drop_column("waste", "recipe_id", schema="ops")
    _comment(0)


def _one_of(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"waste_one_of_{'_'.join(before)}_check"), "waste", schema="ops", type_="check")
    op.create_check_constraint(
        op.f(f"waste_one_of_{'_'.join(after)}_check"), "waste", f"num_nonnulls({', '.join(after)}) = 1", schema="ops"
    )


def _comment(which: int) -> None:
    op.create_table_comment("waste", TABLE[which], schema="ops")
    op.alter_column("stock_movements", "value", comment=VALUE[which], schema="plans")
