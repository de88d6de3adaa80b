"""Rows in quarantine know the folder of their file, and the kind of their fault, by which they group."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_OLD = "quarantine_tenant_id_file_row_number_column_name_conten_167d"
_NEW = "quarantine_row_key"
_KEY = ["file", "row_number", "column_name", "content_hash"]


def upgrade() -> None:
    folder = sa.Column("folder", sa.TEXT(), server_default="", nullable=False, comment="Folder of the file")
    text = "Kind of fault, by which rows group"
    code = sa.Column("code", sa.TEXT(), server_default="other", nullable=False, comment=text)
    op.add_column("quarantine", folder, schema="ops")
    op.add_column("quarantine", code, schema="ops")
    op.drop_constraint(_OLD, "quarantine", schema="ops", type_="unique")
    op.create_unique_constraint(
        _NEW, "quarantine", ["tenant_id", "folder", *_KEY], schema="ops", postgresql_nulls_not_distinct=True
    )


def downgrade() -> None:
    op.drop_constraint(_NEW, "quarantine", schema="ops", type_="unique")
    # The same row of two folders was one row.
    op.execute(
        "DELETE FROM ops.quarantine q USING ops.quarantine other WHERE other.quarantine_id < q.quarantine_id"
        " AND (q.tenant_id, q.file, q.row_number, q.column_name, q.content_hash) IS NOT DISTINCT FROM"
        " (other.tenant_id, other.file, other.row_number, other.column_name, other.content_hash)"
    )
    op.create_unique_constraint(
        _OLD, "quarantine", ["tenant_id", *_KEY], schema="ops", postgresql_nulls_not_distinct=True
    )
    op.drop_column("quarantine", "code", schema="ops")
    op.drop_column("quarantine", "folder", schema="ops")
