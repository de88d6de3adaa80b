"""Tables of till imports: facts of what was imported, line by line, and of what was undone. Nothing is updated.

No folder holds them. The lines as a frame are ``bakery_assets.intake.imports.ImportLines``.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Identity, Index, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import BIGINT, DATE, DOUBLE_PRECISION, INTEGER, TEXT, TIMESTAMP
from sqlalchemy.sql import func

from bakery_assets.intake.imports import DAYS_TAKEN
from resources.schema.columns import metadata, tenant_fk, transaction


def _recorded_at(comment: str) -> Column[datetime]:
    return Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now(), comment=comment)


imports = Table(
    "imports",
    metadata,
    Column("tenant_id", TEXT, primary_key=True, comment="The bakery"),
    Column("import_id", BIGINT, Identity(), primary_key=True, comment="Running number, of all bakeries together"),
    Column(
        "source", TEXT, nullable=False, comment="The till: its profile, the names of its columns, or as it was named"
    ),
    Column("till", TEXT, comment="Known till that the file was read as; empty: by its columns"),
    Column("file", TEXT, nullable=False, comment="Name of the file"),
    Column("digest", TEXT, nullable=False, comment="SHA-256 of the file, by which it is known again"),
    Column("first_day", DATE, nullable=False, comment="First day with sales of the file"),
    Column("last_day", DATE, nullable=False, comment="Last day with sales of the file"),
    Column("days", INTEGER, nullable=False, comment="Days with sales of the file"),
    Column("rows", INTEGER, nullable=False, comment="Products on shops' days in the file"),
    Column(
        "days_taken",
        TEXT,
        nullable=False,
        comment=f"How days that other files have, too, are taken: {', '.join(DAYS_TAKEN)}",
    ),
    _recorded_at("When it was imported"),
    transaction("transaction_id", "Transaction that wrote the row; what was recorded directly since stands above it"),
    CheckConstraint("days_taken IN ({})".format(", ".join(f"'{each}'" for each in DAYS_TAKEN)), name="days_taken"),
    ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"]),
    Index("imports_tenant_id_digest_idx", "tenant_id", "digest"),
    schema="ops",
    comment="Till files that were imported, each one once.",
)

import_lines = Table(
    "import_lines",
    metadata,
    Column("tenant_id", TEXT, nullable=False, comment="The bakery"),
    Column("import_id", BIGINT, nullable=False, comment="The import"),
    Column("location_id", TEXT, nullable=False, comment="Shop or kitchen"),
    Column("sales_date", DATE, nullable=False, comment="Local day of the sale"),
    Column("product_id", TEXT, nullable=False, comment="The product"),
    Column("receipt", TEXT, nullable=False, comment="Number of the receipt; empty: the till gives none"),
    Column(
        "minute",
        INTEGER,
        comment="Minute of the local day, without a receipt that of its hour; empty: the till gives no time",
    ),
    Column("quantity", DOUBLE_PRECISION, nullable=False, comment="Units sold; negative: more were returned than sold"),
    Column("revenue", DOUBLE_PRECISION, comment="Revenue in the tenant's currency"),
    tenant_fk("import_id", "ops.imports"),
    UniqueConstraint(
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
    Index("import_lines_tenant_id_sales_date_idx", "tenant_id", "sales_date"),
    schema="ops",
    comment="What imports say was sold, from which sales are added up.",
)

import_withdrawals = Table(
    "import_withdrawals",
    metadata,
    Column("tenant_id", TEXT, primary_key=True, comment="The bakery"),
    Column("import_id", BIGINT, primary_key=True, comment="The import that was undone"),
    _recorded_at("When it was undone"),
    tenant_fk("import_id", "ops.imports"),
    schema="ops",
    comment="Imports that were undone: their lines count no more.",
)

TABLES = (imports, import_lines, import_withdrawals)
