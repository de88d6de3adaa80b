"""A day among the weeks before it: the trend, and which products are forecast best and worst."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from bakery_assets.validation import validate_forecasts
from tests.validation.validation_inputs import MONDAY, SUNDAY, cells, forecast, frames, sale, validated


def ago(days: int) -> date:
    return SUNDAY - timedelta(days=days)


def run_of(today: float, *earlier: Any, actual: float = 100.0) -> dict[str, Any]:
    """The run of a Sunday with a forecast of ``today`` for ``actual``, after ``earlier`` validations."""
    day = [forecast(SUNDAY, SUNDAY, "bread", today)], [sale(SUNDAY, "bread", actual)]
    return validate_forecasts(cells("t"), frames(*day, earlier))["validation_runs"].row(0, named=True)


def fortnight(now: float, before: float) -> list[Any]:
    """Six days and the seven before them, each of 100 sold, with these errors."""
    return [validated(ago(n), "bread", 100.0 + (now if n < 7 else before), 100.0) for n in range(1, 14)]


@pytest.mark.parametrize(
    ("now", "before", "trend"),
    [
        (20.0, 30.0, "improving"),
        (30.0, 20.0, "worsening"),
        (20.0, 20.0, "stable"),
        (21.0, 20.0, "stable"),  # exactly five percent
        (21.1, 20.0, "worsening"),
        (19.0, 20.0, "stable"),
        (18.9, 20.0, "improving"),
        (0.0, 0.0, "stable"),
        (1.0, 0.0, "worsening"),
    ],
)
def test_the_trend_is_last_week_against_the_week_before_within_five_percent(
    now: float, before: float, trend: str
) -> None:
    run = run_of(100.0 + now, *fortnight(now, before))
    assert (run["wape_7d"], run["wape_7d_before"], run["trend"]) == (round(now / 100, 6), before / 100, trend)


def test_a_big_day_weighs_more_than_a_small_one() -> None:
    # Today 50 off on 400; six days 10 off on 100: 110 off on 1000.
    run = run_of(450.0, *fortnight(10.0, 10.0), actual=400.0)
    assert run["wape_7d"] == 0.11
    assert run["trend"] == "worsening"


def test_thirteen_days_are_not_enough_for_a_trend() -> None:
    run = run_of(110.0, *fortnight(10.0, 50.0)[:-1])
    assert (run["wape_7d"], run["wape_7d_before"], run["trend"]) == (0.1, None, "unknown")
    assert run_of(110.0, *fortnight(10.0, 50.0)[:5])["wape_7d"] is None


def test_days_that_were_not_validated_are_skipped_not_counted_as_none() -> None:
    # The bakery is closed every other day.
    run = run_of(110.0, *(validated(ago(2 * n), "bread", 110.0 if n < 7 else 150.0, 100.0) for n in range(1, 14)))
    assert (run["wape_7d"], run["wape_7d_before"], run["trend"]) == (0.1, 0.5, "improving")


def test_of_two_validations_of_a_day_the_later_counts_and_todays_own_before_both() -> None:
    again = [
        validated(ago(1), "bread", 900.0, 100.0),
        validated(ago(1), "bread", 110.0, 100.0, by=ago(-1)),
        validated(SUNDAY, "bread", 900.0, 100.0, by=SUNDAY),
    ]
    run = run_of(110.0, *[row for row in fortnight(10.0, 10.0) if row[1]["validation_date"] != ago(1)], *again)
    assert (run["wape_7d"], run["wape_7d_before"]) == (0.1, 0.1)


def test_weeks_without_sales_have_no_trend() -> None:
    nothing = [validated(ago(n), "bread", 5.0, 0.0) for n in range(1, 14)]
    run = run_of(5.0, *nothing, actual=0.0)
    assert (run["status"], run["wape_7d"], run["wape_7d_before"], run["trend"]) == ("validated", None, None, "unknown")


def test_what_sold_out_on_earlier_days_does_not_count() -> None:
    gone = [validated(ago(n), "cake", 900.0, 10.0, sold_out=True) for n in range(1, 14)]
    assert run_of(110.0, *fortnight(10.0, 10.0), *gone)["wape_7d"] == 0.1


def ranked(wrong: dict[str, float], *earlier: Any) -> pl.DataFrame:
    """The products of a Sunday on which each sold 100."""
    day = [forecast(SUNDAY, SUNDAY, product, 100.0 + off) for product, off in wrong.items()]
    made = validate_forecasts(cells("t"), frames(day, [sale(SUNDAY, product, 100.0) for product in wrong], earlier))
    return made["validation_products"]


def test_four_weeks_of_a_product_are_pooled_over_its_days_and_shops() -> None:
    products = ranked(
        {"bread": 10.0},
        *[validated(ago(27), "bread", 350.0, 300.0), validated(ago(27), "bread", 4.0, 0.0, shop="kiosk")],
        validated(ago(28), "bread", 9_000.0, 1.0),
        validated(ago(3), "cake", 9_000.0, 1.0),
    )
    # 10 of 100, 50 of 300, and 4 where nothing sold: 64 of 400; the day of five weeks ago is out.
    row = products.row(0, named=True)
    assert (row["wape_28d"], row["days_28d"]) == (0.16, 2)
    assert row["mape_28d"] == pytest.approx((0.1 + 50 / 300) / 2, abs=1e-6)
    assert (row["wape"], row["rank_best"], row["rank_worst"]) == (0.1, None, None)


def test_the_five_best_and_the_five_worst_are_ranked_and_the_middle_is_not() -> None:
    products = ranked({f"p{n:02}": float(n) for n in range(1, 13)})
    assert products.filter(pl.col("rank_best").is_not_null()).select("product_id", "rank_best").rows() == [
        (f"p{n:02}", n) for n in range(1, 6)
    ]
    worst = products.filter(pl.col("rank_worst").is_not_null()).sort("rank_worst")
    assert worst["product_id"].to_list() == ["p12", "p11", "p10", "p09", "p08"]
    assert worst["rank_worst"].to_list() == [1, 2, 3, 4, 5]


def test_of_three_products_one_is_best_one_worst_and_of_one_neither() -> None:
    ranks = ["product_id", "rank_best", "rank_worst"]
    assert ranked({"a": 3.0, "b": 2.0, "c": 1.0}).select(ranks).rows() == [
        ("a", None, 1),
        ("b", None, None),
        ("c", 1, None),
    ]
    assert ranked({"a": 3.0}).select(ranks).rows() == [("a", None, None)]


def test_among_equals_the_one_that_sells_more_is_better_and_then_the_first_by_name() -> None:
    sold = {"a": 10.0, "b": 30.0, "c": 10.0, "d": 20.0}
    day = [forecast(SUNDAY, SUNDAY, product, 2 * quantity) for product, quantity in sold.items()]
    made = validate_forecasts(cells("t"), frames(day, [sale(SUNDAY, *item) for item in sold.items()]))
    assert made["validation_products"].select("product_id", "rank_best", "rank_worst").rows() == [
        ("a", None, 2), ("b", 1, None), ("c", None, 1), ("d", 2, None),
    ]  # fmt: skip


def test_a_product_that_never_sold_has_no_rank() -> None:
    made = validate_forecasts(
        cells("t"),
        frames(
            [forecast(SUNDAY, SUNDAY, name, 5.0) for name in "abc"],
            [sale(SUNDAY, name, quantity) for name, quantity in (("a", 5.0), ("b", 4.0), ("c", 0.0))],
        ),
    )
    assert made["validation_products"].select("product_id", "wape_28d", "days_28d", "rank_best", "rank_worst").rows() == [
        ("a", 0.0, 1, 1, None), ("b", 0.25, 1, None, 1), ("c", None, 1, None, None),
    ]  # fmt: skip


def test_another_tenants_past_results_do_not_count() -> None:
    theirs = [validated(ago(n), "bread", 900.0, 100.0, tenant="u") for n in range(1, 14)]
    run = run_of(110.0, *fortnight(10.0, 10.0), *theirs)
    assert (run["wape_7d"], run["plan_date"]) == (0.1, MONDAY)
