"""The tables of schema ``plans``: what we write. Most belong to a cell, whose rows are replaced whole.

Columns are in ``bakery_assets.schemas.plans``; here is what only SQL has: foreign keys, indexes and internal columns.
"""

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.sql import text as sql

from bakery_assets.schemas import plans as schemas
from resources.schema.columns import table, tenant_fk, transaction

planning_runs = table(
    schemas.PlanningRuns,
    transaction(
        "requested_xid", "Transaction that last requested to validate the days before again; empty: none", nullable=True
    ),
    transaction(
        "started_xid",
        "Transactions below this had ended when it was last started; empty: requested since",
        nullable=True,
    ),
    transaction("validated_xid", "What started_xid was when the days before were last validated", nullable=True),
    Index("planning_runs_requested_idx", "requested_xid", postgresql_where=sql("requested_xid IS NOT NULL")),
)

demand_forecasts = table(
    schemas.DemandForecasts,
    tenant_fk("product_id", "ops.products"),
    tenant_fk("location_id", "ops.locations"),
)

production_schedules = table(schemas.ProductionSchedules)

production_batches = table(
    schemas.ProductionBatches,
    tenant_fk("product_id", "ops.products"),
    tenant_fk("plan_date schedule_date", "plans.production_schedules"),
)

procurement_plans = table(schemas.ProcurementPlans)

procurement_requirements = table(
    schemas.ProcurementRequirements,
    tenant_fk("ingredient_id", "ops.ingredients"),
    tenant_fk("supplier_id", "ops.suppliers"),
)

inventory_projections = table(schemas.InventoryProjections)

validation_runs = table(schemas.ValidationRuns)

validation_results = table(
    schemas.ValidationResults,
    tenant_fk("product_id", "ops.products"),
    tenant_fk("plan_date validation_date", "plans.validation_runs"),
)

validation_leads = table(schemas.ValidationLeads, tenant_fk("plan_date validation_date", "plans.validation_runs"))

validation_locations = table(
    schemas.ValidationLocations,
    tenant_fk("location_id", "ops.locations"),
    tenant_fk("plan_date validation_date", "plans.validation_runs"),
)

validation_products = table(
    schemas.ValidationProducts,
    tenant_fk("product_id", "ops.products"),
    tenant_fk("plan_date validation_date", "plans.validation_runs"),
)

override_scores = table(
    schemas.OverrideScores,
    tenant_fk("product_id", "ops.products"),
    tenant_fk("plan_date validation_date", "plans.validation_runs"),
)

daily_summaries = table(schemas.DailySummaries)

alerts = table(schemas.Alerts)

boosters = table(schemas.Boosters)

model_versions = table(
    schemas.ModelVersions,
    ForeignKeyConstraint(["booster_id"], ["plans.boosters.booster_id"]),
    Index("model_versions_one_champion", "tenant_id", unique=True, postgresql_where=sql("role = 'champion'")),
)

series_models = table(
    schemas.SeriesModels,
    tenant_fk("model_version", "plans.model_versions", cascade=True),
    tenant_fk("product_id", "ops.products"),
    tenant_fk("location_id", "ops.locations"),
)

retraining_runs = table(schemas.RetrainingRuns)

retraining_triggers = table(
    schemas.RetrainingTriggers,
    tenant_fk("retraining_id", "plans.retraining_runs", cascade=True),
    tenant_fk("product_id", "ops.products"),
    tenant_fk("location_id", "ops.locations"),
)
