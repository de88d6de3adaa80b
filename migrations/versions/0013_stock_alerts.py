"""Alerts about what is recorded of stock: unknown stock, old counts, differences between book and count, silent tills.

Losses and differences have a value, projections of stock that is not known have no figures, and a recipe's line may
limit how long what is made keeps.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

SETTINGS_BEFORE = r"""
CASE key
    WHEN 'planning_day' THEN value ~ '^(same_day|day_before)$'
    WHEN 'planning_day_mon' THEN value ~ '^(same_day|day_before)$'
    WHEN 'planning_day_tue' THEN value ~ '^(same_day|day_before)$'
    WHEN 'planning_day_wed' THEN value ~ '^(same_day|day_before)$'
    WHEN 'planning_day_thu' THEN value ~ '^(same_day|day_before)$'
    WHEN 'planning_day_fri' THEN value ~ '^(same_day|day_before)$'
    WHEN 'planning_day_sat' THEN value ~ '^(same_day|day_before)$'
    WHEN 'planning_day_sun' THEN value ~ '^(same_day|day_before)$'
    WHEN 'planning_day_holiday' THEN value ~ '^(same_day|day_before)$'
    WHEN 'planning_time_mon' THEN value ~ '^([01]\d|2[0-3]):[0-5]\d$'
    WHEN 'planning_time_tue' THEN value ~ '^([01]\d|2[0-3]):[0-5]\d$'
    WHEN 'planning_time_wed' THEN value ~ '^([01]\d|2[0-3]):[0-5]\d$'
    WHEN 'planning_time_thu' THEN value ~ '^([01]\d|2[0-3]):[0-5]\d$'
    WHEN 'planning_time_fri' THEN value ~ '^([01]\d|2[0-3]):[0-5]\d$'
    WHEN 'planning_time_sat' THEN value ~ '^([01]\d|2[0-3]):[0-5]\d$'
    WHEN 'planning_time_sun' THEN value ~ '^([01]\d|2[0-3]):[0-5]\d$'
    WHEN 'planning_time_holiday' THEN value ~ '^([01]\d|2[0-3]):[0-5]\d$'
    WHEN 'opens' THEN value ~ '^([01]\d|2[0-3]):[0-5]\d$'
    WHEN 'closes' THEN value ~ '^([01]\d|2[0-3]):[0-5]\d$'
    WHEN 'replan_threshold' THEN value ~ '^\d{1,9}(\.\d{1,6})?$'
    WHEN 'issuing' THEN value ~ '^(fefo|fifo)$'
    ELSE false END
"""
NEW_KEYS = ("count_within_days", "sales_due_hours", "unexplained_limit", "shrinkage_limit")
NEW_SETTINGS = "".join(f"    WHEN '{key}' THEN value ~ '^\\d{{1,9}}(\\.\\d{{1,6}})?$'\n" for key in NEW_KEYS)
SETTINGS = SETTINGS_BEFORE.replace("    WHEN 'issuing'", f"{NEW_SETTINGS}    WHEN 'issuing'")
KINDS_BEFORE = (
    "planning_failed", "closed_today", "over_capacity", "not_ready", "planned_late", "baking_note",
    "master_data_fault", "order_today", "late_delivery", "no_supplier", "stockout", "low_stock", "expiring",
    "no_history", "no_forecast", "sales_missing", "forecast_off", "forecast_worsening",
)  # fmt: skip
NEW_KINDS = ("stock_unrecorded", "stale_counts", "shrinkage", "unexplained_sales")
_AFTER = KINDS_BEFORE.index("expiring") + 1
KINDS = (*KINDS_BEFORE[:_AFTER], *NEW_KINDS, *KINDS_BEFORE[_AFTER:])
RISKS_BEFORE = ("none", "low", "high")
RISKS = (*RISKS_BEFORE, "unknown")
FIGURES = {"opening": "Stock in the morning, in the item's unit", "closing": "Stock in the evening, in the item's unit"}
COVER = "Days the closing stock lasts at the mean requirement; empty: nothing is required"
ADJUSTMENTS = "stock_movements_adjustments_idx"
WASTED = "Units made and thrown away"
WASTED_BEYOND = "Units made beyond these and thrown away: produced and wasted"
LIMITS_EXPIRY = "What is made keeps no longer than the lots of this component that it took; empty: no"
VALUE = (
    "Of an adjustment, of waste and of what expires: quantity times price, in the tenant's currency. The price is that of"
    " an ingredient's cheapest offer in that currency, or a product's unit cost, as entered when it was planned; empty:"
    " there is none"
)
WASTED_BEFORE = "Units made and thrown away"
WASTED = "Units made beyond these and thrown away"


def upgrade() -> None:
    op.add_column(
        "recipe_lines", sa.Column("limits_expiry", sa.Boolean(), nullable=True, comment=LIMITS_EXPIRY), schema="ops"
    )
    op.alter_column("batch_events", "wasted_quantity", comment=WASTED_BEYOND, schema="ops")
    op.add_column(
        "stock_movements", sa.Column("value", sa.DOUBLE_PRECISION(), nullable=True, comment=VALUE), schema="plans"
    )
    op.create_check_constraint(
        op.f("stock_movements_value_check"),
        "stock_movements",
        "value BETWEEN -1000000000000000.0 AND 1000000000000000.0",
        schema="plans",
    )
    op.create_index(
        ADJUSTMENTS,
        "stock_movements",
        ["tenant_id", "plan_date"],
        schema="plans",
        postgresql_where=sa.text("kind = 'adjustment'"),
    )
    for column, comment in FIGURES.items():
        op.alter_column(
            "inventory_projections", column, nullable=True, comment=f"{comment}; empty: not known", schema="plans"
        )
    op.alter_column("inventory_projections", "days_of_cover", comment=f"{COVER}, or stock is not known", schema="plans")
    risk = "Whether it may run out, unknown where stock is not known"
    _replace_choices("inventory_projections", "stockout_risk", risk, RISKS)
    for table in ("findings", "alerts"):
        _replace_choices(table, "kind", "What it is about", KINDS)
    _replace_settings_check(SETTINGS)
    op.alter_column("batch_events", "wasted_quantity", comment=f"{WASTED}: produced and wasted", schema="ops")


def downgrade() -> None:
    op.alter_column("batch_events", "wasted_quantity", comment=WASTED_BEFORE, schema="ops")
    op.execute(f"DELETE FROM ops.tenant_settings WHERE key IN ({_listed(NEW_KEYS)})")  # noqa: S608
    _replace_settings_check(SETTINGS_BEFORE)
    for table in ("findings", "alerts"):
        op.execute(f"DELETE FROM plans.{table} WHERE kind IN ({_listed(NEW_KINDS)})")  # noqa: S608
        _replace_choices(table, "kind", "What it is about", KINDS_BEFORE)
    # What was not known had counted as none before.
    op.execute(
        "UPDATE plans.inventory_projections SET opening = 0, closing = 0, consumption = 0, unmet = gross_requirement,"
        " stockout_risk = CASE WHEN gross_requirement > 0 THEN 'high' ELSE 'none' END WHERE stockout_risk = 'unknown'"
    )
    _replace_choices("inventory_projections", "stockout_risk", "Whether it may run out", RISKS_BEFORE)
    op.alter_column("inventory_projections", "days_of_cover", comment=COVER, schema="plans")
    for column, comment in FIGURES.items():
        op.alter_column("inventory_projections", column, nullable=False, comment=comment, schema="plans")
    op.drop_index(ADJUSTMENTS, "stock_movements", schema="plans")
    op.drop_column("stock_movements", "value", schema="plans")
    op.alter_column("batch_events", "wasted_quantity", comment=WASTED, schema="ops")
    op.drop_column("recipe_lines", "limits_expiry", schema="ops")


def _replace_settings_check(condition: str) -> None:
    name = op.f("tenant_settings_value_fits_key_check")
    op.drop_constraint(name, "tenant_settings", schema="ops", type_="check")
    op.create_check_constraint(name, "tenant_settings", condition, schema="ops")


def _replace_choices(table: str, column: str, meaning: str, choices: tuple[str, ...]) -> None:
    name = op.f(f"{table}_{column}_check")
    op.drop_constraint(name, table, schema="plans", type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({_listed(choices)})", schema="plans")
    op.alter_column(table, column, comment=f"{meaning}: {', '.join(choices)}", schema="plans")


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)
