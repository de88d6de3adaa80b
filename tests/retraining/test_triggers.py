"""Why a series is retrained: exact limits, enough days, and no influence of other tenants."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import CELLS, Frames
from bakery_assets.retraining.triggers import SeriesTriggers, selling_series, series_carried_over, series_triggers

DAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 21, tzinfo=UTC)
SERIES = ("b", "main", "bun")


def cells(*tenants: str) -> pl.DataFrame:
    return pl.DataFrame([(name, DAY, "Europe/Paris", NOW) for name in tenants or ("b",)], schema=CELLS, orient="row")


def errors(rows: list[tuple[int, float, float]], series: tuple[str, str, str] = SERIES) -> pl.DataFrame:
    """Rows of (days ago, error, actual)."""
    return pl.DataFrame(
        [(*series, DAY - timedelta(days=ago), error, actual) for ago, error, actual in rows],
        schema={
            **dict.fromkeys(("tenant_id", "location_id", "product_id"), pl.String),
            "validation_date": pl.Date, "error": pl.Float64, "actual": pl.Float64,
        },
        orient="row",
    )  # fmt: skip


def facts(
    rows: pl.DataFrame | None = None, *, age: timedelta | None = timedelta(days=7), requests: tuple[str, ...] = (), shifted: tuple[str, ...] = (),
    sold: tuple[tuple[str, str, str, int, float], ...] = ((*SERIES, 1, 5.0),), discontinued: date | None = None,
) -> dict[str, pl.DataFrame]:  # fmt: skip
    names = {each[:3] for each in sold} | {SERIES}
    return {
        "products": pl.DataFrame(
            [(tenant, product, discontinued) for tenant, product in sorted({(name[0], name[2]) for name in names})],
            schema={"tenant_id": pl.String, "product_id": pl.String, "discontinued_on": pl.Date}, orient="row",
        ),
        "sales": pl.DataFrame(
            [(tenant, place, product, DAY - timedelta(days=ago), quantity) for tenant, place, product, ago, quantity in sold],
            schema={
                **dict.fromkeys(("tenant_id", "location_id", "product_id"), pl.String),
                "sales_date": pl.Date, "quantity": pl.Float64,
            },
            orient="row",
        ),
        "forecast_errors": errors([]) if rows is None else rows,
        "incumbents": pl.DataFrame(
            [] if age is None else [(*name, NOW - age) for name in sorted(names)],
            schema={
                **dict.fromkeys(("tenant_id", "location_id", "product_id"), pl.String),
                "trained_as_of": pl.Datetime("us", "UTC"),
            },
            orient="row",
        ),
        "requests": pl.DataFrame({"tenant_id": list(requests)}, schema={"tenant_id": pl.String}),
        "level_shifts": pl.DataFrame(
            [(tenant, f"{tenant} sells twice as much") for tenant in shifted],
            schema={"tenant_id": pl.String, "explanation": pl.String}, orient="row",
        ),
    }  # fmt: skip


def found(frames: Frames, own: pl.DataFrame | None = None) -> list[dict[str, Any]]:
    triggers = series_triggers(cells() if own is None else own, frames)
    assert triggers.schema == pl.Schema(SeriesTriggers)
    return triggers.to_dicts()


def kinds(frames: Frames) -> list[str]:
    return [row["kind"] for row in found(frames)]


def steady(error: float, days: range, actual: float = 10.0) -> list[tuple[int, float, float]]:
    return [(ago, error, actual) for ago in days]


def test_a_mape_of_exactly_30_percent_is_no_trigger_and_slightly_more_is() -> None:
    # Errors of 1 to 5 on 10 sold: MAPE (0.1 + 0.2 + 0.3 + 0.4 + 0.5) / 5 = 0.3, whose floating sum is not exact.
    week = [(ago, float(1 + ago % 5) * (-1) ** ago, 10.0) for ago in range(1, 11)]
    assert sum(abs(error) / actual for _, error, actual in week) / 10 == pytest.approx(0.3)
    assert kinds(facts(errors(week))) == []
    (row,) = found(facts(errors([*week[:-1], (10, 1.01, 10.0)])))
    assert (row["kind"], row["value"], row["threshold"]) == ("mape", 0.3001, 0.3)
    assert row["explanation"].startswith("MAPE 30.01% on 10 days with sales")


def test_a_rise_of_exactly_5_points_is_no_trigger_and_slightly_more_is() -> None:
    before = steady(1.0, range(31, 61))
    assert kinds(facts(errors(steady(1.5, range(1, 31)) + before))) == []
    (row,) = found(facts(errors(steady(1.51, range(1, 31)) + before)))
    assert (row["kind"], row["value"], row["threshold"]) == ("mape_rise", 0.051, 0.05)
    assert row["explanation"] == "MAPE rose from 10.0% to 15.1% against the 30 days before, by more than 5 points"
    assert kinds(facts(errors(steady(1.0, range(1, 31)) + steady(3.0, range(31, 61))))) == [], "it fell"


@pytest.mark.parametrize(("days", "expected"), [(6, []), (7, ["mape"])])
def test_a_mape_needs_seven_days_with_sales_behind_it(days: int, expected: list[str]) -> None:
    unsold = [(ago, 9.0, 0.0) for ago in range(20, 30)]
    assert kinds(facts(errors(steady(5.0, range(1, 1 + days)) + unsold))) == expected


@pytest.mark.parametrize(("days", "expected"), [(6, []), (7, ["mape_rise"])])
def test_a_rise_needs_seven_days_before_as_well(days: int, expected: list[str]) -> None:
    assert kinds(facts(errors(steady(2.0, range(1, 31)) + steady(0.5, range(31, 31 + days))))) == expected


def test_the_thirty_days_end_with_yesterday() -> None:
    # The 31st day back belongs to the days before, today to neither.
    bad_today_and_long_ago = [(0, 90.0, 10.0), (31, 90.0, 10.0), (61, 90.0, 10.0)]
    assert kinds(facts(errors(steady(1.0, range(1, 8)) + bad_today_and_long_ago))) == []
    assert kinds(facts(errors([*steady(1.0, range(24, 30)), (30, 90.0, 10.0)]))) == ["mape"]


@pytest.mark.parametrize(
    ("age", "expected"), [(timedelta(days=30), []), (timedelta(days=30, seconds=1), ["age"]), (timedelta(days=-9), [])]
)
def test_a_model_is_too_old_after_thirty_days_and_not_on_the_thirtieth(age: timedelta, expected: list[str]) -> None:
    rows = found(facts(age=age))
    assert [row["kind"] for row in rows] == expected
    assert all(row["threshold"] == 30.0 and row["value"] > 30.0 for row in rows)


def test_a_series_that_sells_without_a_model_is_triggered_and_one_that_has_not_sold_for_weeks_is_not() -> None:
    assert kinds(facts(age=None)) == ["no_model"]
    assert kinds(facts(age=None, sold=((*SERIES, 56, 5.0),))) == ["no_model"]
    assert kinds(facts(age=None, sold=((*SERIES, 57, 5.0),))) == []
    assert kinds(facts(age=None, sold=((*SERIES, 1, -2.0),))) == [], "more came back than went"
    assert kinds(facts(age=None, discontinued=DAY)) == [], "it is made no more"
    assert kinds(facts(age=None, discontinued=DAY + timedelta(days=1))) == ["no_model"]


def test_a_request_means_every_series_of_that_tenant_and_no_other() -> None:
    sold = (("a", "main", "bun", 1, 5.0), ("b", "main", "bun", 1, 5.0), ("b", "kiosk", "roll", 2, 5.0))
    rows = found(facts(sold=sold, requests=("b",)), cells("a", "b"))
    assert [(row["tenant_id"], row["location_id"], row["kind"]) for row in rows] == [
        ("b", "kiosk", "request"),
        ("b", "main", "request"),
    ]


def test_a_bakery_at_another_level_is_a_reason_for_every_series_of_it_and_no_other() -> None:
    sold = (("a", "main", "bun", 1, 5.0), ("b", "main", "bun", 1, 5.0), ("b", "kiosk", "roll", 2, 5.0))
    rows = found(facts(sold=sold, shifted=("b",)), cells("a", "b"))
    assert [(row["tenant_id"], row["location_id"], row["kind"], row["value"], row["explanation"]) for row in rows] == [
        ("b", "kiosk", "level_shift", None, "b sells twice as much"),
        ("b", "main", "level_shift", None, "b sells twice as much"),
    ]


def test_a_series_may_have_several_reasons() -> None:
    rows = errors(steady(4.0, range(1, 31)) + steady(1.0, range(31, 61)))
    assert kinds(facts(rows, age=timedelta(days=40), requests=("b",))) == ["age", "mape", "mape_rise", "request"]


def test_a_series_without_a_trigger_keeps_its_model() -> None:
    sold = ((*SERIES, 1, 5.0), ("b", "main", "roll", 1, 5.0))
    frames = facts(errors(steady(4.0, range(1, 31))), sold=sold)
    triggers = series_triggers(cells(), frames)
    assert triggers["product_id"].to_list() == ["bun"]
    assert series_carried_over(frames["incumbents"], triggers).rows() == [("b", "main", "roll")]
    assert selling_series(cells(), frames).height == 2


def test_without_facts_there_is_no_trigger() -> None:
    empty = {name: frame.clear() for name, frame in facts().items()}
    assert found(empty) == []
    assert found(empty, cells().clear()) == []


@given(
    rows=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 60), st.floats(-20, 20), st.sampled_from([0.0, 3.0, 10.0])),
        max_size=120, unique_by=lambda row: row[:2],
    ),
    seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_tenant_has_the_same_triggers_alone_and_among_others_in_any_order(
    rows: list[tuple[str, int, float, float]], seed: int
) -> None:
    tenants = "abc"
    measured = pl.concat([errors([row[1:]], (row[0], "main", "bun")) for row in rows] or [errors([])])
    sold = tuple((tenant, "main", "bun", 1, 5.0) for tenant in tenants)
    together = series_triggers(cells(*tenants), facts(measured, sold=sold))
    shuffled = measured.sample(fraction=1.0, shuffle=True, seed=seed)
    assert together.equals(series_triggers(cells(*tenants), facts(shuffled, sold=sold)))
    for tenant in random.Random(seed).sample(tenants, 1):
        mine = facts(measured.filter(pl.col("tenant_id") == tenant), sold=((tenant, "main", "bun", 1, 5.0),))
        own = {name: frame.filter(pl.col("tenant_id") == tenant) for name, frame in mine.items()}
        assert series_triggers(cells(tenant), own).equals(together.filter(pl.col("tenant_id") == tenant))
