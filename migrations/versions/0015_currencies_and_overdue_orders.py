"""Costs keep the currency of the supplier's prices, overdue orders get an alert, batches say what is in stock of them."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

NEW_KIND = "overdue_order"
KINDS = (
    "planning_failed", "closed_today", "over_capacity", "not_ready", "planned_late", "baking_note",
    "master_data_fault", "order_today", "overdue_order", "late_delivery", "no_supplier", "stockout",
    "low_stock", "expiring", "stock_unrecorded", "stale_counts", "shrinkage", "unexplained_sales", "no_history",
    "no_forecast", "sales_missing", "forecast_off", "forecast_worsening",
)  # fmt: skip
COMMENTS = (
    (
        "procurement_plans", "total_cost", "Cost of these orders, in the tenant's currency",
        "Cost of the orders that are priced in the tenant's currency, in this currency",
    ),
    (
        "procurement_requirements", "cost", "Planned order quantity times price, in the tenant's currency",
        "Planned order quantity times price, in the currency of the supplier's prices",
    ),
    (
        "daily_summaries", "order_cost_14d", "Cost of these orders, in the tenant's currency",
        "Cost of those of these orders that are priced in the tenant's currency",
    ),
)  # fmt: skip

STOCK = {
    "is_in_stock": "Its units are in the stock that the plan begins with, or will never come",
    "has_taken_ingredients": "What it takes has left that stock, or will never be taken",
}


def upgrade() -> None:
    op.add_column(
        "procurement_plans",
        sa.Column(
            "costs_in_other_currencies",
            sa.TEXT(),
            nullable=True,
            comment="Cost of the orders in other currencies, an amount for each currency",
        ),
        schema="plans",
    )
    op.add_column(
        "procurement_requirements",
        sa.Column(
            "currency",
            sa.TEXT(),
            nullable=True,
            comment="ISO 4217 code of the cost's currency; empty: nothing to order",
        ),
        schema="plans",
    )
    op.execute(
        "UPDATE plans.procurement_requirements r SET currency = coalesce(s.currency, t.currency) FROM ops.tenants t,"
        " ops.suppliers s WHERE r.tenant_id = t.tenant_id AND s.tenant_id = r.tenant_id"
        " AND s.supplier_id = r.supplier_id AND r.planned_order_quantity > 0"
    )
    for name, comment in STOCK.items():
        op.add_column(
            "production_batches",
            sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text("False"), comment=comment),
            schema="plans",
        )
        over = "state IN ('completed', 'failed', 'cancelled')"
        op.execute(f"UPDATE plans.production_batches SET {name} = true WHERE {over}")  # noqa: S608
    for table, column, _, after in COMMENTS:
        op.alter_column(table, column, comment=after, schema="plans")
    _allow_kinds(KINDS)


def downgrade() -> None:
    op.execute(f"DELETE FROM plans.findings WHERE kind = '{NEW_KIND}'")  # noqa: S608
    op.execute(f"DELETE FROM plans.alerts WHERE kind = '{NEW_KIND}'")  # noqa: S608
    _allow_kinds(tuple(kind for kind in KINDS if kind != NEW_KIND))
    for table, column, before, _ in COMMENTS:
        op.alter_column(table, column, comment=before, schema="plans")
    for name in STOCK:
        op.drop_column("production_batches", name, schema="plans")
    # The marts that read them are views, which the next build of the marts makes anew.
    op.drop_column("procurement_requirements", "currency", schema="plans")
    op.drop_column("procurement_plans", "costs_in_other_currencies", schema="plans")


def _allow_kinds(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    for table in ("findings", "alerts"):
        name = op.f(f"{table}_kind_check")
        op.drop_constraint(name, table, schema="plans", type_="check")
        op.create_check_constraint(name, table, f"kind IN ({listed})", schema="plans")
        op.alter_column(table, "kind", comment=f"What it is about: {', '.join(kinds)}", schema="plans")
