"""Imports of tills' files are facts, line by line; sales say which import made them, and may be withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

_NOW = sa.text("now()")
_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column(
            "import_id",
            sa.BIGINT(),
            sa.Identity(),
            nullable=False,
            comment="Running number, of all bakeries together",
        ),
        sa.Column(
            "source",
            sa.TEXT(),
            nullable=False,
            comment="The till: its profile, the names of its columns, or as it was named",
        ),
        sa.Column("till", sa.TEXT(), comment="Known till that the file was read as; empty: by its columns"),
        sa.Column("file", sa.TEXT(), nullable=False, comment="Name of the file"),
        sa.Column("digest", sa.TEXT(), nullable=False, comment="SHA-256 of the file, by which it is known again"),
        sa.Column("first_day", sa.DATE(), nullable=False, comment="First day with sales of the file"),
        sa.Column("last_day", sa.DATE(), nullable=False, comment="Last day with sales of the file"),
        sa.Column("days", sa.INTEGER(), nullable=False, comment="Days with sales of the file"),
        sa.Column("rows", sa.INTEGER(), nullable=False, comment="Products on shops' days in the file"),
        sa.Column(
            "days_taken",
            sa.TEXT(),
            nullable=False,
            comment="How days that other files have, too, are taken: receipts, replaced, added",
        ),
        sa.Column("recorded_at", _INSTANT, server_default=_NOW, nullable=False, comment="When it was imported"),
        sa.CheckConstraint("days_taken IN ('receipts', 'replaced', 'added')", name=op.f("imports_days_taken_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name="imports_tenant_id_fkey"),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", name="imports_pkey"),
        schema="ops",
        comment="Till files that were imported, each one once.",
    )
    op.execute("ALTER TABLE ops.imports ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id()")
    op.alter_column(
        "imports",
        "transaction_id",
        schema="ops",
        comment="Transaction that wrote the row; what was recorded directly since stands above it",
    )
    op.create_index("imports_tenant_id_digest_idx", "imports", ["tenant_id", "digest"], schema="ops")
    op.create_table(
        "import_lines",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("import_id", sa.BIGINT(), nullable=False, comment="The import"),
        sa.Column("location_id", sa.TEXT(), nullable=False, comment="Shop or kitchen"),
        sa.Column("sales_date", sa.DATE(), nullable=False, comment="Local day of the sale"),
        sa.Column("product_id", sa.TEXT(), nullable=False, comment="The product"),
        sa.Column("receipt", sa.TEXT(), nullable=False, comment="Number of the receipt; empty: the till gives none"),
        sa.Column(
            "minute",
            sa.INTEGER(),
            comment="Minute of the local day, without a receipt that of its hour; empty: the till gives no time",
        ),
        sa.Column(
            "quantity",
            sa.DOUBLE_PRECISION(),
            nullable=False,
            comment="Units sold; negative: more were returned than sold",
        ),
        sa.Column("revenue", sa.DOUBLE_PRECISION(), comment="Revenue in the tenant's currency"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            ["ops.imports.tenant_id", "ops.imports.import_id"],
            name="import_lines_tenant_id_import_id_fkey",
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "import_id",
            "location_id",
            "sales_date",
            "product_id",
            "receipt",
            "minute",
            name="import_lines_key",
            postgresql_nulls_not_distinct=True,
        ),
        schema="ops",
        comment="What imports say was sold, from which sales are added up.",
    )
    op.create_index("import_lines_tenant_id_sales_date_idx", "import_lines", ["tenant_id", "sales_date"], schema="ops")
    op.create_table(
        "import_withdrawals",
        sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery"),
        sa.Column("import_id", sa.BIGINT(), nullable=False, comment="The import that was undone"),
        sa.Column("recorded_at", _INSTANT, server_default=_NOW, nullable=False, comment="When it was undone"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            ["ops.imports.tenant_id", "ops.imports.import_id"],
            name="import_withdrawals_tenant_id_import_id_fkey",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", name="import_withdrawals_pkey"),
        schema="ops",
        comment="Imports that were undone: their lines count no more.",
    )
    for table in ("sales", "sales_hourly"):
        op.add_column(
            table,
            sa.Column(
                "import_id",
                sa.BIGINT(),
                comment="Import that made the record, by being imported or undone; empty: recorded directly",
            ),
            schema="ops",
        )
        op.add_column(
            table,
            sa.Column(
                "is_withdrawn",
                sa.BOOLEAN(),
                server_default=sa.false(),
                nullable=False,
                comment="Nothing is known of it any more: what said so was undone or replaced",
            ),
            schema="ops",
        )


def downgrade() -> None:
    # Without the column a withdrawn record says that nothing was sold.
    for table in ("sales_hourly", "sales"):
        op.drop_column(table, "is_withdrawn", schema="ops")
        op.drop_column(table, "import_id", schema="ops")
    for table in ("import_withdrawals", "import_lines", "imports"):
        op.drop_table(table, schema="ops")
