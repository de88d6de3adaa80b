"""What the system bakes on a morning: its forecast's quantile at the critical ratio."""

from datetime import date
from typing import Any, cast

import polars as pl
import pytest

from bakery_assets.replay.policies import AskedRatios, quantities_of_system, sample_quantile
from bakery_assets.schemas import conform, plans
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
    ratios = pl.DataFrame(asked, schema=["tenant_id", "product_id", "critical_ratio"], orient="row")
    found = quantities_of_system(cast(Any, forecasts), series, DAY, conform(AskedRatios, ratios))
    baked = {row["critical_ratio"]: row["quantity"] for row in found.filter(pl.col("product_id") == "rye").to_dicts()}
    # 0.7 lies two thirds of the way from 0.5 to 0.8, 0.85 half way from 0.8 to 0.9; beyond the outermost, these.
    assert baked == pytest.approx({0.05: 2, 0.5: 10, 0.7: 14, 0.85: 18, 0.99: 24})
    assert found.filter(pl.col("product_id") == "gone")["quantity"].to_list() == [0.0] * 5


@pytest.mark.parametrize(("level", "found"), [(0.0, 1), (0.1, 1), (0.3, 3), (0.7, 7), (0.71, 8), (1.0, 10)])
def test_a_sample_quantile_is_a_day_of_the_sample(level: float, found: float) -> None:
    """0.7 of ten days is the seventh, whatever floating numbers make of 0.7 times 10."""
    sample = pl.DataFrame({"sold": [[10.0, 9.0, 8.0, 7.0, 6.0, 1.0, 2.0, 3.0, 4.0, 5.0]]})
    assert sample.select(sample_quantile(pl.col("sold"), pl.lit(level))).item() == found
