"""What the system bakes on a morning: its forecast's quantile at the critical ratio."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import polars as pl
import pytest

from bakery_assets.newsvendor.critical_ratio import critical_ratios
from bakery_assets.replay.policies import AskedRatios, quantities_of_system, sample_quantile
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.stages import Stage
from bakery_assets.target_stock import set_target_stock_levels
from tests.scenarios import filled

DAY = date(2024, 3, 4)


def forecast(product: str, target: date, *quantiles: float) -> dict[str, Any]:
    q10, q50, q80, q90, q95 = quantiles
    return {
        "tenant_id": "a", "location_id": "main", "product_id": product, "plan_date": DAY, "target_date": target,
        "q10": q10, "q50": q50, "q80": q80, "q90": q90, "q95": q95,
    }  # fmt: skip


def test_the_quantile_of_the_day_is_interpolated_and_a_series_without_a_forecast_gets_none() -> None:
    forecasts = filled(
        plans.DemandForecasts,
        [forecast("rye", DAY, 2, 10, 16, 20, 24), forecast("rye", date(2024, 3, 5), 90, 91, 92, 93, 94)],
    )
    series = pl.DataFrame({"tenant_id": ["a", "a"], "location_id": ["main", "main"], "product_id": ["rye", "gone"]})
    asked = [("a", product, ratio) for product in ("rye", "gone") for ratio in (0.05, 0.5, 0.7, 0.85, 0.99)]
    ratios = pl.DataFrame(asked, schema=["tenant_id", "product_id", "critical_ratio"], orient="row").with_columns(
        shelf_life_days=1
    )
    found = quantities_of_system(cast(Any, forecasts), series, DAY, conform(AskedRatios, ratios))
    baked = {row["critical_ratio"]: row["quantity"] for row in found.filter(pl.col("product_id") == "rye").to_dicts()}
    # 0.7 lies two thirds of the way from 0.5 to 0.8, 0.85 half way from 0.8 to 0.9; beyond the outermost, these.
    assert baked == pytest.approx({0.05: 2, 0.5: 10, 0.7: 14, 0.85: 18, 0.99: 24})
    assert found.filter(pl.col("product_id") == "gone")["quantity"].to_list() == [0.0] * 5


def test_what_keeps_for_several_days_has_the_base_stock_of_the_plan_that_morning() -> None:
    """The same as the stage makes of the same forecasts, for a cake that keeps three days and rolls that keep one."""
    days = [DAY + timedelta(days=ahead) for ahead in range(7)]
    made = [forecast("cake", day, 2, 10, 16, 20, 24) for day in days] + [
        forecast("roll", day, 20, 30, 36, 40, 44) for day in days
    ]
    forecasts = filled(plans.DemandForecasts, [{**row, "yhat": row["q50"]} for row in made])
    cake = {"tenant_id": "a", "unit": "piece", "price": 3.0, "unit_cost": 0.6, "salvage_value": 0.0}
    keeps = {"cake": 3, "roll": 1}
    products = filled(
        ops.Products, [{**cake, "product_id": name, "shelf_life_days": days} for name, days in keeps.items()]
    )
    inputs: Any = {
        name: filled(cast(Any, schema), []) for name, schema in Stage.of(set_target_stock_levels).reads.items()
    }
    inputs |= {
        "products": products,
        "demand_forecasts": forecasts,
        "tenants": filled(ops.Tenants, [{"tenant_id": "a", "timezone": "UTC"}]),
    }
    cells = pl.DataFrame(
        [("a", DAY, "UTC", datetime(2024, 3, 4, 4, tzinfo=UTC))], schema=pl.Schema(Cells), orient="row"
    )
    planned = set_target_stock_levels(conform(Cells, cells), inputs)["target_stock_levels"]
    wanted = planned.filter(pl.col("target_date") == DAY)
    series = forecasts.select("tenant_id", "location_id", "product_id").unique().sort("product_id")
    asked = critical_ratios(products).join(products.select("product_id", "shelf_life_days"), on="product_id")
    found = quantities_of_system(cast(Any, forecasts), series, DAY, conform(AskedRatios, asked))
    assert dict(found.select("product_id", "quantity").iter_rows()) == dict(
        wanted.select("product_id", "target_quantity").iter_rows()
    )
    # One day of rolls at (3 - 0.6) / 3 = 0.8 is q80; a cake left over is sold on the days after, so more may be there.
    baked = dict(found.select("product_id", "quantity").iter_rows())
    assert baked["roll"] == 36
    assert 16 < baked["cake"] <= 24


@pytest.mark.parametrize(("level", "found"), [(0.0, 1), (0.1, 1), (0.3, 3), (0.7, 7), (0.71, 8), (1.0, 10)])
def test_a_sample_quantile_is_a_day_of_the_sample(level: float, found: float) -> None:
    """0.7 of ten days is the seventh, whatever floating numbers make of 0.7 times 10."""
    sample = pl.DataFrame({"sold": [[10.0, 9.0, 8.0, 7.0, 6.0, 1.0, 2.0, 3.0, 4.0, 5.0]]})
    assert sample.select(sample_quantile(pl.col("sold"), pl.lit(level))).item() == found
