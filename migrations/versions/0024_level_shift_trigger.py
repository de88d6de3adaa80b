"""A bakery whose sales are at another level is a reason to train its models."""

from alembic import op

revision = "0024"
down_revision = "0021"

_CHECK = "retraining_triggers_kind_check"
_KINDS = "'mape', 'mape_rise', 'age', 'request', 'no_model'"


def upgrade() -> None:
    op.drop_constraint(op.f(_CHECK), "retraining_triggers", schema="plans")
    op.create_check_constraint(
        op.f(_CHECK), "retraining_triggers", f"kind IN ({_KINDS}, 'level_shift')", schema="plans"
    )


def downgrade() -> None:
    op.execute("DELETE FROM plans.retraining_triggers WHERE kind = 'level_shift'")
    op.drop_constraint(op.f(_CHECK), "retraining_triggers", schema="plans")
    op.create_check_constraint(op.f(_CHECK), "retraining_triggers", f"kind IN ({_KINDS})", schema="plans")
