"""The reasoning of a forecast: every term of its calculation as JSON, so that a person can recompute the figure."""

import polars as pl

from bakery_assets.explanations.formats import as_json, as_struct
from bakery_assets.forecasting.models.day_effects import MAX_DAY_EFFECT
from bakery_assets.forecasting.models.selection import MEMBERS
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.quantities import DECIMALS


def reasoning() -> pl.Expr:
    """The terms of a row of ``OverriddenForecasts`` as one JSON object."""
    level = pl.col("category_level")
    introduced_on = level.struct.field("introduced_on").dt.to_string("%Y-%m-%d")
    return as_json(
        category_level=pl.when(level.is_not_null()).then(level.struct.with_fields(introduced_on=introduced_on)),
        closed="closed",
        factor="factor",
        factor_limit=pl.lit(MAX_DAY_EFFECT),
        factors="factors",
        history_days="history_days",
        last_sale_date=pl.col("last_sale_date").dt.to_string("%Y-%m-%d"),
        last_same_weekdays=pl.col("last_same_weekdays").fill_null([]),
        members=_of_members(""),
        model="model",
        override="override",
        quantiles=as_struct(
            error_days="error_days",
            errors_of="errors_of",
            highest_sold="highest_sold",
            is_count="is_count",
            scale="scale",
            **{f"z_{name}": f"z_{name}" for name in QUANTILE_LEVELS},
        ),
        shares=_of_members("share_"),
    )


def _of_members(prefix: str) -> pl.Expr:
    """The members that have a share of the blend."""
    has_share = {name: pl.col(f"share_{name}") > 0 for name in MEMBERS}
    return as_struct(**{name: pl.when(has).then(f"{prefix}{name}").round(DECIMALS) for name, has in has_share.items()})
