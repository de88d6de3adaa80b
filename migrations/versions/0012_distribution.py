"""What each shop is to get of the morning, and the record of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "distribution_plans",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop that gets it"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column(
            "trip",
            sa.Integer(),
            nullable=False,
            comment="1: the first; a further one brings what was not ready by then",
        ),
        sa.Column("kitchen_id", sa.TEXT(), nullable=False, comment="Kitchen it comes from"),
        sa.Column(
            "demand",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="What the shop still sells that day: the larger of forecast and orders, less what is sold; in whole pieces for products counted in pieces",
        ),
        sa.Column(
            "stock_usable",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="Stock in the shop that may be used on that day",
        ),
        sa.Column(
            "need",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="demand - stock_usable, at least 0, in whole pieces for products counted in pieces",
        ),
        sa.Column(
            "available",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="What the kitchen has of it when the trip leaves, for all places and trips until then: usable stock and the day's batches that are ready",
        ),
        sa.Column("quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="What is brought, in the product's unit"),
        sa.Column("leaves_at", sa.DateTime(timezone=True), nullable=False, comment="When it leaves the kitchen"),
        sa.Column("arrives_at", sa.DateTime(timezone=True), nullable=False, comment="When it is in the shop"),
        sa.Column(
            "is_carried_over",
            sa.Boolean(),
            nullable=False,
            comment="It had left before this version and stays as it was published",
        ),
        sa.Column("reasoning", postgresql.JSONB(), nullable=False, comment="Every term of the calculation"),
        sa.Column(
            "consequence",
            sa.TEXT(),
            nullable=True,
            comment="What happens if no one acts; empty: the shop gets what it needs",
        ),
        sa.CheckConstraint("kitchen_id <> ''", name=op.f("distribution_plans_kitchen_id_check")),
        sa.CheckConstraint("location_id <> ''", name=op.f("distribution_plans_location_id_check")),
        sa.CheckConstraint("product_id <> ''", name=op.f("distribution_plans_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("distribution_plans_tenant_id_check")),
        sa.CheckConstraint("available BETWEEN 0.0 AND 1000000000.0", name=op.f("distribution_plans_available_check")),
        sa.CheckConstraint("demand BETWEEN 0.0 AND 1000000000.0", name=op.f("distribution_plans_demand_check")),
        sa.CheckConstraint("need BETWEEN 0.0 AND 1000000000.0", name=op.f("distribution_plans_need_check")),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("distribution_plans_quantity_check")),
        sa.CheckConstraint(
            "stock_usable BETWEEN 0.0 AND 1000000000.0", name=op.f("distribution_plans_stock_usable_check")
        ),
        sa.CheckConstraint("trip BETWEEN 1 AND 1000000", name=op.f("distribution_plans_trip_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "kitchen_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("distribution_plans_tenant_id_kitchen_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("distribution_plans_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("distribution_plans_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("distribution_plans_tenant_id_product_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "location_id", "product_id", "trip", name=op.f("distribution_plans_pkey")
        ),
        schema="plans",
        comment="What each shop is to get of the plan date's baking, and when it leaves the kitchen.",
    )
    op.create_table(
        "published_distributions",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date of the plan"),
        sa.Column("version", sa.Integer(), nullable=False, comment="Version of that plan"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop that was to get it"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("trip", sa.Integer(), nullable=False, comment="The trip, by product and shop"),
        sa.Column("kitchen_id", sa.TEXT(), nullable=False, comment="Kitchen it was to come from"),
        sa.Column(
            "demand",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="What the shop was to sell yet on the plan date, in the product's unit",
        ),
        sa.Column(
            "stock_usable", sa.DOUBLE_PRECISION(), nullable=False, comment="Stock there that could be used on that day"
        ),
        sa.Column("need", sa.DOUBLE_PRECISION(), nullable=False, comment="What the shop needed beyond its stock"),
        sa.Column(
            "available",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="What the kitchen had of it for all places when the trip was to leave",
        ),
        sa.Column(
            "quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="What was to be brought, in the product's unit"
        ),
        sa.Column("leaves_at", sa.DateTime(timezone=True), nullable=False, comment="When it was to leave the kitchen"),
        sa.Column("arrives_at", sa.DateTime(timezone=True), nullable=False, comment="When it was to be in the shop"),
        sa.CheckConstraint("kitchen_id <> ''", name=op.f("published_distributions_kitchen_id_check")),
        sa.CheckConstraint("location_id <> ''", name=op.f("published_distributions_location_id_check")),
        sa.CheckConstraint("product_id <> ''", name=op.f("published_distributions_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("published_distributions_tenant_id_check")),
        sa.CheckConstraint(
            "available BETWEEN 0.0 AND 1000000000.0", name=op.f("published_distributions_available_check")
        ),
        sa.CheckConstraint("demand BETWEEN 0.0 AND 1000000000.0", name=op.f("published_distributions_demand_check")),
        sa.CheckConstraint("need BETWEEN 0.0 AND 1000000000.0", name=op.f("published_distributions_need_check")),
        sa.CheckConstraint(
            "quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("published_distributions_quantity_check")
        ),
        sa.CheckConstraint(
            "stock_usable BETWEEN 0.0 AND 1000000000.0", name=op.f("published_distributions_stock_usable_check")
        ),
        sa.CheckConstraint("trip BETWEEN 1 AND 1000000", name=op.f("published_distributions_trip_check")),
        sa.CheckConstraint("version BETWEEN 1 AND 1000000", name=op.f("published_distributions_version_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "kitchen_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("published_distributions_tenant_id_kitchen_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("published_distributions_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date", "version"],
            ["plans.plan_versions.tenant_id", "plans.plan_versions.plan_date", "plans.plan_versions.version"],
            name=op.f("published_distributions_tenant_id_plan_date_version_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("published_distributions_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("published_distributions_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "plan_date",
            "version",
            "location_id",
            "product_id",
            "trip",
            name=op.f("published_distributions_pkey"),
        ),
        schema="plans",
        comment="What shops were to get, by version of the plan; taken as brought where no transfer says otherwise.",
    )


def downgrade() -> None:
    op.drop_table("published_distributions", schema="plans")
    op.drop_table("distribution_plans", schema="plans")
