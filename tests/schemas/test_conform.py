"""Frames get their schema's form, and a tenant whose rows break a rule is named with a reason."""

from datetime import UTC, date, datetime
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from dataframely.exc import SchemaError, ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, failing_tenants, ops, plans, table_name
from bakery_assets.schemas.conform import VALIDATE_FRAMES

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
FIGURES = ("yhat", "q10", "q50", "q80", "q90", "q95", "system_yhat")


def forecasts(**by_tenant: dict[str, Any]) -> pl.DataFrame:
    """A valid forecast of rye bread for each tenant, with some values replaced."""
    rows = [
        {
            "tenant_id": tenant,
            "plan_date": date(2026, 5, 1),
            "location_id": "main",
            "product_id": "rye",
            "target_date": date(2026, 5, 2),
            **dict.fromkeys(FIGURES, 12.0),
            "model": "trees",
            "model_version": "v1",
            "override_id": None,
            "reasoning": "{}",
            **changed,
        }
        for tenant, changed in by_tenant.items()
    ]
    return pl.DataFrame(rows, schema=dict(pl.Schema(plans.DemandForecasts)), orient="row")


def calendar(*rows: tuple[str, str | None]) -> pl.DataFrame:
    """Closed days on one date: of a tenant's product, or of the whole bakery."""
    return pl.DataFrame(
        [(tenant, date(2026, 5, 1), "closed", product, None, None, None) for tenant, product in rows],
        schema=dict(pl.Schema(ops.Calendar)),
        orient="row",
    )


def test_a_frame_gets_the_columns_of_its_schema_in_their_order_and_types() -> None:
    given = pl.DataFrame({"note": ["extra"], "rain_mm": [0], "temperature_c": [None], "tenant_id": ["a"]})
    given = given.with_columns(recorded_at=pl.lit(datetime(2026, 1, 6, tzinfo=UTC)))
    made = conform(ops.Weather, given.with_columns(date=pl.lit(date(2026, 1, 5))))
    numbers = {"temperature_c": pl.Float64, "rain_mm": pl.Float64}
    assert made.schema == pl.Schema(
        {"tenant_id": pl.String, "date": pl.Date, **numbers, "recorded_at": pl.Datetime("us", "UTC")}
    )
    assert made.rows() == [("a", date(2026, 1, 5), None, 0.0, datetime(2026, 1, 6, tzinfo=UTC))]


def test_whole_numbers_of_any_width_become_those_of_the_table() -> None:
    shifts = pl.DataFrame({"tenant_id": ["a"], "shift_id": ["early"], "weekday": [1], "staff": [2]}).with_columns(
        starts_at=pl.time(3), ends_at=pl.time(11)
    )
    assert conform(ops.Shifts, shifts).schema == pl.Schema(ops.Shifts)


def test_a_missing_column_and_a_value_of_another_type_are_errors_of_the_program() -> None:
    with pytest.raises(SchemaError, match="location_id"):
        conform(ops.Locations, pl.DataFrame({"tenant_id": ["a"], "name": ["A"]}))
    with pytest.raises(pl.exceptions.InvalidOperationError):
        conform(
            ops.Calendar,
            pl.DataFrame({"tenant_id": "a", "date": "soon", "kind": "event"}).with_columns(
                product_id=None, name=None, opens=None, closes=None
            ),
        )
    with pytest.raises(SchemaError):
        failing_tenants(ops.Locations, pl.DataFrame({"tenant_id": ["a"]}))


def test_tests_validate_every_frame_and_production_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    negative = forecasts(a={"yhat": -1.0})
    with pytest.raises(ValidationError, match="min"):
        conform(plans.DemandForecasts, negative)
    monkeypatch.delenv(VALIDATE_FRAMES)
    assert conform(plans.DemandForecasts, negative)["yhat"].to_list() == [-1.0]


def test_no_tenant_fails_where_all_rows_are_valid() -> None:
    assert failing_tenants(plans.DemandForecasts, forecasts(a={}, b={})) == {}
    assert failing_tenants(plans.DemandForecasts, forecasts(a={}).clear()) == {}


KEY = "(plan_date 2026-05-01, location_id main, product_id rye, target_date 2026-05-02)"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"q90": float("inf")}, "demand_forecasts.q90 is infinite; check this tenant's input quantities"),
        ({"q90": float("-inf")}, "demand_forecasts.q90 is infinite; check this tenant's input quantities"),
        ({"yhat": float("nan")}, "demand_forecasts.yhat is undefined; check this tenant's input quantities"),
        ({"yhat": None}, "demand_forecasts.yhat is empty and has to have a value"),
        ({"yhat": -2.5}, "demand_forecasts.yhat is -2.5 and has to be between 0 and 1e+09"),
        (
            {"yhat": -2.5, "q95": float("nan")},
            "demand_forecasts.q95 is undefined; check this tenant's input quantities",
        ),
    ],
)
def test_a_tenant_with_a_bad_figure_is_named_with_the_figure_and_the_row(changed: dict[str, Any], reason: str) -> None:
    assert failing_tenants(plans.DemandForecasts, forecasts(good={}, bad=changed)) == {"bad": f"{reason} {KEY}"}


def test_a_value_outside_a_closed_set_and_a_bad_identifier_are_named() -> None:
    tenants = pl.DataFrame(
        {
            "tenant_id": ["a|b", "c"],
            "name": "N",
            "timezone": "UTC",
            "country": "FR",
            "currency": "EUR",
            "region": None,
            "tier": ["starter", "gold"],
            "status": "active",
            "planning_time": None,
        }
    ).with_columns(pl.col("region").cast(pl.String), planning_time=pl.time(5, 30))
    assert failing_tenants(ops.Tenants, tenants) == {
        "a|b": "tenants.tenant_id is 'a|b' and has to match ^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        "c": "tenants.tier is 'gold' and has to be one of starter, professional, enterprise",
    }


def test_rows_with_the_same_key_fail_their_tenant_alone() -> None:
    twice = pl.concat([forecasts(a={}, b={}), forecasts(a={})])
    assert failing_tenants(plans.DemandForecasts, twice) == {
        "a": f"demand_forecasts has several rows with the same key {KEY}"
    }


def test_two_empty_values_of_a_key_are_the_same() -> None:
    rows = calendar(("a", None), ("a", "rye"), ("b", None), ("b", None))
    assert failing_tenants(ops.Calendar, rows) == {
        "b": "calendar breaks the rule that tenant_id, date, kind, product_id together have to be unique "
        "(date 2026-05-01, kind closed, product_id None)"
    }


@pytest.mark.parametrize(
    ("given", "fails"),
    [
        ((None, None, None), True), (("rye", None, None), False), ((None, "flour", None), False),
        ((None, None, "dough"), False), (("rye", "flour", None), True), ((None, "flour", "dough"), True),
    ],
)  # fmt: skip
def test_waste_is_of_a_product_an_ingredient_or_an_intermediate(given: tuple[str | None, ...], fails: bool) -> None:
    waste = pl.DataFrame(
        {
            "tenant_id": ["a"],
            "waste_id": ["1"],
            "product_id": [given[0]],
            "ingredient_id": [given[1]],
            "recipe_id": [given[2]],
            "lot_id": [None],
            "location_id": ["main"],
            "waste_date": [date(2026, 5, 1)],
            "wasted_at": [None],
            "quantity": [1.0],
            "reason": [None],
            "recorded_at": [NOON],
        },
        schema=dict(pl.Schema(ops.Waste)),
    )
    reason = (
        "waste breaks the rule that exactly one of product_id, ingredient_id, recipe_id has to be given (waste_id 1, "
    )
    found = failing_tenants(ops.Waste, waste)
    assert list(found) == (["a"] if fails else [])
    assert all(why.startswith(reason) for why in found.values())


def test_a_rule_of_frames_alone_is_known_by_its_name() -> None:
    class Lots(dy.Schema):
        tenant_id = col.tenant_id()
        smallest = col.number("Smallest lot, in units")
        largest = col.number("Largest lot, in units")

        @dy.rule()
        def smallest_first(cls) -> pl.Expr:
            return pl.col("smallest") <= pl.col("largest")

    lots = pl.DataFrame({"tenant_id": ["a", "b"], "smallest": [1.0, 3.0], "largest": [2.0, 2.0]})
    assert failing_tenants(Lots, lots) == {"b": "lots breaks the rule smallest_first"}


def test_a_table_is_named_after_its_class() -> None:
    assert [table_name(schema) for schema in (ops.Sales, ops.SalesHourly, plans.ProcurementRequirements)] == [
        "sales",
        "sales_hourly",
        "procurement_requirements",
    ]


figure = st.floats(width=32) | st.none()


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), figure, figure), max_size=12))
def test_exactly_the_tenants_with_a_row_that_breaks_a_rule_fail(
    rows: list[tuple[str, float | None, float | None]],
) -> None:
    frame = pl.DataFrame(
        [
            (tenant, date.fromordinal(730_000 + day), warmth, rain, NOON)
            for day, (tenant, warmth, rain) in enumerate(rows)
        ],
        schema=dict(pl.Schema(ops.Weather)),
        orient="row",
    )
    expected = {
        tenant
        for tenant, warmth, rain in rows
        if not (warmth is None or -90 <= warmth <= 70) or not (rain is None or 0 <= rain <= 2_000)
    }
    found = failing_tenants(ops.Weather, frame)
    assert found.keys() == expected
    assert all(reason.startswith("weather.") and "(date " in reason for reason in found.values())


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["rye", None])), max_size=6))
def test_a_nullable_key_is_unique_as_the_database_has_it(rows: list[tuple[str, str | None]]) -> None:
    expected = {tenant for tenant, _ in rows if len(own := [row for row in rows if row[0] == tenant]) > len(set(own))}
    assert failing_tenants(ops.Calendar, calendar(*rows)).keys() == expected
