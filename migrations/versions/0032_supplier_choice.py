"""Suppliers are chosen by price, reliability and lead time; they have days for orders, and holidays of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

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
    "quantity_policy": "^(critical_ratio|buffer|service_level)$",
    "quantity_buffer": _NUMBER,
    "service_level": _NUMBER,
    "safety_stock_rule": "^(fixed|statistical|share_of_use)$",
    "safety_stock_level": _NUMBER,
    "safety_stock_share": _NUMBER,
}
NEW_SETTINGS = {
    "supplier_weight_price": _NUMBER,
    "supplier_weight_reliability": _NUMBER,
    "supplier_weight_lead_time": _NUMBER,
}
LAST_SETTING = {"issuing": "^(fefo|fifo)$"}

COLUMNS = (
    ("order_weekdays", "Days on which it takes orders, as mon,tue,…; empty: every day on which it works"),
    ("country", "ISO 3166 code of the country whose public holidays it keeps; empty: the bakery's holidays"),
    ("region", "Subdivision code of that country, for regional holidays"),
)


def upgrade() -> None:
    for name, comment in COLUMNS:
        op.add_column("suppliers", sa.Column(name, sa.TEXT(), nullable=True, comment=comment), schema="ops")
    _allow_settings(SETTINGS_BEFORE | NEW_SETTINGS | LAST_SETTING)


def downgrade() -> None:
    listed = ", ".join(f"'{key}'" for key in NEW_SETTINGS)
    op.execute(f"DELETE FROM ops.tenant_settings WHERE key IN ({listed})")  # noqa: S608
    _allow_settings(SETTINGS_BEFORE | LAST_SETTING)
    for name, _ in reversed(COLUMNS):
        op.drop_column("suppliers", name, schema="ops")


def _allow_settings(patterns: dict[str, str]) -> None:
    name = op.f("tenant_settings_value_fits_key_check")
    cases = " ".join(f"WHEN '{key}' THEN value ~ '{pattern}'" for key, pattern in patterns.items())
    op.drop_constraint(name, "tenant_settings", schema="ops", type_="check")
    op.create_check_constraint(name, "tenant_settings", f"CASE key {cases} ELSE false END", schema="ops")
