"""What special days sell compared with normal ones."""

from datetime import date, timedelta
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.forecasting.data.context import build_context
from bakery_assets.forecasting.data.holiday_openings import MIN_TENANTS
from bakery_assets.forecasting.data.panel import Panel
from bakery_assets.forecasting.models.day_effects import (
    MAX_DAY_EFFECT,
    UNLIKE_WEIGHT,
    CountryDayEffects,
    DayEffects,
    SpecialDayObservations,
    country_day_effects,
    country_day_effects_from,
    day_effect_matrix,
    estimate_day_effects,
    past_day_effects,
    special_day_observations,
)
from bakery_assets.schemas import conform
from tests.forecasting.forecast_facts import PLAN, WEEKDAYS, Facts, cells, days_before, facts, note, sale, together

PAST = 84
NO_COUNTRIES = CountryDayEffects.create_empty()
MONDAY, TUESDAY, SUNDAY = (PLAN - timedelta(days=ago) for ago in (21, 20, 22))


def bakery(
    special: dict[int, tuple[str, str | None, float]],
    ahead: dict[int, tuple[str, str | None]],
    tenant: str = "t",
    country: str = "XX",
    week: tuple[float, ...] = (1.0,) * 7,
) -> Facts:
    """Sells 10 a day times its weekday's share, and on special days so many ago ``(kind, name, sold)``."""
    sold = {PLAN - timedelta(days=ago): what for ago, what in special.items()}
    return facts(
        tenants=[(tenant, country, None)],
        products=[(tenant, "bread", None), (tenant, "cake", None)],
        sales=[
            sale(tenant, product, day, sold[day][2] if day in sold else 10 * week[day.weekday()])
            for day in days_before(PAST)
            for product in ("bread", "cake")
            if day not in sold or sold[day][2] > 0
        ],
        calendar=[note(tenant, day, kind, None, name) for day, (kind, name, _) in sold.items()]
        + [note(tenant, PLAN + timedelta(days=n), kind, None, name) for n, (kind, name) in ahead.items()],
    )


def observed(frames: Facts, *tenants: str) -> tuple[Panel, dy.DataFrame[SpecialDayObservations]]:
    context = build_context(cells(*(tenants or ("t",))), frames, PAST)
    return context.panel, special_day_observations(context.panel, context.countries)


def own_effects(observations: dy.DataFrame[SpecialDayObservations]) -> dy.DataFrame[DayEffects]:
    """Without factors of countries."""
    return estimate_day_effects(observations, NO_COUNTRIES, dict(observations.select("tenant_id", "country").rows()))


def seen(*rows: tuple[str, str, str, str, date, float, float]) -> dy.DataFrame[SpecialDayObservations]:
    """Observations ``(tenant, country, kind, name, date, sold, normal)``."""
    made = [(*row[:4], PAST + (row[4] - PLAN).days, *row[4:]) for row in rows]
    columns = ["tenant_id", "country", "kind", "name", "day", "date", "sold", "normal"]
    return conform(SpecialDayObservations, pl.DataFrame(made, schema=columns, orient="row"))


def of_country(
    kind: str, name: str, day: date, *ratios: float, country: str = "XX"
) -> list[tuple[str, str, str, str, date, float, float]]:
    """A tenant each; the larger ones sell no more of what is normal."""
    return [
        (f"{country}{number}", country, kind, name, day, ratio * (10.0 + number), 10.0 + number)
        for number, ratio in enumerate(ratios)
    ]


def factors(found: pl.DataFrame) -> dict[tuple[str, str | None, bool], float]:
    return {(row["kind"], row["name"], row["on_sunday"]): row["factor"] for row in found.rows(named=True)}


def test_a_name_is_shrunk_towards_its_kind_and_a_kind_towards_one() -> None:
    _, observations = observed(
        bakery({40: ("event", "fair", 30.0), 30: ("event", "fair", 20.0), 20: ("event", "match", 5.0)}, {})
    )
    estimated = own_effects(observations)
    days = {(name, on_sunday): days for name, on_sunday, days in estimated.select("name", "on_sunday", "days").rows()}
    # Two products: 110 sold on three days where 60 are normal; one day's 20 more count for the factor 1.
    kind = (110 + 20) / (60 + 20)
    # None of the days was a Sunday, so an eighth of them counts for Sundays.
    of_sundays = (110 / 8 + 20) / (60 / 8 + 20)
    assert factors(estimated) == {
        ("event", None, False): pytest.approx(kind, abs=1e-5),
        ("event", "fair", False): pytest.approx((100 + 20 * kind) / (40 + 20), abs=1e-5),
        ("event", "match", False): pytest.approx((10 + 20 * kind) / (20 + 20), abs=1e-5),
        ("event", None, True): pytest.approx(of_sundays, abs=1e-5),
        ("event", "fair", True): pytest.approx((100 / 8 + 20 * of_sundays) / (40 / 8 + 20), abs=1e-5),
        ("event", "match", True): pytest.approx((10 / 8 + 20 * of_sundays) / (20 / 8 + 20), abs=1e-5),
    }
    assert [days[name, on_sunday] for on_sunday in (False, True) for name in (None, "fair", "match")] == [3, 2, 1] * 2


def test_a_day_on_which_the_shop_was_closed_is_no_observation() -> None:
    _, observations = observed(bakery({40: ("holiday", "ours", 0.0), 20: ("event", "fair", 0.0)}, {}))
    assert observations.filter(pl.col("kind").is_in(["holiday", "event"])).is_empty()
    around = observations.select("kind", "name", "day", "sold", "normal").sort("day").rows()
    assert [row[:3] for row in around] == [
        ("2_days_before_holiday", "ours", 42),
        ("day_before_holiday", "ours", 43),
        ("day_after_holiday", "ours", 45),
        ("2_days_after_holiday", "ours", 46),
    ]
    assert [row[3:] for row in around] == [pytest.approx((20.0, 20.0))] * 4


@pytest.mark.parametrize("away", [{40}, set(range(20, 61))], ids=["closed for the product", "paused"])
def test_a_day_on_which_a_product_was_not_offered_is_no_observation_of_it(away: set[int]) -> None:
    frames = bakery({40: ("event", "fair", 30.0)}, {})
    days = [PLAN - timedelta(days=ago) for ago in away]
    is_away = (pl.col("product_id") == "cake") & pl.col("sales_date").is_in(days)
    frames["sales"] = frames["sales"].filter(~is_away)
    if len(days) == 1:
        closed = facts(calendar=[note("t", days[0], "closed", "cake")])["calendar"]
        frames["calendar"] = pl.concat([frames["calendar"], closed])
    assert observed(frames)[1].select("name", "sold", "normal").rows() == [("fair", 30.0, 10.0)]


def test_a_day_special_in_two_ways_is_no_observation_of_either() -> None:
    frames = bakery({40: ("event", "fair", 30.0)}, {})
    day = PLAN - timedelta(days=40)
    frames["calendar"] = pl.concat([frames["calendar"], facts(calendar=[note("t", day, "promotion")])["calendar"]])
    assert observed(frames)[1].is_empty()


def test_the_effects_of_a_day_ahead_are_multiplied_up_to_five() -> None:
    frames = bakery(
        {40: ("event", "fair", 40.0), 30: ("promotion", None, 20.0)},
        {0: ("event", "fair"), 1: ("promotion", None), 2: ("event", "new"), 3: ("school_holiday", None)},
    )
    frames["calendar"] = pl.concat(
        [frames["calendar"], facts(calendar=[note("t", PLAN, "promotion")])["calendar"]]
    )  # fmt: skip
    panel, observations = observed(frames)
    matrix = day_effect_matrix(panel, own_effects(observations))
    event, promotion = (80 + 20) / 40, (40 + 20) / 40
    fair, named = (80 + 20 * event) / 40, (40 + 20 * promotion) / 40
    expected = [min(fair * named, 5.0), named, event, 1.0]
    assert expected == [5.0, 1.75, 2.5, 1.0]
    for item in range(2):
        assert matrix[item, PAST : PAST + 4].tolist() == pytest.approx(expected)
    assert (matrix[:, :PAST] == 1).all()


def test_a_holiday_sells_alike_whatever_weekday_it_falls_on() -> None:
    frames = bakery({40: ("holiday", "ours", 20.0)}, dict.fromkeys(range(7), ("holiday", "ours")), week=WEEKDAYS)
    panel, observations = observed(frames)
    matrix = day_effect_matrix(panel, own_effects(observations))[:, PAST : PAST + 7]
    normal = panel.same_weekday_means[0][:, PAST : PAST + 7]
    assert normal[0].tolist() == pytest.approx([10 * share for share in WEEKDAYS])
    # Twice the mean of the week of 10, seen once: 1.5 for the kind, 1.75 for the name; Sundays as of an eighth of a day.
    of_sundays = (20 / 4 + 20 * (20 / 4 + 20) / (10 / 4 + 20)) / (10 / 4 + 20)
    expected = [17.5] * 6 + [10 * of_sundays]
    for item in range(2):
        assert (normal * matrix)[item].tolist() == pytest.approx(expected, rel=1e-4)


def test_a_day_next_to_a_holiday_is_compared_with_the_week_and_its_weekday() -> None:
    # 40 days before is a Wednesday.
    _, observations = observed(bakery({40: ("holiday", "ours", 20.0)}, {}, week=WEEKDAYS))
    normal = dict(observations.select("kind", "normal").rows())
    assert normal == {
        "holiday": pytest.approx(2 * 10.0),
        "day_before_holiday": pytest.approx(2 * (9.0 * 10.0) ** 0.5),
        "2_days_before_holiday": pytest.approx(2 * 8.0**0.8 * 10.0**0.2),
        "day_after_holiday": pytest.approx(2 * 10.0),
        "2_days_after_holiday": pytest.approx(2 * 12.0),
    }


def test_a_countrys_factor_is_the_mean_of_its_tenants_ratios_by_date() -> None:
    assert (MIN_TENANTS, UNLIKE_WEIGHT, MAX_DAY_EFFECT) == (5, 0.125, 5.0)
    found = country_day_effects(
        seen(
            *of_country("holiday", "spring", TUESDAY, 1, 2, 3, 4, 9),  # 9 counts for 5
            *of_country("holiday", "sun", SUNDAY, 1, 1, 1, 1, 1),
            *of_country("holiday", "rare", MONDAY, 4, 4, 4, 4),  # four tenants only
            *of_country("event", "fair", MONDAY, 4, 4, 4, 4, 4),  # not a day that bakeries share
            *of_country("holiday", "spring", TUESDAY, 4, 4, 4, 4, country="YY"),
        )
    )
    assert found["country"].unique().to_list() == ["XX"]
    assert factors(found) == {
        ("holiday", None, False): pytest.approx((3 + 1 / 8) / 1.125),
        ("holiday", None, True): pytest.approx((3 / 8 + 1) / 1.125),
        ("holiday", "spring", False): pytest.approx(3.0),
        ("holiday", "spring", True): pytest.approx(3.0),
        ("holiday", "sun", False): pytest.approx(1.0),
        ("holiday", "sun", True): pytest.approx(1.0),
    }
    assert found["weight"].to_list() == [1.125, 1.125, 1.0, 0.125, 0.125, 1.0]
    boosters = pl.DataFrame({"day_effects": [found.write_json()]})
    assert country_day_effects_from(boosters).equals(found)
    assert country_day_effects_from(boosters.clear()).is_empty()


def test_a_tenant_with_two_holidays_on_a_date_counts_once() -> None:
    rows = of_country("holiday", "spring", TUESDAY, 1, 1, 1, 1, 1)
    more = ("XX0", "XX", "holiday", "cake day", TUESDAY, 50.0, 10.0)  # with 10 of 10: 60 of 20
    assert factors(country_day_effects(seen(*rows, more)))["holiday", None, False] == pytest.approx((3 + 4) / 5)
    only_four = [*rows[:4], more]
    assert country_day_effects(seen(*only_four)).is_empty()


ratio = st.floats(0, 20)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(5, 12), st.integers(1, 3))
def test_one_tenant_moves_a_factor_by_its_share_of_the_limit_at_most(
    data: st.DataObject, tenants: int, many: int
) -> None:
    dates = [PLAN - timedelta(days=ago) for ago in (30, 22, 9)][:many]
    ratios = {day: data.draw(st.lists(ratio, min_size=tenants, max_size=tenants)) for day in dates}
    others = {day: [data.draw(ratio), *each[1:]] for day, each in ratios.items()}
    before, after = (
        country_day_effects(seen(*(row for day in dates for row in of_country("holiday", "x", day, *each[day]))))
        for each in (ratios, others)
    )
    assert before.select("kind", "name", "on_sunday", "weight").equals(
        after.select("kind", "name", "on_sunday", "weight")
    )
    moved = np.abs(before["factor"].to_numpy() - after["factor"].to_numpy())
    assert moved.max() <= MAX_DAY_EFFECT / tenants + 1e-5


def test_a_tenant_without_a_history_has_its_countrys_factors() -> None:
    of_countries = country_day_effects(
        seen(
            *of_country("holiday", "spring", TUESDAY, 3, 3, 3, 3, 3),
            *of_country("day_after_holiday", "spring", TUESDAY, 2, 2, 2, 2, 2),
            *of_country("2_days_before_holiday", "spring", TUESDAY, 2, 2, 2, 2, 2),
        )
    )
    nothing = SpecialDayObservations.create_empty()
    found = estimate_day_effects(nothing, of_countries, {"new": "XX", "abroad": "YY", "nowhere": None})
    assert found["tenant_id"].unique().to_list() == ["new"]
    assert found["days"].unique().to_list() == [0]
    # One date counts for as much as one day's prior, for half of two days', a sixth of six; on Sundays for an eighth.
    assert factors(found.filter(~pl.col("on_sunday"))) == {
        ("holiday", None, False): pytest.approx((3 + 1) / 2, abs=1e-5),
        ("holiday", "spring", False): pytest.approx((3 + 2) / 2, abs=1e-5),
        ("day_after_holiday", None, False): pytest.approx((2 + 2) / 3, abs=1e-5),
        ("day_after_holiday", "spring", False): pytest.approx((2 + 2 * 4 / 3) / 3, abs=1e-5),
        ("2_days_before_holiday", None, False): pytest.approx((2 + 6) / 7, abs=1e-5),
        ("2_days_before_holiday", "spring", False): pytest.approx((2 + 6 * 8 / 7) / 7, abs=1e-5),
    }
    of_sundays = (3 / 8 + 1) / 1.125
    assert factors(found)["holiday", None, True] == pytest.approx(of_sundays, abs=1e-5)
    assert factors(found)["holiday", "spring", True] == pytest.approx((3 / 8 + of_sundays) / 1.125, abs=1e-5)


def test_a_tenants_own_days_are_shrunk_towards_its_country() -> None:
    of_countries = country_day_effects(seen(*of_country("holiday", "spring", TUESDAY, 3, 3, 3, 3, 3)))
    own = seen(
        ("t", "XX", "holiday", "spring", MONDAY, 50.0, 10.0), ("t", "XX", "holiday", "spring", SUNDAY, 0.0, 10.0)
    )
    found = factors(estimate_day_effects(own, of_countries, {"t": "XX"}))
    # The Monday counts whole and the Sunday for an eighth; one day's 10 more count for the country's (3 + 1) / 2.
    kind = (50 + 10 * 2) / (11.25 + 10)
    assert found["holiday", None, False] == pytest.approx(kind, abs=1e-5)
    assert found["holiday", "spring", False] == pytest.approx((50 + 10 * (3 + kind) / 2) / (11.25 + 10), abs=1e-5)
    # On Sundays the other way round.
    assert found["holiday", None, True] == pytest.approx((50 / 8 + 10 * (3 / 8 + 1) / 1.125) / (11.25 + 10), abs=1e-5)


days = st.dictionaries(
    st.integers(1, 50),
    st.tuples(
        st.sampled_from(["event", "promotion", "holiday"]), st.sampled_from([None, "x", "y"]), st.integers(0, 60)
    ),
    max_size=8,
)


@settings(max_examples=12, deadline=None)
@given(days)
def test_the_past_effect_of_a_day_is_estimated_from_the_days_before_it(special: dict[int, Any]) -> None:
    places = {tenant: "YY" if tenant == "f" else "XX" for tenant in "abcdef"}
    bakeries = [
        bakery({ago: (kind, name, sold + 3.0 * number) for ago, (kind, name, sold) in special.items()}, {}, *place)
        for number, place in enumerate(places.items())
    ]
    panel, observations = observed(together(*bakeries), *places)
    so_far = past_day_effects(observations, panel, observations)
    assert so_far.select("tenant_id", "kind", "name", "day").is_unique().all()
    found = {(tenant, kind, name, day): factor for tenant, kind, name, day, factor in so_far.rows()}
    special_days = panel.special_days.filter(pl.col("day") < PAST).join(panel.items, on="item")
    keys = set(special_days.select("tenant_id", "kind", "name", "day").rows())
    assert found.keys() <= keys
    countries = dict(observations.select("tenant_id", "country").rows())
    for day in {key[3] for key in keys}:
        before = observations.filter(pl.col("day") < day)
        is_sunday = (PLAN + timedelta(days=day - PAST)).weekday() == 6
        estimated = estimate_day_effects(before, country_day_effects(before), countries).filter(on_sunday=is_sunday)
        known = {row[:3]: row[3] for row in estimated.select("tenant_id", "kind", "name", "factor").rows()}
        for tenant, kind, name, _ in (key for key in keys if key[3] == day):
            expected = known.get((tenant, kind, name), known.get((tenant, kind, None)))
            made = found.get((tenant, kind, name, day))
            assert made == (None if expected is None else pytest.approx(expected, abs=5e-6))


def test_without_pooled_tenants_the_past_of_a_tenant_is_its_own() -> None:
    special = {ago: ("holiday", "ours", 10.0 + ago) for ago in (50, 40, 30, 20)}
    bakeries = {tenant: bakery(special, {}, tenant) for tenant in "abcde"}
    panel, observations = observed(together(*bakeries.values()), *bakeries)
    among = past_day_effects(observations, panel)
    for tenant, frames in bakeries.items():
        own, seen_alone = observed(frames, tenant)
        assert past_day_effects(seen_alone, own).equals(among.filter(tenant_id=tenant))
    pooled = past_day_effects(observations, panel, observations)
    assert (pooled["factor"] != among["factor"]).any()


def test_the_past_of_an_effect_matrix_has_not_observed_the_day_itself() -> None:
    panel, observations = observed(bakery({40: ("event", "fair", 30.0), 30: ("event", "fair", 20.0)}, {}))
    matrix = day_effect_matrix(panel, own_effects(observations), past_day_effects(observations, panel))
    first = (60 + 20) / 40
    assert matrix[:, PAST - 40].tolist() == [1.0, 1.0]
    assert matrix[:, PAST - 30].tolist() == pytest.approx([(60 + 20 * first) / 40] * 2)
