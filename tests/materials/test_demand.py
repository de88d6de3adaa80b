"""Daily demand: orders, and what they leave of the forecast, in pieces that can be baked."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from bakery_assets.cells import CELLS
from bakery_assets.materials.demand import daily_demand
from bakery_assets.schemas import plans

DAY = date(2026, 3, 3)


def demand(
    yhat: float,
    *,
    orders: float | None = None,
    unit: str = "piece",
    shelf_life_days: int = 1,
    closed: bool = False,
    days: int = 7,
    discontinued_on: date | None = None,
) -> float:
    cells = pl.DataFrame(
        [("b", DAY, "Europe/Paris", datetime(2026, 3, 3, 4, 30, tzinfo=UTC))], schema=CELLS, orient="row"
    )
    frames = {
        "products": pl.DataFrame(
            {
                "tenant_id": ["b"],
                "product_id": ["bun"],
                "unit": [unit],
                "shelf_life_days": [shelf_life_days],
                "discontinued_on": [discontinued_on],
            },
            schema_overrides={"discontinued_on": pl.Date},
        ),
        "calendar": pl.DataFrame(
            [("b", DAY, "closed", None)] if closed else [],
            schema={"tenant_id": pl.String, "date": pl.Date, "kind": pl.String, "product_id": pl.String},
            orient="row",
        ),
        "demand_forecasts": pl.DataFrame(
            {
                "tenant_id": ["b"],
                "plan_date": [DAY],
                "product_id": ["bun"],
                "location_id": ["main"],
                "target_date": [DAY],
                "yhat": [yhat],
            }
        ),
        "stock_movements": plans.StockMovements.create_empty(),
        "customer_orders": pl.DataFrame(
            [] if orders is None else [("b", "bun", DAY, orders)],
            schema={"tenant_id": pl.String, "product_id": pl.String, "due_date": pl.Date, "quantity": pl.Float64},
            orient="row",
        ),
    }
    return float(daily_demand(cells, frames, days)["demand"].sum())


@pytest.mark.parametrize(("yhat", "required"), [(22.3, 22.0), (22.5, 23.0), (0.5, 1.0), (0.49, 0.0), (0.0, 0.0)])
def test_pieces_are_required_in_whole_ones_rounded_half_up(yhat: float, required: float) -> None:
    assert demand(yhat) == required


def test_dough_by_weight_is_required_as_forecast() -> None:
    assert demand(22.3, unit="kg") == 22.3


@pytest.mark.parametrize(("shelf_life_days", "required"), [(1, 0.0), (2, 0.0), (3, 0.2)])
def test_a_slow_seller_counts_if_it_sells_half_a_piece_before_it_is_stale(
    shelf_life_days: int, required: float
) -> None:
    assert demand(0.2, shelf_life_days=shelf_life_days) == required


@pytest.mark.parametrize("unit", ["piece", "kg"])
@pytest.mark.parametrize(("orders", "left"), [(130, 220), (100, 250), (80, 270)])
def test_orders_consume_the_forecast_as_in_frepples_forecast_netting(orders: float, left: float, unit: str) -> None:
    """frePPLe doc, forecast-netting: a forecast of 350 with orders of 130, 100 and 80 leaves 220, 250 and 270."""
    assert demand(350, orders=orders, unit=unit) - orders == left


def test_orders_beyond_the_forecast_are_demand_in_full_also_by_weight() -> None:
    """130 kg of dough are ordered where 100 were forecast: demand is 130, and no forecast is left over or missing."""
    assert demand(100, orders=130, unit="kg") == 130
    assert demand(100, orders=130, unit="piece") == 130


@pytest.mark.parametrize(("yhat", "orders", "required"), [(0.02, 1, 1), (10.2, 3, 10)])
def test_what_orders_leave_of_a_forecast_is_rounded_to_pieces(yhat: float, orders: float, required: float) -> None:
    assert demand(yhat, orders=orders) == required


def test_on_a_closed_day_only_orders_count() -> None:
    assert demand(50.0, closed=True) == 0.0
    assert demand(50.0, orders=4.0, closed=True) == 4.0


def test_a_second_week_repeats_forecasts_but_neither_orders_nor_a_closed_day_nor_what_is_discontinued() -> None:
    assert demand(50.0, days=14) == 100.0
    assert demand(50.0, days=8) == 100.0
    assert demand(50.0, orders=80.0, days=14) == 130.0
    assert demand(50.0, closed=True, days=14) == 50.0
    assert demand(50.0, days=14, discontinued_on=date(2026, 3, 10)) == 50.0
