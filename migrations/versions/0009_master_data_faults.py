"""Faults of master data cost one product, not the morning; when batches begin; on which days suppliers work.

A table and an alert for faults, what converts units, the day a batch is begun, and suppliers' working days.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

ALERT_KINDS_BEFORE = (
    "planning_failed", "closed_today", "over_capacity", "not_ready", "planned_late", "baking_note", "order_today",
    "late_delivery", "no_supplier", "stockout", "low_stock", "expiring", "no_history", "no_forecast", "sales_missing",
    "forecast_off", "forecast_worsening",
)  # fmt: skip
NEW_KIND = "master_data_fault"

CONVERSIONS = (
    ("ingredients", "piece_weight_kg", "Kilograms a piece weighs, for recipes in another unit"),
    ("ingredients", "density_kg_per_l", "Kilograms a liter weighs, for recipes in another unit"),
    ("products", "piece_weight_kg", "Kilograms a piece weighs, for recipes that yield a weight"),
)
BEGINS_ON = "Day its first dough, or else its own work, is begun; before the plan date: it has begun"
RECEIPTS_AFTER_BAKING = (
    "Part of the receipts that arrives when the day's baking has begun, usable the next day, in the item's unit"
)
LEAD_TIME_UNIT = "What lead times are counted in: calendar_days, working_days"
WORKING_WEEKDAYS = (
    "Days it works, takes orders and delivers, as mon,tue,…; empty: every day, where lead times are working days "
    "Monday to Friday and the days it delivers"
)


def upgrade() -> None:
    for table, column, comment in CONVERSIONS:
        op.add_column(table, sa.Column(column, sa.DOUBLE_PRECISION(), nullable=True, comment=comment), schema="ops")
        op.create_check_constraint(
            op.f(f"{table}_{column}_check"), table, f"{column} BETWEEN 1e-06 AND 1000000000.0", schema="ops"
        )
    op.create_table(
        "master_data_faults",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column("fault_number", sa.TEXT(), nullable=False, comment="The fault, ordered by table and row"),
        sa.Column("source_table", sa.TEXT(), nullable=False, comment="Table, and file, of the row at fault"),
        sa.Column("source_row", sa.TEXT(), nullable=False, comment="The row at fault, by its key"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="Product concerned"),
        sa.Column(
            "left_out", sa.TEXT(), nullable=False, comment="What the plan leaves out: product, component, recipe"
        ),
        sa.Column(
            "left_out_id",
            sa.TEXT(),
            nullable=False,
            comment="Product, ingredient or intermediate that is left out or has no recipe",
        ),
        sa.Column("reason", sa.TEXT(), nullable=False, comment="What is wrong"),
        sa.Column("what_to_do", sa.TEXT(), nullable=False, comment="How to correct it"),
        sa.CheckConstraint("fault_number <> ''", name=op.f("master_data_faults_fault_number_check")),
        sa.CheckConstraint(
            "left_out IN ('product', 'component', 'recipe')", name=op.f("master_data_faults_left_out_check")
        ),
        sa.CheckConstraint("left_out_id <> ''", name=op.f("master_data_faults_left_out_id_check")),
        sa.CheckConstraint("product_id <> ''", name=op.f("master_data_faults_product_id_check")),
        sa.CheckConstraint("source_row <> ''", name=op.f("master_data_faults_source_row_check")),
        sa.CheckConstraint("source_table <> ''", name=op.f("master_data_faults_source_table_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("master_data_faults_tenant_id_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("master_data_faults_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("master_data_faults_tenant_id_product_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "fault_number", name=op.f("master_data_faults_pkey")),
        schema="plans",
        comment="Rows of master data that a plan could not use, and what it leaves out because of them.",
    )
    _add_begins_on()
    _add_receipts_after_baking()
    op.add_column(
        "suppliers",
        sa.Column(
            "lead_time_unit",
            sa.TEXT(),
            server_default=sa.text("'calendar_days'"),
            nullable=False,
            comment=LEAD_TIME_UNIT,
        ),
        schema="ops",
    )
    op.create_check_constraint(
        op.f("suppliers_lead_time_unit_check"),
        "suppliers",
        "lead_time_unit IN ('calendar_days', 'working_days')",
        schema="ops",
    )
    op.add_column(
        "suppliers", sa.Column("working_weekdays", sa.TEXT(), nullable=True, comment=WORKING_WEEKDAYS), schema="ops"
    )
    after = ALERT_KINDS_BEFORE.index("baking_note") + 1
    _allow_kinds((*ALERT_KINDS_BEFORE[:after], NEW_KIND, *ALERT_KINDS_BEFORE[after:]))


def _add_begins_on() -> None:
    """Batches that were planned before were taken to be made on their own day."""
    op.add_column(
        "production_batches", sa.Column("begins_on", sa.Date(), nullable=True, comment=BEGINS_ON), schema="plans"
    )
    op.execute("UPDATE plans.production_batches SET begins_on = schedule_date")
    op.alter_column("production_batches", "begins_on", nullable=False, schema="plans")
    op.alter_column("production_batches", "schedule_date", comment="Day it is sold first", schema="plans")


def _add_receipts_after_baking() -> None:
    """Projections that were made before took every delivery to come in time."""
    op.add_column(
        "inventory_projections",
        sa.Column("receipts_after_baking", sa.DOUBLE_PRECISION(), nullable=True, comment=RECEIPTS_AFTER_BAKING),
        schema="plans",
    )
    op.execute("UPDATE plans.inventory_projections SET receipts_after_baking = 0")
    op.alter_column("inventory_projections", "receipts_after_baking", nullable=False, schema="plans")
    op.create_check_constraint(
        op.f("inventory_projections_receipts_after_baking_check"),
        "inventory_projections",
        "receipts_after_baking BETWEEN 0.0 AND 1000000000.0",
        schema="plans",
    )


def _allow_kinds(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.drop_constraint(op.f("alerts_kind_check"), "alerts", schema="plans", type_="check")
    op.create_check_constraint(op.f("alerts_kind_check"), "alerts", f"kind IN ({listed})", schema="plans")
    op.alter_column("alerts", "kind", comment=f"What it is about: {', '.join(kinds)}", schema="plans")


def downgrade() -> None:
    op.execute("DELETE FROM plans.alerts WHERE kind = 'master_data_fault'")
    _allow_kinds(ALERT_KINDS_BEFORE)
    op.drop_column("inventory_projections", "receipts_after_baking", schema="plans")
    op.drop_column("suppliers", "working_weekdays", schema="ops")
    op.drop_column("suppliers", "lead_time_unit", schema="ops")
    op.alter_column("production_batches", "schedule_date", comment="Day of baking", schema="plans")
    op.drop_column("production_batches", "begins_on", schema="plans")
    op.drop_table("master_data_faults", schema="plans")
    for table, column, _ in reversed(CONVERSIONS):
        op.drop_column(table, column, schema="ops")
