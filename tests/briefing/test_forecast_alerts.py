"""What needs a person about forecasts: products without a past, days far off, days that cannot be checked."""

import json
from datetime import date

import pytest

TODAY = date(2026, 11, 24)  # a Tuesday


def day(offset):
    return date.fromordinal(TODAY.toordinal() + offset)


def cell(**values):
    return {"tenant_id": "paris", "plan_date": TODAY, **values}


def paris(**values):
    return {"tenant_id": "paris", **values}


def only(rows):
    assert len(rows) == 1, [row["message"] for row in rows]
    return {**rows[0], "reasoning": json.loads(rows[0]["reasoning"])}


def forecast(product, model="no_history", yhat=0.0, offset=0):
    return cell(product_id=product, target_date=day(offset), model=model, yhat=yhat)


def test_a_product_that_was_never_sold_is_reported_once_for_all_its_days(alerts):
    alert = only(alerts(demand_forecasts=[forecast("tarte"), forecast("tarte", offset=1), forecast("pain", "x", 5.0)]))
    assert (alert["severity"], alert["kind"], alert["subject"]) == ("medium", "no_history", "tarte")
    assert alert["message"] == "Tarte: never sold so far, so the forecast is 0 until it is overridden."


def test_a_product_with_a_past_in_one_shop_is_known(alerts):
    other = {**forecast("tarte", "x", 5.0), "location_id": "gare"}
    assert alerts(demand_forecasts=[forecast("tarte"), other]) == []


def test_many_new_products_are_one_alert(alerts):
    products = [paris(product_id=f"p{n}", name=f"Pain {n}") for n in range(6)]
    known = forecast("p5", "x", 5.0)
    alert = only(alerts(products=products, demand_forecasts=[*(forecast(f"p{n}") for n in range(5)), known]))
    assert alert["message"] == (
        "5 products have never been sold, so their forecast is 0 until it is overridden: "
        "Pain 0, Pain 1, Pain 2 and 2 more."
    )
    assert alert["reasoning"]["product_ids"] == ["p0", "p1", "p2", "p3", "p4"]


def test_a_bakery_without_known_sales_is_one_alert_that_does_not_say_never(alerts):
    alert = only(alerts(demand_forecasts=[forecast("pain"), forecast("tarte")]))
    assert (alert["severity"], alert["kind"], alert["subject"]) == ("high", "no_history", None)
    assert alert["message"] == "No sales are known of the time that a plan looks back on, so every forecast is 0."


@pytest.mark.parametrize(("last", "reported"), [(-15, False), (-16, True), (-400, True)])
def test_sales_that_ended_long_ago_are_reported_with_the_day_to_look_at(alerts, last, reported):
    found = alerts(sales=[paris(product_id="pain", sales_date=day(last), quantity=3.0)])
    ended = [row for row in found if row["kind"] == "sales_ended"]
    assert [row["message"] for row in ended] == (
        [f"The last sale is of {day(last)}, {-last - 1} open days ago."] if reported else []
    )
    assert all(f"plan --date {day(last + 1)}" in row["suggested_action"] for row in ended)


def test_a_bakery_that_was_closed_since_its_last_sale_has_no_alert_that_its_sales_ended(alerts):
    closed = [paris(date=day(-n), kind="closed") for n in range(1, 20)]
    found = alerts(sales=[paris(product_id="pain", sales_date=day(-20), quantity=3.0)], calendar=closed)
    assert not [row for row in found if row["kind"] == "sales_ended"]


def run(offset, status, **values):
    return cell(validation_date=day(offset), status=status, **values)


def test_a_closed_day_on_which_the_bakery_opened_all_the_same_is_no_fault_of_the_forecast(alerts):
    usual, opened = run(-2, "validated", wape=0.2, bias=0.1), run(-1, "validated", wape=1.0, bias=-1.0)
    assert alerts(validation_runs=[usual, opened]) == []


def test_only_the_last_checked_day_makes_a_forecast_off(alerts):
    bad, good = run(-2, "validated", wape=0.6, bias=0.4), run(-1, "validated", wape=0.35, bias=0.1)
    assert alerts(validation_runs=[bad, good]) == []
    alert = only(alerts(validation_runs=[run(-2, "validated", wape=0.2), run(-1, "validated", wape=0.42, bias=-0.18)]))
    assert (alert["severity"], alert["kind"]) == ("medium", "forecast_off")
    assert alert["message"] == "The forecast for Mon 23 Nov was 42% off, over all 18% too little."


def test_weeks_that_get_worse_are_reported_with_their_numbers(alerts):
    weeks = {"wape": 0.2, "bias": 0.0, "wape_7d": 0.26, "wape_7d_before": 0.2, "trend": "worsening"}
    alert = only(alerts(validation_runs=[run(-1, "validated", **weeks)]))
    assert (alert["severity"], alert["kind"], alert["subject"]) == ("medium", "forecast_worsening", None)
    assert alert["message"] == (
        "Forecasts are getting worse: over the last 7 days checked they were 26% off, over the 7 before 20%."
    )
    assert alert["reasoning"] == {
        "through": "2026-11-23", "days_each": 7, "wape_7d": 0.26, "wape_7d_before": 0.2, "relative_change": 0.3,
        "stable_within": 0.05, "medium_above": 0.25,
    }  # fmt: skip
    assert alert["consequence"]


def test_weeks_that_get_a_little_worse_are_of_low_severity(alerts):
    weeks = {"wape": 0.2, "bias": 0.0, "wape_7d": 0.25, "wape_7d_before": 0.2, "trend": "worsening"}
    alert = only(alerts(validation_runs=[run(-1, "validated", **weeks)]))
    assert (alert["severity"], alert["kind"]) == ("low", "forecast_worsening")


def test_weeks_after_faultless_ones_are_worse_by_no_percentage(alerts):
    weeks = {"wape": 0.1, "wape_7d": 0.1, "wape_7d_before": 0.0, "trend": "worsening"}
    assert only(alerts(validation_runs=[run(-1, "validated", **weeks)]))["reasoning"]["relative_change"] is None


@pytest.mark.parametrize("trend", ["improving", "stable", "unknown"])
def test_weeks_that_do_not_get_worse_need_no_one(alerts, trend):
    weeks = {"wape": 0.2, "wape_7d": 0.3, "wape_7d_before": 0.2, "trend": trend}
    assert alerts(validation_runs=[run(-1, "validated", **weeks)]) == []


def test_only_the_trend_of_the_last_checked_day_counts(alerts):
    worse = {"wape": 0.2, "wape_7d": 0.3, "wape_7d_before": 0.2, "trend": "worsening"}
    better = {"wape": 0.2, "wape_7d": 0.1, "wape_7d_before": 0.2, "trend": "improving"}
    assert alerts(validation_runs=[run(-2, "validated", **worse), run(-1, "validated", **better)]) == []


def test_yesterday_without_a_forecast_is_of_low_severity(alerts):
    alert = only(alerts(validation_runs=[run(-3, "no_forecast"), run(-1, "no_forecast")]))
    assert (alert["severity"], alert["kind"]) == ("low", "no_forecast")
