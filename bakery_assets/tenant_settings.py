"""Tenant settings: which choice of a tenant holds on a day, for every key of ``schemas.setting_keys``."""

from collections.abc import Iterable

import dataframely as dy
import polars as pl

from bakery_assets.schemas import ops
from bakery_assets.schemas.setting_keys import SETTINGS_BY_KEY


def settings_on(days: pl.DataFrame, settings: dy.DataFrame[ops.TenantSettings], keys: Iterable[str]) -> pl.DataFrame:
    """``days`` with a column for each of ``keys``, of the key's type: the value that holds on the row's ``date``.

    Of several values of a key the last holds whose ``valid_from`` is not after the day; without one the key's default.

    Args:
        days: frames with at least ``tenant_id`` and ``date``; rows keep their order.
    """
    for key in keys:
        kind = SETTINGS_BY_KEY[key]
        chosen = settings.filter(pl.col("key") == key).select("tenant_id", "valid_from", pl.col("value").alias(key))
        if chosen.is_empty():
            days = days.with_columns(pl.lit(kind.default, kind.polars_type).alias(key))
            continue
        days = (
            days.with_row_index("__row")
            .sort("date", maintain_order=True)
            .join_asof(
                chosen.sort("valid_from"),
                left_on="date",
                right_on="valid_from",
                by="tenant_id",
                strategy="backward",
                check_sortedness=False,
            )
            .sort("__row")
            .drop("__row", "valid_from")
            .with_columns(_typed(key).fill_null(pl.lit(kind.default, kind.polars_type)))
        )
    return days


def _typed(key: str) -> pl.Expr:
    kind = SETTINGS_BY_KEY[key]
    if kind.type == "time":
        return pl.col(key).str.to_time("%H:%M")
    return pl.col(key).cast(kind.polars_type)
