"""Alerts say when sales ended longer ago than is waited for."""

from alembic import op

revision = "0027"
down_revision = "0026"

KINDS_BEFORE = (
    "planning_failed", "closed_today", "over_capacity", "not_ready", "planned_late", "baking_note",
    "batch_not_worth_it", "master_data_fault", "order_today", "overdue_order", "late_delivery", "no_supplier",
    "stockout", "low_stock", "expiring", "stock_unrecorded", "stale_counts", "shrinkage", "unexplained_sales",
    "no_history", "no_forecast", "sales_missing", "forecast_off", "forecast_worsening", "holiday_unconfirmed",
    "training_waits",
)  # fmt: skip
_AFTER = KINDS_BEFORE.index("sales_missing") + 1
NEW_KIND = "sales_ended"
KINDS = (*KINDS_BEFORE[:_AFTER], NEW_KIND, *KINDS_BEFORE[_AFTER:])


def upgrade() -> None:
    _allow_kinds(KINDS)


def downgrade() -> None:
    op.execute(f"DELETE FROM plans.findings WHERE kind = '{NEW_KIND}'")  # noqa: S608
    op.execute(f"DELETE FROM plans.alerts WHERE kind = '{NEW_KIND}'")  # noqa: S608
    _allow_kinds(KINDS_BEFORE)


def _allow_kinds(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    for table in ("findings", "alerts"):
        name = op.f(f"{table}_kind_check")
        op.drop_constraint(name, table, schema="plans", type_="check")
        op.create_check_constraint(name, table, f"kind IN ({listed})", schema="plans")
        op.alter_column(table, "kind", comment=f"What it is about: {', '.join(kinds)}", schema="plans")
