"""When products are introduced; forecasts of new ones at the level of their category."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

MODELS_BEFORE = (
    "trees_and_smoothing", "trees", "trees_half", "smoothing", "same_weekday_smoothing", "level_smoothing",
    "intermittent", "untrained_smoothing", "short_history", "no_history",
)  # fmt: skip
NEW_MODEL = "category_level"
MODELS = (*MODELS_BEFORE[:-1], NEW_MODEL, MODELS_BEFORE[-1])
INTRODUCED_ON = (
    "First day it is sold: until its first sale, within four weeks, it is forecast as its category sells; empty: from"
    " when it first appears here"
)


def upgrade() -> None:
    op.add_column("products", sa.Column("introduced_on", sa.Date(), nullable=True, comment=INTRODUCED_ON), schema="ops")
    _allow_models(MODELS)


def downgrade() -> None:
    op.execute(f"UPDATE plans.demand_forecasts SET model = 'no_history' WHERE model = '{NEW_MODEL}'")  # noqa: S608
    _allow_models(MODELS_BEFORE)
    op.drop_column("products", "introduced_on", schema="ops")


def _allow_models(models: tuple[str, ...]) -> None:
    name = op.f("demand_forecasts_model_check")
    listed = ", ".join(f"'{model}'" for model in models)
    op.drop_constraint(name, "demand_forecasts", schema="plans", type_="check")
    op.create_check_constraint(name, "demand_forecasts", f"model IN ({listed})", schema="plans")
    op.alter_column("demand_forecasts", "model", comment=f"Model that made it: {', '.join(models)}", schema="plans")
