"""A bakery whose sales are at another level is a reason to train its models; an alert says when training waits."""

from alembic import op

revision = "0024"
down_revision = "0023"

_TRIGGERS = ("mape", "mape_rise", "age", "request", "no_model")
_ALERTS = (
    "planning_failed", "closed_today", "over_capacity", "not_ready", "planned_late", "baking_note", "batch_not_worth_it",
    "master_data_fault", "order_today", "overdue_order", "late_delivery", "no_supplier", "stockout", "low_stock", "expiring",
    "stock_unrecorded", "stale_counts", "shrinkage", "unexplained_sales", "no_history", "no_forecast", "sales_missing",
    "forecast_off", "forecast_worsening", "holiday_unconfirmed",
)  # fmt: skip
_WAITS, _SHIFT = "training_waits", "level_shift"


def upgrade() -> None:
    _allow("retraining_triggers", "What triggered it", (*_TRIGGERS, _SHIFT))
    for table in ("findings", "alerts"):
        _allow(table, "What it is about", (*_ALERTS, _WAITS))


def downgrade() -> None:
    op.execute(f"DELETE FROM plans.retraining_triggers WHERE kind = '{_SHIFT}'")  # noqa: S608
    _allow("retraining_triggers", "What triggered it", _TRIGGERS)
    for table in ("findings", "alerts"):
        op.execute(f"DELETE FROM plans.{table} WHERE kind = '{_WAITS}'")  # noqa: S608
        _allow(table, "What it is about", _ALERTS)


def _allow(table: str, description: str, kinds: tuple[str, ...]) -> None:
    name = op.f(f"{table}_kind_check")
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.drop_constraint(name, table, schema="plans", type_="check")
    op.create_check_constraint(name, table, f"kind IN ({listed})", schema="plans")
    op.alter_column(table, "kind", comment=f"{description}: {', '.join(kinds)}", schema="plans")
