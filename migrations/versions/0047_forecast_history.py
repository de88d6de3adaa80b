"""What was forecast stays when forecasts are no longer kept in full, one row a plan, and is read by lead."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0047"
down_revision = "0046"

VIEW = "Expected demand of every plan, by how many days ahead it was forecast, as long as plans go back"
FORECASTS = "Units expected on the plan date and each day after it, by location and product; view: forecasts_by_lead"


def upgrade() -> None:
    op.create_table(
        "forecast_history",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that was planned"),
        sa.Column("forecasts", JSONB(), nullable=False, comment=FORECASTS),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("forecast_history_tenant_id_check")),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", name="forecast_history_pkey"),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name="forecast_history_tenant_id_fkey"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name="forecast_history_tenant_id_plan_date_fkey",
            ondelete="CASCADE",
        ),
        schema="plans",
        comment="Expected demand by plans whose forecasts are no longer kept in full, one row a plan.",
    )
    op.execute(
        "CREATE VIEW plans.forecasts_by_lead WITH (security_invoker = true) AS"
        " SELECT tenant_id, plan_date, location_id, product_id, target_date - plan_date AS lead_days, target_date, yhat"
        " FROM plans.demand_forecasts UNION ALL"
        " SELECT h.tenant_id, h.plan_date, shop.key, product.key, (day.number - 1)::int,"
        " h.plan_date + (day.number - 1)::int, day.yhat::float8"
        " FROM plans.forecast_history h CROSS JOIN LATERAL jsonb_each(h.forecasts) shop"
        " CROSS JOIN LATERAL jsonb_each(shop.value) product"
        " CROSS JOIN LATERAL jsonb_array_elements_text(product.value) WITH ORDINALITY day (yhat, number)"
        " WHERE NOT EXISTS (SELECT FROM plans.demand_forecasts f"
        " WHERE f.tenant_id = h.tenant_id AND f.plan_date = h.plan_date)"
    )
    op.execute(f"COMMENT ON VIEW plans.forecasts_by_lead IS '{VIEW}'")


def downgrade() -> None:
    op.execute("DROP VIEW plans.forecasts_by_lead")
    op.drop_table("forecast_history", schema="plans")
