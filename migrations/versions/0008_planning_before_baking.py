"""Planning before baking: planning times that follow from shifts, and by when products have to be ready."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

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
    WHEN 'issuing' THEN value ~ '^(fefo|fifo)$'
    ELSE false END
"""
REPLAN_THRESHOLD = r"    WHEN 'replan_threshold' THEN value ~ '^\d{1,9}(\.\d{1,6})?$'"
SETTINGS = SETTINGS_BEFORE.replace("    WHEN 'issuing'", f"{REPLAN_THRESHOLD}\n    WHEN 'issuing'")
ALERT_KINDS = (
    "planning_failed", "closed_today", "over_capacity", "not_ready", "planned_late", "baking_note", "order_today",
    "late_delivery", "no_supplier", "stockout", "low_stock", "expiring", "no_history", "no_forecast", "sales_missing",
    "forecast_off", "forecast_worsening",
)  # fmt: skip
ALERT_KINDS_BEFORE = tuple(kind for kind in ALERT_KINDS if kind not in ("not_ready", "planned_late"))
OUTCOMES_BEFORE = ("validated", "closed", "no_forecast", "no_sales")
OUTCOMES = (*OUTCOMES_BEFORE, "incomplete")


def upgrade() -> None:
    op.alter_column(
        "tenants",
        "planning_time",
        server_default=None,
        nullable=True,
        comment="Local time at which a day is planned; empty: an hour before the first start of work for it, 05:30"
        " without shifts",
        schema="ops",
    )
    op.add_column(
        "products",
        sa.Column(
            "ready_by",
            sa.Time(),
            nullable=True,
            comment="Local time by which the day's first has to be ready; empty: when the goods for the first shop to"
            " open leave the kitchen",
        ),
        schema="ops",
    )
    op.add_column(
        "products",
        sa.Column(
            "hold_hours",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Hours it may stand before it has to be ready: it comes out no earlier; empty: any",
        ),
        schema="ops",
    )
    op.create_check_constraint(
        op.f("products_hold_hours_check"), "products", "hold_hours BETWEEN 0.0 AND 168.0", schema="ops"
    )
    _replace_settings_check(SETTINGS)
    op.add_column(
        "production_batches",
        sa.Column(
            "ready_by",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it has to be ready; empty: the opening is not known",
        ),
        schema="plans",
    )
    op.add_column(
        "production_batches",
        sa.Column(
            "is_late",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="It ends after it has to be ready",
        ),
        schema="plans",
    )
    # Of plans made before, nothing is known; new rows say it themselves.
    op.alter_column("production_batches", "is_late", server_default=None, schema="plans")
    op.add_column(
        "production_batches",
        sa.Column("late_because", sa.TEXT(), nullable=True, comment="Why it is late"),
        schema="plans",
    )
    _replace_choices("alerts", "kind", "What it is about", ALERT_KINDS)
    _replace_choices("validation_runs", "status", "Outcome", OUTCOMES)


def downgrade() -> None:
    op.execute("DELETE FROM plans.alerts WHERE kind IN ('not_ready', 'planned_late')")
    op.execute("UPDATE plans.validation_runs SET status = 'no_sales' WHERE status = 'incomplete'")
    _replace_choices("validation_runs", "status", "Outcome", OUTCOMES_BEFORE)
    _replace_choices("alerts", "kind", "What it is about", ALERT_KINDS_BEFORE)
    for column in ("late_because", "is_late", "ready_by"):
        op.drop_column("production_batches", column, schema="plans")
    op.execute("DELETE FROM ops.tenant_settings WHERE key = 'replan_threshold'")
    _replace_settings_check(SETTINGS_BEFORE)
    op.drop_column("products", "hold_hours", schema="ops")
    op.drop_column("products", "ready_by", schema="ops")
    op.execute("UPDATE ops.tenants SET planning_time = '05:30' WHERE planning_time IS NULL")
    op.alter_column(
        "tenants",
        "planning_time",
        server_default=sa.text("'05:30'"),
        nullable=False,
        comment="Local time by which the day is planned",
        schema="ops",
    )


def _replace_settings_check(condition: str) -> None:
    name = op.f("tenant_settings_value_fits_key_check")
    op.drop_constraint(name, "tenant_settings", schema="ops", type_="check")
    op.create_check_constraint(name, "tenant_settings", condition, schema="ops")


def _replace_choices(table: str, column: str, meaning: str, choices: tuple[str, ...]) -> None:
    name = op.f(f"{table}_{column}_check")
    op.drop_constraint(name, table, schema="plans", type_="check")
    allowed = ", ".join(f"'{choice}'" for choice in choices)
    op.create_check_constraint(name, table, f"{column} IN ({allowed})", schema="plans")
    op.alter_column(table, column, comment=f"{meaning}: {', '.join(choices)}", schema="plans")
