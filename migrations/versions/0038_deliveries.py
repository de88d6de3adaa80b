"""The watch over deliveries: its alerts and limits, and receipts that are begun and not finished."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"

NUMBER = r"^\d{1,9}(\.\d{1,6})?$"
SETTINGS = ("delivery_soon_hours", "delivery_overdue_minutes", "receipt_due_hours", "order_reminder_hours")
NEW_KINDS = ("delivery_arriving_soon", "delivery_overdue", "stock_receipt_incomplete", "order_due")
OLD_KIND, STANDS_FOR_IT = "overdue_order", "late_delivery"
STATE = "Whether its recording is finished; a draft is no stock yet, and fulfills no order: draft, confirmed"
INDEXES = (
    ("purchase_orders_tenant_id_expected_to_idx", "purchase_orders", ["tenant_id", "expected_to"]),
    ("stock_receipts_tenant_id_order_id_idx", "stock_receipts", ["tenant_id", "order_id"]),
    ("stock_receipts_tenant_id_received_at_idx", "stock_receipts", ["tenant_id", "received_at"]),
)
PRIORITY = "How urgent it is: severity up to 60, hours to the deadline up to 25, what is at stake up to 15"
INSTANT = "Planning instant of that plan"
COMMENTS = (
    ("findings", "priority", PRIORITY, f"{PRIORITY}; of deliveries 70 where one arrives soon, 80, 85 or 95"),
    ("alerts", "priority", PRIORITY, f"{PRIORITY}; of deliveries 70 where one arrives soon, 80, 85 or 95"),
    (
        "alerts", "opened_on", "Date of the plan that opened it",
        "Date of the plan that opened it; of deliveries the local date of opened_at",
    ),
    ("alerts", "opened_at", INSTANT, f"{INSTANT}; of deliveries the threshold that was passed"),
    (
        "alerts", "last_plan_date", "Date of the last plan that found it",
        "Date of the last plan that found it; of deliveries the date on which it was last told",
    ),
    ("alerts", "last_planned_as_of", INSTANT, f"{INSTANT}; of deliveries when it was last told"),
    (
        "alerts", "resolved_on", "Date of the plan that resolved it",
        "Date of the plan that resolved it; of deliveries the date of that",
    ),
    ("alerts", "resolved_at", INSTANT, f"{INSTANT}; of deliveries when it was found over"),
)  # fmt: skip


def upgrade() -> None:
    op.add_column(
        "stock_receipts",
        sa.Column("state", sa.TEXT(), nullable=False, server_default="confirmed", comment=STATE),
        schema="ops",
    )
    op.create_check_constraint(
        op.f("stock_receipts_state_check"), "stock_receipts", "state IN ('draft', 'confirmed')", schema="ops"
    )
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns, schema="ops")
    branches = "".join(f"WHEN '{key}'::text THEN (value ~ '{NUMBER}'::text) " for key in SETTINGS)
    _replace_in_check(
        "ops", "tenant_settings", "value_fits_key", "WHEN 'issuing'::text", f"{branches}WHEN 'issuing'::text"
    )
    for table in ("findings", "alerts"):
        # Why an ingredient runs short may change from plan to plan; its alert stays the same.
        op.execute(f"UPDATE plans.{table} SET kind = '{STANDS_FOR_IT}' WHERE kind = '{OLD_KIND}'")  # noqa: S608
        added = "".join(f", '{kind}'::text" for kind in NEW_KINDS)
        _replace_in_check("plans", table, "kind", "])", f"{added}])")
        _replace_in_check("plans", table, "kind", f"'{OLD_KIND}'::text, ", "")
        _replace_in_comment(table, f" {OLD_KIND},", "")
        _replace_in_comment(table, None, "".join(f", {kind}" for kind in NEW_KINDS))
    for table, column, _, after in COMMENTS:
        op.alter_column(table, column, comment=after, schema="plans")


def downgrade() -> None:
    for table, column, before, _ in COMMENTS:
        op.alter_column(table, column, comment=before, schema="plans")
    for table in ("findings", "alerts"):
        listed = ", ".join(f"'{kind}'" for kind in NEW_KINDS)
        op.execute(f"DELETE FROM plans.{table} WHERE kind IN ({listed})")  # noqa: S608
        for kind in NEW_KINDS:
            _replace_in_check("plans", table, "kind", f", '{kind}'::text", "")
            _replace_in_comment(table, f", {kind}", "")
        after = f"'{STANDS_FOR_IT}'::text"
        _replace_in_check("plans", table, "kind", after, f"'{OLD_KIND}'::text, {after}")
        _replace_in_comment(table, f" {STANDS_FOR_IT}", f" {OLD_KIND}, {STANDS_FOR_IT}")
    listed = ", ".join(f"'{key}'" for key in SETTINGS)
    op.execute(f"DELETE FROM ops.tenant_settings WHERE key IN ({listed})")  # noqa: S608
    for key in SETTINGS:
        _replace_in_check(
            "ops", "tenant_settings", "value_fits_key", f"WHEN '{key}'::text THEN (value ~ '{NUMBER}'::text) ", ""
        )
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table, schema="ops")
    op.drop_column("stock_receipts", "state", schema="ops")


def _replace_in_check(schema: str, table: str, rule: str, old: str, new: str) -> None:
    """Change a check as it stands, whatever earlier migrations have put into it."""
    name = op.f(f"{table}_{rule}_check")
    defined = op.get_bind().scalar(
        sa.text(
            "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint"
            " WHERE conrelid = CAST(:table AS regclass) AND conname = :name"
        ),
        {"table": f"{schema}.{table}", "name": name},
    )
    words = " ".join(str(defined).split())
    if words.count(old) != 1:
        raise RuntimeError(f"the check {name} is not what earlier migrations have made: not once {old!r}")
    op.drop_constraint(name, table, schema=schema, type_="check")
    op.execute(f"ALTER TABLE {schema}.{table} ADD CONSTRAINT {name} CHECK ({words.replace(old, new)})")


def _replace_in_comment(table: str, old: str | None, new: str) -> None:
    """Change the comment on a table's kinds as it stands; without ``old`` add to it."""
    comment = op.get_bind().scalar(
        sa.text(
            "SELECT col_description(CAST(:table AS regclass), attnum) FROM pg_attribute"
            " WHERE attrelid = CAST(:table AS regclass) AND attname = 'kind'"
        ),
        {"table": f"plans.{table}"},
    )
    words = str(comment)
    op.alter_column(table, "kind", comment=words + new if old is None else words.replace(old, new, 1), schema="plans")
