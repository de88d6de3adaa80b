"""Human overrides of forecasts."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from bakery_assets.forecasting import forecast_demand
from bakery_assets.metrics import QUANTILE_LEVELS
from tests.forecasting.forecast_facts import PLAN, WEEKDAYS, Facts, bakery, cells, facts, note, sale

TOMORROW = PLAN + timedelta(days=1)


def said(
    number: int, quantity: float | None = None, factor: float | None = None, day: date = TOMORROW,
    product: str = "bread", minute: int = 0, tenant: str = "t",
) -> tuple[Any, ...]:  # fmt: skip
    """A row of ``forecast_overrides``."""
    at = datetime(2026, 3, 8, 12, minute, tzinfo=UTC)
    return (tenant, f"o{number}", product, day, quantity, factor, "fair", "Ada", at)


def shops(*overrides: tuple[Any, ...], calendar: list[Any] = ()) -> Facts:
    """Bread sells three times as much in the west as in the east; cake sells in the west."""
    frames = bakery("t", 84, sizes=(("east", "bread", 20.0), ("west", "bread", 60.0), ("west", "cake", 9.0)))
    columns = ["tenant_id", "override_id", "product_id", "target_date", "quantity", "factor", "reason", "who",
               "recorded_at"]  # fmt: skip
    schema = frames["forecast_overrides"].schema
    rows = pl.DataFrame(list(overrides), schema={name: schema[name] for name in columns}, orient="row")
    frames["forecast_overrides"] = rows.select(
        (pl.col(name) if name in columns else pl.lit(None, dtype)).alias(name) for name, dtype in schema.items()
    )
    frames["calendar"] = pl.concat([frames["calendar"], facts(calendar=calendar)["calendar"]])
    return frames


def made(*overrides: tuple[Any, ...], calendar: list[Any] = ()) -> pl.DataFrame:
    return forecast_demand(cells("t"), shops(*overrides, calendar=calendar))["demand_forecasts"]


def bread(rows: pl.DataFrame, day: date = TOMORROW) -> pl.DataFrame:
    return rows.filter(product_id="bread", target_date=day).sort("location_id")


def test_a_quantity_is_split_over_the_shops_as_the_system_would() -> None:
    plain, changed = bread(made()), bread(made(said(1, quantity=200.0)))
    total = plain["yhat"].sum()
    assert total == pytest.approx(80 * WEEKDAYS[TOMORROW.weekday()], rel=0.2)
    assert changed["yhat"].to_list() == pytest.approx([200 * each / total for each in plain["yhat"]], abs=1e-5)
    assert changed["yhat"].sum() == pytest.approx(200.0, abs=1e-5)
    assert changed["system_yhat"].equals(plain["yhat"])
    assert plain["system_yhat"].to_list() == plain["yhat"].to_list()
    assert changed["override_id"].to_list() == ["o1", "o1"]
    assert plain["override_id"].to_list() == [None, None]
    reason = json.loads(changed["reasoning"][0])["override"]
    assert reason == {"factor": None, "quantity": 200.0, "reason": "fair", "who": "Ada"}


def test_a_factor_moves_every_shop_and_its_quantiles() -> None:
    plain, lower, higher = bread(made()), bread(made(said(1, factor=0.5))), bread(made(said(1, factor=1.5)))
    for name in ("yhat", *QUANTILE_LEVELS):
        assert lower[name].to_list() == pytest.approx([0.5 * each for each in plain[name]], abs=1e-4)
        more = (0.5 * plain["yhat"]).to_list()
        assert higher[name].to_list() == pytest.approx(
            [each + added for each, added in zip(plain[name], more, strict=True)], abs=1e-4
        )
    assert lower["system_yhat"].equals(plain["yhat"])


@pytest.mark.parametrize(
    "override", [said(1, quantity=3.0), said(1, quantity=0.0), said(1, factor=0.0), said(1, factor=7.5)]
)
def test_quantiles_stay_sorted_and_never_negative(override: tuple[Any, ...]) -> None:
    changed = bread(made(override))
    for lower, upper in pairwise(QUANTILE_LEVELS):
        assert (changed[lower] <= changed[upper]).all()
    assert (changed["q10"] >= 0).all()
    if 0.0 in override[4:6]:
        assert changed.select("yhat", *QUANTILE_LEVELS).sum_horizontal().to_list() == [0.0, 0.0]


def test_the_latest_override_wins() -> None:
    first, second = said(1, quantity=100.0, minute=5), said(2, quantity=50.0, minute=9)
    for rows in ([first, second], [second, first]):
        assert bread(made(*rows))["yhat"].sum() == pytest.approx(50.0, abs=1e-5)
    back = said(3, factor=1.0, minute=30)
    assert bread(made(first, second, back))["yhat"].equals(bread(made())["yhat"])
    assert bread(made(first, second, back))["override_id"].to_list() == ["o3", "o3"]


def test_an_override_of_a_closed_day_counts() -> None:
    closed = [note("t", TOMORROW, "closed")]
    changed = bread(made(said(1, quantity=30.0), calendar=closed))
    assert changed["system_yhat"].to_list() == [0.0, 0.0]
    for name in ("yhat", *QUANTILE_LEVELS):
        assert changed[name].to_list() == [15.0, 15.0], "evenly, as the system has no shares"
    assert bread(made(said(1, factor=2.0), calendar=closed))["yhat"].to_list() == [0.0, 0.0]


def test_other_days_and_products_stay_as_they_are() -> None:
    plain, changed = made(), made(said(1, quantity=200.0), said(2, factor=2.0, day=PLAN - timedelta(days=1)))
    touched = (pl.col("product_id") == "bread") & (pl.col("target_date") == TOMORROW)
    assert changed.filter(~touched).equals(plain.filter(~touched))
    assert changed.filter(touched).height == 2


def test_a_new_product_sells_what_a_person_says() -> None:
    frames = shops(said(1, quantity=12.0, product="tart"))
    frames["products"] = pl.concat([frames["products"], facts(products=[("t", "tart", None)])["products"]])
    tart = forecast_demand(cells("t"), frames)["demand_forecasts"].filter(product_id="tart", target_date=TOMORROW)
    assert tart.select("yhat", "system_yhat", *QUANTILE_LEVELS).row(0) == (12.0, 0.0, *[12.0] * 5)


def test_an_override_far_above_a_small_forecast_has_no_absurd_width() -> None:
    # A fair that hardly sold anything: the system expects next to nothing, but is used to 80 a day.
    fairs = [PLAN - timedelta(days=n) for n in (10, 20, 30, 40, 50, 60, 70, 80)]
    frames = shops(
        said(1, quantity=100.0), calendar=[note("t", day, "event", "bread", "fair") for day in [*fairs, TOMORROW]]
    )
    rare = [sale("t", "bread", day, 1.0, shop) for day in fairs for shop in ("east", "west")]
    sales = frames["sales"].filter(~(pl.col("sales_date").is_in(fairs) & (pl.col("product_id") == "bread")))
    frames["sales"] = pl.concat([sales, facts(sales=rare)["sales"]])
    changed = bread(forecast_demand(cells("t"), frames)["demand_forecasts"])
    assert changed["system_yhat"].sum() < 20
    assert changed["q95"].sum() < 3 * 100
