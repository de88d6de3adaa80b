"""The benchmark of quantities: the competitor's cost index and what counts as reached."""

from datetime import date, timedelta

import polars as pl
import pytest

from bakery_assets.keys import SERIES
from bakery_assets.replay import Replay
from benchmarks.conformal_blend import conformal_quantile, features_of, panel_of
from benchmarks.replay import BLEND, blend_indices, targets

DAY = date(2024, 1, 1)


def test_the_blends_index_is_its_cost_over_the_sample_quantiles() -> None:
    rows = [("a", "main", "rye", DAY, ratio, policy, 0.0, wanted, cost)
            for ratio, policy, wanted, cost in ((0.8, "sample_quantile", 10.0, 4.0), (0.8, "system", 10.0, 1.0), (0.5, "sample_quantile", 10.0, 2.0))]  # fmt: skip
    days = pl.DataFrame(
        rows, schema=[*SERIES, "date", "critical_ratio", "policy", "baked", "demand", "cost"], orient="row"
    )
    baked = pl.DataFrame(
        [
            ("a", "main", "rye", DAY, 0.8, 7.0),
            ("a", "main", "rye", DAY, 0.5, 16.0),
            ("a", "main", "bun", DAY, 0.5, 9.0),
        ],
        schema=[*SERIES, "date", "critical_ratio", "baked"],
        orient="row",
    )
    # At 0.8 three are lost: 2.4 against 4; at 0.5 six are left: 3 against 2.
    assert blend_indices(Replay((), (), (), {}, days), baked) == pytest.approx({0.5: 150.0, 0.8: 60.0})


def test_a_window_above_100_and_a_cheaper_blend_are_misses() -> None:
    means = {
        "system": {0.5: 92.0, 0.7: 89.1, 0.8: 80.0, 0.9: 80.0},
        BLEND: {0.5: 91.0, 0.7: 99.0, 0.8: 80.0, 0.9: 81.0},
    }
    reached = {target["target"]: target["reached"] for target in targets(means, [99.0, 100.5])}
    assert [name for name, is_reached in reached.items() if not is_reached] == [
        "mean cost index at 0.7", "highest cost index of a window", "mean cost index at 0.5 over the blend's",
    ]  # fmt: skip


def test_a_conformal_quantile_counts_the_day_to_come() -> None:
    assert [conformal_quantile([4.0, 1.0, 3.0, 2.0], level) for level in (0.2, 0.5, 0.8, 0.9)] == [1.0, 3.0, 4.0, 4.0]
    assert conformal_quantile([], 0.8) == 1.0


def test_the_blend_knows_nothing_of_a_morning_but_the_days_before_and_the_calendar() -> None:
    days = [DAY + timedelta(days=number) for number in range(60)]
    sales = pl.DataFrame({"sales_date": days, "quantity": [5.0 + number * 7 % 13 for number in range(60)]}).select(
        tenant_id=pl.lit("a"),
        location_id=pl.lit("main"),
        product_id=pl.lit("rye"),
        sales_date="sales_date",
        quantity="quantity",
    )
    calendar = pl.DataFrame(
        {"tenant_id": ["a"], "date": [days[50]], "kind": ["holiday"], "product_id": [None]},
        schema_overrides={"product_id": pl.String},
    )
    louder = sales.with_columns(
        quantity=pl.when(pl.col("sales_date") >= days[49]).then(pl.col("quantity") * 9).otherwise("quantity")
    )
    first, second = (
        features_of(panel_of(each, days[-1]), calendar).filter(pl.col("date") == days[49]).drop("y")
        for each in (sales, louder)
    )
    assert first.equals(second)
    assert first["holiday_-1"].item() == 1
