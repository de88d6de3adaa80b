"""Rows in quarantine know the folder of their file, and the kind of their fault, by which they group."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_FOLDER = "Folder of the file in which it was first read"
_CODE = "Kind of fault, by which rows group"


def upgrade() -> None:
    folder = sa.Column("folder", sa.TEXT(), server_default="", nullable=False, comment=_FOLDER)
    code = sa.Column("code", sa.TEXT(), server_default="other", nullable=False, comment=_CODE)
    op.add_column("quarantine", folder, schema="ops")
    op.add_column("quarantine", code, schema="ops")


def downgrade() -> None:
    op.drop_column("quarantine", "code", schema="ops")
    op.drop_column("quarantine", "folder", schema="ops")
