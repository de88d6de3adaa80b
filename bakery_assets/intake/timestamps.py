"""Timestamps: instants given in the tenant's local time, and when a fact was learned where its file does not say.

How a wall time becomes an instant is in ``bakery_assets.local_time``.
"""

from dataclasses import dataclass
from datetime import datetime

import dataframely as dy
import polars as pl

from bakery_assets.intake.row_rules import IS_EXPLICIT
from bakery_assets.intake.tables import AT_LOAD, RECORDED_AT, TableSpec
from bakery_assets.intake.values import LOCAL
from bakery_assets.local_time import INSTANT, in_known_zones, with_utc_times
from bakery_assets.schemas import columns as col

_ABOUT = "__about"


class TenantZones(dy.Schema):
    """The clocks of the tenants that are known."""

    tenant_id = col.tenant_id()
    timezone = col.timezone()


@dataclass(frozen=True)
class Clocks:
    """What timestamps are resolved by.

    Attributes:
        zone_names: time zones that a tenant may be in.
        tenants: the zones of the tenants that are known; one unknown zone costs its tenant's rows only.
        loaded_at: the moment of loading, aware.
    """

    zone_names: frozenset[str]
    tenants: dy.DataFrame[TenantZones]
    loaded_at: datetime


def resolve_timestamps(spec: TableSpec, rows: pl.DataFrame, clocks: Clocks) -> pl.DataFrame:
    """Typed rows with every instant in UTC; facts with ``recorded_at`` filled, and ``IS_EXPLICIT``.

    A fact is known from the moment of loading on, or from the end of the local day or the instant that it is about; one
    that is revised from whichever comes first.
    Rows of a tenant without a known zone are given UTC; ``check_references`` finds them.

    Args:
        rows: next to each instant, the same in local time in the column with the suffix ``LOCAL``; either is null.
    """
    if not spec.instants:
        return rows
    known = in_known_zones(clocks.tenants.select("tenant_id", "timezone"))
    zoned = rows.join(known, on="tenant_id", how="left", maintain_order="left").with_columns(
        pl.col("timezone").fill_null("UTC")
    )
    local = [name + LOCAL for name in spec.instants]
    given = [name for name in local if zoned[name].null_count() < zoned.height]
    zoned = with_utc_times(zoned, **{name: name for name in given}).with_columns(
        pl.coalesce(name, pl.col(name + LOCAL).cast(INSTANT)) for name in spec.instants
    )
    if spec.fact is None:
        return zoned.drop("timezone", *local)
    return (
        _with_learned(spec, zoned, clocks.loaded_at)
        .with_columns(
            pl.col(RECORDED_AT).is_not_null().alias(IS_EXPLICIT), pl.coalesce(RECORDED_AT, _ABOUT).alias(RECORDED_AT)
        )
        .drop("timezone", _ABOUT, *local)
    )


def _with_learned(spec: TableSpec, rows: pl.DataFrame, loaded_at: datetime) -> pl.DataFrame:
    """Add when the fact is known from where the file does not say it."""
    if spec.fact is None or spec.fact == AT_LOAD:
        return rows.with_columns(pl.lit(loaded_at, INSTANT).alias(_ABOUT))
    about = pl.col(spec.fact)
    if spec.fact in spec.instants:
        return rows.with_columns(about.alias(_ABOUT))
    midnight = about.dt.offset_by("1d").cast(pl.Datetime("us"))
    ended = with_utc_times(rows.with_columns(midnight.alias(_ABOUT)), **{_ABOUT: _ABOUT})
    if not spec.is_revised:
        return ended
    return ended.with_columns(pl.min_horizontal(_ABOUT, pl.lit(loaded_at, INSTANT)).alias(_ABOUT))
