"""What would have sold on days that sold out."""

from datetime import date, time, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.forecasting.data.unconstrained_demand import add_unconstrained_demand, unconstrain
from tests.forecasting.forecast_facts import facts, sale

DAY = date(2026, 3, 2)


def hourly(*rows: tuple[int, int, float, float], product: str = "bread", tenant: str = "t") -> pl.DataFrame:
    """Rows of (day, hour, quantity, in_stock)."""
    empty = facts()["sales_hourly"].select(
        "tenant_id", "location_id", "product_id", "sales_date", "hour", "quantity", "in_stock"
    )
    made = [(tenant, "main", product, DAY + timedelta(days=day), hour, q, stock) for day, hour, q, stock in rows]
    return pl.DataFrame(made, schema=empty.schema, orient="row")


def usual(days: int, **at: float) -> list[tuple[int, int, float, float]]:
    """``days`` days from day 10 on with these sales in hours ``h8=…``, always in stock."""
    return [(10 + day, int(hour[1:]), sold, 1.0) for day in range(days) for hour, sold in at.items()]


def daily(quantity: float, sold_out_at: time | None, day: int = 0, tenant: str = "t") -> pl.DataFrame:
    return facts(sales=[sale(tenant, "bread", DAY + timedelta(days=day), quantity, sold_out_at=sold_out_at)])["sales"]


def demand(sales: pl.DataFrame, by_hour: pl.DataFrame) -> float | None:
    found: float | None = add_unconstrained_demand(sales, by_hour)["demand"].item()
    return found


def test_demand_is_sales_over_the_share_of_a_typical_day_in_stock() -> None:
    # A typical day sells 6 at 8, 2 at 9 and 4 at 10. Out of stock from half past nine on, it was there for 7/12 of a day.
    rows = [(0, 8, 9.0, 1.0), (0, 9, 1.0, 0.5), (0, 10, 0.0, 0.0)]
    found = unconstrain(hourly(*usual(20, h8=6.0, h9=2.0, h10=4.0), *rows)).row(0, named=True)
    # The profile is what sold per hour in stock, and the day itself counts: 8 o'clock 129 in 21 hours, 9 o'clock 41
    # in 20.5, 10 o'clock 80 in 20. With one series its tenant's rates are its own.
    weights = [129 / 21, 41 / 20.5, 80 / 20]
    share = (weights[0] + 0.5 * weights[1]) / sum(weights)
    assert found["sold"] == 10.0
    assert found["in_stock_share"] == pytest.approx(share)
    assert found["demand"] == pytest.approx(10 / share)


def test_a_series_never_in_stock_in_the_evening_has_its_tenants_evening() -> None:
    # Bread sells 10 in the morning, 10 in the evening. Cake is sold out by the evening on each of its days.
    bread = hourly(*usual(30, h8=10.0, h18=10.0))
    cake = hourly(*[(10 + n, hour, q, q / 5) for n in range(30) for hour, q in ((8, 5.0), (18, 0.0))], product="cake")
    found = unconstrain(pl.concat([bread, cake])).filter(product_id="cake")
    # Cake's size: 150 sold where the tenant's rate of the morning, 450 in 60 hours, would have sold 225: 2/3.
    # In the evening its tenant's rate of 10 stands alone: 24 x 10 x 2/3 / 24; in the morning 30 hours of its own 5.
    evening, morning = 10 * 2 / 3, (150 + 24 * 7.5 * 2 / 3) / 54
    assert found["in_stock_share"].to_list() == pytest.approx([morning / (morning + evening)] * 30)


def test_sold_out_from_the_first_hour_is_estimated_at_three_times_and_learned_as_a_third_more() -> None:
    by_hour = hourly(*usual(20, h8=1.0, h9=9.0), (0, 8, 4.0, 1.0), (0, 9, 0.0, 0.0))
    assert unconstrain(by_hour)["demand"][0] == pytest.approx(12.0)
    assert demand(daily(4.0, time(9)), by_hour) == pytest.approx(5.4)


def test_without_hours_the_time_of_the_last_one_says_how_much_of_the_trade_was_missed() -> None:
    nothing = hourly()
    # Even trade from 6 to 18: sold out at 15:00 after 9 of 12 hours, at 16:30 after 10.5.
    assert demand(daily(12.0, time(15)), nothing) == pytest.approx(16.0)
    assert demand(daily(12.0, time(16, 30)), nothing) == pytest.approx(12 * 12 / 10.5)
    assert demand(daily(12.0, time(10, 30)), nothing) == pytest.approx(16.2), "held at a third more than sold"
    assert demand(daily(12.0, time(19)), nothing) == pytest.approx(12.0)
    assert demand(daily(12.0, time(9, 59)), nothing) is None, "less than a third of the trade was seen"
    assert demand(daily(12.0, time(4)), nothing) is None
    assert demand(daily(12.0, None), nothing) is None


def test_with_a_tenants_hours_the_time_is_read_on_its_own_clock() -> None:
    by_hour = hourly(*usual(10, h7=6.0, h8=2.0, h9=2.0))
    # By 8:45 a typical day has sold 6 and three quarters of 2, of 10.
    assert demand(daily(15.0, time(8, 45)), by_hour) == pytest.approx(20.0)
    assert demand(daily(14.0, time(7, 20)), by_hour) is None, "a third of six tenths is a fifth"
    # The other tenant has none, and is read on the usual clock.
    assert demand(daily(14.0, time(8, 30), tenant="other"), by_hour) is None


def test_where_no_hour_was_out_of_stock_the_time_of_the_last_sale_counts() -> None:
    by_hour = hourly(*usual(10, h8=5.0, h9=5.0))
    assert demand(daily(6.0, time(9, 30), day=10), by_hour) == pytest.approx(8.0)


def test_sales_keep_their_rows_and_order() -> None:
    sales = pl.concat([daily(3, None, 4), daily(12, time(15), 2), daily(5, time(4), 3)])
    found = add_unconstrained_demand(sales, hourly())
    kept = ["tenant_id", "location_id", "product_id", "quantity", "revenue"]
    assert found.select(*kept, sales_date="date").equals(sales.select(*kept, "sales_date"))
    assert found["is_sold_out"].to_list() == [False, True, True]
    assert found["demand"].to_list() == [None, 16.0, None]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["bread", "cake"]), st.integers(0, 6), st.integers(5, 20), st.integers(-2, 30),
            st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.0]),
        ),
        min_size=1, max_size=80, unique_by=lambda row: row[:3],
    )
)  # fmt: skip
def test_demand_is_at_least_what_sold_at_most_three_times_and_the_same_on_days_in_stock(rows: list[Any]) -> None:
    by_hour = pl.concat([hourly(row[1:], product=row[0]) for row in rows])
    found = unconstrain(by_hour)
    assert found.height == len({row[:2] for row in rows})
    assert (found["demand"] >= found["sold"]).all()
    assert (found["demand"] <= 3 * found["sold"] + 1e-9).all()
    short = {row[:2] for row in rows if row[4] < 1.0}
    for product, day, sold, asked in found.select("product_id", "date", "sold", "demand").rows():
        given_hours = [row for row in rows if row[:2] == (product, (day - DAY).days)]
        assert sold == sum(max(row[3], 0) for row in given_hours)
        if given_hours[0][:2] not in short:
            assert asked == sold
    assert (
        unconstrain(by_hour.sample(fraction=1.0, shuffle=True, seed=3))
        .drop("demand", "in_stock_share")
        .equals(found.drop("demand", "in_stock_share"))
    )


def test_a_tenants_estimates_do_not_depend_on_other_tenants() -> None:
    own = hourly(*usual(9, h8=3.0, h9=4.0), (0, 8, 2.0, 1.0), (0, 9, 1.0, 0.25))
    other = hourly(*usual(9, h8=30.0, h20=70.0), (0, 8, 1.0, 0.5), tenant="other")
    assert unconstrain(pl.concat([other, own])).filter(tenant_id="t").equals(unconstrain(own))
