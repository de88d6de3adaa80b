"""Replays of random bakeries against a baker's notebook: plain Python that knows nothing of the replay's code."""

import math
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any, cast

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakery_assets.backtesting.windows import READS, BacktestFacts
from bakery_assets.replay import POLICIES, CannotReplay, Replay, run_replay
from bakery_assets.replay.mornings import last_sunday
from bakery_assets.schemas import ops
from tests.scenarios import filled

FIRST = date(2024, 1, 1)
DAYS = 45
MORNINGS = [FIRST + timedelta(days=day) for day in range(35, DAYS)]
SERIES = [("a", "main", "rye"), ("a", "main", "roll"), ("a", "kiosk", "rye"), ("b", "main", "rye")]
RULES = [name for name in POLICIES if name != "system"]
RATIOS = [0.5, 0.7, 0.9]
SCHEMAS = {name: getattr(ops, "".join(part.title() for part in name.split("_"))) for name in READS}

Key = tuple[str, str, str]
Notebook = dict[Key, dict[date, tuple[float, bool]]]  # units sold, and whether it sold out; no entry: no row

one_day = st.one_of(
    st.none(),
    st.tuples(st.sampled_from([-2.0, 0.0, 1.0, 4.0, 7.5, 20.0, 31.0]), st.integers(0, 9).map(lambda roll: roll == 0)),
)
one_series = st.lists(one_day, min_size=DAYS, max_size=DAYS)


def notebook_of(days: list[list[tuple[float, bool] | None]]) -> Notebook:
    """Days of each series by date."""
    return {
        key: {FIRST + timedelta(days=number): day for number, day in enumerate(each) if day is not None}
        for key, each in zip(SERIES, days, strict=True)
    }


def facts_of(notebook: Notebook) -> BacktestFacts:
    """The bakeries of a notebook as facts."""
    rows = {
        "tenants": [
            {"tenant_id": name, "name": name, "timezone": "Europe/Berlin", "country": "DE"}
            for name in sorted({tenant for tenant, _, _ in notebook})
        ],
        "products": [
            {"tenant_id": tenant, "product_id": product, "unit": "piece", "shelf_life_days": 1}
            for tenant, product in sorted({(tenant, product) for tenant, _, product in notebook})
        ],
        "sales": [
            {"tenant_id": tenant, "location_id": shop, "product_id": product, "sales_date": day, "quantity": quantity,
             "sold_out_at": time(12) if sold_out else None, "recorded_at": None}
            for (tenant, shop, product), days in notebook.items()
            for day, (quantity, sold_out) in days.items()
        ],
    }  # fmt: skip
    return cast(BacktestFacts, {name: filled(SCHEMAS[name], rows.get(name, [])) for name in READS})


def shop_open(notebook: Notebook, shop: tuple[str, str], day: date) -> bool:
    return any(key[:2] == shop and days.get(day, (0, False))[0] > 0 for key, days in notebook.items())


def expected_days(notebook: Notebook, mornings: list[date]) -> dict[tuple[Any, ...], tuple[float, float, float, float]]:
    """What was baked and wanted, lost and left over, by series, day, policy and ratio."""
    found = {}
    for key, days in notebook.items():
        last = max(
            (day for other, its in notebook.items() if other[0] == key[0] for day, (n, _) in its.items() if n > 0),
            default=None,
        )
        for morning in mornings:
            recently = [days.get(morning - timedelta(days=back), (0, False))[0] > 0 for back in range(1, 29)]
            if last is None or morning > last or not any(recently) or not shop_open(notebook, key[:2], morning):
                continue
            wanted, sold_out = days.get(morning, (0.0, False))
            if sold_out:
                continue
            first_sale = min(day for day, (quantity, _) in days.items() if quantity > 0)
            past = [first_sale + timedelta(days=number) for number in range((morning - first_sale).days)]
            past = [day for day in past if shop_open(notebook, key[:2], day)]
            sold = {day: max(days.get(day, (0.0, False))[0], 0.0) for day in past}
            same = [sold[day] for day in reversed(past) if day.weekday() == morning.weekday()][:12]
            if not same:
                recent = [sold[day] for day in past if (morning - day).days <= 28]
                same = [sum(recent) / len(recent)]
            mean = sum(same[:4]) / len(same[:4])
            for ratio in RATIOS:
                enough = [
                    each for each in sorted(same) if sum(other <= each for other in same) >= ratio * len(same) - 1e-6
                ]
                for policy, baked in zip(RULES, (same[0], mean, 1.1 * mean, enough[0]), strict=True):
                    wants = max(wanted, 0.0)
                    found[(*key, morning, policy, ratio)] = (baked, wants, max(wants - baked, 0), max(baked - wants, 0))
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.tuples(*[one_series] * len(SERIES)))
def test_a_replay_is_what_a_baker_would_have_noted(days: Any) -> None:
    notebook = notebook_of(list(days))
    expected = expected_days(notebook, MORNINGS)
    if not expected:
        with pytest.raises(CannotReplay):
            run_replay(facts_of(notebook), MORNINGS[0], MORNINGS[-1], RULES, RATIOS)
        return
    result = run_replay(facts_of(notebook), MORNINGS[0], MORNINGS[-1], RULES, RATIOS)
    columns = ["tenant_id", "location_id", "product_id", "date", "policy", "critical_ratio"]
    replayed = {row[:6]: row[6:] for row in result.days.select(*columns, "baked", "demand", "lost", "leftover").rows()}
    assert replayed.keys() == expected.keys()
    for key, figures in expected.items():
        assert replayed[key] == pytest.approx(figures, abs=2e-6), key
    check_totals(result, expected)


def check_totals(result: Replay, expected: dict[tuple[Any, ...], tuple[float, float, float, float]]) -> None:
    """Sums, shares, costs and indices, over all and by product."""
    for rows, part in (
        (result.policies, lambda _: True),
        *((result.products, of_product(row)) for row in result.products),
    ):
        for row in rows:
            if not part((row.get("tenant_id"), None, row.get("product_id"))):
                continue
            ratio, policy = row["critical_ratio"], row["policy"]
            own = [value for key, value in expected.items() if key[4:] == (policy, ratio) and part(key)]
            base = [value for key, value in expected.items() if key[4:] == ("sample_quantile", ratio) and part(key)]
            baked, wanted, lost, left = (math.fsum(day[place] for day in own) for place in range(4))
            cost, cost_of_base = (
                math.fsum(ratio * day[2] + (1 - ratio) * day[3] for day in each) for each in (own, base)
            )
            assert row["days"] == len(own)
            assert row["cost"] == pytest.approx(cost, abs=1e-3)
            assert row["waste_share"] == (pytest.approx(left / baked, abs=1e-5) if row["baked"] > 0 else None)
            assert row["lost_share"] == (pytest.approx(lost / wanted, abs=1e-5) if wanted > 0 else None)
            assert row["fill_rate"] == (pytest.approx(1 - lost / wanted, abs=1e-5) if wanted > 0 else None)
            if cost_of_base > 0.1:
                assert row["cost_index"] == pytest.approx(100 * cost / cost_of_base, rel=1e-4)


def of_product(row: dict[str, Any]) -> Callable[[tuple[Any, ...]], bool]:
    return lambda key: (key[0], key[2]) == (row["tenant_id"], row["product_id"])


def steady(quantity: Callable[[date], float], days: int = DAYS) -> Notebook:
    """One bakery with one bread that sells every day."""
    return {
        ("a", "main", "rye"): {day: (quantity(day), False) for day in (FIRST + timedelta(days=n) for n in range(days))}
    }


@pytest.mark.parametrize("policies", [["last_same_weekday"], ["system", "mean_of_last_four_same_weekdays"]])
def test_a_policy_that_hits_demand_costs_nothing_and_the_index_needs_a_cost(policies: list[str]) -> None:
    result = run_replay(facts_of(steady(lambda day: 10.0 + day.weekday())), MORNINGS[0], MORNINGS[1], policies, [0.8])
    assert [row["policy"] for row in result.policies] == policies
    for row in result.policies:
        if row["policy"] != "system":
            assert (row["cost"], row["waste_share"], row["fill_rate"], row["cost_index"]) == (0, 0, 1, None)
        assert row["days"] == 2


def test_what_comes_on_and_after_a_morning_changes_no_quantity_up_to_it() -> None:
    weekly = steady(lambda day: 20.0 + 3 * day.weekday() + day.day % 4, days=90)
    morning = FIRST + timedelta(days=80)  # a Thursday; the models are those of Sunday before
    other = {
        key: {
            day: (quantity * 5 + 40, True) if day >= morning else (quantity, sold_out)
            for day, (quantity, sold_out) in days.items()
        }
        for key, days in weekly.items()
    }
    changed = {**other, ("a", "main", "new"): {morning: (99.0, False)}}
    # What sold out is left out of the outcomes, so that of the changed future only the days before the morning are
    # there; the morning itself is compared with one on which only quantities differ.
    louder = {
        key: {
            day: (quantity * 5 + 40, False) if day >= morning else (quantity, False)
            for day, (quantity, _) in days.items()
        }
        for key, days in weekly.items()
    }
    start = morning - timedelta(days=9)
    columns = ["date", "policy", "critical_ratio", "baked"]
    before, after, loud = (
        run_replay(facts_of(each), start, morning, tuple(POLICIES), [0.7]).days.select(columns)
        for each in (weekly, changed, louder)
    )
    assert before.filter(pl.col("date") == morning)["baked"].min() > 0
    assert before.equals(loud)
    assert before.filter(pl.col("date") < morning).equals(after)


def test_the_models_of_a_morning_are_those_of_the_last_sunday_night() -> None:
    monday = date(2024, 2, 5)
    assert [last_sunday(monday + timedelta(days=day)) for day in range(7)] == [date(2024, 2, 4)] * 7
    assert last_sunday(monday + timedelta(days=7)) == date(2024, 2, 11)


@pytest.mark.parametrize(
    ("first", "last", "policies", "ratios", "said"),
    [
        (2, 1, RULES, [0.5], "The first day, 2024-01-03, is after the last, 2024-01-02."),
        (1, 2, ["guess"], [0.5], "There is no policy guess; choose from system, last_same_weekday"),
        (1, 2, RULES, [0.5, 1.0], "A critical ratio is above 0 and below 1, for example 0.8; not 1."),
        (1, 2, RULES, [0.0, float("nan")], "not 0, nan."),
        (100, 110, RULES, [0.5], "There are no sales from 2024-04-10 to 2024-04-20; they span 2024-01-01 to 2024-02-14."),
        (-20, 0, RULES, [0.5], "Nothing sold in the 28 days before 2023-12-12"),
    ],
)  # fmt: skip
def test_what_cannot_be_replayed_is_one_line(
    first: int, last: int, policies: list[str], ratios: list[float], said: str
) -> None:
    days = [FIRST + timedelta(days=number) for number in (first, last)]
    with pytest.raises(CannotReplay) as found:
        run_replay(facts_of(steady(lambda _: 5.0)), *days, policies, ratios)
    assert said in str(found.value)
    assert "\n" not in str(found.value)


def test_days_that_all_sold_out_are_not_replayed() -> None:
    sold_out: Notebook = {
        key: {day: (quantity, True) for day, (quantity, _) in days.items()}
        for key, days in steady(lambda _: 5.0).items()
    }
    with pytest.raises(CannotReplay, match="sold out on every day"):
        run_replay(facts_of(sold_out), MORNINGS[0], MORNINGS[-1], RULES, [0.5])
