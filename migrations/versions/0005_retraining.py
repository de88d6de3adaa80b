"""A series' model says when it was trained; one that is carried over is older than its version."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE plans.series_models ADD COLUMN trained_as_of timestamptz")
    op.execute(
        "UPDATE plans.series_models s SET trained_as_of = v.trained_as_of FROM plans.model_versions v"
        " WHERE v.tenant_id = s.tenant_id AND v.model_version = s.model_version"
    )
    op.alter_column(
        "series_models",
        "trained_as_of",
        nullable=False,
        schema="plans",
        comment="Facts up to this instant were used; before the version's own: carried over",
    )


def downgrade() -> None:
    op.drop_column("series_models", "trained_as_of", schema="plans")
