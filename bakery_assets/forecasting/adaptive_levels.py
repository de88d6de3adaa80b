"""Adaptive levels: which quantile of past errors is forecast as each level, by how often the last ones held.

Quantiles are learned once a week, from errors of the weeks before. Where a tenant's sales have stayed below its 90%
quantile more often than on nine days of ten since, a lower one is forecast as that, and the other way round.
"""

import dataframely as dy
import numpy as np
import numpy.typing as npt
import polars as pl

from bakery_assets.forecasting.data.panel import Panel, as_rows
from bakery_assets.forecasting.models.intervals import grid_positions
from bakery_assets.keys import SERIES
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, plans

DAYS = 35  # as many as the wave has read of earlier forecasts; what held before that is forgotten
STEP = 0.2  # of the deviation of a day, for a tenant of very many series
# Series of a day with which half of the step is taken: seven tell more by chance than by rule.
SERIES_OF_HALF_STEP = 20
LARGEST_MOVE = 0.5  # of the distance from a level to 0 or 1, whichever is nearer
LEVEL_DECIMALS = 6

Shares = npt.NDArray[np.float64]
NAMES = list(QUANTILE_LEVELS)
LEVELS = np.array(list(QUANTILE_LEVELS.values()))


class TenantLevels(dy.Schema):
    """Which quantile of a tenant's residuals stands for each level: its place in ``QUANTILE_GRID``."""

    tenant_id = col.tenant_id()
    at_q10 = col.number("Place of what is forecast as q10")
    at_q50 = col.number("Place of what is forecast as q50")
    at_q80 = col.number("Place of what is forecast as q80")
    at_q90 = col.number("Place of what is forecast as q90")
    at_q95 = col.number("Place of what is forecast as q95")


def tenant_levels(panel: Panel, day_forecasts: dy.DataFrame[plans.DemandForecasts]) -> dy.DataFrame[TenantLevels]:
    """The levels of every tenant of the panel, in its order.

    Day by day the level asked for moves by a step of the difference between the level and the share of the tenant's
    series that sold no more than its quantile, each level by itself (adaptive conformal inference: Gibbs & Candès 2021,
    Adaptive conformal inference under distribution shift). The step grows with the number of series, the move is
    bounded, and only the last ``DAYS`` days count. Levels keep their order.

    Args:
        day_forecasts: of earlier plans; of each day the latest plan's forecasts count, overridden ones do not.
    """
    held, series = _held(panel, day_forecasts)
    share = series / (series + SERIES_OF_HALF_STEP)
    bound = LARGEST_MOVE * np.minimum(LEVELS, 1 - LEVELS)
    levels = np.tile(LEVELS, (panel.cells.height, 1))
    for day in range(DAYS):
        moved = levels + STEP * share[:, day] * (LEVELS - held[:, day])
        levels = np.clip(np.where(series[:, day] > 0, moved, levels), LEVELS - bound, LEVELS + bound)
    ordered = np.maximum.accumulate(levels, axis=1).round(LEVEL_DECIMALS)
    places = {f"at_{name}": places for name, places in zip(NAMES, grid_positions(ordered).T, strict=True)}
    columns = {name: pl.Series(place) for name, place in places.items()}
    return conform(TenantLevels, panel.cells.select("tenant_id").with_columns(**columns))


def _held(panel: Panel, forecasts: pl.DataFrame) -> tuple[Shares, Shares]:
    """Share of a tenant's series that sold no more than each quantile, and how many tell: (tenants, DAYS, levels) each.

    A quantile of 0 tells nothing, as nothing can sell less, nor do the whole quantiles of small counts, which hold
    more often than their level.
    """
    tells = {name: pl.col(name) > 0 for name in NAMES}
    is_latest = pl.col("plan_date") == pl.col("plan_date").max().over("tenant_id", "target_date")
    is_whole = pl.all_horizontal(pl.col(name) == pl.col(name).round() for name in NAMES)
    first = max(panel.past - DAYS, 0)
    sold = as_rows(panel, range(first, panel.past), demand=panel.recorded_demand[:, first:]).drop_nulls("demand")
    counted = (
        forecasts.filter(pl.col("override_id").is_null() & (pl.col("q95") > 0))
        .filter(is_latest & ~is_whole)
        .select(*SERIES, *NAMES, date="target_date")
        .join(sold, on=[*SERIES, "date"])
        .group_by("tenant_id", "date")
        .agg(
            *(tells[name].sum().alias(f"series_{name}") for name in NAMES),
            *((tells[name] & (pl.col("demand") <= pl.col(name))).sum().alias(f"held_{name}") for name in NAMES),
        )
        .join(panel.cells.with_row_index("tenant"), on="tenant_id")
        .with_columns(day=DAYS + (pl.col("date") - pl.col("plan_date")).dt.total_days())
    )
    found = []
    for what in ("held", "series"):
        matrix = np.zeros((panel.cells.height, DAYS, len(NAMES)))
        matrix[counted["tenant"].to_numpy(), counted["day"].to_numpy()] = counted.select(
            pl.col(f"{what}_{name}").cast(pl.Float64) for name in NAMES
        ).to_numpy()
        found.append(matrix)
    held, series = found
    return held / np.maximum(series, 1), series
