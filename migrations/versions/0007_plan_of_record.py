"""Tenant settings, opening hours, which kitchen serves a shop, and the plan of record: versions and their batches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

BATCH_STATES = ("planned", "confirmed", "in_progress", "quality_check", "completed", "failed", "cancelled")
BATCH_COLUMNS = (
    ("state", sa.TEXT(), f"How far it is at the planning instant: {', '.join(BATCH_STATES)}"),
    ("is_carried_over", sa.Boolean(), "It had begun, or was final, before this version and keeps quantity and times"),
    ("is_preview", sa.Boolean(), "Its own day's plan may still change it"),
)
VALUE_FITS_KEY = r"""
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


def upgrade() -> None:
    op.create_table(
        "tenant_settings",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("key", sa.TEXT(), nullable=False, comment="What is chosen; one of the keys listed in the contract"),
        sa.Column("value", sa.TEXT(), nullable=False, comment="The choice, as text"),
        sa.Column("valid_from", sa.Date(), nullable=False, comment="First day it holds"),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("tenant_settings_tenant_id_check")),
        sa.CheckConstraint("key <> ''", name=op.f("tenant_settings_key_check")),
        sa.CheckConstraint("value <> ''", name=op.f("tenant_settings_value_check")),
        sa.CheckConstraint(VALUE_FITS_KEY, name=op.f("tenant_settings_value_fits_key_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("tenant_settings_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "key", "valid_from", name=op.f("tenant_settings_pkey")),
        schema="ops",
        comment="What a tenant has chosen.",
    )
    op.create_table(
        "opening_hours",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column(
            "location_id", sa.TEXT(), server_default=sa.text("'main'"), nullable=False, comment="Shop or kitchen"
        ),
        sa.Column("weekday", sa.Integer(), nullable=False, comment="ISO weekday, 1: Monday"),
        sa.Column("opens", sa.Time(), nullable=False, comment="Local opening time"),
        sa.Column("closes", sa.Time(), nullable=False, comment="Local closing time; not after opening: the next day"),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("opening_hours_tenant_id_check")),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("opening_hours_weekday_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("opening_hours_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("opening_hours_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "location_id", "weekday", name=op.f("opening_hours_pkey")),
        schema="ops",
        comment="When a location sells, by weekday; a weekday without a row is closed where the location has rows.",
    )
    op.add_column(
        "locations",
        sa.Column("kitchen_id", sa.TEXT(), nullable=True, comment="Location that bakes for it; empty: main"),
        schema="ops",
    )
    op.add_column(
        "locations",
        sa.Column(
            "minutes_from_kitchen",
            sa.Integer(),
            nullable=True,
            comment="Minutes on the way from that kitchen; empty: 0",
        ),
        schema="ops",
    )
    op.create_check_constraint(
        op.f("locations_minutes_from_kitchen_check"),
        "locations",
        "minutes_from_kitchen BETWEEN 0 AND 1440",
        schema="ops",
    )
    op.create_foreign_key(
        op.f("locations_tenant_id_kitchen_id_fkey"),
        "locations",
        "locations",
        ["tenant_id", "kitchen_id"],
        ["tenant_id", "location_id"],
        source_schema="ops",
        referent_schema="ops",
    )
    op.create_table(
        "plan_versions",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="1: made at the planning instant; then one for each time it was planned anew",
        ),
        sa.Column(
            "planned_as_of",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Facts recorded, and plans published, up to it were used",
        ),
        sa.Column(
            "cause",
            sa.TEXT(),
            nullable=False,
            comment="What it was made for: planning_time, late_sales, person, fact, decision",
        ),
        sa.Column("cause_detail", sa.TEXT(), nullable=True, comment="What asked for it, in words"),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False, comment="When it was requested"),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was first published; empty: not yet",
        ),
        sa.CheckConstraint(
            "cause IN ('planning_time', 'late_sales', 'person', 'fact', 'decision')",
            name=op.f("plan_versions_cause_check"),
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("plan_versions_tenant_id_check")),
        sa.CheckConstraint("version BETWEEN 1 AND 1000000", name=op.f("plan_versions_version_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("plan_versions_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "version", name=op.f("plan_versions_pkey")),
        schema="plans",
        comment="Versions of each cell's plan, the plan of record; a row is never changed once it is published.",
    )
    op.create_table(
        "published_batches",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date of the plan"),
        sa.Column("version", sa.Integer(), nullable=False, comment="Version of that plan"),
        sa.Column(
            "schedule_date",
            sa.Date(),
            nullable=False,
            comment="Day it is sold first; batches of days after the plan date are previews",
        ),
        sa.Column("batch_number", sa.TEXT(), nullable=False, comment="The batch, unique within its schedule date"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("recipe_id", sa.TEXT(), nullable=True, comment="Recipe used"),
        sa.Column("quantity_planned", sa.DOUBLE_PRECISION(), nullable=False, comment="Quantity to make, in units"),
        sa.Column(
            "begins_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When its first dough is begun; empty: not known",
        ),
        sa.Column(
            "start_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Start of its own first step; empty: not known",
        ),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=True, comment="End"),
        sa.Column("equipment_id", sa.TEXT(), nullable=True, comment="Machine of the longest step"),
        sa.Column("priority", sa.Integer(), nullable=False, comment="1 was to be baked first"),
        sa.Column("reasoning", postgresql.JSONB(), nullable=False, comment="Every term of the calculation"),
        sa.Column(
            "planned_since",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the version was published since which it has had this quantity and these times",
        ),
        sa.CheckConstraint("batch_number <> ''", name=op.f("published_batches_batch_number_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("published_batches_tenant_id_check")),
        sa.CheckConstraint(
            "quantity_planned BETWEEN 0.0 AND 1000000000.0", name=op.f("published_batches_quantity_planned_check")
        ),
        sa.CheckConstraint("version BETWEEN 1 AND 1000000", name=op.f("published_batches_version_check")),
        sa.CheckConstraint("priority BETWEEN 1 AND 1000000", name=op.f("published_batches_priority_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("published_batches_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("published_batches_tenant_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date", "version"],
            ["plans.plan_versions.tenant_id", "plans.plan_versions.plan_date", "plans.plan_versions.version"],
            name=op.f("published_batches_tenant_id_plan_date_version_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "plan_date",
            "version",
            "schedule_date",
            "batch_number",
            name=op.f("published_batches_pkey"),
        ),
        schema="plans",
        comment="Batches as published, by version of the plan; taken as made where no event says otherwise.",
    )
    op.create_table(
        "published_orders",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date of the plan"),
        sa.Column("version", sa.Integer(), nullable=False, comment="Version of that plan"),
        sa.Column("requirement_number", sa.TEXT(), nullable=False, comment="The requirement"),
        sa.Column("ingredient_id", sa.TEXT(), nullable=False, comment="The ingredient"),
        sa.Column("supplier_id", sa.TEXT(), nullable=True, comment="Supplier"),
        sa.Column(
            "planned_order_quantity",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="Quantity to order, in the ingredient's unit",
        ),
        sa.Column("order_by", sa.DateTime(timezone=True), nullable=True, comment="Deadline of the order"),
        sa.Column("deliver_on", sa.Date(), nullable=True, comment="Day of delivery"),
        sa.Column("reasoning", postgresql.JSONB(), nullable=False, comment="Every term of the calculation"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date", "version"],
            ["plans.plan_versions.tenant_id", "plans.plan_versions.plan_date", "plans.plan_versions.version"],
            name=op.f("published_orders_tenant_id_plan_date_version_fkey"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("requirement_number <> ''", name=op.f("published_orders_requirement_number_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("published_orders_tenant_id_check")),
        sa.CheckConstraint(
            "planned_order_quantity BETWEEN 0.0 AND 1000000000.0",
            name=op.f("published_orders_planned_order_quantity_check"),
        ),
        sa.CheckConstraint("version BETWEEN 1 AND 1000000", name=op.f("published_orders_version_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ingredient_id"],
            ["ops.ingredients.tenant_id", "ops.ingredients.ingredient_id"],
            name=op.f("published_orders_tenant_id_ingredient_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "supplier_id"],
            ["ops.suppliers.tenant_id", "ops.suppliers.supplier_id"],
            name=op.f("published_orders_tenant_id_supplier_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("published_orders_tenant_id_fkey")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "version", "requirement_number", name=op.f("published_orders_pkey")
        ),
        schema="plans",
        comment="Orders as published, by version of the plan.",
    )
    op.create_table(
        "plan_changes",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column("change_number", sa.TEXT(), nullable=False, comment="The change"),
        sa.Column("version", sa.Integer(), nullable=False, comment="Version that made it"),
        sa.Column("subject", sa.TEXT(), nullable=False, comment="What is changed: batch, order"),
        sa.Column("change", sa.TEXT(), nullable=False, comment="What happened to it: added, removed, changed"),
        sa.Column(
            "subject_id",
            sa.TEXT(),
            nullable=False,
            comment="Number of the batch; of an order the ingredient, supplier and day of delivery",
        ),
        sa.Column("item_id", sa.TEXT(), nullable=False, comment="Product or ingredient"),
        sa.Column("due_date", sa.Date(), nullable=True, comment="Day it is sold or delivered"),
        sa.Column(
            "quantity_before", sa.DOUBLE_PRECISION(), nullable=True, comment="Quantity before, in the item's unit"
        ),
        sa.Column("quantity_after", sa.DOUBLE_PRECISION(), nullable=True, comment="Quantity after, in the item's unit"),
        sa.Column(
            "start_before",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Start of the batch, or deadline of the order, before",
        ),
        sa.Column(
            "start_after",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Start of the batch, or deadline of the order, after",
        ),
        sa.Column(
            "cause",
            sa.TEXT(),
            nullable=False,
            comment="What the version was made for: planning_time, late_sales, person, fact, decision",
        ),
        sa.Column(
            "term",
            sa.TEXT(),
            nullable=True,
            comment="Term of the calculation that changed most; empty: only times changed",
        ),
        sa.Column("term_before", sa.DOUBLE_PRECISION(), nullable=True, comment="Its value before"),
        sa.Column("term_after", sa.DOUBLE_PRECISION(), nullable=True, comment="Its value after"),
        sa.CheckConstraint(
            "cause IN ('planning_time', 'late_sales', 'person', 'fact', 'decision')",
            name=op.f("plan_changes_cause_check"),
        ),
        sa.CheckConstraint("change IN ('added', 'removed', 'changed')", name=op.f("plan_changes_change_check")),
        sa.CheckConstraint("change_number <> ''", name=op.f("plan_changes_change_number_check")),
        sa.CheckConstraint("item_id <> ''", name=op.f("plan_changes_item_id_check")),
        sa.CheckConstraint("subject IN ('batch', 'order')", name=op.f("plan_changes_subject_check")),
        sa.CheckConstraint("subject_id <> ''", name=op.f("plan_changes_subject_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("plan_changes_tenant_id_check")),
        sa.CheckConstraint(
            "quantity_after BETWEEN 0.0 AND 1000000000.0", name=op.f("plan_changes_quantity_after_check")
        ),
        sa.CheckConstraint(
            "quantity_before BETWEEN 0.0 AND 1000000000.0", name=op.f("plan_changes_quantity_before_check")
        ),
        sa.CheckConstraint(
            "term_after BETWEEN -1000000000.0 AND 1000000000.0", name=op.f("plan_changes_term_after_check")
        ),
        sa.CheckConstraint(
            "term_before BETWEEN -1000000000.0 AND 1000000000.0", name=op.f("plan_changes_term_before_check")
        ),
        sa.CheckConstraint("version BETWEEN 2 AND 1000000", name=op.f("plan_changes_version_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("plan_changes_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "change_number", name=op.f("plan_changes_pkey")),
        schema="plans",
        comment="What a version of a plan changes against the one before it, batch by batch and order by order.",
    )
    for name, kind, comment in BATCH_COLUMNS:
        op.add_column("production_batches", sa.Column(name, kind, nullable=True, comment=comment), schema="plans")
    op.execute(
        "UPDATE plans.production_batches SET state = 'planned', is_carried_over = false,"
        " is_preview = schedule_date > plan_date"
    )
    for name, _, _ in BATCH_COLUMNS:
        op.alter_column("production_batches", name, nullable=False, schema="plans")
    op.alter_column("production_batches", "state", server_default="planned", schema="plans")
    op.create_check_constraint(
        op.f("production_batches_state_check"), "production_batches", f"state IN {BATCH_STATES}", schema="plans"
    )
    _record_plans_made_before()


def _record_plans_made_before() -> None:
    """Plans that were published before there were versions are the first version of their day."""
    op.execute(
        "INSERT INTO plans.plan_versions (tenant_id, plan_date, version, planned_as_of, cause, requested_at, published_at)"
        " SELECT tenant_id, plan_date, 1, planned_as_of, 'planning_time', claimed_at, finished_at"
        " FROM plans.planning_runs r WHERE EXISTS (SELECT FROM plans.production_schedules s"
        " WHERE s.tenant_id = r.tenant_id AND s.plan_date = r.plan_date)"
    )
    op.execute(
        "INSERT INTO plans.published_batches (tenant_id, plan_date, version, schedule_date, batch_number, product_id,"
        " recipe_id, quantity_planned, begins_at, start_at, end_at, equipment_id, priority, reasoning, planned_since)"
        " SELECT b.tenant_id, b.plan_date, 1, b.schedule_date, b.batch_number, b.product_id, b.recipe_id,"
        " b.quantity_planned, b.start_at, b.start_at, b.end_at, b.equipment_id, b.priority, b.reasoning, v.published_at"
        " FROM plans.production_batches b JOIN plans.plan_versions v USING (tenant_id, plan_date)"
        " WHERE v.published_at IS NOT NULL AND b.schedule_date = b.plan_date"
    )


def downgrade() -> None:
    for name, _, _ in reversed(BATCH_COLUMNS):
        op.drop_column("production_batches", name, schema="plans")
    op.drop_table("plan_changes", schema="plans")
    op.drop_table("published_orders", schema="plans")
    op.drop_table("published_batches", schema="plans")
    op.drop_table("plan_versions", schema="plans")
    op.drop_constraint(op.f("locations_tenant_id_kitchen_id_fkey"), "locations", schema="ops", type_="foreignkey")
    op.drop_column("locations", "minutes_from_kitchen", schema="ops")
    op.drop_column("locations", "kitchen_id", schema="ops")
    op.drop_table("opening_hours", schema="ops")
    op.drop_table("tenant_settings", schema="ops")
