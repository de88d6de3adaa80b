"""Validation by lead time, place and product, and of overrides."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for column, kind, comment in (
        ("mase", "double precision", "Mean over the rows of error over scale (see validation_results), absolute"),
        ("pinball", "double precision", "Mean pinball loss of the five quantiles over sum of sales, as a fraction"),
        (
            "lead_days",
            "integer",
            "Days from the forecast that is judged here to the day: 0, made that morning; empty: none",
        ),
        (
            "sold_out_series",
            "integer",
            "Of the rows, those that sold out: what would have sold is not known, so no measure counts them",
        ),
        (
            "wape_7d",
            "double precision",
            "WAPE of the last 7 validated days together, this one included; empty: there are fewer",
        ),
        ("wape_7d_before", "double precision", "WAPE of the 7 validated days before these; empty: there are fewer"),
        (
            "trend",
            "text",
            "wape_7d against wape_7d_before, stable within 5% of it: improving, stable, worsening, unknown",
        ),
    ):
        op.execute(f"ALTER TABLE plans.validation_runs ADD COLUMN {column} {kind}")
        op.alter_column("validation_runs", column, schema="plans", comment=comment)
    # Checks made before say nothing of these.
    op.execute("UPDATE plans.validation_runs SET sold_out_series = 0, trend = 'unknown'")
    for column in ("sold_out_series", "trend"):
        op.alter_column("validation_runs", column, nullable=False, schema="plans")
    for column in ("mase", "pinball", "wape_7d", "wape_7d_before"):
        op.create_check_constraint(
            op.f(f"validation_runs_{column}_check"),
            "validation_runs",
            f"{column} BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            schema="plans",
        )
    for column in ("lead_days", "sold_out_series"):
        op.create_check_constraint(
            op.f(f"validation_runs_{column}_check"),
            "validation_runs",
            f"{column} BETWEEN 0 AND 1000000",
            schema="plans",
        )
    op.create_check_constraint(
        op.f("validation_runs_trend_check"),
        "validation_runs",
        "trend IN ('improving', 'stable', 'worsening', 'unknown')",
        schema="plans",
    )

    for column, kind, comment in (
        ("is_sold_out", "boolean", "It sold out: the sales are less than was asked for"),
        (
            "scale",
            "double precision",
            "Mean absolute difference of the series' sales to a week before, over the 8 weeks before the day;"
            " empty: not defined",
        ),
    ):
        op.execute(f"ALTER TABLE plans.validation_results ADD COLUMN {column} {kind}")
        op.alter_column("validation_results", column, schema="plans", comment=comment)
    op.execute("UPDATE plans.validation_results SET is_sold_out = false")
    op.alter_column("validation_results", "is_sold_out", nullable=False, schema="plans")
    op.create_check_constraint(
        op.f("validation_results_scale_check"),
        "validation_results",
        "scale BETWEEN 0.0 AND 1000000000.0",
        schema="plans",
    )

    op.create_table(
        "validation_leads",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("validation_date", sa.DATE(), nullable=False, comment="Day that is checked"),
        sa.Column(
            "lead_days",
            sa.INTEGER(),
            nullable=False,
            comment="Days from the plan that made the forecast to the day; 0: that morning's plan",
        ),
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
            "mase",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Mean over the rows of error over scale (see validation_results), absolute",
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
        sa.Column(
            "pinball",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Mean pinball loss of the five quantiles over sum of sales, as a fraction",
        ),
        sa.Column("forecasts_evaluated", sa.INTEGER(), nullable=False, comment="Forecast rows compared"),
        sa.Column("forecasts_with_actuals", sa.INTEGER(), nullable=False, comment="Of these, rows with recorded sales"),
        sa.Column(
            "sold_out_series",
            sa.INTEGER(),
            nullable=False,
            comment="Of these, rows that sold out, which no measure counts",
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("validation_leads_tenant_id_check")),
        sa.CheckConstraint(
            "accuracy_pct BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("validation_leads_accuracy_pct_check"),
        ),
        sa.CheckConstraint(
            "bias BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_leads_bias_check")
        ),
        sa.CheckConstraint("coverage_pct BETWEEN 0.0 AND 100.0", name=op.f("validation_leads_coverage_pct_check")),
        sa.CheckConstraint(
            "forecasts_evaluated BETWEEN 0 AND 1000000", name=op.f("validation_leads_forecasts_evaluated_check")
        ),
        sa.CheckConstraint(
            "forecasts_with_actuals BETWEEN 0 AND 1000000", name=op.f("validation_leads_forecasts_with_actuals_check")
        ),
        sa.CheckConstraint("lead_days BETWEEN 0 AND 1000000", name=op.f("validation_leads_lead_days_check")),
        sa.CheckConstraint(
            "mae BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_leads_mae_check")
        ),
        sa.CheckConstraint(
            "mape BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_leads_mape_check")
        ),
        sa.CheckConstraint(
            "mase BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_leads_mase_check")
        ),
        sa.CheckConstraint(
            "pinball BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_leads_pinball_check")
        ),
        sa.CheckConstraint(
            "r2 BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_leads_r2_check")
        ),
        sa.CheckConstraint(
            "rmse BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_leads_rmse_check")
        ),
        sa.CheckConstraint(
            "sold_out_series BETWEEN 0 AND 1000000", name=op.f("validation_leads_sold_out_series_check")
        ),
        sa.CheckConstraint(
            "wape BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_leads_wape_check")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date", "validation_date"],
            [
                "plans.validation_runs.tenant_id",
                "plans.validation_runs.plan_date",
                "plans.validation_runs.validation_date",
            ],
            name=op.f("validation_leads_tenant_id_plan_date_validation_date_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("validation_leads_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "validation_date", "lead_days", name=op.f("validation_leads_pkey")
        ),
        schema="plans",
        comment="How good a past day's forecasts were, by how long before they were made.",
    )
    op.create_table(
        "validation_locations",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("validation_date", sa.DATE(), nullable=False, comment="Day that is checked"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen"),
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
            "mase",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Mean over the rows of error over scale (see validation_results), absolute",
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
        sa.Column(
            "pinball",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Mean pinball loss of the five quantiles over sum of sales, as a fraction",
        ),
        sa.Column("forecasts_evaluated", sa.INTEGER(), nullable=False, comment="Forecast rows compared"),
        sa.Column("forecasts_with_actuals", sa.INTEGER(), nullable=False, comment="Of these, rows with recorded sales"),
        sa.Column(
            "sold_out_series",
            sa.INTEGER(),
            nullable=False,
            comment="Of these, rows that sold out, which no measure counts",
        ),
        sa.CheckConstraint("location_id <> ''", name=op.f("validation_locations_location_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("validation_locations_tenant_id_check")),
        sa.CheckConstraint(
            "accuracy_pct BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("validation_locations_accuracy_pct_check"),
        ),
        sa.CheckConstraint(
            "bias BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_locations_bias_check")
        ),
        sa.CheckConstraint("coverage_pct BETWEEN 0.0 AND 100.0", name=op.f("validation_locations_coverage_pct_check")),
        sa.CheckConstraint(
            "forecasts_evaluated BETWEEN 0 AND 1000000", name=op.f("validation_locations_forecasts_evaluated_check")
        ),
        sa.CheckConstraint(
            "forecasts_with_actuals BETWEEN 0 AND 1000000",
            name=op.f("validation_locations_forecasts_with_actuals_check"),
        ),
        sa.CheckConstraint(
            "mae BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_locations_mae_check")
        ),
        sa.CheckConstraint(
            "mape BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_locations_mape_check")
        ),
        sa.CheckConstraint(
            "mase BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_locations_mase_check")
        ),
        sa.CheckConstraint(
            "pinball BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("validation_locations_pinball_check"),
        ),
        sa.CheckConstraint(
            "r2 BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_locations_r2_check")
        ),
        sa.CheckConstraint(
            "rmse BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_locations_rmse_check")
        ),
        sa.CheckConstraint(
            "sold_out_series BETWEEN 0 AND 1000000", name=op.f("validation_locations_sold_out_series_check")
        ),
        sa.CheckConstraint(
            "wape BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_locations_wape_check")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("validation_locations_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date", "validation_date"],
            [
                "plans.validation_runs.tenant_id",
                "plans.validation_runs.plan_date",
                "plans.validation_runs.validation_date",
            ],
            name=op.f("validation_locations_tenant_id_plan_date_validation_date_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("validation_locations_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "validation_date", "location_id", name=op.f("validation_locations_pkey")
        ),
        schema="plans",
        comment="A past day's forecast against what sold, by shop.",
    )
    op.create_table(
        "validation_products",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("validation_date", sa.DATE(), nullable=False, comment="Day that is checked"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
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
            "mase",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Mean over the rows of error over scale (see validation_results), absolute",
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
        sa.Column(
            "pinball",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="Mean pinball loss of the five quantiles over sum of sales, as a fraction",
        ),
        sa.Column("forecasts_evaluated", sa.INTEGER(), nullable=False, comment="Forecast rows compared"),
        sa.Column("forecasts_with_actuals", sa.INTEGER(), nullable=False, comment="Of these, rows with recorded sales"),
        sa.Column(
            "sold_out_series",
            sa.INTEGER(),
            nullable=False,
            comment="Of these, rows that sold out, which no measure counts",
        ),
        sa.Column(
            "wape_28d",
            sa.DOUBLE_PRECISION(),
            nullable=True,
            comment="WAPE of its rows of the 28 days up to this one together; empty: nothing sold",
        ),
        sa.Column("mape_28d", sa.DOUBLE_PRECISION(), nullable=True, comment="MAPE of the same rows"),
        sa.Column("days_28d", sa.INTEGER(), nullable=False, comment="Days among these that count"),
        sa.Column(
            "rank_best",
            sa.INTEGER(),
            nullable=True,
            comment="1: smallest wape_28d of the bakery's products; empty: not among the best five",
        ),
        sa.Column(
            "rank_worst",
            sa.INTEGER(),
            nullable=True,
            comment="1: largest wape_28d of the bakery's products; empty: not among the worst five",
        ),
        sa.CheckConstraint("product_id <> ''", name=op.f("validation_products_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("validation_products_tenant_id_check")),
        sa.CheckConstraint(
            "accuracy_pct BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("validation_products_accuracy_pct_check"),
        ),
        sa.CheckConstraint(
            "bias BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_products_bias_check")
        ),
        sa.CheckConstraint("coverage_pct BETWEEN 0.0 AND 100.0", name=op.f("validation_products_coverage_pct_check")),
        sa.CheckConstraint("days_28d BETWEEN 0 AND 1000000", name=op.f("validation_products_days_28d_check")),
        sa.CheckConstraint(
            "forecasts_evaluated BETWEEN 0 AND 1000000", name=op.f("validation_products_forecasts_evaluated_check")
        ),
        sa.CheckConstraint(
            "forecasts_with_actuals BETWEEN 0 AND 1000000",
            name=op.f("validation_products_forecasts_with_actuals_check"),
        ),
        sa.CheckConstraint(
            "mae BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_products_mae_check")
        ),
        sa.CheckConstraint(
            "mape BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_products_mape_check")
        ),
        sa.CheckConstraint(
            "mape_28d BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("validation_products_mape_28d_check"),
        ),
        sa.CheckConstraint(
            "mase BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_products_mase_check")
        ),
        sa.CheckConstraint(
            "pinball BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_products_pinball_check")
        ),
        sa.CheckConstraint(
            "r2 BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_products_r2_check")
        ),
        sa.CheckConstraint("rank_best BETWEEN 1 AND 1000000", name=op.f("validation_products_rank_best_check")),
        sa.CheckConstraint("rank_worst BETWEEN 1 AND 1000000", name=op.f("validation_products_rank_worst_check")),
        sa.CheckConstraint(
            "rmse BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_products_rmse_check")
        ),
        sa.CheckConstraint(
            "sold_out_series BETWEEN 0 AND 1000000", name=op.f("validation_products_sold_out_series_check")
        ),
        sa.CheckConstraint(
            "wape BETWEEN -1000000000000000.0 AND 1000000000000000.0", name=op.f("validation_products_wape_check")
        ),
        sa.CheckConstraint(
            "wape_28d BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("validation_products_wape_28d_check"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date", "validation_date"],
            [
                "plans.validation_runs.tenant_id",
                "plans.validation_runs.plan_date",
                "plans.validation_runs.validation_date",
            ],
            name=op.f("validation_products_tenant_id_plan_date_validation_date_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("validation_products_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("validation_products_tenant_id_product_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "validation_date", "product_id", name=op.f("validation_products_pkey")
        ),
        schema="plans",
        comment="A past day's forecast against what sold, by product over all shops, and who does best.",
    )
    op.create_table(
        "override_scores",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.DATE(), nullable=False, comment="Local date that is planned"),
        sa.Column("validation_date", sa.DATE(), nullable=False, comment="Day that is checked"),
        sa.Column("override_id", sa.TEXT(), nullable=False, comment="The override"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("who", sa.TEXT(), nullable=True, comment="Who said so"),
        sa.Column("reason", sa.TEXT(), nullable=True, comment="Why"),
        sa.Column(
            "locations",
            sa.INTEGER(),
            nullable=False,
            comment="Shops that traded and whose forecasts it changed; the figures are their sums",
        ),
        sa.Column("yhat", sa.DOUBLE_PRECISION(), nullable=False, comment="Forecast with the override, in units"),
        sa.Column("system_yhat", sa.DOUBLE_PRECISION(), nullable=False, comment="Forecast without it, in units"),
        sa.Column("actual", sa.DOUBLE_PRECISION(), nullable=False, comment="Sales, net of refunds"),
        sa.Column(
            "human_error", sa.DOUBLE_PRECISION(), nullable=False, comment="Forecast with the override minus sales"
        ),
        sa.Column("system_error", sa.DOUBLE_PRECISION(), nullable=False, comment="Forecast without it minus sales"),
        sa.Column("nearer", sa.TEXT(), nullable=False, comment="Whose error was smaller: human, system, tie"),
        sa.CheckConstraint("nearer IN ('human', 'system', 'tie')", name=op.f("override_scores_nearer_check")),
        sa.CheckConstraint("override_id <> ''", name=op.f("override_scores_override_id_check")),
        sa.CheckConstraint("product_id <> ''", name=op.f("override_scores_product_id_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("override_scores_tenant_id_check")),
        sa.CheckConstraint("actual BETWEEN -1000000000.0 AND 1000000000.0", name=op.f("override_scores_actual_check")),
        sa.CheckConstraint(
            "human_error BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("override_scores_human_error_check"),
        ),
        sa.CheckConstraint("locations BETWEEN 0 AND 1000000", name=op.f("override_scores_locations_check")),
        sa.CheckConstraint(
            "system_error BETWEEN -1000000000000000.0 AND 1000000000000000.0",
            name=op.f("override_scores_system_error_check"),
        ),
        sa.CheckConstraint("system_yhat BETWEEN 0.0 AND 1000000000.0", name=op.f("override_scores_system_yhat_check")),
        sa.CheckConstraint("yhat BETWEEN 0.0 AND 1000000000.0", name=op.f("override_scores_yhat_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date", "validation_date"],
            [
                "plans.validation_runs.tenant_id",
                "plans.validation_runs.plan_date",
                "plans.validation_runs.validation_date",
            ],
            name=op.f("override_scores_tenant_id_plan_date_validation_date_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("override_scores_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("override_scores_tenant_id_product_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "validation_date", "override_id", name=op.f("override_scores_pkey")
        ),
        schema="plans",
        comment="Who was nearer: the person who overrode a forecast, or the system.",
    )


def downgrade() -> None:
    for table in ("override_scores", "validation_products", "validation_locations", "validation_leads"):
        op.drop_table(table, schema="plans")
    for column in ("is_sold_out", "scale"):
        op.drop_column("validation_results", column, schema="plans")
    for column in ("mase", "pinball", "lead_days", "sold_out_series", "wape_7d", "wape_7d_before", "trend"):
        op.drop_column("validation_runs", column, schema="plans")
