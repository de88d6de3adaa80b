"""The first morning: facts, plans and the state of cells."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    for schema in ("ops", "plans", "marts"):
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    op.create_table(
        "quarantine",
        sa.Column("quarantine_id", sa.BIGINT(), sa.Identity(always=True), nullable=False, comment="Running number"),
        sa.Column("tenant_id", sa.TEXT(), nullable=True, comment="Tenant the row names, whether or not it exists"),
        sa.Column("file", sa.TEXT(), nullable=False, comment="File it came from"),
        sa.Column(
            "row_number", sa.INTEGER(), nullable=False, comment="Line in the file, the header is 1; 0: the whole file"
        ),
        sa.Column("column_name", sa.TEXT(), nullable=True, comment="Column at fault; empty: the row as a whole"),
        sa.Column("reason", sa.TEXT(), nullable=False, comment="What is wrong, and what to do"),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The row as it was read"),
        sa.Column(
            "content_hash",
            sa.TEXT(),
            sa.Computed("md5(content::text)", persisted=True),
            nullable=True,
            comment="Tells rows apart",
        ),
        sa.Column(
            "quarantined_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first met",
        ),
        sa.CheckConstraint("row_number BETWEEN 0 AND 2000000000", name=op.f("quarantine_row_number_check")),
        sa.PrimaryKeyConstraint("quarantine_id", name=op.f("quarantine_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "file",
            "row_number",
            "column_name",
            "content_hash",
            name=op.f("quarantine_tenant_id_file_row_number_column_name_content_hash_key"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="ops",
        comment="Rows that could not be used, whole, with why; each distinct one once.",
    )
    op.create_table(
        "tenants",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery; letters, digits, . _ and -"),
        sa.Column("name", sa.TEXT(), nullable=False, comment="Name that people read"),
        sa.Column("timezone", sa.TEXT(), nullable=False, comment="IANA time zone"),
        sa.Column("country", sa.TEXT(), nullable=False, comment="ISO 3166 country code, for public holidays"),
        sa.Column(
            "currency",
            sa.TEXT(),
            server_default=sa.text("'EUR'"),
            nullable=False,
            comment="ISO 4217 code of every price of this tenant",
        ),
        sa.Column("region", sa.TEXT(), nullable=True, comment="Subdivision code, for regional holidays"),
        sa.Column(
            "tier",
            sa.TEXT(),
            server_default=sa.text("'starter'"),
            nullable=False,
            comment="Service tier: starter, professional, enterprise",
        ),
        sa.Column(
            "status",
            sa.TEXT(),
            server_default=sa.text("'active'"),
            nullable=False,
            comment="Whether it is planned: active, suspended, cancelled, demo",
        ),
        sa.Column(
            "planning_time",
            postgresql.TIME(),
            server_default=sa.text("'05:30'"),
            nullable=False,
            comment="Local time by which the day is planned",
        ),
        sa.CheckConstraint("country <> ''", name=op.f("tenants_country_check")),
        sa.CheckConstraint("status IN ('active', 'suspended', 'cancelled', 'demo')", name=op.f("tenants_status_check")),
        sa.CheckConstraint("tenant_id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'", name=op.f("tenants_tenant_id_check")),
        sa.CheckConstraint("tier IN ('starter', 'professional', 'enterprise')", name=op.f("tenants_tier_check")),
        sa.CheckConstraint(
            "timezone(timezone, TIMESTAMP '2000-01-01') IS NOT NULL", name=op.f("tenants_timezone_check")
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("tenants_pkey")),
        schema="ops",
        comment="Bakeries, each with its own clock.",
    )
    op.create_table(
        "alert_acknowledgements",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Day of the plan"),
        sa.Column("alert_number", sa.TEXT(), nullable=False, comment="The alert"),
        sa.Column("who", sa.TEXT(), nullable=False, comment="Who has seen it"),
        sa.Column("note", sa.TEXT(), nullable=True, comment="What was done"),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("alert_number <> ''", name=op.f("alert_acknowledgements_alert_number_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("alert_acknowledgements_tenant_id_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("alert_acknowledgements_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "alert_number", "recorded_at", name=op.f("alert_acknowledgements_pkey")
        ),
        schema="ops",
        comment="Who has seen an alert.",
        info={"fact": "load"},
    )
    op.create_table(
        "batch_events",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Day of the plan that asked for it"),
        sa.Column("batch_number", sa.TEXT(), nullable=False, comment="The batch"),
        sa.Column("event", sa.TEXT(), nullable=False, comment="What happened: started, finished, failed, cancelled"),
        sa.Column("quantity", sa.DOUBLE_PRECISION(), nullable=True, comment="Units made so far"),
        sa.Column("happened_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When"),
        sa.Column("who", sa.TEXT(), nullable=True, comment="Who says so"),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("batch_number <> ''", name=op.f("batch_events_batch_number_check")),
        sa.CheckConstraint(
            "event IN ('started', 'finished', 'failed', 'cancelled')", name=op.f("batch_events_event_check")
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("batch_events_tenant_id_check")),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("batch_events_quantity_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("batch_events_tenant_id_fkey")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "batch_number", "event", "recorded_at", name=op.f("batch_events_pkey")
        ),
        schema="ops",
        comment="What happened to a planned batch.",
        info={"fact": "happened_at"},
    )
    op.create_table(
        "equipment",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("equipment_id", sa.TEXT(), nullable=False, comment="The machine"),
        sa.Column("name", sa.TEXT(), nullable=False, comment="Name that people read"),
        sa.Column(
            "kind", sa.TEXT(), nullable=False, comment="What it does: mixer, proofer, oven, bench, cooler, other"
        ),
        sa.Column(
            "capacity",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Units of product that one load holds; empty: a whole batch",
        ),
        sa.CheckConstraint("equipment_id <> ''", name=op.f("equipment_equipment_id_check")),
        sa.CheckConstraint(
            "kind IN ('mixer', 'proofer', 'oven', 'bench', 'cooler', 'other')", name=op.f("equipment_kind_check")
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("equipment_tenant_id_check")),
        sa.CheckConstraint("capacity BETWEEN 0.0 AND 1000000000.0", name=op.f("equipment_capacity_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("equipment_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "equipment_id", name=op.f("equipment_pkey")),
        schema="ops",
        comment="Ovens, mixers, proofers.",
    )
    op.create_table(
        "ingredients",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("ingredient_id", sa.TEXT(), nullable=False, comment="The ingredient"),
        sa.Column("name", sa.TEXT(), nullable=False, comment="Name that people read"),
        sa.Column(
            "unit",
            sa.TEXT(),
            server_default=sa.text("'kg'"),
            nullable=False,
            comment="Unit of every quantity of this ingredient: piece, kg, g, l, ml",
        ),
        sa.Column(
            "safety_stock",
            sa.DOUBLE_PRECISION(),
            server_default=sa.text("0.0"),
            nullable=False,
            comment="Quantity that should always be left",
        ),
        sa.Column("shelf_life_days", sa.INTEGER(), nullable=True, comment="Days it keeps from delivery on"),
        sa.CheckConstraint("ingredient_id <> ''", name=op.f("ingredients_ingredient_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("ingredients_tenant_id_check")),
        sa.CheckConstraint("unit IN ('piece', 'kg', 'g', 'l', 'ml')", name=op.f("ingredients_unit_check")),
        sa.CheckConstraint("safety_stock BETWEEN 0.0 AND 1000000000.0", name=op.f("ingredients_safety_stock_check")),
        sa.CheckConstraint("shelf_life_days BETWEEN 1 AND 1000000", name=op.f("ingredients_shelf_life_days_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("ingredients_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "ingredient_id", name=op.f("ingredients_pkey")),
        schema="ops",
        comment="What is bought.",
    )
    op.create_table(
        "locations",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen"),
        sa.Column("name", sa.TEXT(), nullable=True, comment="Name that people read"),
        sa.CheckConstraint("location_id <> ''", name=op.f("locations_location_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("locations_tenant_id_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("locations_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "location_id", name=op.f("locations_pkey")),
        schema="ops",
        comment="Shops and kitchens of a tenant; every tenant has `main`.",
    )
    op.create_table(
        "plan_decisions",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("decision_id", sa.TEXT(), nullable=False, comment="The decision"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Day of the plan"),
        sa.Column("plan", sa.TEXT(), nullable=False, comment="Which plan: procurement_plans, production_schedules"),
        sa.Column("decision", sa.TEXT(), nullable=False, comment="What was decided: approve, reject"),
        sa.Column("reason", sa.TEXT(), nullable=True, comment="Why"),
        sa.Column("who", sa.TEXT(), nullable=False, comment="Who decided"),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("decision IN ('approve', 'reject')", name=op.f("plan_decisions_decision_check")),
        sa.CheckConstraint("decision_id <> ''", name=op.f("plan_decisions_decision_id_check")),
        sa.CheckConstraint(
            "plan IN ('procurement_plans', 'production_schedules')", name=op.f("plan_decisions_plan_check")
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("plan_decisions_tenant_id_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("plan_decisions_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "decision_id", name=op.f("plan_decisions_pkey")),
        schema="ops",
        comment="What a person decided about a plan.",
        info={"fact": "load"},
    )
    op.create_table(
        "products",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("name", sa.TEXT(), nullable=False, comment="Name that people read"),
        sa.Column("category", sa.TEXT(), nullable=True, comment="Group, for example bread"),
        sa.Column(
            "unit",
            sa.TEXT(),
            server_default=sa.text("'piece'"),
            nullable=False,
            comment="Unit of every quantity of this product: piece, kg, g, l, ml",
        ),
        sa.Column(
            "price", sa.DOUBLE_PRECISION(), nullable=True, comment="Selling price per unit, in the tenant's currency"
        ),
        sa.Column("unit_cost", sa.DOUBLE_PRECISION(), nullable=True, comment="Cost to make one unit"),
        sa.Column("salvage_value", sa.DOUBLE_PRECISION(), nullable=True, comment="What an unsold unit still brings"),
        sa.Column(
            "shelf_life_days",
            sa.INTEGER(),
            server_default=sa.text("1"),
            nullable=False,
            comment="Days it can be sold, 1: only on the day it was baked",
        ),
        sa.Column("batch_min", sa.DOUBLE_PRECISION(), nullable=True, comment="Smallest batch worth making, in units"),
        sa.Column(
            "batch_max",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Largest batch that can be made at once, in units",
        ),
        sa.Column(
            "batch_multiple", sa.DOUBLE_PRECISION(), nullable=True, comment="Batches are a multiple of this, in units"
        ),
        sa.Column("discontinued_on", sa.DATE(), nullable=True, comment="First day it is no longer sold"),
        sa.CheckConstraint("product_id <> ''", name=op.f("products_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("products_tenant_id_check")),
        sa.CheckConstraint("unit IN ('piece', 'kg', 'g', 'l', 'ml')", name=op.f("products_unit_check")),
        sa.CheckConstraint("batch_max BETWEEN 0.0 AND 1000000000.0", name=op.f("products_batch_max_check")),
        sa.CheckConstraint("batch_min BETWEEN 0.0 AND 1000000000.0", name=op.f("products_batch_min_check")),
        sa.CheckConstraint("batch_multiple BETWEEN 0.0 AND 1000000000.0", name=op.f("products_batch_multiple_check")),
        sa.CheckConstraint("price BETWEEN 0.0 AND 1000000000.0", name=op.f("products_price_check")),
        sa.CheckConstraint("salvage_value BETWEEN 0.0 AND 1000000000.0", name=op.f("products_salvage_value_check")),
        sa.CheckConstraint("shelf_life_days BETWEEN 1 AND 1000000", name=op.f("products_shelf_life_days_check")),
        sa.CheckConstraint("unit_cost BETWEEN 0.0 AND 1000000000.0", name=op.f("products_unit_cost_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("products_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "product_id", name=op.f("products_pkey")),
        schema="ops",
        comment="What the bakery sells.",
    )
    op.create_table(
        "shifts",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("shift_id", sa.TEXT(), nullable=False, comment="The shift"),
        sa.Column("weekday", sa.INTEGER(), nullable=False, comment="ISO weekday, 1: Monday"),
        sa.Column("starts_at", postgresql.TIME(), nullable=False, comment="Local start"),
        sa.Column("ends_at", postgresql.TIME(), nullable=False, comment="Local end; before the start: the next day"),
        sa.Column("staff", sa.INTEGER(), server_default=sa.text("1"), nullable=False, comment="People at work"),
        sa.CheckConstraint("shift_id <> ''", name=op.f("shifts_shift_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("shifts_tenant_id_check")),
        sa.CheckConstraint("staff BETWEEN 0 AND 1000000", name=op.f("shifts_staff_check")),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("shifts_weekday_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("shifts_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "shift_id", "weekday", name=op.f("shifts_pkey")),
        schema="ops",
        comment="When somebody works.",
    )
    op.create_table(
        "suppliers",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("supplier_id", sa.TEXT(), nullable=False, comment="The supplier"),
        sa.Column("name", sa.TEXT(), nullable=False, comment="Name that people read"),
        sa.Column("currency", sa.TEXT(), nullable=True, comment="ISO 4217 code of its prices"),
        sa.Column(
            "minimum_order_value",
            sa.DOUBLE_PRECISION(),
            server_default=sa.text("0.0"),
            nullable=False,
            comment="Smallest order it accepts, in its currency",
        ),
        sa.Column(
            "lead_time_days",
            sa.INTEGER(),
            server_default=sa.text("1"),
            nullable=False,
            comment="Days from order to delivery",
        ),
        sa.Column(
            "delivery_weekdays", sa.TEXT(), nullable=True, comment="Days it delivers, as mon,tue,…; empty: every day"
        ),
        sa.Column(
            "order_cutoff_time",
            postgresql.TIME(),
            server_default=sa.text("'18:00'"),
            nullable=False,
            comment="Local time by which an order counts for that day",
        ),
        sa.Column(
            "reliability",
            sa.DOUBLE_PRECISION(),
            server_default=sa.text("1.0"),
            nullable=False,
            comment="Share of deliveries on time and complete",
        ),
        sa.CheckConstraint("supplier_id <> ''", name=op.f("suppliers_supplier_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("suppliers_tenant_id_check")),
        sa.CheckConstraint("lead_time_days BETWEEN 0 AND 365", name=op.f("suppliers_lead_time_days_check")),
        sa.CheckConstraint(
            "minimum_order_value BETWEEN 0.0 AND 1000000000.0", name=op.f("suppliers_minimum_order_value_check")
        ),
        sa.CheckConstraint("reliability BETWEEN 0.0 AND 1.0", name=op.f("suppliers_reliability_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("suppliers_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "supplier_id", name=op.f("suppliers_pkey")),
        schema="ops",
        comment="Who is ordered from.",
    )
    op.create_table(
        "weather",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("date", sa.DATE(), nullable=False, comment="The day"),
        sa.Column("temperature_c", sa.DOUBLE_PRECISION(), nullable=True, comment="Mean temperature"),
        sa.Column("rain_mm", sa.DOUBLE_PRECISION(), nullable=True, comment="Rain"),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("weather_tenant_id_check")),
        sa.CheckConstraint("rain_mm BETWEEN 0.0 AND 2000.0", name=op.f("weather_rain_mm_check")),
        sa.CheckConstraint("temperature_c BETWEEN -90.0 AND 70.0", name=op.f("weather_temperature_c_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("weather_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "date", name=op.f("weather_pkey")),
        schema="ops",
        comment="Weather as it was.",
    )
    op.create_table(
        "planning_runs",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("status", sa.TEXT(), nullable=False, comment="How far it is: claimed, partial, planned, failed"),
        sa.Column(
            "planned_as_of",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="Facts recorded up to this instant were used",
        ),
        sa.Column("attempts", sa.INTEGER(), nullable=False, comment="How often planning was begun"),
        sa.Column("claimed_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When it was last begun"),
        sa.Column(
            "claimed_by",
            sa.TEXT(),
            nullable=False,
            comment="Who began it: a tick of the schedule, then the Dagster run; only that run may finish it",
        ),
        sa.Column(
            "finished_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="When it was last planned or failed",
        ),
        sa.Column("failed_stage", sa.TEXT(), nullable=True, comment="Stage that failed"),
        sa.Column("reason", sa.TEXT(), nullable=True, comment="Why it failed"),
        sa.Column("dagster_run_id", sa.TEXT(), nullable=True, comment="Run that planned it last"),
        sa.CheckConstraint(
            "status IN ('claimed', 'partial', 'planned', 'failed')", name=op.f("planning_runs_status_check")
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("planning_runs_tenant_id_check")),
        sa.CheckConstraint("attempts BETWEEN 0 AND 1000000", name=op.f("planning_runs_attempts_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("planning_runs_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", name=op.f("planning_runs_pkey")),
        schema="plans",
        comment="State of each cell: one tenant, one local date.",
    )
    op.create_table(
        "calendar",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("date", sa.DATE(), nullable=False, comment="The day"),
        sa.Column(
            "kind", sa.TEXT(), nullable=False, comment="What it is: closed, holiday, school_holiday, promotion, event"
        ),
        sa.Column("product_id", sa.TEXT(), nullable=True, comment="Only for this product; empty: for all"),
        sa.Column("name", sa.TEXT(), nullable=True, comment="Name that people read"),
        sa.Column("opens", postgresql.TIME(), nullable=True, comment="Local opening time"),
        sa.Column("closes", postgresql.TIME(), nullable=True, comment="Local closing time"),
        sa.CheckConstraint(
            "kind IN ('closed', 'holiday', 'school_holiday', 'promotion', 'event')", name=op.f("calendar_kind_check")
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("calendar_tenant_id_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("calendar_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("calendar_tenant_id_fkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "date",
            "kind",
            "product_id",
            name=op.f("calendar_tenant_id_date_kind_product_id_key"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="ops",
        comment="What is special about a day: closed, holidays, promotions, events.",
    )
    op.create_table(
        "customer_orders",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("order_id", sa.TEXT(), nullable=False, comment="The order"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("due_date", sa.DATE(), nullable=False, comment="Local day it is collected"),
        sa.Column("quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Units; 0: cancelled"),
        sa.Column("ordered_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When it was ordered"),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("order_id <> ''", name=op.f("customer_orders_order_id_check")),
        sa.CheckConstraint("product_id <> ''", name=op.f("customer_orders_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("customer_orders_tenant_id_check")),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("customer_orders_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("customer_orders_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("customer_orders_tenant_id_fkey")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "order_id", "product_id", "recorded_at", name=op.f("customer_orders_pkey")
        ),
        schema="ops",
        comment="What customers have ordered ahead.",
        info={"fact": "ordered_at"},
    )
    op.create_table(
        "equipment_events",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("equipment_id", sa.TEXT(), nullable=False, comment="The machine"),
        sa.Column("event", sa.TEXT(), nullable=False, comment="What happened: down, up"),
        sa.Column("happened_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When"),
        sa.Column("note", sa.TEXT(), nullable=True, comment="What was wrong"),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("equipment_id <> ''", name=op.f("equipment_events_equipment_id_check")),
        sa.CheckConstraint("event IN ('down', 'up')", name=op.f("equipment_events_event_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("equipment_events_tenant_id_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "equipment_id"],
            ["ops.equipment.tenant_id", "ops.equipment.equipment_id"],
            name=op.f("equipment_events_tenant_id_equipment_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("equipment_events_tenant_id_fkey")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "equipment_id", "event", "recorded_at", name=op.f("equipment_events_pkey")
        ),
        schema="ops",
        comment="When a machine failed and when it worked again.",
        info={"fact": "happened_at"},
    )
    op.create_table(
        "forecast_overrides",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("override_id", sa.TEXT(), nullable=False, comment="The override"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("target_date", sa.DATE(), nullable=False, comment="Day meant"),
        sa.Column("quantity", sa.DOUBLE_PRECISION(), nullable=True, comment="Quantity instead of the forecast"),
        sa.Column("factor", sa.DOUBLE_PRECISION(), nullable=True, comment="Factor on the forecast"),
        sa.Column("reason", sa.TEXT(), nullable=False, comment="Why"),
        sa.Column("who", sa.TEXT(), nullable=False, comment="Who says so"),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("override_id <> ''", name=op.f("forecast_overrides_override_id_check")),
        sa.CheckConstraint("product_id <> ''", name=op.f("forecast_overrides_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("forecast_overrides_tenant_id_check")),
        sa.CheckConstraint("factor BETWEEN 0.0 AND 1000.0", name=op.f("forecast_overrides_factor_check")),
        sa.CheckConstraint(
            "num_nonnulls(quantity, factor) = 1", name=op.f("forecast_overrides_one_of_quantity_factor_check")
        ),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("forecast_overrides_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("forecast_overrides_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("forecast_overrides_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "override_id", name=op.f("forecast_overrides_pkey")),
        schema="ops",
        comment="What a person knows better than the forecast.",
        info={"fact": "load"},
    )
    op.create_table(
        "purchase_orders",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("order_id", sa.TEXT(), nullable=False, comment="The order"),
        sa.Column("ingredient_id", sa.TEXT(), nullable=False, comment="The ingredient"),
        sa.Column("supplier_id", sa.TEXT(), nullable=False, comment="The supplier"),
        sa.Column(
            "quantity",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="Quantity ordered, in the ingredient's unit; 0: cancelled",
        ),
        sa.Column(
            "expected_from", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Start of the delivery window"
        ),
        sa.Column(
            "expected_to", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="End of the delivery window"
        ),
        sa.Column("ordered_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When it was ordered"),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("ingredient_id <> ''", name=op.f("purchase_orders_ingredient_id_check")),
        sa.CheckConstraint("order_id <> ''", name=op.f("purchase_orders_order_id_check")),
        sa.CheckConstraint("supplier_id <> ''", name=op.f("purchase_orders_supplier_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("purchase_orders_tenant_id_check")),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("purchase_orders_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ingredient_id"],
            ["ops.ingredients.tenant_id", "ops.ingredients.ingredient_id"],
            name=op.f("purchase_orders_tenant_id_ingredient_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "supplier_id"],
            ["ops.suppliers.tenant_id", "ops.suppliers.supplier_id"],
            name=op.f("purchase_orders_tenant_id_supplier_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("purchase_orders_tenant_id_fkey")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "order_id", "ingredient_id", "recorded_at", name=op.f("purchase_orders_pkey")
        ),
        schema="ops",
        comment="What has been ordered from suppliers.",
        info={"fact": "ordered_at"},
    )
    op.create_table(
        "quality_templates",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("template_id", sa.TEXT(), nullable=False, comment="The check"),
        sa.Column("product_id", sa.TEXT(), nullable=True, comment="Product checked"),
        sa.Column("name", sa.TEXT(), nullable=False, comment="What is checked"),
        sa.Column("lower_limit", sa.DOUBLE_PRECISION(), nullable=True, comment="Smallest good value"),
        sa.Column("upper_limit", sa.DOUBLE_PRECISION(), nullable=True, comment="Largest good value"),
        sa.CheckConstraint("template_id <> ''", name=op.f("quality_templates_template_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("quality_templates_tenant_id_check")),
        sa.CheckConstraint(
            "lower_limit BETWEEN -1000000000.0 AND 1000000000.0", name=op.f("quality_templates_lower_limit_check")
        ),
        sa.CheckConstraint(
            "upper_limit BETWEEN -1000000000.0 AND 1000000000.0", name=op.f("quality_templates_upper_limit_check")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("quality_templates_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("quality_templates_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "template_id", name=op.f("quality_templates_pkey")),
        schema="ops",
        comment="What is checked about a product.",
    )
    op.create_table(
        "recipes",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column(
            "recipe_id", sa.TEXT(), nullable=False, comment="The recipe; also the name of the intermediate it makes"
        ),
        sa.Column("product_id", sa.TEXT(), nullable=True, comment="Product it makes; empty: an intermediate"),
        sa.Column("name", sa.TEXT(), nullable=True, comment="Name that people read"),
        sa.Column(
            "yield_quantity",
            sa.DOUBLE_PRECISION(),
            server_default=sa.text("1.0"),
            nullable=False,
            comment="Quantity one execution makes, before loss",
        ),
        sa.Column(
            "yield_unit",
            sa.TEXT(),
            server_default=sa.text("'piece'"),
            nullable=False,
            comment="Unit of the yield: piece, kg, g, l, ml",
        ),
        sa.Column(
            "loss_fraction",
            sa.DOUBLE_PRECISION(),
            server_default=sa.text("0.0"),
            nullable=False,
            comment="Share of the yield lost in making, 0.05: five percent",
        ),
        sa.Column(
            "make_days",
            sa.INTEGER(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Days before use that it has to be begun",
        ),
        sa.CheckConstraint("recipe_id <> ''", name=op.f("recipes_recipe_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("recipes_tenant_id_check")),
        sa.CheckConstraint("yield_unit IN ('piece', 'kg', 'g', 'l', 'ml')", name=op.f("recipes_yield_unit_check")),
        sa.CheckConstraint("loss_fraction BETWEEN 0.0 AND 0.99", name=op.f("recipes_loss_fraction_check")),
        sa.CheckConstraint("make_days BETWEEN 0 AND 30", name=op.f("recipes_make_days_check")),
        sa.CheckConstraint("yield_quantity BETWEEN 1e-06 AND 1000000000.0", name=op.f("recipes_yield_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("recipes_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("recipes_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "recipe_id", name=op.f("recipes_pkey")),
        schema="ops",
        comment="How a product, or an intermediate such as a dough, is made.",
    )
    op.create_table(
        "sales",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("sales_date", sa.DATE(), nullable=False, comment="Local day of the sale"),
        sa.Column(
            "location_id", sa.TEXT(), server_default=sa.text("'main'"), nullable=False, comment="Shop or kitchen"
        ),
        sa.Column(
            "quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Units sold; negative: more came back than went"
        ),
        sa.Column("revenue", sa.DOUBLE_PRECISION(), nullable=True, comment="Takings in the tenant's currency"),
        sa.Column(
            "sold_out_at", postgresql.TIME(), nullable=True, comment="Local time the last one went; empty: it lasted"
        ),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("product_id <> ''", name=op.f("sales_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("sales_tenant_id_check")),
        sa.CheckConstraint("quantity BETWEEN -1000000000.0 AND 1000000000.0", name=op.f("sales_quantity_check")),
        sa.CheckConstraint("revenue BETWEEN -1000000000.0 AND 1000000000.0", name=op.f("sales_revenue_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("sales_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("sales_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("sales_tenant_id_fkey")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "product_id", "location_id", "sales_date", "recorded_at", name=op.f("sales_pkey")
        ),
        schema="ops",
        comment="Sales per product and day, net of refunds.",
        info={"fact": "sales_date", "creates": "locations"},
    )
    op.create_table(
        "sales_hourly",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("sales_date", sa.DATE(), nullable=False, comment="Local day of the sale"),
        sa.Column("hour", sa.INTEGER(), nullable=False, comment="Local hour of the day"),
        sa.Column(
            "location_id", sa.TEXT(), server_default=sa.text("'main'"), nullable=False, comment="Shop or kitchen"
        ),
        sa.Column("quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Units sold"),
        sa.Column(
            "in_stock",
            sa.DOUBLE_PRECISION(),
            server_default=sa.text("1.0"),
            nullable=False,
            comment="Share of the hour in which it could be bought",
        ),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("product_id <> ''", name=op.f("sales_hourly_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("sales_hourly_tenant_id_check")),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("sales_hourly_hour_check")),
        sa.CheckConstraint("in_stock BETWEEN 0.0 AND 1.0", name=op.f("sales_hourly_in_stock_check")),
        sa.CheckConstraint("quantity BETWEEN -1000000000.0 AND 1000000000.0", name=op.f("sales_hourly_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("sales_hourly_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("sales_hourly_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("sales_hourly_tenant_id_fkey")),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "product_id",
            "location_id",
            "sales_date",
            "hour",
            "recorded_at",
            name=op.f("sales_hourly_pkey"),
        ),
        schema="ops",
        comment="Sales per hour, and whether there was any to sell.",
        info={"fact": "sales_date", "creates": "locations"},
    )
    op.create_table(
        "stock_receipts",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("receipt_id", sa.TEXT(), nullable=False, comment="The receipt"),
        sa.Column("lot_id", sa.TEXT(), nullable=False, comment="The lot it went into"),
        sa.Column("ingredient_id", sa.TEXT(), nullable=False, comment="The ingredient"),
        sa.Column("order_id", sa.TEXT(), nullable=True, comment="Purchase order it answers"),
        sa.Column(
            "location_id", sa.TEXT(), server_default=sa.text("'main'"), nullable=False, comment="Shop or kitchen"
        ),
        sa.Column(
            "quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Quantity received, in the ingredient's unit"
        ),
        sa.Column("expires_on", sa.DATE(), nullable=True, comment="Last day it may be used; empty: it keeps"),
        sa.Column("received_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When it came"),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("ingredient_id <> ''", name=op.f("stock_receipts_ingredient_id_check")),
        sa.CheckConstraint("lot_id <> ''", name=op.f("stock_receipts_lot_id_check")),
        sa.CheckConstraint("receipt_id <> ''", name=op.f("stock_receipts_receipt_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("stock_receipts_tenant_id_check")),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("stock_receipts_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ingredient_id"],
            ["ops.ingredients.tenant_id", "ops.ingredients.ingredient_id"],
            name=op.f("stock_receipts_tenant_id_ingredient_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("stock_receipts_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("stock_receipts_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "receipt_id", "lot_id", "recorded_at", name=op.f("stock_receipts_pkey")),
        schema="ops",
        comment="What was delivered; raises its lot until that lot is counted again.",
        info={"fact": "received_at", "creates": "locations"},
    )
    op.create_table(
        "supplier_items",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("supplier_id", sa.TEXT(), nullable=False, comment="The supplier"),
        sa.Column("ingredient_id", sa.TEXT(), nullable=False, comment="The ingredient"),
        sa.Column("price", sa.DOUBLE_PRECISION(), nullable=False, comment="Price per unit of the ingredient"),
        sa.Column(
            "pack_size",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Orders are a multiple of this, in the ingredient's unit; empty: any",
        ),
        sa.Column(
            "minimum_quantity",
            sa.DOUBLE_PRECISION(),
            server_default=sa.text("0.0"),
            nullable=False,
            comment="Smallest order, in the ingredient's unit",
        ),
        sa.Column(
            "lead_time_days",
            sa.INTEGER(),
            nullable=True,
            comment="Days from order to delivery; empty: as the supplier's",
        ),
        sa.CheckConstraint("ingredient_id <> ''", name=op.f("supplier_items_ingredient_id_check")),
        sa.CheckConstraint("supplier_id <> ''", name=op.f("supplier_items_supplier_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("supplier_items_tenant_id_check")),
        sa.CheckConstraint("lead_time_days BETWEEN 0 AND 365", name=op.f("supplier_items_lead_time_days_check")),
        sa.CheckConstraint(
            "minimum_quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("supplier_items_minimum_quantity_check")
        ),
        sa.CheckConstraint("pack_size BETWEEN 0.0 AND 1000000000.0", name=op.f("supplier_items_pack_size_check")),
        sa.CheckConstraint("price BETWEEN 0.0 AND 1000000000.0", name=op.f("supplier_items_price_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ingredient_id"],
            ["ops.ingredients.tenant_id", "ops.ingredients.ingredient_id"],
            name=op.f("supplier_items_tenant_id_ingredient_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "supplier_id"],
            ["ops.suppliers.tenant_id", "ops.suppliers.supplier_id"],
            name=op.f("supplier_items_tenant_id_supplier_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("supplier_items_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "supplier_id", "ingredient_id", name=op.f("supplier_items_pkey")),
        schema="ops",
        comment="What a supplier sells, and in which packs.",
    )
    op.create_table(
        "waste",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("waste_id", sa.TEXT(), nullable=False, comment="The entry"),
        sa.Column("product_id", sa.TEXT(), nullable=True, comment="Finished product"),
        sa.Column("ingredient_id", sa.TEXT(), nullable=True, comment="Ingredient"),
        sa.Column("lot_id", sa.TEXT(), nullable=True, comment="Lot it came from; empty: first expired, first out"),
        sa.Column(
            "location_id", sa.TEXT(), server_default=sa.text("'main'"), nullable=False, comment="Shop or kitchen"
        ),
        sa.Column("waste_date", sa.DATE(), nullable=False, comment="Local day"),
        sa.Column("quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Quantity, in the item's unit"),
        sa.Column("reason", sa.TEXT(), nullable=True, comment="Why"),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("waste_tenant_id_check")),
        sa.CheckConstraint("waste_id <> ''", name=op.f("waste_waste_id_check")),
        sa.CheckConstraint(
            "num_nonnulls(product_id, ingredient_id) = 1", name=op.f("waste_one_of_product_id_ingredient_id_check")
        ),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("waste_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ingredient_id"],
            ["ops.ingredients.tenant_id", "ops.ingredients.ingredient_id"],
            name=op.f("waste_tenant_id_ingredient_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("waste_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("waste_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("waste_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "waste_id", "recorded_at", name=op.f("waste_pkey")),
        schema="ops",
        comment="What was thrown away.",
        info={"fact": "waste_date", "creates": "locations"},
    )
    op.create_table(
        "alerts",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("alert_number", sa.TEXT(), nullable=False, comment="The alert"),
        sa.Column("severity", sa.TEXT(), nullable=False, comment="How urgent: info, warning, critical"),
        sa.Column("kind", sa.TEXT(), nullable=False, comment="What it is about, for example late_delivery"),
        sa.Column("subject", sa.TEXT(), nullable=True, comment="Product, ingredient or machine concerned"),
        sa.Column("message", sa.TEXT(), nullable=False, comment="What a person should know"),
        sa.Column(
            "reasoning", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="Every term of the sum"
        ),
        sa.Column("consequence", sa.TEXT(), nullable=True, comment="What happens if nobody acts"),
        sa.CheckConstraint("alert_number <> ''", name=op.f("alerts_alert_number_check")),
        sa.CheckConstraint("severity IN ('info', 'warning', 'critical')", name=op.f("alerts_severity_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("alerts_tenant_id_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("alerts_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "alert_number", name=op.f("alerts_pkey")),
        schema="plans",
        comment="What needs a person, and why.",
    )
    op.create_table(
        "daily_summaries",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("is_closed", sa.BOOLEAN(), nullable=False, comment="The bakery is closed that day"),
        sa.Column(
            "forecast_quantity",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="Units expected to sell on the plan date",
        ),
        sa.Column(
            "forecast_revenue", sa.DOUBLE_PRECISION(), nullable=True, comment="At list price, in the tenant's currency"
        ),
        sa.Column("products", sa.INTEGER(), nullable=False, comment="Products forecast"),
        sa.Column("planned_quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Units to bake on the plan date"),
        sa.Column("planned_batches", sa.INTEGER(), nullable=False, comment="Batches on the plan date"),
        sa.Column("orders", sa.INTEGER(), nullable=False, comment="Orders to place"),
        sa.Column("order_cost", sa.DOUBLE_PRECISION(), nullable=False, comment="Their cost, in the tenant's currency"),
        sa.Column("items_at_risk", sa.INTEGER(), nullable=False, comment="Items that may run out within two weeks"),
        sa.Column("accuracy_pct", sa.DOUBLE_PRECISION(), nullable=True, comment="Accuracy of the last validated day"),
        sa.Column("alerts", sa.INTEGER(), nullable=False, comment="What needs a person"),
        sa.Column("headline", sa.TEXT(), nullable=False, comment="The morning in one sentence"),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("daily_summaries_tenant_id_check")),
        sa.CheckConstraint(
            "accuracy_pct BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("daily_summaries_accuracy_pct_check"),
        ),
        sa.CheckConstraint("alerts BETWEEN 0 AND 1000000", name=op.f("daily_summaries_alerts_check")),
        sa.CheckConstraint(
            "forecast_quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("daily_summaries_forecast_quantity_check")
        ),
        sa.CheckConstraint(
            "forecast_revenue BETWEEN 0.0 AND 1000000000.0", name=op.f("daily_summaries_forecast_revenue_check")
        ),
        sa.CheckConstraint("items_at_risk BETWEEN 0 AND 1000000", name=op.f("daily_summaries_items_at_risk_check")),
        sa.CheckConstraint("order_cost BETWEEN 0.0 AND 1000000000.0", name=op.f("daily_summaries_order_cost_check")),
        sa.CheckConstraint("orders BETWEEN 0 AND 1000000", name=op.f("daily_summaries_orders_check")),
        sa.CheckConstraint("planned_batches BETWEEN 0 AND 1000000", name=op.f("daily_summaries_planned_batches_check")),
        sa.CheckConstraint(
            "planned_quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("daily_summaries_planned_quantity_check")
        ),
        sa.CheckConstraint("products BETWEEN 0 AND 1000000", name=op.f("daily_summaries_products_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("daily_summaries_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", name=op.f("daily_summaries_pkey")),
        schema="plans",
        comment="A bakery's morning on one row.",
    )
    op.create_table(
        "demand_forecasts",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("target_date", sa.DATE(), nullable=False, comment="Day forecast; the plan date is the first"),
        sa.Column("yhat", sa.DOUBLE_PRECISION(), nullable=False, comment="Expected demand, in units"),
        sa.Column(
            "q10", sa.DOUBLE_PRECISION(), nullable=False, comment="Demand stays at or below this on 10 days of 100"
        ),
        sa.Column(
            "q50", sa.DOUBLE_PRECISION(), nullable=False, comment="Demand stays at or below this on 50 days of 100"
        ),
        sa.Column(
            "q80", sa.DOUBLE_PRECISION(), nullable=False, comment="Demand stays at or below this on 80 days of 100"
        ),
        sa.Column(
            "q90", sa.DOUBLE_PRECISION(), nullable=False, comment="Demand stays at or below this on 90 days of 100"
        ),
        sa.Column(
            "q95", sa.DOUBLE_PRECISION(), nullable=False, comment="Demand stays at or below this on 95 days of 100"
        ),
        sa.Column("model", sa.TEXT(), nullable=False, comment="Model that made it"),
        sa.Column("model_version", sa.TEXT(), nullable=False, comment="Version of the model"),
        sa.Column("override_id", sa.TEXT(), nullable=True, comment="Human override applied"),
        sa.Column(
            "reasoning", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="Every term of the sum"
        ),
        sa.CheckConstraint("location_id <> ''", name=op.f("demand_forecasts_location_id_check")),
        sa.CheckConstraint("product_id <> ''", name=op.f("demand_forecasts_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("demand_forecasts_tenant_id_check")),
        sa.CheckConstraint("q10 BETWEEN 0.0 AND 1000000000.0", name=op.f("demand_forecasts_q10_check")),
        sa.CheckConstraint("q50 BETWEEN 0.0 AND 1000000000.0", name=op.f("demand_forecasts_q50_check")),
        sa.CheckConstraint("q80 BETWEEN 0.0 AND 1000000000.0", name=op.f("demand_forecasts_q80_check")),
        sa.CheckConstraint("q90 BETWEEN 0.0 AND 1000000000.0", name=op.f("demand_forecasts_q90_check")),
        sa.CheckConstraint("q95 BETWEEN 0.0 AND 1000000000.0", name=op.f("demand_forecasts_q95_check")),
        sa.CheckConstraint("yhat BETWEEN 0.0 AND 1000000000.0", name=op.f("demand_forecasts_yhat_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("demand_forecasts_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("demand_forecasts_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("demand_forecasts_tenant_id_product_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "location_id", "product_id", "target_date", name=op.f("demand_forecasts_pkey")
        ),
        schema="plans",
        comment="What each product will sell, for seven days.",
    )
    op.create_table(
        "inventory_projections",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("item_kind", sa.TEXT(), nullable=False, comment="What it is: ingredient, product"),
        sa.Column("item_id", sa.TEXT(), nullable=False, comment="Ingredient or product"),
        sa.Column("projection_date", sa.DATE(), nullable=False, comment="The day"),
        sa.Column("opening", sa.DOUBLE_PRECISION(), nullable=False, comment="Stock in the morning, in the item's unit"),
        sa.Column(
            "receipts",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="Deliveries and baking, open orders and this plan's together",
        ),
        sa.Column(
            "planned_receipts",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="The part of the receipts that this plan proposes and nobody has ordered yet",
        ),
        sa.Column("required", sa.DOUBLE_PRECISION(), nullable=False, comment="What the day asks for"),
        sa.Column("consumption", sa.DOUBLE_PRECISION(), nullable=False, comment="What the day can have of it"),
        sa.Column("unmet", sa.DOUBLE_PRECISION(), nullable=False, comment="What the day asks for and cannot have"),
        sa.Column("expired", sa.DOUBLE_PRECISION(), nullable=False, comment="What is past its last day in the evening"),
        sa.Column("closing", sa.DOUBLE_PRECISION(), nullable=False, comment="Stock in the evening"),
        sa.Column(
            "days_of_cover",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Days the closing stock lasts at the mean requirement; empty: nothing is required",
        ),
        sa.Column("stockout_risk", sa.TEXT(), nullable=False, comment="Whether it may run out: none, low, high"),
        sa.CheckConstraint("item_id <> ''", name=op.f("inventory_projections_item_id_check")),
        sa.CheckConstraint(
            "item_kind IN ('ingredient', 'product')", name=op.f("inventory_projections_item_kind_check")
        ),
        sa.CheckConstraint(
            "stockout_risk IN ('none', 'low', 'high')", name=op.f("inventory_projections_stockout_risk_check")
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("inventory_projections_tenant_id_check")),
        sa.CheckConstraint("closing BETWEEN 0.0 AND 1000000000.0", name=op.f("inventory_projections_closing_check")),
        sa.CheckConstraint(
            "consumption BETWEEN 0.0 AND 1000000000.0", name=op.f("inventory_projections_consumption_check")
        ),
        sa.CheckConstraint(
            "days_of_cover BETWEEN 0.0 AND 1000000000.0", name=op.f("inventory_projections_days_of_cover_check")
        ),
        sa.CheckConstraint("expired BETWEEN 0.0 AND 1000000000.0", name=op.f("inventory_projections_expired_check")),
        sa.CheckConstraint("opening BETWEEN 0.0 AND 1000000000.0", name=op.f("inventory_projections_opening_check")),
        sa.CheckConstraint(
            "planned_receipts BETWEEN 0.0 AND 1000000000.0", name=op.f("inventory_projections_planned_receipts_check")
        ),
        sa.CheckConstraint("receipts BETWEEN 0.0 AND 1000000000.0", name=op.f("inventory_projections_receipts_check")),
        sa.CheckConstraint("required BETWEEN 0.0 AND 1000000000.0", name=op.f("inventory_projections_required_check")),
        sa.CheckConstraint("unmet BETWEEN 0.0 AND 1000000000.0", name=op.f("inventory_projections_unmet_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("inventory_projections_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "item_kind", "item_id", "projection_date", name=op.f("inventory_projections_pkey")
        ),
        schema="plans",
        comment="What stock will do for two weeks. closing = opening + receipts - consumption - expired.",
    )
    op.create_table(
        "procurement_plans",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("version", sa.INTEGER(), server_default=sa.text("1"), nullable=False, comment="Version of the plan"),
        sa.Column(
            "status",
            sa.TEXT(),
            server_default=sa.text("'draft'"),
            nullable=False,
            comment="State: draft, approved, rejected, superseded",
        ),
        sa.Column("orders", sa.INTEGER(), nullable=False, comment="Orders to place"),
        sa.Column("total_cost", sa.DOUBLE_PRECISION(), nullable=False, comment="Cost in the tenant's currency"),
        sa.Column("first_order_by", sa.DATE(), nullable=True, comment="Day of the first deadline"),
        sa.Column(
            "reasoning", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="Every term of the sum"
        ),
        sa.Column("consequence", sa.TEXT(), nullable=True, comment="What happens if nobody acts"),
        sa.CheckConstraint(
            "status IN ('draft', 'approved', 'rejected', 'superseded')", name=op.f("procurement_plans_status_check")
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("procurement_plans_tenant_id_check")),
        sa.CheckConstraint("orders BETWEEN 0 AND 1000000", name=op.f("procurement_plans_orders_check")),
        sa.CheckConstraint("total_cost BETWEEN 0.0 AND 1000000000.0", name=op.f("procurement_plans_total_cost_check")),
        sa.CheckConstraint("version BETWEEN 1 AND 1000000", name=op.f("procurement_plans_version_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("procurement_plans_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "version", name=op.f("procurement_plans_pkey")),
        schema="plans",
        comment="What the orders amount to.",
    )
    op.create_table(
        "procurement_requirements",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("requirement_number", sa.TEXT(), nullable=False, comment="The requirement, ordered by deadline"),
        sa.Column("ingredient_id", sa.TEXT(), nullable=False, comment="The ingredient"),
        sa.Column("supplier_id", sa.TEXT(), nullable=True, comment="Supplier; empty: nobody sells it"),
        sa.Column(
            "gross", sa.DOUBLE_PRECISION(), nullable=False, comment="Need within the plan, in the ingredient's unit"
        ),
        sa.Column("on_hand", sa.DOUBLE_PRECISION(), nullable=False, comment="Usable stock"),
        sa.Column("incoming", sa.DOUBLE_PRECISION(), nullable=False, comment="Open orders"),
        sa.Column("safety_stock", sa.DOUBLE_PRECISION(), nullable=False, comment="Quantity that should be left"),
        sa.Column(
            "net", sa.DOUBLE_PRECISION(), nullable=False, comment="Need that neither stock nor open orders cover"
        ),
        sa.Column(
            "order_quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Quantity to order, after minimum and pack"
        ),
        sa.Column(
            "cost", sa.DOUBLE_PRECISION(), nullable=False, comment="Quantity times price, in the tenant's currency"
        ),
        sa.Column(
            "order_by",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Deadline of the order; empty: nothing to order",
        ),
        sa.Column("deliver_on", sa.DATE(), nullable=True, comment="Day it comes"),
        sa.Column("needed_on", sa.DATE(), nullable=True, comment="First day it is needed"),
        sa.Column("is_late", sa.BOOLEAN(), nullable=False, comment="It cannot come by the day it is needed"),
        sa.Column(
            "reasoning", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="Every term of the sum"
        ),
        sa.Column("consequence", sa.TEXT(), nullable=True, comment="What happens if nobody acts"),
        sa.CheckConstraint("ingredient_id <> ''", name=op.f("procurement_requirements_ingredient_id_check")),
        sa.CheckConstraint("requirement_number <> ''", name=op.f("procurement_requirements_requirement_number_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("procurement_requirements_tenant_id_check")),
        sa.CheckConstraint("cost BETWEEN 0.0 AND 1000000000.0", name=op.f("procurement_requirements_cost_check")),
        sa.CheckConstraint("gross BETWEEN 0.0 AND 1000000000.0", name=op.f("procurement_requirements_gross_check")),
        sa.CheckConstraint(
            "incoming BETWEEN 0.0 AND 1000000000.0", name=op.f("procurement_requirements_incoming_check")
        ),
        sa.CheckConstraint("net BETWEEN 0.0 AND 1000000000.0", name=op.f("procurement_requirements_net_check")),
        sa.CheckConstraint("on_hand BETWEEN 0.0 AND 1000000000.0", name=op.f("procurement_requirements_on_hand_check")),
        sa.CheckConstraint(
            "order_quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("procurement_requirements_order_quantity_check")
        ),
        sa.CheckConstraint(
            "safety_stock BETWEEN 0.0 AND 1000000000.0", name=op.f("procurement_requirements_safety_stock_check")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ingredient_id"],
            ["ops.ingredients.tenant_id", "ops.ingredients.ingredient_id"],
            name=op.f("procurement_requirements_tenant_id_ingredient_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("procurement_requirements_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "supplier_id"],
            ["ops.suppliers.tenant_id", "ops.suppliers.supplier_id"],
            name=op.f("procurement_requirements_tenant_id_supplier_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "requirement_number", name=op.f("procurement_requirements_pkey")
        ),
        schema="plans",
        comment="What to order from whom and by when; one row per ingredient and delivery.",
    )
    op.create_table(
        "production_schedules",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("schedule_date", sa.DATE(), nullable=False, comment="Day of baking"),
        sa.Column(
            "status", sa.TEXT(), nullable=False, comment="State: planned, closed, nothing_to_bake, over_capacity"
        ),
        sa.Column("total_batches", sa.INTEGER(), nullable=False, comment="Batches"),
        sa.Column("total_quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Units of all products together"),
        sa.Column("starts_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="Start of the first batch"),
        sa.Column("ends_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="End of the last batch"),
        sa.Column(
            "utilization",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Busy share of the busiest machine's time in the shifts; above 1: it does not fit",
        ),
        sa.Column(
            "reasoning", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="Every term of the sum"
        ),
        sa.Column("consequence", sa.TEXT(), nullable=True, comment="What happens if nobody acts"),
        sa.CheckConstraint(
            "status IN ('planned', 'closed', 'nothing_to_bake', 'over_capacity')",
            name=op.f("production_schedules_status_check"),
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("production_schedules_tenant_id_check")),
        sa.CheckConstraint(
            "total_batches BETWEEN 0 AND 1000000", name=op.f("production_schedules_total_batches_check")
        ),
        sa.CheckConstraint(
            "total_quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("production_schedules_total_quantity_check")
        ),
        sa.CheckConstraint(
            "utilization BETWEEN 0.0 AND 1000000000.0", name=op.f("production_schedules_utilization_check")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("production_schedules_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "schedule_date", name=op.f("production_schedules_pkey")),
        schema="plans",
        comment="What a day's baking amounts to.",
    )
    op.create_table(
        "validation_runs",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("validation_date", sa.DATE(), nullable=False, comment="Day that is checked"),
        sa.Column("status", sa.TEXT(), nullable=False, comment="Outcome: validated, closed, no_forecast, no_sales"),
        sa.Column("mae", sa.DOUBLE_PRECISION(), nullable=True, comment="Mean absolute error, in units"),
        sa.Column(
            "mape",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Mean absolute percentage error of the rows with sales, as a fraction",
        ),
        sa.Column("rmse", sa.DOUBLE_PRECISION(), nullable=True, comment="Root mean squared error, in units"),
        sa.Column(
            "r2",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Coefficient of determination; empty: the sales do not vary",
        ),
        sa.Column("accuracy_pct", sa.DOUBLE_PRECISION(), nullable=True, comment="100 (1 - WAPE), at least 0"),
        sa.Column(
            "wape",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Sum of absolute errors over sum of sales, as a fraction",
        ),
        sa.Column(
            "bias",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Sum of errors over sum of sales, above 0: forecast too much",
        ),
        sa.Column(
            "coverage_pct",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Share of rows whose sales lay between q10 and q90, in percent",
        ),
        sa.Column("forecasts_evaluated", sa.INTEGER(), nullable=False, comment="Forecast rows of that day"),
        sa.Column("forecasts_with_actuals", sa.INTEGER(), nullable=False, comment="Of these, rows with recorded sales"),
        sa.CheckConstraint(
            "status IN ('validated', 'closed', 'no_forecast', 'no_sales')", name=op.f("validation_runs_status_check")
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("validation_runs_tenant_id_check")),
        sa.CheckConstraint(
            "accuracy_pct BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("validation_runs_accuracy_pct_check"),
        ),
        sa.CheckConstraint(
            "bias BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_runs_bias_check")
        ),
        sa.CheckConstraint("coverage_pct BETWEEN 0.0 AND 100.0", name=op.f("validation_runs_coverage_pct_check")),
        sa.CheckConstraint(
            "forecasts_evaluated BETWEEN 0 AND 1000000", name=op.f("validation_runs_forecasts_evaluated_check")
        ),
        sa.CheckConstraint(
            "forecasts_with_actuals BETWEEN 0 AND 1000000", name=op.f("validation_runs_forecasts_with_actuals_check")
        ),
        sa.CheckConstraint(
            "mae BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_runs_mae_check")
        ),
        sa.CheckConstraint(
            "mape BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_runs_mape_check")
        ),
        sa.CheckConstraint(
            "r2 BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_runs_r2_check")
        ),
        sa.CheckConstraint(
            "rmse BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_runs_rmse_check")
        ),
        sa.CheckConstraint(
            "wape BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_runs_wape_check")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("validation_runs_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "validation_date", name=op.f("validation_runs_pkey")),
        schema="plans",
        comment="A past day's one-day-ahead forecast against what sold.",
    )
    op.create_table(
        "production_steps",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("recipe_id", sa.TEXT(), nullable=False, comment="The recipe"),
        sa.Column("step_number", sa.INTEGER(), nullable=False, comment="Order of the steps"),
        sa.Column("name", sa.TEXT(), nullable=False, comment="What is done"),
        sa.Column(
            "equipment_kind",
            sa.TEXT(),
            nullable=False,
            comment="Machine it needs: mixer, proofer, oven, bench, cooler, other",
        ),
        sa.Column("duration_minutes", sa.DOUBLE_PRECISION(), nullable=False, comment="Minutes one load takes"),
        sa.CheckConstraint(
            "equipment_kind IN ('mixer', 'proofer', 'oven', 'bench', 'cooler', 'other')",
            name=op.f("production_steps_equipment_kind_check"),
        ),
        sa.CheckConstraint("recipe_id <> ''", name=op.f("production_steps_recipe_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("production_steps_tenant_id_check")),
        sa.CheckConstraint(
            "duration_minutes BETWEEN 0.0 AND 10080.0", name=op.f("production_steps_duration_minutes_check")
        ),
        sa.CheckConstraint("step_number BETWEEN 0 AND 1000000", name=op.f("production_steps_step_number_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "recipe_id"],
            ["ops.recipes.tenant_id", "ops.recipes.recipe_id"],
            name=op.f("production_steps_tenant_id_recipe_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("production_steps_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "recipe_id", "step_number", name=op.f("production_steps_pkey")),
        schema="ops",
        comment="The steps of a recipe, in order.",
    )
    op.create_table(
        "quality_checks",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("check_id", sa.TEXT(), nullable=False, comment="The finding"),
        sa.Column("template_id", sa.TEXT(), nullable=False, comment="The check"),
        sa.Column("batch_number", sa.TEXT(), nullable=True, comment="Batch looked at"),
        sa.Column("value", sa.DOUBLE_PRECISION(), nullable=True, comment="Value measured"),
        sa.Column("result", sa.TEXT(), nullable=False, comment="Outcome: passed, failed"),
        sa.Column("checked_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When"),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("check_id <> ''", name=op.f("quality_checks_check_id_check")),
        sa.CheckConstraint("result IN ('passed', 'failed')", name=op.f("quality_checks_result_check")),
        sa.CheckConstraint("template_id <> ''", name=op.f("quality_checks_template_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("quality_checks_tenant_id_check")),
        sa.CheckConstraint("value BETWEEN -1000000000.0 AND 1000000000.0", name=op.f("quality_checks_value_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "template_id"],
            ["ops.quality_templates.tenant_id", "ops.quality_templates.template_id"],
            name=op.f("quality_checks_tenant_id_template_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("quality_checks_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "check_id", "recorded_at", name=op.f("quality_checks_pkey")),
        schema="ops",
        comment="What a check found.",
        info={"fact": "checked_at"},
    )
    op.create_table(
        "recipe_lines",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("recipe_id", sa.TEXT(), nullable=False, comment="The recipe"),
        sa.Column("line_number", sa.INTEGER(), nullable=False, comment="Order of the lines"),
        sa.Column("ingredient_id", sa.TEXT(), nullable=True, comment="Ingredient it takes"),
        sa.Column("component_recipe_id", sa.TEXT(), nullable=True, comment="Intermediate it takes"),
        sa.Column("quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Quantity for one execution"),
        sa.Column(
            "unit",
            sa.TEXT(),
            server_default=sa.text("'kg'"),
            nullable=False,
            comment="Unit of the quantity: piece, kg, g, l, ml",
        ),
        sa.Column(
            "loss_fraction",
            sa.DOUBLE_PRECISION(),
            server_default=sa.text("0.0"),
            nullable=False,
            comment="Share lost in handling, 0.02: two percent",
        ),
        sa.CheckConstraint("recipe_id <> ''", name=op.f("recipe_lines_recipe_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("recipe_lines_tenant_id_check")),
        sa.CheckConstraint("unit IN ('piece', 'kg', 'g', 'l', 'ml')", name=op.f("recipe_lines_unit_check")),
        sa.CheckConstraint("line_number BETWEEN 0 AND 1000000", name=op.f("recipe_lines_line_number_check")),
        sa.CheckConstraint("loss_fraction BETWEEN 0.0 AND 0.99", name=op.f("recipe_lines_loss_fraction_check")),
        sa.CheckConstraint(
            "num_nonnulls(ingredient_id, component_recipe_id) = 1",
            name=op.f("recipe_lines_one_of_ingredient_id_component_recipe_id_check"),
        ),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("recipe_lines_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "component_recipe_id"],
            ["ops.recipes.tenant_id", "ops.recipes.recipe_id"],
            name=op.f("recipe_lines_tenant_id_component_recipe_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ingredient_id"],
            ["ops.ingredients.tenant_id", "ops.ingredients.ingredient_id"],
            name=op.f("recipe_lines_tenant_id_ingredient_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "recipe_id"],
            ["ops.recipes.tenant_id", "ops.recipes.recipe_id"],
            name=op.f("recipe_lines_tenant_id_recipe_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("recipe_lines_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "recipe_id", "line_number", name=op.f("recipe_lines_pkey")),
        schema="ops",
        comment="What one execution of a recipe takes.",
    )
    op.create_table(
        "stock_lots",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("lot_id", sa.TEXT(), nullable=False, comment="The lot; no two items of a tenant share one"),
        sa.Column("product_id", sa.TEXT(), nullable=True, comment="Finished product"),
        sa.Column("ingredient_id", sa.TEXT(), nullable=True, comment="Ingredient"),
        sa.Column("recipe_id", sa.TEXT(), nullable=True, comment="Intermediate"),
        sa.Column(
            "location_id", sa.TEXT(), server_default=sa.text("'main'"), nullable=False, comment="Shop or kitchen"
        ),
        sa.Column("quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Quantity counted, in the item's unit"),
        sa.Column("expires_on", sa.DATE(), nullable=True, comment="Last day it may be used; empty: it keeps"),
        sa.Column(
            "recorded_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; what a plan may know is decided by it",
        ),
        sa.CheckConstraint("lot_id <> ''", name=op.f("stock_lots_lot_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("stock_lots_tenant_id_check")),
        sa.CheckConstraint(
            "num_nonnulls(product_id, ingredient_id, recipe_id) = 1",
            name=op.f("stock_lots_one_of_product_id_ingredient_id_recipe_id_check"),
        ),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("stock_lots_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ingredient_id"],
            ["ops.ingredients.tenant_id", "ops.ingredients.ingredient_id"],
            name=op.f("stock_lots_tenant_id_ingredient_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("stock_lots_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("stock_lots_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "recipe_id"],
            ["ops.recipes.tenant_id", "ops.recipes.recipe_id"],
            name=op.f("stock_lots_tenant_id_recipe_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("stock_lots_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "lot_id", "recorded_at", name=op.f("stock_lots_pkey")),
        schema="ops",
        comment="Stock as counted, by lot; the latest count of a lot holds.",
        info={"fact": "load", "creates": "locations"},
    )
    op.create_table(
        "production_batches",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("batch_number", sa.TEXT(), nullable=False, comment="The batch, ordered by start"),
        sa.Column("schedule_date", sa.DATE(), nullable=False, comment="Day of baking"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("recipe_id", sa.TEXT(), nullable=True, comment="Recipe used"),
        sa.Column("quantity_planned", sa.DOUBLE_PRECISION(), nullable=False, comment="Units"),
        sa.Column(
            "start_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Start; empty: no steps or machines are known",
        ),
        sa.Column("end_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="End"),
        sa.Column("equipment_id", sa.TEXT(), nullable=True, comment="Machine of the longest step"),
        sa.Column("priority", sa.INTEGER(), nullable=False, comment="1 is baked first"),
        sa.Column(
            "reasoning", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="Every term of the sum"
        ),
        sa.CheckConstraint("batch_number <> ''", name=op.f("production_batches_batch_number_check")),
        sa.CheckConstraint("product_id <> ''", name=op.f("production_batches_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("production_batches_tenant_id_check")),
        sa.CheckConstraint("priority BETWEEN 1 AND 1000000", name=op.f("production_batches_priority_check")),
        sa.CheckConstraint(
            "quantity_planned BETWEEN 0.0 AND 1000000000.0", name=op.f("production_batches_quantity_planned_check")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date", "schedule_date"],
            [
                "plans.production_schedules.tenant_id",
                "plans.production_schedules.plan_date",
                "plans.production_schedules.schedule_date",
            ],
            name=op.f("production_batches_tenant_id_plan_date_schedule_date_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("production_batches_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("production_batches_tenant_id_product_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "batch_number", name=op.f("production_batches_pkey")),
        schema="plans",
        comment="What to bake, when, and on what.",
    )
    op.create_table(
        "validation_results",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("validation_date", sa.DATE(), nullable=False, comment="Day that is checked"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("yhat", sa.DOUBLE_PRECISION(), nullable=False, comment="Forecast"),
        sa.Column("actual", sa.DOUBLE_PRECISION(), nullable=False, comment="Sales, net of refunds"),
        sa.Column("error", sa.DOUBLE_PRECISION(), nullable=False, comment="Forecast minus sales"),
        sa.Column("is_covered", sa.BOOLEAN(), nullable=False, comment="Sales lay between q10 and q90"),
        sa.CheckConstraint("location_id <> ''", name=op.f("validation_results_location_id_check")),
        sa.CheckConstraint("product_id <> ''", name=op.f("validation_results_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("validation_results_tenant_id_check")),
        sa.CheckConstraint(
            "actual BETWEEN -1000000000.0 AND 1000000000.0", name=op.f("validation_results_actual_check")
        ),
        sa.CheckConstraint(
            "error BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_results_error_check")
        ),
        sa.CheckConstraint("yhat BETWEEN 0.0 AND 1000000000.0", name=op.f("validation_results_yhat_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date", "validation_date"],
            [
                "plans.validation_runs.tenant_id",
                "plans.validation_runs.plan_date",
                "plans.validation_runs.validation_date",
            ],
            name=op.f("validation_results_tenant_id_plan_date_validation_date_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("validation_results_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("validation_results_tenant_id_product_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "plan_date",
            "validation_date",
            "location_id",
            "product_id",
            name=op.f("validation_results_pkey"),
        ),
        schema="plans",
        comment="The same by product and location.",
    )


def downgrade() -> None:
    for schema in ("marts", "plans", "ops"):
        op.execute(f"DROP SCHEMA {schema} CASCADE")
