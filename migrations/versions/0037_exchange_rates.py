"""Exchange rates, and for how long they and overdue orders count."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

revision = "0037"
down_revision = "0035"

NUMBER = r"^\d{1,9}(\.\d{1,6})?$"
SETTINGS = {"exchange_rate_days": NUMBER, "overdue_grace_days": NUMBER}
COMMENTS = (
    (
        "procurement_plans", "total_cost", "Cost of the orders that are priced in the tenant's currency, in this currency",
        "Cost of the orders in the tenant's currency, without those in a currency of which no exchange rate is known",
    ),
    (
        "procurement_plans", "costs_in_other_currencies",
        "Cost of the orders in other currencies, an amount for each currency",
        "Cost of the orders in currencies without an exchange rate, an amount for each currency",
    ),
    (
        "daily_summaries", "order_cost_14d", "Cost of those of these orders that are priced in the tenant's currency",
        "Cost of these orders in the tenant's currency, without those in a currency of which no exchange rate is known",
    ),
    (
        "stock_movements", "value",
        "Of an adjustment, of waste and of what expires: quantity times price, in the tenant's currency. The price is"
        " that of an ingredient's cheapest offer in that currency, or a product's unit cost, as entered when it was"
        " planned; empty: there is none",
        "Of an adjustment, of waste and of what expires: quantity times price, in the tenant's currency. The price is"
        " that of an ingredient's cheapest offer, by the exchange rate of the plan date, or a product's unit cost, as"
        " entered when it was planned; empty: there is none",
    ),
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "exchange_rates",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("currency", sa.TEXT(), nullable=False, comment="ISO 4217 code of the other currency"),
        sa.Column("date", sa.Date(), nullable=False, comment="First day on which it holds"),
        sa.Column(
            "rate", DOUBLE_PRECISION(), nullable=False, comment="What one unit of it is worth in the tenant's currency"
        ),
        sa.Column(
            "recorded_at",
            sa.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When we learned this; a plan uses what was recorded by its planning instant",
        ),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("exchange_rates_tenant_id_check")),
        sa.CheckConstraint("currency <> ''", name=op.f("exchange_rates_currency_check")),
        sa.CheckConstraint("rate BETWEEN 1e-09 AND 1000000000.0", name=op.f("exchange_rates_rate_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("exchange_rates_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "currency", "date", "recorded_at", name=op.f("exchange_rates_pkey")),
        schema="ops",
        comment="What other currencies are worth in the tenant's own, by day.",
    )
    for table, column, _, after in COMMENTS:
        op.alter_column(table, column, comment=after, schema="plans")
    branches = "".join(f"WHEN '{key}'::text THEN (value ~ '{pattern}'::text) " for key, pattern in SETTINGS.items())
    _replace_in_settings_check("WHEN 'issuing'::text", f"{branches}WHEN 'issuing'::text")


def downgrade() -> None:
    listed = ", ".join(f"'{key}'" for key in SETTINGS)
    op.execute(f"DELETE FROM ops.tenant_settings WHERE key IN ({listed})")  # noqa: S608
    for key, pattern in SETTINGS.items():
        _replace_in_settings_check(f"WHEN '{key}'::text THEN (value ~ '{pattern}'::text) ", "")
    for table, column, before, _ in COMMENTS:
        op.alter_column(table, column, comment=before, schema="plans")
    op.drop_table("exchange_rates", schema="ops")


def _replace_in_settings_check(old: str, new: str) -> None:
    """Change the check of settings as it stands, whatever settings it has."""
    name = op.f("tenant_settings_value_fits_key_check")
    defined = op.get_bind().scalar(
        sa.text(
            "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint"
            " WHERE conrelid = 'ops.tenant_settings'::regclass AND conname = :name"
        ),
        {"name": name},
    )
    words = " ".join(str(defined).split())
    if words.count(old) != 1:
        raise RuntimeError(f"the check of ops.tenant_settings is not what migrations have made: no {old!r} in it")
    op.drop_constraint(name, "tenant_settings", schema="ops", type_="check")
    op.execute(f"ALTER TABLE ops.tenant_settings ADD CONSTRAINT {name} CHECK ({words.replace(old, new)})")
