"""Sales know the transaction that wrote them, and cells which sales they have read and which they are asked to."""

from alembic import op

revision = "0003"
down_revision = "0002"

CELLS = {
    "facts_until": (
        "timestamptz",
        "Late sales: those of the days before the plan date count if recorded up to this instant, though it is after planned_as_of",
    ),
    "asked_in": (
        "xid8",
        "Transaction that asked for the days before to be validated again; empty: nobody asks",
    ),
    "begun_in": (
        "xid8",
        "Transactions below this had ended when it was last begun; empty: asked for since",
    ),
    "validated_in": ("xid8", "What begun_in was when the days before were last validated"),
}


def upgrade() -> None:
    for table in ("sales", "sales_hourly"):
        # The default is worked out once for the rows that are there, so that the table is not rewritten.
        op.execute(f"ALTER TABLE ops.{table} ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id()")
        op.alter_column(
            table,
            "transaction_id",
            schema="ops",
            comment="Transaction that wrote the row; late sales are found by it",
        )
        op.create_index(op.f(f"{table}_transaction_id_idx"), table, ["transaction_id"], schema="ops")
    op.create_index("sales_tenant_id_sales_date_idx", "sales", ["tenant_id", "sales_date"], schema="ops")
    for name, (kind, comment) in CELLS.items():
        op.execute(f"ALTER TABLE plans.planning_runs ADD COLUMN {name} {kind}")
        op.alter_column("planning_runs", name, schema="plans", comment=comment)
    op.alter_column(
        "planning_runs",
        "planned_as_of",
        schema="plans",
        comment="Facts recorded up to this planning instant were used; for late sales see facts_until",
    )
    op.execute(
        "CREATE INDEX planning_runs_asked_idx ON plans.planning_runs USING btree (asked_in) WHERE asked_in IS NOT NULL"
    )


def downgrade() -> None:
    op.alter_column(
        "planning_runs", "planned_as_of", schema="plans", comment="Facts recorded up to this instant were used"
    )
    for name in reversed(CELLS):
        op.drop_column("planning_runs", name, schema="plans")
    op.drop_index("sales_tenant_id_sales_date_idx", "sales", schema="ops")
    for table in ("sales", "sales_hourly"):
        op.drop_column(table, "transaction_id", schema="ops")
