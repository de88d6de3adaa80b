"""Trained models as data, and the retraining that makes them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "boosters",
        sa.Column("booster_id", sa.TEXT(), nullable=False, comment="Digest of the trees"),
        sa.Column("trained_through", sa.DATE(), nullable=False, comment="Last day of sales it has seen"),
        sa.Column("trained_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When it was fitted"),
        sa.Column("trees", sa.TEXT(), nullable=False, comment="The trees in LightGBM's own text format"),
        sa.Column(
            "holdout_trees",
            sa.TEXT(),
            nullable=False,
            comment="The same fitted without the last weeks, on which models are compared",
        ),
        sa.Column("holdout_from", sa.DATE(), nullable=False, comment="First day the holdout trees have not seen"),
        sa.Column(
            "parameters",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Features, settings, sample and library version",
        ),
        sa.CheckConstraint("booster_id <> ''", name=op.f("boosters_booster_id_check")),
        sa.PrimaryKeyConstraint("booster_id", name=op.f("boosters_pkey")),
        schema="plans",
        comment="Boosted trees fitted on a sample of all tenants' series; they hold no tenant's rows.",
    )
    op.create_table(
        "model_versions",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("model_version", sa.TEXT(), nullable=False, comment="The version"),
        sa.Column("role", sa.TEXT(), nullable=False, comment="What it is: champion, challenger, retired, rolled_back"),
        sa.Column("trained_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When it was trained"),
        sa.Column(
            "trained_as_of",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="Facts recorded up to this instant were used",
        ),
        sa.Column("trained_through", sa.DATE(), nullable=False, comment="Last day of sales it has seen"),
        sa.Column("booster_id", sa.TEXT(), nullable=True, comment="Trees it uses; empty: none"),
        sa.Column(
            "effects",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What special days sell, closing days learnt, error quantiles of the tenant",
        ),
        sa.Column(
            "facts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What it was trained on: series, days, digest",
        ),
        sa.Column("libraries", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="Library versions"),
        sa.Column(
            "scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="Backtest scores by model"
        ),
        sa.Column(
            "champion_from",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Planning instants from here on use it; empty: none does",
        ),
        sa.Column(
            "champion_until",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Planning instants from here on do not; empty: they do",
        ),
        sa.CheckConstraint("model_version <> ''", name=op.f("model_versions_model_version_check")),
        sa.CheckConstraint(
            "role IN ('champion', 'challenger', 'retired', 'rolled_back')", name=op.f("model_versions_role_check")
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("model_versions_tenant_id_check")),
        sa.ForeignKeyConstraint(
            ["booster_id"], ["plans.boosters.booster_id"], name=op.f("model_versions_booster_id_fkey")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("model_versions_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "model_version", name=op.f("model_versions_pkey")),
        schema="plans",
        comment="Trained models of a tenant; the champion makes its forecasts.",
    )
    op.create_index(
        "model_versions_one_champion",
        "model_versions",
        ["tenant_id"],
        unique=True,
        schema="plans",
        postgresql_where=sa.text("role = 'champion'"),
    )
    op.create_table(
        "retraining_runs",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("retraining_id", sa.TEXT(), nullable=False, comment="The retraining"),
        sa.Column(
            "state",
            sa.TEXT(),
            nullable=False,
            comment="How far it is: requested, running, not_needed, gated, promoted, not_better, confirmed, rolled_back, failed",
        ),
        sa.Column("requested_by", sa.TEXT(), nullable=False, comment="Who asked: schedule, person"),
        sa.Column("requested_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When"),
        sa.Column(
            "trained_as_of",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="Facts recorded up to this instant count",
        ),
        sa.Column("series", sa.INTEGER(), nullable=False, comment="Series the tenant has"),
        sa.Column("series_triggered", sa.INTEGER(), nullable=False, comment="Of these, series with a trigger"),
        sa.Column("old_version", sa.TEXT(), nullable=True, comment="Champion before"),
        sa.Column("new_version", sa.TEXT(), nullable=True, comment="Version trained"),
        sa.Column(
            "gate", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What the data-quality gate found"
        ),
        sa.Column(
            "backtest_wape_old",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Backtest WAPE of the old champion, as a fraction",
        ),
        sa.Column(
            "backtest_wape_new",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Backtest WAPE of the new version, as a fraction",
        ),
        sa.Column(
            "days_reviewed",
            sa.INTEGER(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Days after the promotion compared so far",
        ),
        sa.Column(
            "live_wape_old",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="WAPE the old version would have had on these days",
        ),
        sa.Column(
            "live_wape_new", sa.DOUBLE_PRECISION(), nullable=True, comment="WAPE of the new version on these days"
        ),
        sa.Column("reason", sa.TEXT(), nullable=True, comment="Why it ended as it did"),
        sa.Column("dagster_run_id", sa.TEXT(), nullable=True, comment="Run that did it"),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="When it ended"),
        sa.CheckConstraint("requested_by IN ('schedule', 'person')", name=op.f("retraining_runs_requested_by_check")),
        sa.CheckConstraint("retraining_id <> ''", name=op.f("retraining_runs_retraining_id_check")),
        sa.CheckConstraint(
            "state IN ('requested', 'running', 'not_needed', 'gated', 'promoted', 'not_better', 'confirmed', 'rolled_back', 'failed')",
            name=op.f("retraining_runs_state_check"),
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("retraining_runs_tenant_id_check")),
        sa.CheckConstraint(
            "backtest_wape_new BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("retraining_runs_backtest_wape_new_check"),
        ),
        sa.CheckConstraint(
            "backtest_wape_old BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("retraining_runs_backtest_wape_old_check"),
        ),
        sa.CheckConstraint("days_reviewed BETWEEN 0 AND 1000000", name=op.f("retraining_runs_days_reviewed_check")),
        sa.CheckConstraint(
            "live_wape_new BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("retraining_runs_live_wape_new_check"),
        ),
        sa.CheckConstraint(
            "live_wape_old BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("retraining_runs_live_wape_old_check"),
        ),
        sa.CheckConstraint("series BETWEEN 0 AND 1000000", name=op.f("retraining_runs_series_check")),
        sa.CheckConstraint(
            "series_triggered BETWEEN 0 AND 1000000", name=op.f("retraining_runs_series_triggered_check")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("retraining_runs_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "retraining_id", name=op.f("retraining_runs_pkey")),
        schema="plans",
        comment="Every retraining of a tenant's models: why, how it went, whether it helped.",
    )
    op.create_table(
        "retraining_triggers",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("retraining_id", sa.TEXT(), nullable=False, comment="The retraining"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column(
            "kind", sa.TEXT(), nullable=False, comment="What set it off: mape, mape_rise, age, request, no_model"
        ),
        sa.Column(
            "value",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="The measured number: a fraction for MAPE, days for age",
        ),
        sa.Column("threshold", sa.DOUBLE_PRECISION(), nullable=True, comment="What it was compared with"),
        sa.Column("explanation", sa.TEXT(), nullable=False, comment="In a sentence"),
        sa.CheckConstraint(
            "kind IN ('mape', 'mape_rise', 'age', 'request', 'no_model')", name=op.f("retraining_triggers_kind_check")
        ),
        sa.CheckConstraint("location_id <> ''", name=op.f("retraining_triggers_location_id_check")),
        sa.CheckConstraint("product_id <> ''", name=op.f("retraining_triggers_product_id_check")),
        sa.CheckConstraint("retraining_id <> ''", name=op.f("retraining_triggers_retraining_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("retraining_triggers_tenant_id_check")),
        sa.CheckConstraint(
            "threshold BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("retraining_triggers_threshold_check"),
        ),
        sa.CheckConstraint(
            "value BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("retraining_triggers_value_check")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("retraining_triggers_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("retraining_triggers_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "retraining_id"],
            ["plans.retraining_runs.tenant_id", "plans.retraining_runs.retraining_id"],
            name=op.f("retraining_triggers_tenant_id_retraining_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("retraining_triggers_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "retraining_id", "location_id", "product_id", "kind", name=op.f("retraining_triggers_pkey")
        ),
        schema="plans",
        comment="Why a series was to be retrained, with the numbers.",
    )
    op.create_table(
        "series_models",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("model_version", sa.TEXT(), nullable=False, comment="The version"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("model", sa.TEXT(), nullable=False, comment="Model chosen by backtest"),
        sa.Column(
            "parameters",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What the model needs to be applied: weights, smoothing, levels",
        ),
        sa.Column(
            "error_quantiles",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Quantiles of relative errors, by level",
        ),
        sa.Column(
            "scores",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Backtest scores of the models compared",
        ),
        sa.CheckConstraint("location_id <> ''", name=op.f("series_models_location_id_check")),
        sa.CheckConstraint("model_version <> ''", name=op.f("series_models_model_version_check")),
        sa.CheckConstraint("product_id <> ''", name=op.f("series_models_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("series_models_tenant_id_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("series_models_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "model_version"],
            ["plans.model_versions.tenant_id", "plans.model_versions.model_version"],
            name=op.f("series_models_tenant_id_model_version_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("series_models_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("series_models_tenant_id_fkey")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "model_version", "location_id", "product_id", name=op.f("series_models_pkey")
        ),
        schema="plans",
        comment="The model chosen for each series of a model version, as data.",
    )

    op.alter_column(
        "demand_forecasts", "yhat", schema="plans", comment="Expected demand, in units; a human override counts"
    )
    op.execute("ALTER TABLE plans.demand_forecasts ADD COLUMN system_yhat double precision")
    op.execute("UPDATE plans.demand_forecasts SET system_yhat = yhat")
    op.alter_column(
        "demand_forecasts",
        "system_yhat",
        nullable=False,
        schema="plans",
        comment="Expected demand without the human override, in units",
    )
    op.create_check_constraint(
        op.f("demand_forecasts_system_yhat_check"),
        "demand_forecasts",
        "system_yhat BETWEEN 0.0 AND 1000000000.0",
        schema="plans",
    )


def downgrade() -> None:
    op.drop_column("demand_forecasts", "system_yhat", schema="plans")
    for table in ("retraining_triggers", "retraining_runs", "series_models", "model_versions", "boosters"):
        op.drop_table(table, schema="plans")
