"""School effects: what school holidays do to a bakery's workdays, Saturdays and Sundays, learned from its own past.

A normal day is measured by the same weekdays before it, of which some may lie in school holidays themselves. So the
effect goes with the difference: a day in the holidays sells exp(effect x (1 - share)) of normal, share being that of
the same weekdays before it which lay in holidays, and the first days after the holidays exp(-effect x share). The
effect is the slope of the logarithm of what sold over normal, least squares through zero, shrunk towards none (ridge;
Hoerl & Kennard 1970, Ridge regression, Technometrics 12). By kinds of weekday the same weekdays' mean was off by
14.49% instead of 14.57% on a chain's days, with one effect for all weekdays by 14.60%; the blend by 17.85% instead of
18.06% in its summer.
"""

from dataclasses import dataclass

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.calendars import SCHOOL_HOLIDAY
from bakery_assets.forecasting.data.panel import AHEAD, Floats, Integers, Panel, means_of_same_weekdays
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform

WEEKDAY_KINDS = ("workday", "saturday", "sunday")
KIND_OF_WEEKDAY = np.array([0, 0, 0, 0, 0, 1, 2])  # from Monday on
# Days without an effect, of a whole difference each: of a chain, the noise of a day (0.12 squared) over the spread of
# effects (0.05 squared) is 6; 4 and 20 forecast alike.
PRIOR_DAYS = 6.0
MOST_LOG = 1.0  # of what sold over normal: a day further off says something else


class SchoolEffects(dy.Schema):
    """What a day in the school holidays sells over one outside, by tenant and kind of weekday."""

    tenant_id = col.tenant_id()
    weekday_kind = col.choice("Kind of weekday", WEEKDAY_KINDS, primary_key=True)
    factor = dy.Float64(min_exclusive=0.0, description="Sales of such a day over those of one outside the holidays")
    days = col.integer("Days that differ from the same weekdays before them, in or out of the holidays")


@dataclass(frozen=True)
class _Differences:
    """In which way days differ from the same weekdays before them, (tenants, past + AHEAD).

    Attributes:
        kind: rows of ``WEEKDAY_KINDS``.
        difference: in the holidays, less the share of the same weekdays before that were.
    """

    kind: Integers
    difference: Floats


def estimate_school_effects(panel: Panel) -> dy.DataFrame[SchoolEffects]:
    """The effects of every tenant that has had school holidays, sorted."""
    slope, days = _slopes(_differences(panel), _log_ratio(panel))
    tenants = panel.cells["tenant_id"].to_list()
    rows = [
        (tenant, kind, float(np.exp(slope[row, number, -1])), int(days[row, number]))
        for row, tenant in enumerate(tenants)
        for number, kind in enumerate(WEEKDAY_KINDS)
        if days[row, number]
    ]
    found = pl.DataFrame(rows, schema=pl.Schema(SchoolEffects), orient="row")
    rounded = found.with_columns(pl.col("factor").round(DECIMALS))
    return conform(SchoolEffects, rounded.sort("tenant_id", "weekday_kind"))


def past_school_effects(panel: Panel) -> Floats:
    """The effect of every past day as the days before it tell, (tenants, past): what it sells over a normal day."""
    made = _differences(panel)
    slope, _ = _slopes(made, _log_ratio(panel))
    past = made.kind[:, : panel.past]
    of_day = np.take_along_axis(slope[..., :-1], past[:, None], axis=1)[:, 0]
    effect: Floats = np.exp(of_day * made.difference[:, : panel.past]).astype(np.float32)
    return effect


def school_effects_ahead(panel: Panel, effects: dy.DataFrame[SchoolEffects], first: int) -> pl.DataFrame:
    """Days from column ``first`` on that sell other than normal: ``tenant_id, day, kind, name, factor, days_seen``."""
    made = _differences(panel)
    days = np.arange(first, panel.past + AHEAD)
    tenants, columns = (each.reshape(-1) for each in np.meshgrid(np.arange(panel.cells.height), days, indexing="ij"))
    rows = pl.DataFrame(
        {
            "tenant_id": panel.cells["tenant_id"].gather(tenants),
            "day": columns,
            "weekday_kind": [WEEKDAY_KINDS[kind] for kind in made.kind[tenants, columns]],
            "difference": made.difference[tenants, columns].astype(np.float64),
            "is_school": panel.school[tenants, columns],
        },
        schema_overrides={"weekday_kind": pl.String},
    )
    return (
        rows.join(effects, on=["tenant_id", "weekday_kind"])
        .with_columns(factor=(pl.col("factor").log() * pl.col("difference")).exp().round(DECIMALS))
        .filter(pl.col("factor") != 1)
        .select(
            "tenant_id",
            "day",
            "factor",
            kind=pl.lit(SCHOOL_HOLIDAY),
            name=pl.when("is_school").then(pl.lit("school holidays")).otherwise(pl.lit("after school holidays")),
            days_seen="days",
        )
    )


def _differences(panel: Panel) -> _Differences:
    is_normal = _of_tenants(panel, panel.is_normal.astype(np.float32)) > 0
    flags = panel.school.astype(np.float32)
    of_normal_days = np.where(is_normal, flags[:, : panel.past], np.float32(np.nan))
    shares = means_of_same_weekdays(of_normal_days, AHEAD)[0]
    return _Differences(KIND_OF_WEEKDAY[panel.weekday], np.nan_to_num(flags - shares))


def _log_ratio(panel: Panel) -> Floats:
    """Logarithm of what tenants sold over the same weekdays before, (tenants, past); NaN: no normal day."""
    base = panel.same_weekday_means[0][:, : panel.past]
    is_used = panel.is_normal & (base > 0)
    sold, normal = (_of_tenants(panel, np.where(is_used, each, 0.0)) for each in (panel.demand, base))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((normal > 0) & (sold > 0), np.log(sold / normal), np.nan)
    limited: Floats = np.clip(ratio, -MOST_LOG, MOST_LOG).astype(np.float32)
    return limited


def _of_tenants(panel: Panel, values: Floats) -> Floats:
    total = np.zeros((panel.cells.height, values.shape[1]))
    np.add.at(total, panel.tenant, values)
    return total.astype(np.float32)


def _slopes(made: _Differences, log_ratio: Floats) -> tuple[Floats, Integers]:
    """Slopes as known before each past column and after the last, (tenants, kinds, past + 1); and the days behind."""
    past = log_ratio.shape[1]
    difference = np.where(np.isnan(log_ratio), 0.0, made.difference[:, :past])
    is_kind = made.kind[:, None, :past] == np.arange(len(WEEKDAY_KINDS))[:, None]
    product = np.where(is_kind, (np.nan_to_num(log_ratio) * difference)[:, None], 0.0)
    square = np.where(is_kind, (difference**2)[:, None], 0.0)
    sums = [np.cumsum(np.pad(each, ((0, 0), (0, 0), (1, 0))), axis=2) for each in (product, square)]
    slope: Floats = (sums[0] / (sums[1] + PRIOR_DAYS)).astype(np.float32)
    days: Integers = (is_kind & (difference != 0)[:, None]).sum(axis=2).astype(np.int64)
    return slope, days
