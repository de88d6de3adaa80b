"""What each product is asked for on each day ahead: forecasts consumed by customer orders.

Baking and stock both start from it, so that neither asks for what the other leaves out.
"""

import polars as pl

from bakery_assets.calendars import closed_days
from bakery_assets.cells import HORIZON_DAYS, Frames, horizon

DECIMALS = 6  # as stock is kept; finer than any scale in a bakery
HALF_A_PIECE = 0.5


def daily_demand(cells: pl.DataFrame, frames: Frames, days: int = HORIZON_DAYS) -> pl.DataFrame:
    """Demand per product and day: ``orders + max(0, forecast - orders)``.

    A product counted in pieces is asked for in whole ones, the expected number being rounded half up: 22.3
    muffins are no reason to bake a batch beside the 22 on the shelf. Less than half a piece a day stays as it is
    for what keeps long enough to sell half a piece, and counts as nothing for what does not: 0.02 wedding cakes
    are no reason to bake one.

    Orders consume the forecast of their own day, as in frePPLe's forecast netting: an order that the
    forecast expected adds nothing, what goes beyond the forecast adds in full. All locations count together.
    Nothing is forecast, and nothing may be baked, on a day on which the bakery or the product is closed; from
    ``discontinued_on`` on, nothing is forecast. Orders that people placed count even then.

    Beyond the days that are forecast, a day repeats the forecast of its weekday. Orders count on the day they
    are due and are never repeated, and the calendar's closed days hold there too.

    Args:
        cells: the columns of ``cells.CELLS``.
        frames: ``products``, ``calendar``, ``demand_forecasts``, ``customer_orders``.
        days: how many days from the plan date on.

    Returns:
        ``tenant_id, product_id, schedule_date, forecast, orders, demand, is_open``, quantities in the
        product's unit; only rows with a forecast row or an order; sorted by tenant, product and day.
    """
    ahead = horizon(cells, days).rename({"target_date": "schedule_date"})
    key = ["tenant_id", "product_id", "schedule_date"]
    forecasts = (
        _repeated(frames["demand_forecasts"], cells, days)
        .rename({"target_date": "schedule_date"})
        .join(ahead, on=["tenant_id", "plan_date", "schedule_date"], how="semi")
        .group_by(key)
        .agg(forecast=_total("yhat"))
    )
    orders = (
        frames["customer_orders"]
        .rename({"due_date": "schedule_date"})
        .join(ahead, on=["tenant_id", "schedule_date"], how="semi")
        .group_by(key)
        .agg(orders=_total("quantity"))
    )
    closed = closed_days(frames["calendar"]).select("tenant_id", schedule_date="date", bakery_closed=True)
    resting = (
        frames["calendar"]
        .filter((pl.col("kind") == "closed") & pl.col("product_id").is_not_null())
        .select("tenant_id", "product_id", schedule_date="date", product_closed=True)
        .unique()
    )
    is_sold = pl.col("is_open") & (
        pl.col("discontinued_on").is_null() | (pl.col("schedule_date") < pl.col("discontinued_on"))
    )
    forecast, ordered = pl.col("forecast"), pl.col("orders")
    rest = (forecast - ordered).clip(0.0)
    expected = (
        pl.when(pl.col("unit") != "piece")
        .then(rest)
        .when(rest >= HALF_A_PIECE)
        .then((rest + HALF_A_PIECE).floor())
        .when(rest * pl.col("shelf_life_days") >= HALF_A_PIECE)
        .then(rest)
        .otherwise(0.0)
    )
    return (
        forecasts.join(orders, on=key, how="full", coalesce=True)
        .join(frames["products"].select(*key[:2], "discontinued_on", "unit", "shelf_life_days"), on=key[:2])
        .join(closed, on=["tenant_id", "schedule_date"], how="left")
        .join(resting, on=key, how="left")
        .with_columns(is_open=pl.col("bakery_closed").is_null() & pl.col("product_closed").is_null())
        .with_columns(
            forecast=pl.when(is_sold).then(forecast.fill_null(0.0)).otherwise(0.0).round(DECIMALS),
            orders=ordered.fill_null(0.0).round(DECIMALS),
        )
        .with_columns(demand=(ordered + expected).round(DECIMALS))
        .select(*key, "forecast", "orders", "demand", "is_open")
        .sort(key)
    )


def _repeated(forecasts: pl.DataFrame, cells: pl.DataFrame, days: int) -> pl.DataFrame:
    """The forecasts of the horizon, and the same again for every further week that begins within ``days``."""
    week = forecasts.join(horizon(cells), on=["tenant_id", "plan_date", "target_date"], how="semi")
    shifts = range(0, days, HORIZON_DAYS)
    return pl.concat([week.with_columns(pl.col("target_date") + pl.duration(days=shift)) for shift in shifts])


def _total(column: str) -> pl.Expr:
    """A sum that does not depend on the order of its rows."""
    return pl.col(column).sort().sum()
