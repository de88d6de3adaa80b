"""Demand: what each product is expected to sell on each day ahead, forecasts consumed by customer orders.

Procurement and stock start from this one figure. How much has to be ready for it is in ``targets``. Forecasts are made
in ``forecasting``; what baking takes of ingredients is in ``gross_requirements``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.calendars import closed_days
from bakery_assets.cells import HORIZON_DAYS, horizon
from bakery_assets.keys import PRODUCT, PRODUCT_DAY, SCHEDULE_DAY, SERIES
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.items import PRODUCT_KIND
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.quantities import DECIMALS, TOLERANCE, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

HALF_A_PIECE = 0.5
SERIES_DAY = [*SERIES, "schedule_date"]
FORECAST = ("yhat", *QUANTILE_LEVELS)


class ProductDayFacts(TypedDict):
    """What decides on which days a product is sold."""

    products: dy.DataFrame[ops.Products]
    calendar: dy.DataFrame[ops.Calendar]


class ShopDayInputs(ProductDayFacts):
    """What ``shop_days`` reads."""

    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    customer_orders: dy.DataFrame[ops.CustomerOrders]


class DemandInputs(ShopDayInputs):
    """What ``daily_demand`` reads."""

    stock_movements: dy.DataFrame[plans.StockMovements]


class DailyDemand(dy.Schema):
    """Demand of products by day, all locations together; only days with a forecast row or a customer order."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    schedule_date = col.date("The day", primary_key=True)
    unit = col.choice("Unit of the quantities", col.UNITS)
    forecast = col.number("Forecast; 0 on days on which the product is not sold")
    orders = col.number("Customer orders due")
    sold = col.number("Sold by the planning instant, on the plan date itself")
    demand = col.number("orders + max(0, forecast - orders) - sold, in whole pieces for products counted in pieces")
    is_open = col.boolean("Bakery and product are open, so that it may be baked")

    @dy.rule()
    def orders_consume_the_forecast(cls) -> pl.Expr:
        """The larger of orders and forecast less what is sold, but for the rounding to pieces."""
        rounding = pl.when(pl.col("unit") == "piece").then(HALF_A_PIECE).otherwise(0.0)
        wanted = (pl.max_horizontal("orders", "forecast") - pl.col("sold")).clip(0.0)
        return (pl.col("demand") - wanted).abs() <= rounding + TOLERANCE


class ShopDays(dy.Schema):
    """Forecast with its quantiles, and customer orders, of products in shops on the days of the horizon."""

    tenant_id = col.tenant_id()
    location_id = col.location_id(primary_key=True)
    product_id = col.key_text("The product", primary_key=True)
    schedule_date = col.date("The day", primary_key=True)
    unit = col.choice("Unit of the quantities", col.UNITS)
    shelf_life_days = ops.Products.shelf_life_days
    yhat = col.number("Forecast; 0 on a day on which the product is not sold, like its quantiles")
    q10 = plans.DemandForecasts.q10
    q50 = plans.DemandForecasts.q50
    q80 = plans.DemandForecasts.q80
    q90 = plans.DemandForecasts.q90
    q95 = plans.DemandForecasts.q95
    orders = col.number("Customer orders due")


def daily_demand(
    cells: dy.DataFrame[Cells], inputs: DemandInputs, days: int = HORIZON_DAYS
) -> dy.DataFrame[DailyDemand]:
    """Demand per product and day: ``orders + max(0, forecast - orders) - sold``, sorted by product and day.

    Orders consume the forecast of their own day, as in frePPLe's forecast netting: an order that the
    forecast expected adds nothing, what goes beyond the forecast adds in full. Nothing is forecast, and nothing may be
    baked, on a day on which the bakery or the product is closed; from ``discontinued_on`` on, nothing is forecast.
    Customer orders count even then.

    A day that is replanned while it is sold has sold a part of its demand, which its stock no longer has.

    Beyond the days that are forecast, a day repeats the forecast of its weekday. Orders count on the day they
    are due and are never repeated, and the calendar's closed days hold there too.

    Args:
        days: how many days from the plan date on.
    """
    wanted = pl.col("orders") + whole_pieces((pl.col("forecast") - pl.col("orders")).clip(0.0))
    left = (wanted - pl.col("sold")).clip(0.0)
    demand = _terms(cells, inputs, days).with_columns(demand=left.round(DECIMALS))
    return conform(DailyDemand, demand.sort(PRODUCT_DAY))


def shop_days(cells: dy.DataFrame[Cells], inputs: ShopDayInputs) -> dy.DataFrame[ShopDays]:
    """What is expected of each product in each shop, for the days of the horizon, sorted.

    Customer orders know no location: they are collected at the main one, and consume its forecast.
    """
    ahead = horizon(cells)
    forecasts = (
        inputs["demand_forecasts"]
        .join(ahead, on=["tenant_id", "plan_date", "target_date"], how="semi")
        .select(*SERIES, *FORECAST, schedule_date="target_date")
    )
    orders = _orders(inputs["customer_orders"], cells, SERIES_DAY, HORIZON_DAYS)
    rows = _with_sold_days(forecasts.join(orders, on=SERIES_DAY, how="full", coalesce=True), inputs)
    figures = (
        pl.when("is_sold").then(pl.col(name).fill_null(0.0)).otherwise(0.0).round(DECIMALS).alias(name)
        for name in FORECAST
    )
    days = rows.with_columns(*figures, orders=pl.col("orders").fill_null(0.0).round(DECIMALS))
    return conform(ShopDays, days.sort(SERIES_DAY))


def _terms(cells: dy.DataFrame[Cells], inputs: DemandInputs, days: int) -> pl.DataFrame:
    """Rows by product and day with ``forecast, orders, sold, is_open`` and what is known of the product."""
    forecasts = _forecasts(inputs["demand_forecasts"], cells, days)
    orders = _orders(inputs["customer_orders"], cells, PRODUCT_DAY, days)
    rows = _with_sold_days(forecasts.join(orders, on=PRODUCT_DAY, how="full", coalesce=True), inputs)
    sold = sold_today(cells, inputs["stock_movements"], PRODUCT_DAY)
    return rows.join(sold, on=PRODUCT_DAY, how="left").with_columns(
        sold=pl.col("sold").fill_null(0.0),
        forecast=pl.when("is_sold").then(pl.col("forecast").fill_null(0.0)).otherwise(0.0).round(DECIMALS),
        orders=pl.col("orders").fill_null(0.0).round(DECIMALS),
    )


def _with_sold_days(rows: pl.DataFrame, inputs: ProductDayFacts) -> pl.DataFrame:
    """Rows of known products with ``is_open``, ``is_sold``, ``unit`` and ``shelf_life_days``.

    A product is sold on days that are open until it is discontinued.
    """
    products = inputs["products"].select(*PRODUCT, "unit", "shelf_life_days", "discontinued_on")
    is_sold = pl.col("is_open") & (
        pl.col("discontinued_on").is_null() | (pl.col("schedule_date") < pl.col("discontinued_on"))
    )
    return _with_open_days(rows.join(products, on=PRODUCT), inputs["calendar"]).with_columns(is_sold=is_sold)


def _forecasts(forecasts: pl.DataFrame, cells: pl.DataFrame, days: int) -> pl.DataFrame:
    """Forecasts by product and day: those of the horizon, and again for every further week within ``days``."""
    week = forecasts.join(horizon(cells), on=["tenant_id", "plan_date", "target_date"], how="semi")
    shifts = range(0, days, HORIZON_DAYS)
    repeated = pl.concat([week.with_columns(pl.col("target_date") + pl.duration(days=shift)) for shift in shifts])
    return (
        repeated.join(horizon(cells, days), on=["tenant_id", "plan_date", "target_date"], how="semi")
        .rename({"target_date": "schedule_date"})
        .group_by(PRODUCT_DAY)
        .agg(forecast=ordered_sum("yhat"))
    )


def _orders(orders: pl.DataFrame, cells: pl.DataFrame, key: list[str], days: int) -> pl.DataFrame:
    """Customer orders due within ``days``, by ``key``; no fact says where they are collected."""
    ahead = horizon(cells, days).rename({"target_date": "schedule_date"})
    return (
        orders.rename({"due_date": "schedule_date"})
        .join(ahead, on=SCHEDULE_DAY, how="semi")
        .with_columns(location_id=pl.lit(col.MAIN_LOCATION))
        .group_by(key)
        .agg(orders=ordered_sum("quantity"))
    )


def sold_today(
    cells: dy.DataFrame[Cells], movements: dy.DataFrame[plans.StockMovements], key: list[str]
) -> pl.DataFrame:
    """What has been sold on the plan date by the planning instant, by ``key``."""
    sales = movements.filter((pl.col("kind") == "sale") & (pl.col("item_kind") == PRODUCT_KIND))
    known = sales.join(cells.select("tenant_id", "timezone", "planned_as_of"), on="tenant_id")
    made = known.filter(pl.col("happened_at") <= pl.col("planned_as_of"))
    return (
        with_local_times(made, wall="happened_at")
        .filter(pl.col("wall").dt.date() == pl.col("plan_date"))
        .with_columns(product_id="item_id", schedule_date="plan_date")
        .group_by(key)
        .agg(sold=(-pl.col("quantity")).sort().sum().round(DECIMALS))
    )


def _with_open_days(rows: pl.DataFrame, calendar: dy.DataFrame[ops.Calendar]) -> pl.DataFrame:
    """Rows with ``is_open``: neither the bakery nor the product is closed that day."""
    bakery_closed = closed_days(calendar).select("tenant_id", schedule_date="date", bakery_closed=True)
    product_closed = (
        calendar.filter((pl.col("kind") == "closed") & pl.col("product_id").is_not_null())
        .select(*PRODUCT, schedule_date="date", product_closed=True)
        .unique()
    )
    return (
        rows.join(bakery_closed, on=SCHEDULE_DAY, how="left")
        .join(product_closed, on=PRODUCT_DAY, how="left")
        .with_columns(is_open=pl.col("bakery_closed").is_null() & pl.col("product_closed").is_null())
    )


def whole_pieces(rest: pl.Expr) -> pl.Expr:
    """What no one has ordered, in whole pieces for products counted in pieces; for rows with ``unit, shelf_life_days``.

    A product counted in pieces needs whole ones, the number being rounded half up: 22.3
    muffins are no reason to bake a batch in addition to the 22 in stock. Less than half a piece a day stays as it is
    for what keeps long enough to sell half a piece, and counts as nothing for what does not: 0.02 wedding cakes
    are no reason to bake one.
    """
    return (
        pl.when(pl.col("unit") != "piece")
        .then(rest)
        .when(rest >= HALF_A_PIECE)
        .then((rest + HALF_A_PIECE).floor())
        .when(rest * pl.col("shelf_life_days") >= HALF_A_PIECE)
        .then(rest)
        .otherwise(0.0)
    )
