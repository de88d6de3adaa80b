"""What is asked about holidays ahead: shops of which nothing tells whether they open, and zeros that others are behind."""

import json
from datetime import UTC, date, datetime

TODAY = date(2026, 11, 24)  # a Tuesday
SHOPS = [{"tenant_id": "paris", "location_id": "main", "name": "Le Marais"}]


def day(offset):
    return date.fromordinal(TODAY.toordinal() + offset)


def holiday(offset, evidence="none", is_open=True, **values):
    row = {"tenant_id": "paris", "plan_date": TODAY, "target_date": day(offset), "holiday": "Fête", "is_open": is_open,
           "evidence": evidence, "times_seen": 0, "times_closed": 0, "sisters_seen": 0, "sisters_closed": 0}  # fmt: skip
    return {**row, **values}


def forecast(offset, *yhat, **values):
    return [
        {"tenant_id": "paris", "plan_date": TODAY, "product_id": product, "target_date": day(offset), "yhat": each,
         "system_yhat": each, **values}
        for product, each in zip(("pain", "tarte"), yhat, strict=False)
    ]  # fmt: skip


def only(rows):
    assert len(rows) == 1, [row["message"] for row in rows]
    return {**rows[0], "reasoning": json.loads(rows[0]["reasoning"])}


def test_a_holiday_that_a_shop_has_never_met_is_asked_about(alerts):
    asked = only(
        alerts(locations=SHOPS, holiday_openings=[holiday(4)], demand_forecasts=forecast(4, 40.25, 12.0)),
    )
    assert asked["message"] == (
        "Sat 28 Nov, Fête: Le Marais has never been seen on this holiday; 52.25 units are forecast."
    )
    assert asked["suggested_action"] == (
        "Enter the day in the calendar: as closed if you close, with its opening hours if you open."
    )
    assert asked["consequence"] == "It is baked for as if it opened; if it closes, that is left over."
    assert (asked["kind"], asked["severity"], asked["subject"]) == ("holiday_unconfirmed", "medium", "main")
    assert asked["cause"] == "holiday_unconfirmed:main:2026-11-28"
    assert asked["deadline"] == datetime(2026, 11, 27, 23, tzinfo=UTC), "midnight in Paris"
    assert (asked["reasoning"]["forecast"], asked["reasoning"]["evidence"]) == (52.25, "none")


def test_a_question_about_tomorrow_is_urgent_and_says_what_is_known_of_others(alerts):
    known = {
        "times_seen": 1,
        "times_closed": 1,
        "sisters_seen": 1,
        "sisters_closed": 0,
        "country_closed_fraction": 0.41,
    }
    asked = only(
        alerts(locations=SHOPS, holiday_openings=[holiday(1, **known)], demand_forecasts=forecast(1, 40.0)),
    )
    assert asked["severity"] == "high"
    assert asked["message"] == (
        "Wed 25 Nov, Fête: Le Marais was closed the only time that it met this holiday; 40 units are forecast. Your other "
        "shops met it 1 time and were closed 0 times. In your country 41% of shops are closed on it."
    )


def test_a_forecast_of_nothing_because_of_other_shops_says_so_and_how_to_open(alerts):
    closed = only(
        alerts(
            locations=SHOPS,
            holiday_openings=[holiday(3, "sister_shops", is_open=False, sisters_seen=4, sisters_closed=4)],
            demand_forecasts=forecast(3, 0.0, 0.0),
        )
    )
    assert closed["message"] == (
        "Fri 27 Nov, Fête: the forecast for Le Marais is 0 because of what other shops did on this holiday. Your other "
        "shops met it 4 times and were closed 4 times."
    )
    assert closed["consequence"] == "If it opens all the same, it has only what customers have ordered ahead."
    assert closed["suggested_action"] == (
        "If you open, enter the day in the calendar as a holiday with its opening hours; if you close, enter it as "
        "closed."
    )


def test_what_the_calendar_the_hours_or_the_shops_own_past_tell_needs_no_one(alerts):
    rows = [
        holiday(0, "calendar"),
        holiday(1, "calendar", is_open=False),
        holiday(2, "own_past", is_open=False, times_seen=2, times_closed=2),
        holiday(3, "opening_hours", is_open=False),
        holiday(4, "sister_shops", sisters_seen=3),
        holiday(5, "country", country_closed_fraction=0.1),
    ]
    forecasts = [row for n in range(6) for row in forecast(n, 10.0 if rows[n]["is_open"] else 0.0)]
    assert alerts(locations=SHOPS, holiday_openings=rows, demand_forecasts=forecasts) == []


def test_a_person_who_has_overridden_the_day_has_answered(alerts):
    given = forecast(4, 40.0, override_id="o1")
    assert alerts(locations=SHOPS, holiday_openings=[holiday(4)], demand_forecasts=given) == []


def test_a_shop_without_a_forecast_is_not_asked(alerts):
    given = forecast(4, 0.0, model="smoothing")
    assert alerts(locations=SHOPS, holiday_openings=[holiday(4)], demand_forecasts=given) == []


def test_each_shop_and_day_is_a_question_of_its_own(alerts):
    shops = [*SHOPS, {"tenant_id": "paris", "location_id": "gare", "name": None}]
    rows = [holiday(4), holiday(4, location_id="gare"), holiday(5, location_id="gare")]
    given = [*forecast(4, 40.0), *forecast(4, 20.0, location_id="gare"), *forecast(5, 9.0, location_id="gare")]
    made = alerts(locations=shops, holiday_openings=rows, demand_forecasts=given)
    assert sorted(alert["cause"].removeprefix("holiday_unconfirmed:") for alert in made) == [
        "gare:2026-11-28", "gare:2026-11-29", "main:2026-11-28",
    ]  # fmt: skip
    assert any("gare has never been seen" in alert["message"] for alert in made)
