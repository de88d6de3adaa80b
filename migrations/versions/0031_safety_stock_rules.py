"""Safety stocks by a rule of the ingredient, the supplier or the tenant, and ingredients that are ordered up to a level."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

revision = "0031"
down_revision = "0030"

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
}
NEW_SETTINGS = {
    "safety_stock_rule": "^(fixed|statistical|share_of_use)$",
    "safety_stock_level": _NUMBER,
    "safety_stock_share": _NUMBER,
}
LAST_SETTING = {"issuing": "^(fefo|fifo)$"}

RULES = (
    ("ingredients", "How its safety stock is set; empty: as its supplier or the tenant chose"),
    ("suppliers", "How safety stocks of what it sells are set; empty: as the tenant chose"),
)
LEVELS = (
    (
        "reorder_point",
        "Stock at which it is ordered, in the ingredient's unit; empty: as the safety stock asks for",
    ),
    (
        "order_up_to",
        "Level up to which an order brings its stock, in the ingredient's unit; empty: orders cover what is needed "
        "until the next delivery",
    ),
)


def upgrade() -> None:
    for table, comment in RULES[:1]:
        _add_rule(table, comment)
    for name, comment in LEVELS:
        op.add_column("ingredients", sa.Column(name, DOUBLE_PRECISION(), nullable=True, comment=comment), schema="ops")
        op.create_check_constraint(
            op.f(f"ingredients_{name}_check"), "ingredients", f"{name} BETWEEN 0.0 AND 1000000000.0", schema="ops"
        )
    for table, comment in RULES[1:]:
        _add_rule(table, comment)
    _allow_settings(SETTINGS_BEFORE | NEW_SETTINGS | LAST_SETTING)


def downgrade() -> None:
    listed = ", ".join(f"'{key}'" for key in NEW_SETTINGS)
    op.execute(f"DELETE FROM ops.tenant_settings WHERE key IN ({listed})")  # noqa: S608
    _allow_settings(SETTINGS_BEFORE | LAST_SETTING)
    op.drop_column("suppliers", "safety_stock_rule", schema="ops")
    for name in ("order_up_to", "reorder_point", "safety_stock_rule"):
        op.drop_column("ingredients", name, schema="ops")


def _add_rule(table: str, comment: str) -> None:
    choices = NEW_SETTINGS["safety_stock_rule"].strip("^$()").split("|")
    listed = ", ".join(f"'{choice}'" for choice in choices)
    described = f"{comment}: {', '.join(choices)}"
    op.add_column(table, sa.Column("safety_stock_rule", sa.TEXT(), nullable=True, comment=described), schema="ops")
    op.create_check_constraint(
        op.f(f"{table}_safety_stock_rule_check"), table, f"safety_stock_rule IN ({listed})", schema="ops"
    )


def _allow_settings(patterns: dict[str, str]) -> None:
    name = op.f("tenant_settings_value_fits_key_check")
    cases = " ".join(f"WHEN '{key}' THEN value ~ '{pattern}'" for key, pattern in patterns.items())
    op.drop_constraint(name, "tenant_settings", schema="ops", type_="check")
    op.create_check_constraint(name, "tenant_settings", f"CASE key {cases} ELSE false END", schema="ops")
