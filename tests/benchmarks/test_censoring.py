"""Demand as the masking experiment has models learn it."""

from datetime import date, timedelta

import polars as pl
import pytest

from bakery_assets.forecasting.data.unconstrained_demand import MAX_TRAINING_RATIO
from benchmarks.censoring import training_demand

FIRST = date(2024, 3, 4)
HOURS = range(6, 16)


def hours(day: int, sold_each: float, out_from: int = 16) -> list[tuple[object, ...]]:
    """A day of ten hours that sells evenly until it runs out."""
    return [
        ("b", "main", "rye", FIRST + timedelta(days=day), hour, sold_each * (hour < out_from), float(hour < out_from))
        for hour in HOURS
    ]


def test_models_learn_a_day_that_sold_out_up_to_a_limit_and_nothing_from_one_hardly_in_stock() -> None:
    usual = [row for day in range(20) for row in hours(day, 4.0)]
    ran_out = [*hours(20, 4.0, out_from=14), *hours(21, 4.0, out_from=11), *hours(22, 4.0, out_from=6)]
    frame = pl.DataFrame(
        [*usual, *ran_out], orient="row",
        schema=["tenant_id", "location_id", "product_id", "sales_date", "hour", "quantity", "in_stock"],
        schema_overrides={"hour": pl.Int32},
    )  # fmt: skip
    found = training_demand(frame).sort("sales_date")["training_demand"].to_list()
    assert found[:20] == [40.0] * 20
    assert found[20] == pytest.approx(32.0 / 0.8)
    assert found[21] == pytest.approx(20.0 * MAX_TRAINING_RATIO)
    assert found[22] != found[22]  # not a number
