"""Sales as matrices: the column of a day, what is known of it, and its normal demand."""

from datetime import date, time, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.forecasting.data.context import build_context
from bakery_assets.forecasting.data.panel import AHEAD, Panel
from tests.forecasting.forecast_facts import PLAN, Facts, cells, days_before, facts, note, sale

PAST = 84
OF_SERIES = ("quantity", "demand", "price", "is_open", "is_observed", "is_censored", "is_normal")
OF_TENANTS = ("temperature", "rain", "weekday", "holiday")


def bakery(sales: list[Any], calendar: list[Any] = (), weather: list[Any] = ()) -> Facts:
    tenants = sorted({row[0] for row in [*sales, *calendar]})
    products = sorted({(row[0], row[1]) for row in sales})
    return facts(
        tenants=[(tenant, "XX", None) for tenant in tenants],
        products=[(*product, None) for product in products],
        sales=sales,
        calendar=calendar,
        weather=weather,
    )


def panel_of(frames: Facts, *on: tuple[str, date], past: int = PAST) -> Panel:
    return build_context(cells(*(on or (("t", PLAN),))), frames, past).panel


def ago(days: int) -> date:
    return PLAN - timedelta(days=days)


def test_plan_dates_of_different_tenants_share_a_column() -> None:
    later = PLAN + timedelta(days=10)
    sales = [
        sale("a", "bread", PLAN - timedelta(days=1), 5),
        sale("a", "bread", PLAN - timedelta(days=3), 7),
        sale("b", "bread", later - timedelta(days=1), 50),
        sale("b", "bread", later - timedelta(days=3), 70),
        sale("b", "bread", later, 999),
    ]
    frames = bakery(sales, [note("a", PLAN, "event"), note("b", later, "event"), note("b", PLAN, "school_holiday")])
    panel = panel_of(frames, ("b", later), ("a", PLAN))
    assert panel.series["tenant_id"].to_list() == ["a", "b"]
    assert panel.quantity[:, -3:].tolist() == [[7, 0, 5], [70, 0, 50]]
    assert panel.quantity.sum() == 132
    assert panel.is_open[:, -3:].tolist() == [[True, False, True]] * 2
    assert np.flatnonzero(panel.event[0]).tolist() == np.flatnonzero(panel.event[1]).tolist() == [PAST]
    assert np.flatnonzero(panel.school[1]).tolist() == [PAST - 10]
    assert panel.weekday[:, PAST].tolist() == [PLAN.weekday(), later.weekday()]
    assert panel.day_of_year[:, PAST].tolist() == [PLAN.timetuple().tm_yday, later.timetuple().tm_yday]
    assert panel.day_of_year[0, PAST - 68] == 365, "the last day of 2025"


def test_a_shop_is_open_when_it_sold_anything_and_known_until_its_tenants_last_sale() -> None:
    sales = [
        sale("t", "bread", ago(9), 4),
        sale("t", "bread", ago(8), 0),
        sale("t", "cake", ago(8), 2),  # bread sold nothing that day, but the shop was open
        sale("t", "bread", ago(6), 3),
        sale("t", "bread", ago(4), 3, shop="east"),  # main is closed, and known to be: the other shop's till worked
    ]
    panel = panel_of(bakery(sales))
    order = panel.series.select("location_id", "product_id").rows()
    assert order == [("east", "bread"), ("main", "bread"), ("main", "cake")]
    last = slice(-10, None)
    nan = np.nan
    np.testing.assert_array_equal(
        panel.demand[:, last],
        [
            [nan, nan, nan, nan, nan, nan, 3, nan, nan, nan],
            [nan, 4, 0, nan, 3, nan, nan, nan, nan, nan],
            [nan, nan, 2, nan, 0, nan, nan, nan, nan, nan],
        ],
    )
    known = panel.is_observed[:, last].astype(int).tolist()
    assert known == [[0] * 6 + [1] + [0] * 3, [0] + [1] * 6 + [0] * 3, [0, 0] + [1] * 5 + [0] * 3]
    assert panel.is_open[1, last].astype(int).tolist() == [0, 1, 1, 0, 1, 0, 0, 0, 0, 0]
    assert panel.price[1, last][[1, 4]].tolist() == [2, 2]


def test_demand_is_unknown_on_a_day_closed_by_the_calendar_even_if_something_sold() -> None:
    sales = [sale("t", "bread", ago(n), 4) for n in range(1, 8)]
    panel = panel_of(bakery(sales, [note("t", ago(3), "closed"), note("t", ago(5), "closed", "bread")]))
    assert np.isnan(panel.demand[0, -7:]).tolist() == [False, False, True, False, True, False, False]
    assert panel.is_open[0, -7:].all()


def test_demand_is_unknown_on_a_day_sold_out_at_once_and_estimated_on_one_sold_out_late() -> None:
    # Trade from 6 to 18: 9 o'clock is a quarter of the day, which is too little for an estimate; 15 o'clock three quarters.
    sales = [sale("t", "bread", ago(n), 12) for n in range(1, 8)]
    sales[1] = sale("t", "bread", ago(2), 12, sold_out_at=time(9))
    sales[2] = sale("t", "bread", ago(3), 12, sold_out_at=time(15))
    panel = panel_of(bakery(sales))
    assert panel.is_censored[0, -3:].tolist() == [False, True, False]
    assert np.isnan(panel.demand[0, -2])
    assert panel.demand[0, -3] == pytest.approx(16)
    assert panel.quantity[0, -3] == 12


def test_refunds_count_as_nothing_sold() -> None:
    panel = panel_of(
        bakery([sale("t", "bread", ago(2), 5), sale("t", "cake", ago(1), 5), sale("t", "bread", ago(1), -3)])
    )
    assert panel.quantity[0, -2:].tolist() == [5, 0]
    assert panel.demand[0, -1] == 0
    assert np.isnan(panel.price[0, -1])


def test_no_cells_and_a_bakery_without_sales_have_empty_panels() -> None:
    for frames, on in ((facts(), []), (facts(tenants=[("t", "DE", None)], products=[("t", "bread", None)]), ["t"])):
        panel = build_context(cells(*on), frames, PAST).panel
        assert panel.quantity.shape == (0, PAST)
        assert panel.is_special.shape == (0, PAST + AHEAD)
        assert panel.holiday.shape == panel.temperature.shape == (len(on), PAST + AHEAD)
        assert panel.same_weekday_means[0].shape == (0, PAST + AHEAD)
        assert panel.imputed_normal_demand.shape == (0, PAST)
        assert panel.as_of(PAST - 7).demand.shape == (0, PAST)


@pytest.mark.parametrize(("count", "is_special"), [(14, True), (15, False)])
def test_a_promotion_on_more_than_every_fourth_day_is_no_longer_special(count: int, is_special: bool) -> None:
    days = days_before(84)
    promoted = [*(ago(1 + 3 * n) for n in range(count)), PLAN]
    sales = [sale("t", product, day, 10) for day in days for product in ("bread", "cake")]
    panel = panel_of(bakery(sales, [note("t", day, "promotion", "bread") for day in promoted]))
    assert panel.promotion[0].sum() == count + 1, "gradient boosting still sees it"
    assert panel.is_special[0].sum() == (count + 1 if is_special else 0)
    assert panel.is_normal[0].sum() == (84 - count if is_special else 84)
    assert not panel.is_special[1].any()


def test_a_products_own_entry_wins_over_one_for_all_products() -> None:
    sales = [sale("t", product, day, 10) for day in days_before(20) for product in ("bread", "cake")]
    panel = panel_of(bakery(sales, [note("t", ago(3), "promotion"), note("t", ago(3), "promotion", "cake")]))
    assert panel.special_days.select("item", "day", "name").rows() == [(0, PAST - 3, "*"), (1, PAST - 3, "cake")]


pasts = st.lists(
    st.tuples(
        st.sampled_from(["bread", "cake"]),
        st.sampled_from(["main", "east"]),
        st.integers(1, PAST),
        st.integers(0, 40),
        st.sampled_from([None, None, None, time(8), time(16)]),
    ),
    min_size=1,
    max_size=150,
    unique_by=lambda row: row[:3],
)
specials = st.lists(
    st.tuples(
        st.integers(-8, PAST),
        st.sampled_from(["closed", "event", "holiday", "school_holiday", "promotion"]),
        st.sampled_from([None, "bread"]),
    ),
    max_size=10,
    unique=True,
)


def drawn(history: list[Any], calendar: list[Any], after: int = 0) -> Facts:
    """Facts of a history; sales and weather only of what was more than ``after`` days before the plan date."""
    sales = [sale("t", product, ago(n), q, shop, out) for product, shop, n, q, out in history]
    sky = [("t", ago(n), float(n % 25), float(n % 4)) for n in range(PAST)]
    frames = bakery(sales, [note("t", ago(n), kind, product) for n, kind, product in calendar], sky)
    end = PLAN - timedelta(days=after)
    frames["sales"] = frames["sales"].filter(pl.col("sales_date") < end)
    frames["weather"] = frames["weather"].filter(pl.col("date") < end)
    return frames


@settings(max_examples=40, deadline=None)
@given(pasts, specials, st.integers(1, 40))
def test_the_panel_as_of_an_earlier_day_is_the_one_its_facts_would_have_made(
    history: list[Any], calendar: list[Any], after: int
) -> None:
    full = panel_of(drawn(history, calendar))
    was, made = full.as_of(PAST - after), panel_of(drawn(history, calendar, after))
    at = full.series.with_row_index("row").join(made.series, on=made.series.columns, how="semi")["row"].to_numpy()
    unseen = np.setdiff1d(np.arange(full.series.height), at)
    for name in (*OF_SERIES, *OF_TENANTS):
        rows = slice(None) if name in OF_TENANTS else at
        np.testing.assert_array_equal(getattr(was, name)[rows], getattr(made, name), err_msg=name)
    for now, then in zip(was.same_weekday_means, made.same_weekday_means, strict=True):
        np.testing.assert_array_equal(now[at], then)
    before = slice(0, PAST - after)
    np.testing.assert_array_equal(was.imputed_normal_demand[at, before], made.imputed_normal_demand[:, before])
    # A series that had not begun by then knows nothing.
    assert np.isnan(was.demand[unseen]).all()
    assert not was.is_observed[unseen].any()


@settings(max_examples=40, deadline=None)
@given(pasts, specials)
def test_a_normal_day_is_the_mean_of_the_last_four_normal_same_weekdays(
    history: list[Any], calendar: list[Any]
) -> None:
    panel = panel_of(drawn(history, calendar))
    fresh, stale = panel.same_weekday_means
    special = {
        (item, n) for n, kind, product in calendar for item, name in enumerate(panel.items["product_id"])
        if product in (None, name) and kind != "school_holiday"
    }  # fmt: skip
    whole = [n for n, kind, product in calendar if kind == "holiday" and product is None]
    special |= {(item, n + shift) for item in range(panel.items.height) for n in whole for shift in (-1, 1)}
    for row in range(panel.series.height):
        normal = {
            n: float(panel.demand[row, PAST - n])
            for n in range(1, PAST + 1)
            if not np.isnan(panel.demand[row, PAST - n]) and (int(panel.item[row]), n) not in special
        }
        for n in range(1 - AHEAD, PAST + 1):
            weeks = [n + 7 * week for week in range(1, PAST) if n + 7 * week in normal][:4]
            mean = sum(normal[each] for each in weeks) / len(weeks) if weeks else np.nan
            recent = mean if weeks and weeks[0] - n <= 56 else np.nan
            assert stale[row, PAST - n] == pytest.approx(mean, rel=1e-5, nan_ok=True)
            assert fresh[row, PAST - n] == pytest.approx(recent, rel=1e-5, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(pasts, specials)
def test_from_the_first_sale_on_there_is_a_normal_day_and_normal_days_stay_as_they_were(
    history: list[Any], calendar: list[Any]
) -> None:
    panel = panel_of(drawn(history, calendar))
    begun = np.cumsum(panel.is_observed, axis=1) > 0
    np.testing.assert_array_equal(~np.isnan(panel.imputed_normal_demand), begun)
    np.testing.assert_array_equal(panel.imputed_normal_demand[panel.is_normal], panel.demand[panel.is_normal])
    assert (panel.imputed_normal_demand[begun] >= 0).all()


def test_demand_is_at_the_level_of_today_and_recorded_demand_at_the_one_it_had() -> None:
    """Bread doubled ten days ago; cake stays as it was, and as it was known before, nothing had doubled."""
    days = days_before(PAST)
    sales = [sale("t", "bread", day, 40.0 if day >= ago(10) else 20.0) for day in days]
    sales += [sale("t", "cake", day, 6.0) for day in days]
    panel = panel_of(bakery(sales))
    assert panel.demand[0].tolist() == [40.0] * PAST
    assert panel.recorded_demand[0].tolist() == [20.0] * (PAST - 10) + [40.0] * 10
    assert panel.quantity[0].tolist() == panel.recorded_demand[0].tolist()
    assert panel.demand[1].tolist() == panel.recorded_demand[1].tolist() == [6.0] * PAST


def test_a_pause_is_unknown_demand_once_it_has_ended_and_none_sold_until_then() -> None:
    away = range(6, 26)
    sales = [sale("t", "bread", ago(n), 20.0) for n in range(1, PAST + 1) if n not in away]
    sales += [sale("t", "cake", ago(n), 6.0) for n in range(1, PAST + 1)]
    panel = panel_of(bakery(sales))
    assert np.flatnonzero(panel.is_paused[0]).tolist() == [PAST - n for n in reversed(away)]
    assert np.isnan(panel.demand[0, panel.is_paused[0]]).all()
    assert (panel.imputed_normal_demand[0] == 20).all()
    assert not panel.sells_seldom.any()
    was = panel.as_of(PAST - 8)
    assert not was.is_paused.any()
    assert (was.demand[0, PAST - 25 : PAST - 8] == 0).all()
    assert not panel.is_paused[1].any()
