"""Rows of plans that are written and replaced together are stored as arrays, a row for each cell."""

from migrations.packing import pack, unpack

revision = "0065"
down_revision = "0064"

# By the columns of which each value has a stored row of its own.
TABLES: dict[str, tuple[str, ...]] = {
    "inventory_projections": (),
    "target_stock_levels": (),
    "demand_forecasts": ("target_date",),
    "stock_movements": ("kind",),
    "stock_balances": (),
    "production_batches": (),
    "procurement_requirements": (),
}


def upgrade() -> None:
    for name, by in TABLES.items():
        pack(name, by)


def downgrade() -> None:
    for name in reversed(TABLES):
        unpack(name)
