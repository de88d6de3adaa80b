"""Quantiles of any series: finite, in order, in keeping with what was sold and with the forecast."""

from datetime import timedelta
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.forecasting import forecast_demand
from bakery_assets.metrics import QUANTILE_LEVELS
from tests.forecasting.forecast_facts import PLAN, cells, facts

SHAPES = ("steady", "paused", "burst", "outlier", "rare", "ended", "new", "tripled")
DAYS = 200


def series(shape: str, scale: float, seed: int) -> list[float]:
    """Sales of ``DAYS`` days before the plan date; of ``new`` the last ones only."""
    random = Random(seed)
    usual = [random.randint(0, 20) * scale for _ in range(DAYS)]
    match shape:
        case "paused":
            back = random.randint(1, 40)
            return [*usual[: 140 - back], *[0.0] * 60, *usual[-back:]]
        case "burst":
            return [0.0] * 150 + usual[:5] + [0.0] * 45
        case "outlier":
            usual[random.randrange(DAYS)] = 500 * scale
            return usual
        case "rare":
            return [scale if random.random() < 0.05 else 0.0 for _ in range(DAYS)]
        case "ended":
            return [*usual[:100], *[0.0] * 100]
        case "new":
            return usual[: random.randint(1, 20)]
        case "tripled":
            return [*usual[:190], *(3 * each for each in usual[:10])]
        case _:
            return usual


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(SHAPES), st.sampled_from((0.001, 0.25, 1.0, 1_000.0, 1e6)), st.integers(0, 10_000)),
        min_size=1,
        max_size=6,
    )
)
def test_quantiles_of_any_series_are_in_order_and_in_keeping(made_of: list[tuple[str, float, int]]) -> None:
    sold = {f"p{number}": series(*each) for number, each in enumerate(made_of)}
    rows = [
        ("t", product, PLAN - timedelta(days=len(days) - day), "main", quantity, None, None)
        for product, days in sold.items()
        for day, quantity in enumerate(days)
    ]
    frames = facts(tenants=[("t", "XX", None)], products=[("t", product, None) for product in sold], sales=rows)
    made = forecast_demand(cells("t"), frames)["demand_forecasts"]
    assert made.height == 7 * len(sold)
    for row in made.iter_rows(named=True):
        quantiles = [row[name] for name in QUANTILE_LEVELS]
        assert all(lower <= upper for lower, upper in pairwise(quantiles)), row
        most = max(max(sold[row["product_id"]]), row["yhat"])
        assert 0 <= quantiles[0] <= row["yhat"] + 1e-6, row
        assert quantiles[-1] <= 2 * most + 1, row
        assert all(each == 0 or each >= row["yhat"] - 1e-6 for each in quantiles[2:]), row


def test_the_quantiles_of_a_product_that_sells_nothing_to_three_are_whole() -> None:
    random = Random(1)
    rows = [
        ("t", "cake", PLAN - timedelta(days=day), "main", float(random.choices(range(4), (4, 3, 2, 1))[0]), None, None)
        for day in range(1, 180)
    ]
    # Bread sells every day: on a day without any sale the shop would count as closed.
    bread = [("t", "bread", day, "main", 50.0, None, None) for _, _, day, *_ in rows]
    products = [("t", "cake", None), ("t", "bread", None)]
    frames = facts(tenants=[("t", "XX", None)], products=products, sales=[*rows, *bread])
    made = forecast_demand(cells("t"), frames)["demand_forecasts"].filter(product_id="cake")
    assert set(made["q50"]) <= {0.0, 1.0}
    assert set(made["q90"]) <= {2.0, 3.0}, "P(X <= 2) is 0.9"
    assert set(made["q95"]) <= {3.0, 4.0}
