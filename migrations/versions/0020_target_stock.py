"""How much has to be ready for sale: target stock levels, the settings that choose them, and lots not worth baking.

What a shop needs follows from its target, no longer from the forecast; plans of before had no other target than that.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"

KINDS_BEFORE = (
    "planning_failed", "closed_today", "over_capacity", "not_ready", "planned_late", "baking_note",
    "master_data_fault", "order_today", "overdue_order", "late_delivery", "no_supplier", "stockout", "low_stock",
    "expiring", "stock_unrecorded", "stale_counts", "shrinkage", "unexplained_sales", "no_history", "no_forecast",
    "sales_missing", "forecast_off", "forecast_worsening",
)  # fmt: skip
_AFTER = KINDS_BEFORE.index("baking_note") + 1
NEW_KIND = "batch_not_worth_it"
KINDS = (*KINDS_BEFORE[:_AFTER], NEW_KIND, *KINDS_BEFORE[_AFTER:])

_DAY, _TIME, _NUMBER = "^(same_day|day_before)$", r"^([01]\d|2[0-3]):[0-5]\d$", r"^\d{1,9}(\.\d{1,6})?$"
_WHEN = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
SETTINGS_BEFORE = {
    "planning_day": _DAY,
    **{f"planning_day_{when}": _DAY for when in _WHEN},
    **{f"planning_time_{when}": _TIME for when in _WHEN},
    "opens": _TIME,
    "closes": _TIME,
    "replan_threshold": _NUMBER,
    "count_within_days": _NUMBER,
    "sales_due_hours": _NUMBER,
    "unexplained_limit": _NUMBER,
    "shrinkage_limit": _NUMBER,
}
NEW_SETTINGS = {
    "quantity_policy": "^(critical_ratio|buffer|service_level)$",
    "quantity_buffer": _NUMBER,
    "service_level": _NUMBER,
}
LAST_SETTING = {"issuing": "^(fefo|fifo)$"}

TARGET = (
    "What has to be ready for sale in the shop, by target_stock_levels, less what is sold; in whole pieces for products"
    " counted in pieces"
)
TARGET_BEFORE = (
    "What the shop still sells that day: the larger of forecast and orders, less what is sold; in whole pieces for"
    " products counted in pieces"
)
PUBLISHED_TARGET = "What was to be ready for sale in the shop on the plan date, less what was sold"
PUBLISHED_TARGET_BEFORE = "What the shop was to sell yet on the plan date, in the product's unit"
NEED = "{} - stock_usable, at least 0, in whole pieces for products counted in pieces"
EXTRA = "What the shop gets beyond its need of what lots are rounded up by, as it is likeliest to sell it"


def upgrade() -> None:
    op.create_table(
        "target_stock_levels",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("target_date", sa.Date(), nullable=False, comment="Day of sale"),
        _number("yhat", "Expected demand, in units; 0 on days on which it is not sold"),
        _number("orders", "Customer orders due, which are collected there"),
        sa.Column(
            "basis",
            sa.TEXT(),
            nullable=False,
            comment="Rule that chose the level: newsvendor, base_stock, buffer, service_level",
        ),
        _number("critical_ratio", "Critical ratio, (price - cost) / (price - salvage value), between 0 and 1"),
        _number("level", "Fraction of days on which demand stays at or below quantity_at_level"),
        sa.Column(
            "is_clamped",
            sa.Boolean(),
            nullable=False,
            comment="The level would lie beyond the outermost quantile of the forecast, which is used instead",
        ),
        sa.Column(
            "days_covered",
            sa.Integer(),
            nullable=False,
            comment="Days on which what is baked for the day can be sold, as far as there are forecasts",
        ),
        _number("quantity_at_level", "Demand at that level, in units"),
        _number("target_quantity", "The larger of quantity_at_level and orders, not rounded to pieces"),
        _number("expected_leftover", "What is left of it in the evening on average, in units"),
        _number("expected_lost", "Demand that it leaves unmet on average, in units"),
        sa.Column("reasoning", JSONB(), nullable=False, comment="Every term of the calculation"),
        sa.CheckConstraint(
            "basis IN ('newsvendor', 'base_stock', 'buffer', 'service_level')",
            name=op.f("target_stock_levels_basis_check"),
        ),
        *(
            sa.CheckConstraint(f"{name} <> ''", name=op.f(f"target_stock_levels_{name}_check"))
            for name in ("location_id", "product_id", "tenant_id")
        ),
        *(
            sa.CheckConstraint(f"{name} BETWEEN 0.0 AND 1.0", name=op.f(f"target_stock_levels_{name}_check"))
            for name in ("critical_ratio", "level")
        ),
        *(
            sa.CheckConstraint(f"{name} BETWEEN 0.0 AND 1000000000.0", name=op.f(f"target_stock_levels_{name}_check"))
            for name in (
                "yhat", "orders", "quantity_at_level", "target_quantity", "expected_leftover", "expected_lost",
            )
        ),
        sa.CheckConstraint("days_covered BETWEEN 1 AND 1000000", name=op.f("target_stock_levels_days_covered_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("target_stock_levels_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["ops.products.tenant_id", "ops.products.product_id"],
            name=op.f("target_stock_levels_tenant_id_product_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "location_id", "product_id", "target_date", name=op.f("target_stock_levels_pkey")
        ),
        schema="plans",
        comment="How much of each product has to be ready for sale in each shop, on each day of the horizon.",
    )  # fmt: skip
    _rename("distribution_plans", "demand", "target_quantity", TARGET)
    _rename("published_distributions", "demand", "target_quantity", PUBLISHED_TARGET)
    op.alter_column("distribution_plans", "need", comment=NEED.format("target_quantity"), schema="plans")
    op.add_column(
        "distribution_plans",
        sa.Column("extra", sa.DOUBLE_PRECISION(), nullable=False, comment=EXTRA, server_default="0"),
        schema="plans",
    )
    op.alter_column("distribution_plans", "extra", server_default=None, schema="plans")
    op.create_check_constraint(
        op.f("distribution_plans_extra_check"),
        "distribution_plans",
        "extra BETWEEN 0.0 AND 1000000000.0",
        schema="plans",
    )
    _allow_kinds(KINDS)
    _allow_settings({**SETTINGS_BEFORE, **NEW_SETTINGS, **LAST_SETTING})


def downgrade() -> None:
    op.execute(f"DELETE FROM ops.tenant_settings WHERE key IN ({_listed(tuple(NEW_SETTINGS))})")  # noqa: S608
    _allow_settings({**SETTINGS_BEFORE, **LAST_SETTING})
    op.execute(f"DELETE FROM plans.findings WHERE kind = '{NEW_KIND}'")  # noqa: S608
    op.execute(f"DELETE FROM plans.alerts WHERE kind = '{NEW_KIND}'")  # noqa: S608
    _allow_kinds(KINDS_BEFORE)
    op.drop_column("distribution_plans", "extra", schema="plans")
    op.alter_column("distribution_plans", "need", comment=NEED.format("demand"), schema="plans")
    _rename("published_distributions", "target_quantity", "demand", PUBLISHED_TARGET_BEFORE)
    _rename("distribution_plans", "target_quantity", "demand", TARGET_BEFORE)
    op.drop_table("target_stock_levels", schema="plans")


def _number(name: str, meaning: str) -> sa.Column[float]:
    return sa.Column(name, sa.DOUBLE_PRECISION(), nullable=False, comment=meaning)


def _rename(table: str, before: str, after: str, meaning: str) -> None:
    """Rename a column and the constraints that are named after it; from PostgreSQL 18 on NOT NULL is one."""
    op.alter_column(table, before, new_column_name=after, schema="plans")
    op.alter_column(table, after, comment=meaning, schema="plans")
    for kind in ("check", "not_null"):
        query = sa.text("SELECT FROM pg_constraint WHERE conrelid = CAST(:table AS regclass) AND conname = :name")
        named = {"table": f"plans.{table}", "name": f"{table}_{before}_{kind}"}
        if op.get_bind().execute(query, named).first() is not None:
            op.execute(f"ALTER TABLE plans.{table} RENAME CONSTRAINT {table}_{before}_{kind} TO {table}_{after}_{kind}")


def _allow_settings(patterns: dict[str, str]) -> None:
    name = op.f("tenant_settings_value_fits_key_check")
    cases = " ".join(f"WHEN '{key}' THEN value ~ '{pattern}'" for key, pattern in patterns.items())
    op.drop_constraint(name, "tenant_settings", schema="ops", type_="check")
    op.create_check_constraint(name, "tenant_settings", f"CASE key {cases} ELSE false END", schema="ops")


def _allow_kinds(kinds: tuple[str, ...]) -> None:
    for table in ("findings", "alerts"):
        name = op.f(f"{table}_kind_check")
        op.drop_constraint(name, table, schema="plans", type_="check")
        op.create_check_constraint(name, table, f"kind IN ({_listed(kinds)})", schema="plans")
        op.alter_column(table, "kind", comment=f"What it is about: {', '.join(kinds)}", schema="plans")


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)
