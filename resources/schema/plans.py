"""The tables of schema ``plans``: what we write. Most belong to a cell, whose rows are replaced whole.

Columns are in ``bakery_assets.schemas.plans``, and a class there is enough for a table. Here are those that have more
in SQL, such as internal columns, further foreign keys and indexes, and those that code refers to by name.
"""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKeyConstraint, Index, Integer, PrimaryKeyConstraint, Table
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, REAL, TEXT, TIMESTAMP
from sqlalchemy.sql import text as sql

from bakery_assets.schemas import plans as schemas
from bakery_assets.schemas import table_name
from resources.schema.columns import XID8, Snapshot, metadata, table, tenant_fk, transaction
from resources.schema.packed import packed

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
    Column(
        "largest_wave",
        Integer,
        CheckConstraint("largest_wave >= 1", name="planning_runs_largest_wave_check"),
        comment="Most cells of the wave that may plan it next, after waves with it died; empty: as many as usual",
        info={"internal": True},
    ),
    Index("planning_runs_requested_idx", "requested_xid", postgresql_where=sql("requested_xid IS NOT NULL")),
)

plan_versions = table(schemas.PlanVersions)

published_batches = table(schemas.PublishedBatches, tenant_fk("plan_date version", "plans.plan_versions", cascade=True))

published_orders = table(schemas.PublishedOrders, tenant_fk("plan_date version", "plans.plan_versions", cascade=True))

published_proposals = table(
    schemas.PublishedProposals, tenant_fk("plan_date version", "plans.plan_versions", cascade=True)
)

published_distributions = table(
    schemas.PublishedDistributions,
    tenant_fk("plan_date version", "plans.plan_versions", cascade=True),
    tenant_fk("kitchen_id", "ops.locations", "location_id"),
)

# Locations are those of facts, which are checked; a kitchen that no fact names may be none. What counts found is read
# of four weeks, all else of one plan, and losses are kept for good.
stock_movements = packed(table(schemas.StockMovements, unchecked=("location_id",)), by=("kind",))

stock_balances = packed(table(schemas.StockBalances, unchecked=("location_id",)))

unexplained_usage = table(schemas.UnexplainedUsage, unchecked=("location_id",))

# Of earlier plans a few days are read.
demand_forecasts = packed(table(schemas.DemandForecasts), by=("target_date",))

forecast_history = table(schemas.ForecastHistory, tenant_fk("plan_date", "plans.planning_runs", cascade=True))

# A customer order may be for a main location that no fact names.
target_stock_levels = packed(table(schemas.TargetStockLevels, unchecked=("location_id",)))

production_schedules = table(schemas.ProductionSchedules)

production_batches = packed(table(schemas.ProductionBatches))

distribution_plans = table(schemas.DistributionPlans, tenant_fk("kitchen_id", "ops.locations", "location_id"))

procurement_plans = table(schemas.ProcurementPlans)

purchase_proposals = table(schemas.PurchaseProposals)

procurement_requirements = packed(table(schemas.ProcurementRequirements))

inventory_projections = packed(table(schemas.InventoryProjections))

validation_runs = table(schemas.ValidationRuns)

# Rows follow those of demand_forecasts, which are checked.
validation_results = table(schemas.ValidationResults, unchecked=("location_id",))

override_scores = table(schemas.OverrideScores)

daily_summaries = table(schemas.DailySummaries)

plan_changes = table(schemas.PlanChanges)

findings = table(schemas.Findings)

alerts = table(
    schemas.Alerts,
    Index(
        "alerts_one_open_per_cause",
        "tenant_id",
        "cause",
        unique=True,
        postgresql_where=sql("status IN ('open', 'acknowledged')"),
    ),
)

decision_outcomes = table(schemas.DecisionOutcomes)

events = table(schemas.Events, Index("events_tenant_id_time_idx", "tenant_id", "time"))

boosters = table(schemas.Boosters)

model_versions = table(
    schemas.ModelVersions,
    ForeignKeyConstraint(["booster_id"], ["plans.boosters.booster_id"]),
    Index("model_versions_one_champion", "tenant_id", unique=True, postgresql_where=sql("role = 'champion'")),
)

series_models = table(schemas.SeriesModels, tenant_fk("model_version", "plans.model_versions", cascade=True))

retraining_runs = table(schemas.RetrainingRuns)

retraining_triggers = table(
    schemas.RetrainingTriggers, tenant_fk("retraining_id", "plans.retraining_runs", cascade=True)
)

for schema in schemas.TABLES:
    if f"plans.{table_name(schema)}" not in metadata.tables:
        table(schema)

# No frame: a row has lists, so that what is kept for good takes a third of what a row for each phase would. It is made
# of planning_costs.PlanningCosts and unpacked by the dbt model stg_planning_costs.
planning_costs = Table(
    "planning_costs",
    metadata,
    Column("tenant_id", TEXT, primary_key=True, comment="The bakery"),
    Column("plan_date", Date, primary_key=True, comment="Local date that is planned"),
    Column("finished_at", TIMESTAMP(timezone=True), primary_key=True, comment="When it was written"),
    Column(
        "phases", ARRAY(TEXT), nullable=False, comment="Stages, and what comes before and after them, in their order"
    ),
    Column(
        "cpu_ms",
        ARRAY(REAL),
        nullable=False,
        comment="CPU milliseconds of each phase, without PostgreSQL's own; of a chunk's, shared out by rows",
    ),
    Column(
        "row_counts",
        ARRAY(INTEGER),
        nullable=False,
        comment="Rows that the phase reads has read, and that each stage has written; 0 for other phases",
    ),
    Column(
        "byte_counts",
        ARRAY(INTEGER),
        nullable=False,
        comment="Bytes of these rows, about as PostgreSQL stores them, without indexes and before compression",
    ),
    tenant_fk("plan_date", "plans.planning_runs", cascade=True),
    schema="plans",
    comment="What planning a cell has taken each time it was planned, phase by phase.",
)

# No frame: both are written and asked in SQL, see warehouse.input_changes and warehouse.unchanged_plans.
input_changes = Table(
    "input_changes",
    metadata,
    Column(
        "tenant_id",
        TEXT,
        nullable=False,
        comment="The bakery; *: all of them; empty: transactions before its are forgotten",
    ),
    Column("source", TEXT, nullable=False, comment="The table that was changed"),
    Column(
        "transaction_id",
        XID8,
        nullable=False,
        server_default=sql("pg_current_xact_id()"),
        comment="Transaction that changed it",
    ),
    PrimaryKeyConstraint("tenant_id", "transaction_id", "source"),
    schema="plans",
    comment="What has been changed of what plans are made from, a row for each transaction, bakery and table.",
)

plan_inputs = Table(
    "plan_inputs",
    metadata,
    Column("tenant_id", TEXT, primary_key=True, comment="The bakery"),
    Column("plan_date", Date, primary_key=True, comment="Local date that is planned"),
    Column("published_xid", XID8, nullable=False, comment="Transaction that wrote the cell's plan last"),
    Column("published_at", TIMESTAMP(timezone=True), nullable=False, comment="When that was"),
    Column(
        "facts_snapshot",
        Snapshot,
        comment="Transactions whose changes the plan may know; empty: it is not to be reused",
    ),
    Column("plans_snapshot", Snapshot, comment="Transactions whose plans of other days it may know"),
    Column("planned_as_of", TIMESTAMP(timezone=True), comment="Planning instant"),
    Column(
        "sales_until",
        TIMESTAMP(timezone=True),
        comment="Sales of days before that were recorded up to it count",
    ),
    Column("made_by", TEXT, comment="Code, settings and libraries, as a digest"),
    Column("watched_by", TEXT, comment="The database and its watch over changes, as a digest"),
    tenant_fk("plan_date", "plans.planning_runs", cascade=True),
    schema="plans",
    comment="What each cell's plan was made from, by which a plan that would be the same is known.",
)
