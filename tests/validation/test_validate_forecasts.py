"""Forecasts of past days against sales: which days are validated, by which forecasts, and with what result."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import CELLS
from bakery_assets.validation import validate_forecasts
from tests.validation.validation_inputs import FRIDAY, MONDAY, SATURDAY, SUNDAY, cells, closed, forecast, frames, sale


def states(tables: Any) -> list[tuple[date, str]]:
    return list(tables["validation_runs"].select("validation_date", "status").iter_rows())


def test_yesterday_is_validated_by_the_forecast_made_that_morning() -> None:
    made = validate_forecasts(
        cells("t"),
        frames(
            [
                forecast(SUNDAY, SUNDAY, "bread", 10),
                forecast(SUNDAY, SUNDAY, "roll", 30),
                forecast(SATURDAY, SUNDAY, "bread", 99),
                forecast(SUNDAY, MONDAY, "bread", 77),
            ],
            [sale(SUNDAY, "bread", 12.0), sale(SUNDAY, "roll", 20.0), sale(SATURDAY, "bread", 5.0)],
        ),
    )
    run = made["validation_runs"].row(0, named=True)
    assert made["validation_runs"].height == 1
    # Errors -2 and 10 on sales of 12 and 20; bread is inside 8..12, rolls outside 28..32.
    assert run == pytest.approx(
        {
            "tenant_id": "t", "plan_date": MONDAY, "validation_date": SUNDAY, "status": "validated",
            "mae": 6.0, "rmse": round(52**0.5, 6), "mape": round((2 / 12 + 10 / 20) / 2, 6), "wape": 12 / 32,
            "bias": 8 / 32, "r2": 1 - 104 / 32, "accuracy": 0.625, "coverage": 0.5,
            "forecasts_evaluated": 2, "forecasts_with_actuals": 2, "sold_out_series": 0, "lead_days": 0,
            # Without sales of earlier weeks there is no MASE scale, and no trend.
            "mase": None, "wape_7d": None, "wape_7d_before": None, "trend": "unknown",
            # Bread: quantiles 8, 10, 11, 12, 13 for 12, lose 0.4 + 1 + 0.8 + 0 + 0.05 = 2.25; rolls: 28, 30, 31, 32, 33
            # for 20 lose 7.2 + 5 + 2.2 + 1.2 + 0.65 = 16.25; the mean of five is 18.5 / 5, over 32 sold.
            "pinball": round(18.5 / 5 / 32, 6),
        }
    )  # fmt: skip
    assert list(
        made["validation_results"].select("product_id", "yhat", "actual", "error", "is_covered").iter_rows()
    ) == [
        ("bread", 10.0, 12.0, -2.0, True),
        ("roll", 30.0, 20.0, 10.0, False),
    ]


def test_without_a_forecast_of_that_morning_all_rows_of_the_last_plan_before_count() -> None:
    made = validate_forecasts(
        cells("t"),
        frames(
            [
                forecast(FRIDAY, SUNDAY, "bread", 8),
                forecast(FRIDAY, SUNDAY, "dropped", 8),
                forecast(SATURDAY, SUNDAY, "bread", 9),
            ],
            [sale(SUNDAY, "bread", 9.0)],
        ),
    )
    assert made["validation_results"].select("product_id", "yhat").rows() == [("bread", 9.0)]


def test_a_product_without_a_row_sold_nothing_when_others_sold() -> None:
    made = validate_forecasts(
        cells("t"),
        frames(
            [forecast(SUNDAY, SUNDAY, "bread", 10), forecast(SUNDAY, SUNDAY, "cake", 3)], [sale(SUNDAY, "bread", 10.0)]
        ),
    )
    run = made["validation_runs"].row(0, named=True)
    assert (run["forecasts_evaluated"], run["forecasts_with_actuals"]) == (2, 1)
    assert (run["mae"], run["wape"], run["mape"]) == (1.5, 0.3, 0.0)


def test_a_day_whose_sales_are_not_in_is_not_validated() -> None:
    made = validate_forecasts(cells("t"), frames([forecast(SUNDAY, SUNDAY, "bread", 10)]))
    run = made["validation_runs"].row(0, named=True)
    assert (run["status"], run["forecasts_evaluated"], run["forecasts_with_actuals"]) == ("no_sales", 1, 0)
    assert run["mae"] is None
    assert run["coverage"] is None
    assert made["validation_results"].is_empty()


def test_a_day_without_a_forecast_has_its_own_status() -> None:
    made = validate_forecasts(cells("t"), frames([sale(SUNDAY, "bread", 10.0)]))
    assert states(made) == [(SUNDAY, "no_forecast")]


def test_a_forecast_made_after_the_day_does_not_count() -> None:
    late = frames([forecast(MONDAY, SUNDAY, "bread", 10)], [sale(SUNDAY, "bread", 10.0)])
    assert states(validate_forecasts(cells("t"), late)) == [(SUNDAY, "no_forecast")]


def test_across_a_closed_weekend_friday_is_still_validated() -> None:
    made = validate_forecasts(
        cells("t"),
        frames(
            [forecast(FRIDAY, FRIDAY, "bread", 10), forecast(FRIDAY, SUNDAY, "bread", 0)],
            [sale(FRIDAY, "bread", 9.0)],
            [closed(SUNDAY), closed(SATURDAY), closed(FRIDAY - timedelta(days=1))],
        ),
    )
    assert states(made) == [(FRIDAY, "validated"), (SATURDAY, "closed"), (SUNDAY, "closed")]
    assert made["validation_results"]["validation_date"].to_list() == [FRIDAY]


def test_a_closed_day_that_sold_is_validated_by_the_forecast_of_the_last_open_morning() -> None:
    made = validate_forecasts(
        cells("t"),
        frames(
            [
                forecast(SATURDAY, SUNDAY, "bread", 0),
                forecast(SATURDAY, SUNDAY, "cake", 24, system=0),
                forecast(FRIDAY, SUNDAY, "bread", 0),
                forecast(SATURDAY, SATURDAY, "bread", 10),
            ],
            [sale(SUNDAY, "bread", 5.0), sale(SUNDAY, "cake", 20.0), sale(SATURDAY, "bread", 9.0)],
            [closed(SUNDAY)],
        ),
    )
    assert states(made) == [(SATURDAY, "validated"), (SUNDAY, "validated")]
    run = made["validation_runs"].row(1, named=True)
    # Nothing forecast for 5 loaves, 24 for 20 cakes: errors -5 and 4 on 25 sold.
    assert (run["lead_days"], run["mae"], run["wape"], run["bias"]) == (1, 4.5, 9 / 25, -1 / 25)
    assert (run["forecasts_evaluated"], run["forecasts_with_actuals"]) == (2, 2)
    sunday = {name: frame.filter(pl.col("validation_date") == SUNDAY) for name, frame in made.items()}
    assert sunday["validation_results"].select("product_id", "yhat", "actual").rows() == [
        ("bread", 0.0, 5.0),
        ("cake", 24.0, 20.0),
    ]
    assert sunday["validation_leads"]["lead_days"].to_list() == [1, 2]
    assert sunday["validation_locations"].select("location_id", "wape").rows() == [("main", 9 / 25)]
    assert sunday["validation_products"].select("product_id", "wape").rows() == [("bread", 1.0), ("cake", 0.2)]


@pytest.mark.parametrize(
    "till",
    [
        [],
        [sale(SUNDAY, "bread", 0.0)],
        [sale(SUNDAY, "bread", -2.0)],
        [sale(SUNDAY, "bread", 5.0, shop="without a forecast")],
    ],
    ids=["silent", "zeros", "a return", "elsewhere"],
)
def test_a_closed_day_without_sales_is_no_error_and_counts_nowhere(till: list[Any]) -> None:
    saturday = [forecast(SATURDAY, SATURDAY, "bread", 10)], [sale(SATURDAY, "bread", 8.0)], [closed(SUNDAY)]
    made = validate_forecasts(cells("t"), frames(*saturday, [forecast(SATURDAY, SUNDAY, "bread", 7)], till))
    assert states(made) == [(SATURDAY, "validated"), (SUNDAY, "closed")]
    assert made["validation_runs"].row(1, named=True)["wape"] is None
    for name in set(made) - {"validation_runs"}:
        assert SUNDAY not in made[name]["validation_date"], name
    assert made["validation_products"].select("days_28d", "wape_28d").rows() == [(1, 0.25)]


def test_a_closed_day_that_sold_without_a_forecast_has_nothing_to_validate() -> None:
    unforeseen = frames([sale(SUNDAY, "bread", 5.0)], [closed(SUNDAY), closed(SATURDAY), closed(FRIDAY)])
    assert states(validate_forecasts(cells("t"), unforeseen))[-1] == (SUNDAY, "closed")


def test_a_product_that_pauses_does_not_close_the_bakery() -> None:
    paused = frames([forecast(SUNDAY, SUNDAY, "bread", 1)], [sale(SUNDAY, "bread", 1.0)], [closed(SUNDAY, "cake")])
    assert states(validate_forecasts(cells("t"), paused)) == [(SUNDAY, "validated")]


def test_of_a_long_break_the_last_two_weeks_are_validated() -> None:
    closed_days = [closed(MONDAY - timedelta(days=n)) for n in range(1, 30)]
    found = states(validate_forecasts(cells("t"), frames(closed_days)))
    assert len(found) == 14
    assert {status for _, status in found} == {"closed"}


def test_shops_of_one_bakery_are_compared_each_with_its_own_sales() -> None:
    made = validate_forecasts(
        cells("t"),
        frames(
            [forecast(SUNDAY, SUNDAY, "bread", 10, shop=shop) for shop in ("east", "west")],
            [sale(SUNDAY, "bread", 10.0, shop="east"), sale(SUNDAY, "bread", 4.0, shop="west")],
        ),
    )
    assert made["validation_results"].select("location_id", "error").rows() == [("east", 0.0), ("west", 6.0)]


def test_a_shop_without_sales_is_left_out_and_the_others_are_validated() -> None:
    made = validate_forecasts(
        cells("t"),
        frames(
            [
                forecast(SUNDAY, SUNDAY, "bread", 10, shop="east"),
                forecast(SUNDAY, SUNDAY, "cake", 2, shop="east"),
                forecast(SUNDAY, SUNDAY, "bread", 50, shop="west"),
            ],
            # West sold on Saturday; another bakery's west sold on Sunday.
            [
                sale(SUNDAY, "bread", 8.0, shop="east"),
                sale(SATURDAY, "bread", 50.0, shop="west"),
                sale(SUNDAY, "bread", 50.0, tenant="u", shop="west"),
            ],
        ),
    )
    run = made["validation_runs"].row(0, named=True)
    # In east: 10 for 8 and 2 for none, errors 2 and 2 on sales of 8.
    assert (run["status"], run["mae"], run["wape"], run["bias"]) == ("validated", 2.0, 0.5, 0.5)
    assert (run["forecasts_evaluated"], run["forecasts_with_actuals"]) == (2, 1)
    assert made["validation_results"].select("location_id", "product_id").rows() == [
        ("east", "bread"),
        ("east", "cake"),
    ]


def test_a_shop_that_reports_a_sale_of_zero_has_traded() -> None:
    reported = frames([forecast(SUNDAY, SUNDAY, "bread", 3)], [sale(SUNDAY, "bread", 0.0)])
    run = validate_forecasts(cells("t"), reported)["validation_runs"].row(0, named=True)
    assert (run["status"], run["mae"]) == ("validated", 3.0)


def test_a_day_on_which_only_a_shop_without_forecasts_sold_is_not_validated() -> None:
    elsewhere = frames([forecast(SUNDAY, SUNDAY, "bread", 3, shop="east")], [sale(SUNDAY, "bread", 3.0, shop="new")])
    made = validate_forecasts(cells("t"), elsewhere)
    run = made["validation_runs"].row(0, named=True)
    assert (run["status"], run["forecasts_evaluated"], run["mae"]) == ("no_sales", 1, None)
    assert made["validation_results"].is_empty()


figures = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 50), st.integers(0, 50)))


@settings(max_examples=25, deadline=None)
@given(figures, st.randoms())
def test_a_tenant_has_the_same_results_alone_and_among_others_in_any_order(rows: list[Any], chance: Any) -> None:
    distinct = list({(tenant, product): (tenant, product, f, s) for tenant, product, f, s in rows}.values())
    forecasts = [forecast(SUNDAY, SUNDAY, product, f, tenant) for tenant, product, f, _ in distinct]
    sales = [sale(SUNDAY, product, float(s), tenant) for tenant, product, _, s in distinct]
    together = validate_forecasts(cells("a", "b"), frames(forecasts, sales))
    chance.shuffle(forecasts)
    chance.shuffle(sales)
    shuffled = validate_forecasts(cells("b", "a"), frames(forecasts, sales))
    alone = validate_forecasts(
        cells("a"), frames(*([row for row in rows if row[1]["tenant_id"] == "a"] for rows in (forecasts, sales)))
    )
    for name, frame in together.items():
        assert frame.equals(shuffled[name])
        assert frame.filter(pl.col("tenant_id") == "a").equals(alone[name])


def test_a_day_that_is_not_over_is_incomplete_until_its_closing_sales_are_there() -> None:
    """Planned on Sunday at 17:00 for Monday; the shop closes at 18:00."""
    evening = cells("t").with_columns(
        planned_as_of=pl.lit(datetime(2026, 3, 8, 16, tzinfo=UTC), CELLS["planned_as_of"])
    )
    made_before = [forecast(SUNDAY, SUNDAY, "bread", 10)]
    by_noon = frames(made_before, [sale(SUNDAY, "bread", 4.0)])
    by_noon["sales"] = by_noon["sales"].with_columns(
        recorded_at=pl.lit(datetime(2026, 3, 8, 11, tzinfo=UTC), CELLS["planned_as_of"])
    )
    assert states(validate_forecasts(evening, by_noon)) == [(SUNDAY, "incomplete")]
    assert states(validate_forecasts(evening, frames(made_before))) == [(SUNDAY, "incomplete")]
    # ``sale`` is recorded at half past one on Monday.
    assert states(validate_forecasts(evening, frames(made_before, [sale(SUNDAY, "bread", 9.0)]))) == [
        (SUNDAY, "validated")
    ]
