"""The same day by how long before it was forecast, by shop, and with shelves that emptied."""

from datetime import time, timedelta

import polars as pl
import pytest

from bakery_assets.validation import validate_forecasts
from tests.validation.validation_inputs import FRIDAY, MONDAY, SATURDAY, SUNDAY, cells, closed, forecast, frames, sale


def test_each_lead_is_measured_by_the_forecast_made_then_and_the_same_day_is_lead_0() -> None:
    wednesday = SUNDAY - timedelta(days=4)
    made = validate_forecasts(
        cells("t"),
        frames(
            [
                forecast(SUNDAY, SUNDAY, "bread", 11),
                forecast(SATURDAY, SUNDAY, "bread", 14),
                forecast(wednesday, SUNDAY, "bread", 5),
                forecast(SUNDAY - timedelta(days=6), SUNDAY, "bread", 30),
                forecast(SUNDAY, MONDAY, "bread", 77),
            ],
            [sale(SUNDAY, "bread", 10.0)],
        ),
    )
    leads = made["validation_leads"]
    assert leads.select("lead_days", "mae", "wape", "bias", "forecasts_evaluated").rows() == [
        (0, 1.0, 0.1, 0.1, 1),
        (1, 4.0, 0.4, 0.4, 1),
        (4, 5.0, 0.5, -0.5, 1),
        (6, 20.0, 2.0, 2.0, 1),
    ]
    run = made["validation_runs"].row(0, named=True)
    assert (run["lead_days"], run["mae"]) == (0, 1.0)


def test_without_a_plan_of_the_day_itself_the_run_has_the_lead_of_the_forecast_used() -> None:
    days = [forecast(FRIDAY, SUNDAY, "bread", 8), forecast(FRIDAY - timedelta(days=2), SUNDAY, "bread", 1)]
    made = validate_forecasts(cells("t"), frames(days, [sale(SUNDAY, "bread", 10.0)]))
    assert made["validation_runs"]["lead_days"].to_list() == [2]
    assert made["validation_leads"]["lead_days"].to_list() == [2, 4]


def test_a_day_that_is_not_validated_has_no_leads_shops_or_products() -> None:
    closed_days = frames([forecast(SUNDAY, SUNDAY, "bread", 0)], [closed(SUNDAY)])
    silent = frames([forecast(SUNDAY, SUNDAY, "bread", 9)])
    nothing = frames()
    for given in (closed_days, silent, nothing):
        made = validate_forecasts(cells("t"), given)
        run = made["validation_runs"].filter(pl.col("validation_date") == SUNDAY).row(0, named=True)
        assert run["status"] != "validated"
        assert (run["trend"], run["sold_out_series"], run["wape"], run["mase"]) == ("unknown", 0, None, None)
        assert all(frame.is_empty() for name, frame in made.items() if name != "validation_runs")
    assert validate_forecasts(cells("t"), nothing)["validation_runs"]["lead_days"].to_list() == [None]


def test_each_shop_has_its_own_figures_and_a_silent_one_none() -> None:
    made = validate_forecasts(
        cells("t"),
        frames(
            [
                forecast(SUNDAY, SUNDAY, "bread", 10, shop="east"),
                forecast(SUNDAY, SUNDAY, "cake", 4, shop="east"),
                forecast(SUNDAY, SUNDAY, "bread", 30, shop="west"),
                forecast(SUNDAY, SUNDAY, "bread", 50, shop="north"),
            ],
            [sale(SUNDAY, "bread", 8.0, shop="east"), sale(SUNDAY, "bread", 20.0, shop="west")],
        ),
    )
    # East: 2 too much, and 4 cakes of which none sold, on 8; west: 10 too much on 20.
    shops = made["validation_locations"].select("location_id", "wape", "forecasts_evaluated", "forecasts_with_actuals")
    assert shops.rows() == [("east", 0.75, 2, 1), ("west", 0.5, 1, 1)]
    # Over both shops bread is 12 off on 28; the cake has no WAPE, as none sold.
    products = made["validation_products"].select("product_id", "mae", "wape", "forecasts_evaluated")
    assert products.rows() == [("bread", 6.0, round(12 / 28, 6), 2), ("cake", 4.0, None, 1)]


def test_what_sold_out_is_counted_and_kept_but_not_measured() -> None:
    made = validate_forecasts(
        cells("t"),
        frames(
            [forecast(SUNDAY, SUNDAY, "bread", 12), forecast(SUNDAY, SUNDAY, "cake", 90)],
            [sale(SUNDAY, "bread", 10.0), sale(SUNDAY, "cake", 30.0, sold_out=time(11))],
        ),
    )
    run = made["validation_runs"].row(0, named=True)
    assert (run["status"], run["mae"], run["wape"], run["sold_out_series"]) == ("validated", 2.0, 0.2, 1)
    assert (run["forecasts_evaluated"], run["forecasts_with_actuals"]) == (2, 2)
    results = made["validation_results"].select("product_id", "actual", "error", "is_sold_out")
    assert results.rows() == [("bread", 10.0, 2.0, False), ("cake", 30.0, 60.0, True)]
    cake = made["validation_products"].filter(pl.col("product_id") == "cake").row(0, named=True)
    assert (cake["wape"], cake["sold_out_series"], cake["days_28d"], cake["wape_28d"]) == (None, 1, 0, None)


def test_a_day_on_which_all_sold_out_is_validated_without_metrics() -> None:
    gone = frames([forecast(SUNDAY, SUNDAY, "bread", 12)], [sale(SUNDAY, "bread", 10.0, sold_out=time(9))])
    run = validate_forecasts(cells("t"), gone)["validation_runs"].row(0, named=True)
    assert (run["status"], run["sold_out_series"], run["forecasts_evaluated"]) == ("validated", 1, 1)
    assert [run[name] for name in ("mae", "mape", "rmse", "wape", "mase", "pinball", "coverage")] == [None] * 7


def test_the_mase_scale_is_the_mean_difference_to_the_week_before() -> None:
    # Eight weeks before Sunday, by turns 10 and 14 each week: every day is 4 away from the week before.
    past = [sale(SUNDAY - timedelta(days=ago), "bread", 14.0 if (ago - 1) // 7 % 2 else 10.0) for ago in range(1, 57)]
    made = validate_forecasts(
        cells("t"), frames([forecast(SUNDAY, SUNDAY, "bread", 16)], [sale(SUNDAY, "bread", 10.0)], past)
    )
    assert made["validation_results"]["mase_scale"].to_list() == [4.0]
    assert made["validation_runs"]["mase"].to_list() == [1.5]
    assert made["validation_leads"]["mase"].to_list() == [1.5]


def test_a_day_on_which_the_shop_was_closed_is_no_zero_and_a_trading_day_without_a_row_is() -> None:
    def weeks(*, rolls: bool) -> list[object]:
        days = [SUNDAY - timedelta(days=ago) for ago in range(1, 57)]
        bread = [sale(day, "bread", 10.0) for day in days if day.isoweekday() != 7]
        # Rolls sell 3 on Mondays; in the week of SUNDAY none did.
        return bread + [
            sale(day, "roll", 3.0)
            for day in days
            if rolls and day.isoweekday() == 1 and day < SUNDAY - timedelta(days=7)
        ]

    made = validate_forecasts(
        cells("t"),
        frames(
            [forecast(SUNDAY, SUNDAY, "bread", 9), forecast(SUNDAY, SUNDAY, "roll", 1)],
            [sale(SUNDAY, "bread", 10.0)],
            weeks(rolls=True),
        ),
    )
    # Bread is the same every week: no MASE scale. Rolls since their first Monday: 7 Mondays in the window or 6
    # differences of 0, then one of 3; six trading days a week.
    first = SUNDAY - timedelta(days=55)
    assert first.isoweekday() == 1
    days = [first + timedelta(days=n) for n in range(55)]
    traded = [day for day in days if day.isoweekday() != 7]
    sold = {day: 3.0 if day.isoweekday() == 1 and day < SUNDAY - timedelta(days=7) else 0.0 for day in traded}
    pairs = [abs(sold[day] - sold[day - timedelta(days=7)]) for day in traded if day - timedelta(days=7) in sold]
    assert made["validation_results"].select("product_id", "mase_scale").rows() == [
        ("bread", None),
        ("roll", pytest.approx(sum(pairs) / len(pairs), abs=1e-6)),
    ]
    assert sum(pairs) == 3.0
    # Only the roll has a MASE scale: 1 off.
    assert made["validation_runs"]["mase"].to_list() == [pytest.approx(len(pairs) / 3.0, abs=1e-4)]


def test_a_few_days_of_sales_have_no_mase_scale() -> None:
    days = [sale(SUNDAY - timedelta(days=ago), "bread", float(ago)) for ago in range(1, 14)]
    six = frames([forecast(SUNDAY, SUNDAY, "bread", 9)], [sale(SUNDAY, "bread", 10.0)], days)
    assert validate_forecasts(cells("t"), six)["validation_results"]["mase_scale"].to_list() == [None]
    seven = frames(
        [forecast(SUNDAY, SUNDAY, "bread", 9)], [sale(SUNDAY, "bread", 10.0)], days,
        [sale(SUNDAY - timedelta(days=14), "bread", 14.0)],
    )  # fmt: skip
    assert validate_forecasts(cells("t"), seven)["validation_results"]["mase_scale"].to_list() == [7.0]


def test_sales_of_the_day_itself_and_of_nine_weeks_ago_are_not_in_the_mase_scale() -> None:
    past = [sale(SUNDAY - timedelta(days=ago), "bread", 14.0 if (ago - 1) // 7 % 2 else 10.0) for ago in range(1, 57)]
    before = [sale(SUNDAY - timedelta(days=ago), "bread", 900.0) for ago in range(57, 80)]
    made = validate_forecasts(
        cells("t"), frames([forecast(SUNDAY, SUNDAY, "bread", 16)], [sale(SUNDAY, "bread", 500.0)], past, before)
    )
    assert made["validation_results"]["mase_scale"].to_list() == [4.0]
