"""Text becomes values, or a reason that somebody in a bakery can act on."""

from datetime import UTC, date, datetime, time

import polars as pl
import pytest

from bakery_assets.intake.faults import ROW_NUMBER, BadHeader, faults_frame
from bakery_assets.intake.parsing import Parsed, check_header, parse
from bakery_assets.intake.row_batches import RowBatch, rows_frame
from bakery_assets.intake.row_rules import IS_EXPLICIT
from bakery_assets.intake.tables import TableSpec, dependents
from bakery_assets.intake.timestamps import Clocks, TenantZones
from bakery_assets.schemas.rules import ExactlyOne, rules_of
from resources.schema import ops
from resources.warehouse.intake_tables import table_spec

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CLOCKS = Clocks(
    frozenset({"Europe/Berlin", "Pacific/Chatham"}),
    TenantZones.validate(pl.DataFrame({"tenant_id": ["b", "c"], "timezone": ["Europe/Berlin", "Pacific/Chatham"]})),
    NOW,
)


def parsed(table: TableSpec, **row: str) -> Parsed:
    rows = rows_frame(list(row), [2], [list(row.values())])
    return parse(table, RowBatch(rows, faults_frame([]), 0), CLOCKS)


def sale(**row: str) -> Parsed:
    base = {"tenant_id": "b", "product_id": "rye", "sales_date": "2026-03-01", "quantity": "3"}
    return parsed(table_spec(ops.sales), **{**base, **row})


def value(result: Parsed, name: str) -> object:
    assert result.faults.height == 0, result.faults["reason"].to_list()
    return result.rows[name].item()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3.0),
        (" 3.5 ", 3.5),
        ("-2", -2.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("+7", 7.0),
        ("1000000000", 1e9),
    ],
)
def test_numbers_have_a_decimal_point(text: str, number: float) -> None:
    assert value(sale(quantity=text), "quantity") == number


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("1e999", "not a finite number"), ("nan", "not a finite number"), ("-inf", "not a finite number"),
        ("3,5", "no number"), ("three", "no number"), ("1_000", "no number"), ("0x10", "no number"), ("", "is empty"),
        ("2000000000", "too large"), ("-2000000000", "too small"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_with_its_value(text: str, word: str) -> None:
    result = sale(quantity=text)
    assert result.rows.height == 0
    assert result.faults["column_name"].item() == "quantity"
    assert word in result.faults["reason"].item()
    assert text in result.faults["reason"].item()


@pytest.mark.parametrize("text", ["2026-03-01", " 2026-03-01 ", "2026-03-01 00:00:00", "2026-03-01T00:00:00.000000"])
def test_a_date_is_written_year_month_day(text: str) -> None:
    assert value(sale(sales_date=text), "sales_date") == date(2026, 3, 1)


@pytest.mark.parametrize(
    "text", ["01.03.2026", "03/01/2026", "2026-02-29", "2026-3-1", "2026-03-01 09:00", "20260301", "0202-03-01"]
)
def test_any_other_date_is_refused_and_the_reason_shows_the_form(text: str) -> None:
    reason = sale(sales_date=text).faults["reason"].item()
    assert f"sales_date is '{text}'" in reason
    assert "like 2026-03-29" in reason or "a year from 1970 to 2199" in reason


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-29T14:05:00Z", datetime(2026, 3, 29, 14, 5, tzinfo=UTC)),
        ("2026-03-29 14:05:30.25+02:00", datetime(2026, 3, 29, 12, 5, 30, 250_000, tzinfo=UTC)),
        ("2026-03-29T01:00-0330", datetime(2026, 3, 29, 4, 30, tzinfo=UTC)),
        ("2026-03-29T14:05:00+13:45", datetime(2026, 3, 29, 0, 20, tzinfo=UTC)),
    ],
)
def test_an_instant_says_its_offset(text: str, instant: datetime) -> None:
    assert value(sale(recorded_at=text), "recorded_at") == instant


@pytest.mark.parametrize(("tenant", "hour", "minute"), [("b", 12, 5), ("c", 0, 20), ("nobody", 14, 5)])
def test_an_instant_without_offset_is_read_on_the_tenants_clock(tenant: str, hour: int, minute: int) -> None:
    result = sale(tenant_id=tenant, recorded_at="2026-03-29 14:05")
    assert value(result, "recorded_at") == datetime(2026, 3, 29, hour, minute, tzinfo=UTC)
    assert value(result, IS_EXPLICIT) is True
    assert "recorded_at__local" not in result.rows.columns


def test_a_fact_is_known_from_the_end_of_its_day_the_instant_it_is_about_or_the_moment_of_loading() -> None:
    assert value(sale(), "recorded_at") == datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert value(sale(), IS_EXPLICIT) is False
    order = {"tenant_id": "c", "order_id": "1", "product_id": "rye", "due_date": "2026-03-05", "quantity": "3"}
    found = parsed(table_spec(ops.customer_orders), **order, ordered_at="2026-03-02 09:00")
    assert value(found, "recorded_at") == value(found, "ordered_at") == datetime(2026, 3, 1, 19, 15, tzinfo=UTC)
    lot = parsed(table_spec(ops.stock_lots), tenant_id="b", lot_id="1", product_id="rye", quantity="2")
    assert value(lot, "recorded_at") == NOW


@pytest.mark.parametrize(
    "text", ["2026-03-29", "14:05", "2026-03-29T25:00Z", "2026-13-01T00:00Z", "2026-03-29T14:05+99:00"]
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    assert "which is no date with time" in sale(recorded_at=text).faults["reason"].item()


@pytest.mark.parametrize(
    ("text", "clock"), [("5:30", time(5, 30)), ("17:05:09", time(17, 5, 9)), ("00:00", time(0, 0))]
)
def test_a_time_of_day(text: str, clock: time) -> None:
    assert value(sale(sold_out_at=text), "sold_out_at") == clock


@pytest.mark.parametrize("text", ["24:00", "5.30", "noon", "12:60"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    assert "no time of day" in sale(sold_out_at=text).faults["reason"].item()


def test_choices_are_read_whatever_their_capitals() -> None:
    spec = table_spec(ops.equipment)
    row = {"tenant_id": "b", "equipment_id": "o1", "name": "Oven", "kind": "OVEN"}
    assert value(parsed(spec, **row), "kind") == "oven"
    bad = parsed(spec, **{**row, "kind": "owen"})
    assert "must be one of mixer, proofer, oven, bench, cooler, other" in bad.faults["reason"].item()


def test_a_time_zone_is_one_of_the_known_names() -> None:
    row = {"tenant_id": "b", "name": "B", "timezone": "Berlin", "country": "DE"}
    bad = parsed(table_spec(ops.tenants), **row)
    assert (
        bad.faults["reason"].item() == "timezone is 'Berlin', which is no IANA time zone; write it like Europe/Berlin"
    )
    assert value(parsed(table_spec(ops.tenants), **{**row, "timezone": "Europe/Berlin"}), "timezone") == "Europe/Berlin"


@pytest.mark.parametrize(("text", "share"), [("true", 1.0), ("False", 0.0), ("0.25", 0.25), ("", 1.0)])
def test_in_stock_may_be_said_as_true_or_false(text: str, share: float) -> None:
    spec = table_spec(ops.sales_hourly)
    row = {"tenant_id": "b", "product_id": "rye", "sales_date": "2026-03-01", "hour": "9", "quantity": "1"}
    assert value(parsed(spec, **row, in_stock=text), "in_stock") == share


def line(**row: str) -> Parsed:
    base = {"tenant_id": "b", "recipe_id": "rye", "line_number": "1", "ingredient_id": "flour", "quantity": "1"}
    return parsed(table_spec(ops.recipe_lines), **{**base, **row})


@pytest.mark.parametrize(("text", "limits"), [("true", True), ("No", False), ("1", True), ("0.0", False), ("", None)])
def test_whether_a_component_limits_expiry_is_true_false_or_not_said(text: str, limits: bool | None) -> None:
    assert value(line(limits_expiry=text), "limits_expiry") is limits


def test_what_is_neither_true_nor_false_is_refused() -> None:
    (reason,) = line(limits_expiry="maybe").faults["reason"].to_list()
    assert reason == "limits_expiry is 'maybe'; true or false is expected"


@pytest.mark.parametrize("text", ["9.5", "24", "-1"])
def test_an_hour_is_a_whole_number_of_the_day(text: str) -> None:
    spec = table_spec(ops.sales_hourly)
    row = {"tenant_id": "b", "product_id": "rye", "sales_date": "2026-03-01", "hour": text, "quantity": "1"}
    assert parsed(spec, **row).faults["column_name"].item() == "hour"


def test_a_negative_price_is_named() -> None:
    bad = parsed(table_spec(ops.products), tenant_id="b", product_id="rye", name="Rye", price="-1.20")
    assert bad.faults["reason"].item() == "price is '-1.20'; price is negative, at least 0 is expected"


def test_the_first_column_at_fault_is_reported_with_the_row_as_it_was_read() -> None:
    bad = sale(sales_date="yesterday", quantity="many", reason="a column of the file's own").faults
    assert bad["column_name"].to_list() == ["sales_date"]
    assert bad["tenant_id"].to_list() == ["b"]
    assert '"quantity": "many"' in bad["content"].item()


def test_defaults_stand_in_for_empty_values() -> None:
    assert value(sale(location_id=""), "location_id") == "main"
    assert value(sale(), "location_id") == "main"


def test_a_stock_lot_is_of_exactly_one_kind() -> None:
    spec = table_spec(ops.stock_lots)
    assert [rule.columns for rule in rules_of(spec.schema, ExactlyOne)] == [
        ("product_id", "ingredient_id", "recipe_id")
    ]
    row = {"tenant_id": "b", "lot_id": "1", "quantity": "2"}
    assert parsed(spec, **row, product_id="rye").faults.height == 0
    reason = parsed(spec, **row, product_id="rye", ingredient_id="flour").faults["reason"].item()
    assert reason == "exactly one of product_id, ingredient_id, recipe_id must be filled, here 2 are"
    assert "here 0 are" in parsed(spec, **row).faults["reason"].item()


def test_an_identifier_too_long_for_an_index_is_refused() -> None:
    assert "longer than 200 characters" in sale(product_id="x" * 201).faults["reason"].item()
    assert "NUL" in sale(product_id="x\0").faults["reason"].item()


def test_a_missing_column_is_named_and_an_unknown_one_reported() -> None:
    spec = table_spec(ops.sales)
    with pytest.raises(BadHeader, match="has no column quantity, which every row of sales needs"):
        check_header(spec, ["tenant_id", "product_id", "sales_date"])
    assert check_header(spec, ["tenant_id", "product_id", "sales_date", "quantity", "till"]) == ["till"]


def test_what_depends_on_an_unreadable_table_is_known() -> None:
    tables = tuple(table_spec(table) for table in ops.LOADED)
    assert dependents(tables, {"tenants"}) == {table.name for table in tables} - {"tenants"}
    found = dependents(tables, {"recipes"})
    assert {"recipe_lines", "production_steps", "stock_lots", "waste", "batch_consumption"} == found


def test_row_numbers_survive_parsing() -> None:
    assert sale().rows[ROW_NUMBER].to_list() == [2]
