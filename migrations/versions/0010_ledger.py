"""Stock as a ledger: movements, balances and closing balances; counts of items; transfers, what batches took and wasted."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

EVENT_CHECK = "batch_events_event_check"


def upgrade() -> None:
    # A count may name no lot, so the key has gaps: a unique constraint in which two empties are equal takes its place.
    op.drop_constraint("stock_lots_pkey", "stock_lots", schema="ops")
    op.drop_constraint(EVENT_CHECK, "batch_events", schema="ops")
    op.create_check_constraint(
        op.f(EVENT_CHECK),
        "batch_events",
        "event IN ('confirmed', 'started', 'quality_check', 'finished', 'failed', 'cancelled')",
        schema="ops",
    )
    op.create_table(
        "transfers",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("transfer_id", sa.TEXT(), nullable=False, comment="The transfer"),
        sa.Column("from_location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen it came from"),
        sa.Column("to_location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen it went to"),
        sa.Column("product_id", sa.TEXT(), nullable=True, comment="Finished product"),
        sa.Column("ingredient_id", sa.TEXT(), nullable=True, comment="Ingredient"),
        sa.Column("lot_id", sa.TEXT(), nullable=True, comment="Lot it came from; empty: first expired, first out"),
        sa.Column("quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Quantity, in the item's unit"),
        sa.Column("transferred_at", sa.DateTime(timezone=True), nullable=False, comment="When it arrived"),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When we learned this; a plan uses what was recorded by its planning instant",
        ),
        sa.CheckConstraint("from_location_id <> ''", name=op.f("transfers_from_location_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("transfers_tenant_id_check")),
        sa.CheckConstraint("to_location_id <> ''", name=op.f("transfers_to_location_id_check")),
        sa.CheckConstraint("transfer_id <> ''", name=op.f("transfers_transfer_id_check")),
        sa.CheckConstraint(
            "num_nonnulls(product_id, ingredient_id) = 1", name=op.f("transfers_one_of_product_id_ingredient_id_check")
        ),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("transfers_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "from_location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("transfers_tenant_id_from_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ingredient_id"],
            ["ops.ingredients.tenant_id", "ops.ingredients.ingredient_id"],
            name=op.f("transfers_tenant_id_ingredient_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("transfers_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "to_location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("transfers_tenant_id_to_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("transfers_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "transfer_id", "recorded_at", name=op.f("transfers_pkey")),
        schema="ops",
        comment="What was brought from one location to another.",
    )
    op.create_table(
        "stock_balances",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column("item_kind", sa.TEXT(), nullable=False, comment="What it is: product, intermediate, ingredient"),
        sa.Column("item_id", sa.TEXT(), nullable=False, comment="Product, recipe of the intermediate, or ingredient"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen"),
        sa.Column("lot_id", sa.TEXT(), nullable=False, comment="The lot"),
        sa.Column("quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Stock of the lot, in the item's unit"),
        sa.Column("expires_on", sa.Date(), nullable=True, comment="Last day it may be used; empty: no expiry"),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True, comment="When the first of it came"),
        sa.Column(
            "is_known",
            sa.Boolean(),
            nullable=False,
            comment="Facts tell of the stock; otherwise nothing that was recorded does, and quantity is 0",
        ),
        sa.CheckConstraint("item_id <> ''", name=op.f("stock_balances_item_id_check")),
        sa.CheckConstraint(
            "item_kind IN ('product', 'intermediate', 'ingredient')", name=op.f("stock_balances_item_kind_check")
        ),
        sa.CheckConstraint("location_id <> ''", name=op.f("stock_balances_location_id_check")),
        sa.CheckConstraint("lot_id <> ''", name=op.f("stock_balances_lot_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("stock_balances_tenant_id_check")),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("stock_balances_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("stock_balances_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "item_kind", "item_id", "location_id", "lot_id", name=op.f("stock_balances_pkey")
        ),
        schema="plans",
        comment="Stock by lot at the planning instant, or as the day begins where that is later: the sum of movements up to it.",
    )
    op.create_table(
        "stock_closing_balances",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column(
            "starts_on", sa.Date(), nullable=False, comment="Local day at whose start, at midnight, the stock was so"
        ),
        sa.Column(
            "planned_as_of", sa.DateTime(timezone=True), nullable=False, comment="Facts recorded up to it were used"
        ),
        sa.Column(
            "reach_days",
            sa.Integer(),
            nullable=False,
            comment="A fact changes stock at most so many days before the day it is about",
        ),
        sa.Column("lots", sa.TEXT(), nullable=False, comment="Stock by kind, item and lot, as compact JSON"),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("stock_closing_balances_tenant_id_check")),
        sa.CheckConstraint("reach_days BETWEEN 0 AND 1000000", name=op.f("stock_closing_balances_reach_days_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("stock_closing_balances_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", name=op.f("stock_closing_balances_pkey")),
        schema="plans",
        comment="Stock by lot at the start of a past day, from which later ledgers go on; kept longer than facts are.",
    )
    op.create_table(
        "stock_movements",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column(
            "movement_number", sa.Integer(), nullable=False, comment="The movement, in the order in which they happened"
        ),
        sa.Column("item_kind", sa.TEXT(), nullable=False, comment="What it is: product, intermediate, ingredient"),
        sa.Column("item_id", sa.TEXT(), nullable=False, comment="Product, recipe of the intermediate, or ingredient"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen"),
        sa.Column("lot_id", sa.TEXT(), nullable=False, comment="The lot"),
        sa.Column(
            "happened_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When; what is only known to the day: when its location closed",
        ),
        sa.Column(
            "kind",
            sa.TEXT(),
            nullable=False,
            comment="What moved it: count, receipt, production, consumption, sale, waste, transfer, expiry, adjustment",
        ),
        sa.Column(
            "quantity",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="What came in, or with a minus what went out, in the item's unit",
        ),
        sa.Column("source", sa.TEXT(), nullable=False, comment="The facts or the batch it comes from"),
        sa.Column(
            "is_assumed",
            sa.Boolean(),
            nullable=False,
            comment="No fact says so: taken from the plan of record, from orders, sales or a forecast",
        ),
        sa.CheckConstraint("item_id <> ''", name=op.f("stock_movements_item_id_check")),
        sa.CheckConstraint(
            "item_kind IN ('product', 'intermediate', 'ingredient')", name=op.f("stock_movements_item_kind_check")
        ),
        sa.CheckConstraint(
            "kind IN ('count', 'receipt', 'production', 'consumption', 'sale', 'waste', 'transfer', 'expiry', 'adjustment')",
            name=op.f("stock_movements_kind_check"),
        ),
        sa.CheckConstraint("location_id <> ''", name=op.f("stock_movements_location_id_check")),
        sa.CheckConstraint("lot_id <> ''", name=op.f("stock_movements_lot_id_check")),
        sa.CheckConstraint("source <> ''", name=op.f("stock_movements_source_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("stock_movements_tenant_id_check")),
        sa.CheckConstraint(
            "movement_number BETWEEN 1 AND 2000000000", name=op.f("stock_movements_movement_number_check")
        ),
        sa.CheckConstraint(
            "quantity BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("stock_movements_quantity_check")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("stock_movements_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "movement_number", name=op.f("stock_movements_pkey")),
        schema="plans",
        comment="How stock changed in the last days before the planning instant, from the start of the day whose stock is kept.",
    )
    op.create_table(
        "unexplained_usage",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column("item_kind", sa.TEXT(), nullable=False, comment="What it is: product, intermediate, ingredient"),
        sa.Column("item_id", sa.TEXT(), nullable=False, comment="Product, recipe of the intermediate, or ingredient"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen"),
        sa.Column("source", sa.TEXT(), nullable=False, comment="The facts that say so"),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False, comment="When"),
        sa.Column(
            "quantity",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="Quantity that the book does not have, in the item's unit",
        ),
        sa.CheckConstraint("item_id <> ''", name=op.f("unexplained_usage_item_id_check")),
        sa.CheckConstraint(
            "item_kind IN ('product', 'intermediate', 'ingredient')", name=op.f("unexplained_usage_item_kind_check")
        ),
        sa.CheckConstraint("location_id <> ''", name=op.f("unexplained_usage_location_id_check")),
        sa.CheckConstraint("source <> ''", name=op.f("unexplained_usage_source_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("unexplained_usage_tenant_id_check")),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("unexplained_usage_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("unexplained_usage_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "plan_date",
            "item_kind",
            "item_id",
            "location_id",
            "source",
            "happened_at",
            name=op.f("unexplained_usage_pkey"),
        ),
        schema="plans",
        comment="What facts say was sold or thrown away beyond what was recorded as made or there.",
    )
    op.create_table(
        "batch_consumption",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Day the batch is sold first, whose plan has it"),
        sa.Column("batch_number", sa.TEXT(), nullable=False, comment="The batch"),
        sa.Column("ingredient_id", sa.TEXT(), nullable=True, comment="Ingredient it took"),
        sa.Column("recipe_id", sa.TEXT(), nullable=True, comment="Intermediate it took"),
        sa.Column("lot_id", sa.TEXT(), nullable=True, comment="Lot it came from; empty: by the setting `issuing`"),
        sa.Column("quantity", sa.DOUBLE_PRECISION(), nullable=False, comment="Quantity, in the component's unit"),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When we learned this; a plan uses what was recorded by its planning instant",
        ),
        sa.CheckConstraint("batch_number <> ''", name=op.f("batch_consumption_batch_number_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("batch_consumption_tenant_id_check")),
        sa.CheckConstraint(
            "num_nonnulls(ingredient_id, recipe_id) = 1",
            name=op.f("batch_consumption_one_of_ingredient_id_recipe_id_check"),
        ),
        sa.CheckConstraint("quantity BETWEEN 0.0 AND 1000000000.0", name=op.f("batch_consumption_quantity_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ingredient_id"],
            ["ops.ingredients.tenant_id", "ops.ingredients.ingredient_id"],
            name=op.f("batch_consumption_tenant_id_ingredient_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "recipe_id"],
            ["ops.recipes.tenant_id", "ops.recipes.recipe_id"],
            name=op.f("batch_consumption_tenant_id_recipe_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("batch_consumption_tenant_id_fkey")
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "plan_date",
            "batch_number",
            "ingredient_id",
            "recipe_id",
            "lot_id",
            "recorded_at",
            name=op.f("batch_consumption_key"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="ops",
        comment="What a batch really took of a component; without a row it took what its recipe says.",
    )
    op.add_column(
        "batch_events",
        sa.Column(
            "product_id", sa.TEXT(), nullable=True, comment="Product of a batch that was not planned; empty: as planned"
        ),
        schema="ops",
    )
    op.add_column(
        "batch_events",
        sa.Column("wasted_quantity", sa.DOUBLE_PRECISION(), nullable=True, comment="Units made and thrown away"),
        schema="ops",
    )
    op.add_column(
        "batch_events",
        sa.Column("reason", sa.TEXT(), nullable=True, comment="Why it was wasted, failed or cancelled"),
        schema="ops",
    )
    op.alter_column(
        "batch_events",
        "plan_date",
        existing_type=sa.DATE(),
        comment="Day the batch is sold first, whose plan has it",
        existing_comment="Day of the plan that has the batch",
        existing_nullable=False,
        schema="ops",
    )
    op.alter_column(
        "batch_events",
        "event",
        existing_type=sa.TEXT(),
        comment="What happened: confirmed, started, quality_check, finished, failed, cancelled",
        existing_comment="What happened: started, finished, failed, cancelled",
        existing_nullable=False,
        schema="ops",
    )
    op.alter_column(
        "batch_events",
        "quantity",
        existing_type=sa.DOUBLE_PRECISION(precision=53),
        comment="Units made so far, without those wasted; empty: as planned",
        existing_comment="Units made so far",
        existing_nullable=True,
        schema="ops",
    )
    op.create_foreign_key(
        op.f("batch_events_tenant_id_product_id_fkey"),
        "batch_events",
        "products",
        ["tenant_id", "product_id"],
        ["tenant_id", "product_id"],
        source_schema="ops",
        referent_schema="ops",
    )
    op.create_table_comment(
        "batch_events",
        "What happened to a batch; a batch that was not planned names its product.",
        existing_comment="What happened to a planned batch.",
        schema="ops",
    )
    op.add_column(
        "stock_lots",
        sa.Column(
            "counted_at", sa.DateTime(timezone=True), nullable=True, comment="When it was counted; empty: recorded_at"
        ),
        schema="ops",
    )
    op.alter_column(
        "stock_lots",
        "lot_id",
        existing_type=sa.TEXT(),
        nullable=True,
        comment="The lot; empty: the item's lots at the location together, a difference being taken first expired, first out",
        existing_comment="The lot; no two items of a tenant share one",
        schema="ops",
    )
    op.create_unique_constraint(
        op.f("stock_lots_key"),
        "stock_lots",
        ["tenant_id", "lot_id", "product_id", "ingredient_id", "recipe_id", "location_id", "counted_at", "recorded_at"],
        schema="ops",
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "stock_lots_tenant_id_recorded_at_idx", "stock_lots", ["tenant_id", "recorded_at"], unique=False, schema="ops"
    )
    op.create_table_comment(
        "stock_lots",
        "Stock as counted, by lot or by item; a count sets what the book says of that moment.",
        existing_comment="Stock as counted, by lot; the latest count of a lot holds.",
        schema="ops",
    )
    op.create_check_constraint(
        op.f("batch_events_wasted_quantity_check"),
        "batch_events",
        "wasted_quantity BETWEEN 0.0 AND 1000000000.0",
        schema="ops",
    )
    op.drop_constraint("stock_lots_lot_id_check", "stock_lots", schema="ops")


def downgrade() -> None:
    op.execute("DELETE FROM ops.batch_events WHERE event IN ('confirmed', 'quality_check')")
    op.execute("DELETE FROM ops.stock_lots WHERE lot_id IS NULL")
    op.execute(
        "DELETE FROM ops.stock_lots a USING ops.stock_lots b WHERE a.tenant_id = b.tenant_id AND a.lot_id = b.lot_id"
        " AND a.recorded_at = b.recorded_at AND a.ctid < b.ctid"
    )
    op.drop_constraint(EVENT_CHECK, "batch_events", schema="ops")
    op.create_check_constraint(
        op.f(EVENT_CHECK), "batch_events", "event IN ('started', 'finished', 'failed', 'cancelled')", schema="ops"
    )

    op.create_table_comment(
        "stock_lots",
        "Stock as counted, by lot; the latest count of a lot holds.",
        existing_comment="Stock as counted, by lot or by item; a count sets what the book says of that moment.",
        schema="ops",
    )
    op.drop_index("stock_lots_tenant_id_recorded_at_idx", table_name="stock_lots", schema="ops")
    op.drop_constraint(op.f("stock_lots_key"), "stock_lots", schema="ops", type_="unique")
    op.alter_column(
        "stock_lots",
        "lot_id",
        existing_type=sa.TEXT(),
        nullable=False,
        comment="The lot; no two items of a tenant share one",
        existing_comment="The lot; empty: the item's lots at the location together, a difference being taken first expired, first out",
        schema="ops",
    )
    op.drop_column("stock_lots", "counted_at", schema="ops")
    op.create_table_comment(
        "batch_events",
        "What happened to a planned batch.",
        existing_comment="What happened to a batch; a batch that was not planned names its product.",
        schema="ops",
    )
    op.drop_constraint(op.f("batch_events_tenant_id_product_id_fkey"), "batch_events", schema="ops", type_="foreignkey")
    op.alter_column(
        "batch_events",
        "quantity",
        existing_type=sa.DOUBLE_PRECISION(precision=53),
        comment="Units made so far",
        existing_comment="Units made so far, without those wasted; empty: as planned",
        existing_nullable=True,
        schema="ops",
    )
    op.alter_column(
        "batch_events",
        "event",
        existing_type=sa.TEXT(),
        comment="What happened: started, finished, failed, cancelled",
        existing_comment="What happened: confirmed, started, quality_check, finished, failed, cancelled",
        existing_nullable=False,
        schema="ops",
    )
    op.alter_column(
        "batch_events",
        "plan_date",
        existing_type=sa.DATE(),
        comment="Day of the plan that has the batch",
        existing_comment="Day the batch is sold first, whose plan has it",
        existing_nullable=False,
        schema="ops",
    )
    op.drop_column("batch_events", "reason", schema="ops")
    op.drop_column("batch_events", "wasted_quantity", schema="ops")
    op.drop_column("batch_events", "product_id", schema="ops")
    op.drop_table("batch_consumption", schema="ops")
    op.drop_table("unexplained_usage", schema="plans")
    op.drop_table("stock_movements", schema="plans")
    op.drop_table("stock_closing_balances", schema="plans")
    op.drop_table("stock_balances", schema="plans")
    op.drop_table("transfers", schema="ops")
    op.create_primary_key(op.f("stock_lots_pkey"), "stock_lots", ["tenant_id", "lot_id", "recorded_at"], schema="ops")
    op.create_check_constraint(op.f("stock_lots_lot_id_check"), "stock_lots", "lot_id <> ''", schema="ops")
