"""Whether shops open on holidays, by what evidence, and what most shops of a country do; findings that ask about it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"

KINDS_BEFORE = (
    "planning_failed", "closed_today", "over_capacity", "not_ready", "planned_late", "baking_note",
    "batch_not_worth_it", "master_data_fault", "order_today", "overdue_order", "late_delivery", "no_supplier",
    "stockout", "low_stock", "expiring", "stock_unrecorded", "stale_counts", "shrinkage", "unexplained_sales",
    "no_history", "no_forecast", "sales_missing", "forecast_off", "forecast_worsening",
)  # fmt: skip
NEW_KIND = "holiday_unconfirmed"
KINDS = (*KINDS_BEFORE, NEW_KIND)
EVIDENCE = ("calendar", "opening_hours", "own_past", "other_holidays", "sister_shops", "country", "none")
COUNTS = {
    "times_seen": "Times that the shop met this holiday on a weekday on which it opens",
    "times_closed": "Times that it was closed then",
    "sisters_seen": "Times that the tenant's other shops met it",
    "sisters_closed": "Times that they were closed then",
}
COUNTRY_FRACTION = (
    "Shops of the tenant's country that are closed on it, as a fraction, of all tenants that were trained on; empty:"
    " not known of five tenants"
)
CLOSINGS = "Fraction of shops closed on each holiday, of each country with enough tenants"


def upgrade() -> None:
    op.create_table(
        "holiday_openings",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen"),
        sa.Column("target_date", sa.Date(), nullable=False, comment="The holiday; the plan date is the first day"),
        sa.Column("holiday", sa.TEXT(), nullable=False, comment="Its name"),
        sa.Column(
            "is_open",
            sa.Boolean(),
            nullable=False,
            comment="The shop is expected to open; where it is not, the forecast is 0",
        ),
        sa.Column(
            "evidence", sa.TEXT(), nullable=False, comment=f"By what, the first that tells: {', '.join(EVIDENCE)}"
        ),
        *(sa.Column(name, sa.Integer(), nullable=False, comment=meaning) for name, meaning in COUNTS.items()),
        sa.Column("country_closed_fraction", sa.DOUBLE_PRECISION(), nullable=True, comment=COUNTRY_FRACTION),
        sa.Column(
            "country_tenants", sa.Integer(), nullable=True, comment="Tenants that this is known of, each counting alike"
        ),
        sa.CheckConstraint(f"evidence IN ({_listed(EVIDENCE)})", name=op.f("holiday_openings_evidence_check")),
        *(
            sa.CheckConstraint(f"{name} <> ''", name=op.f(f"holiday_openings_{name}_check"))
            for name in ("holiday", "location_id", "tenant_id")
        ),
        sa.CheckConstraint(
            "country_closed_fraction BETWEEN 0.0 AND 1.0",
            name=op.f("holiday_openings_country_closed_fraction_check"),
        ),
        *(
            sa.CheckConstraint(f"{name} BETWEEN 0 AND 1000000", name=op.f(f"holiday_openings_{name}_check"))
            for name in (*COUNTS, "country_tenants")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["ops.locations.tenant_id", "ops.locations.location_id"],
            name=op.f("holiday_openings_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("holiday_openings_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "location_id", "target_date", name=op.f("holiday_openings_pkey")
        ),
        schema="plans",
        comment="Whether each shop is expected to open on the holidays of the next seven days, and by what evidence.",
    )
    closings = sa.Column("holiday_closings", postgresql.JSONB(), nullable=False, server_default="[]", comment=CLOSINGS)
    op.add_column("boosters", closings, schema="plans")
    op.alter_column("boosters", "holiday_closings", server_default=None, schema="plans")
    _allow_kinds(KINDS)


def downgrade() -> None:
    op.execute(f"DELETE FROM plans.findings WHERE kind = '{NEW_KIND}'")  # noqa: S608
    op.execute(f"DELETE FROM plans.alerts WHERE kind = '{NEW_KIND}'")  # noqa: S608
    _allow_kinds(KINDS_BEFORE)
    op.drop_column("boosters", "holiday_closings", schema="plans")
    op.drop_table("holiday_openings", schema="plans")


def _allow_kinds(kinds: tuple[str, ...]) -> None:
    for table in ("findings", "alerts"):
        name = op.f(f"{table}_kind_check")
        op.drop_constraint(name, table, schema="plans", type_="check")
        op.create_check_constraint(name, table, f"kind IN ({_listed(kinds)})", schema="plans")
        op.alter_column(table, "kind", comment=f"What it is about: {', '.join(kinds)}", schema="plans")


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)
