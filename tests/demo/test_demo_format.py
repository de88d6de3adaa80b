"""Every file of the demo is what the schema says: columns, values, keys, references, and when it was known."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import dataframely as dy
import holidays
import pytest
from sqlalchemy import ForeignKeyConstraint, Table, UniqueConstraint

from bakery_assets.demo import write_demo
from resources.schema import ops

Tables = Mapping[str, list[dict[str, str]]]
BY_NAME = {table.name: table for table in ops.LOADED}
FILLED_BY_THE_LOADER = {"recorded_at"}
UTC_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def test_every_file_is_a_table_with_rows_and_the_demo_covers_most_of_the_load_format(demo: Tables) -> None:
    assert set(demo) <= set(BY_NAME)
    assert all(demo.values())
    assert set(demo) >= {
        "tenants", "products", "ingredients", "recipes", "recipe_lines", "suppliers", "supplier_items", "equipment",
        "shifts", "production_steps", "calendar", "weather", "sales", "customer_orders", "stock_lots",
        "purchase_orders", "stock_receipts", "waste",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_columns_are_known_and_the_required_ones_are_there(demo: Tables, name: str) -> None:
    if name not in demo:
        assert name not in ("tenants", "products", "sales")
        return
    given, known = set(demo[name][0]), BY_NAME[name].columns
    assert given <= set(known.keys())
    required = {c.name for c in known if not c.nullable and c.server_default is None} - FILLED_BY_THE_LOADER
    assert required <= given


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_value_passes_its_columns_check(demo: Tables, name: str) -> None:
    complaints = Counter(
        f"{column.name}: {row[column.name]!r}"
        for row in demo.get(name, [])
        for column in BY_NAME[name].info["schema"].columns().values()
        if column.name in row and not _is_good(column, row[column.name])
    )
    assert not complaints


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_keys_are_unique(demo: Tables, name: str) -> None:
    rows, table = demo.get(name, []), BY_NAME[name]
    unique = [c for c in table.constraints if isinstance(c, UniqueConstraint)]
    keys = [list(table.primary_key.columns), *(list(c.columns) for c in unique)]
    for key in filter(None, keys):
        counted = Counter(tuple(row.get(column.name, "") for column in key) for row in rows)
        assert not [value for value, times in counted.items() if times > 1]


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_reference_exists(demo: Tables, name: str) -> None:
    for constraint in BY_NAME[name].constraints:
        if isinstance(constraint, ForeignKeyConstraint):
            _assert_references(demo, BY_NAME[name], constraint)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("recipe_lines", ("ingredient_id", "component_recipe_id")),
        ("stock_lots", ("product_id", "ingredient_id")),
        ("waste", ("product_id", "ingredient_id")),
    ],
)
def test_exactly_one_thing_is_named(demo: Tables, name: str, columns: tuple[str, ...]) -> None:
    assert all(sum(bool(row[column]) for column in columns) == 1 for row in demo[name])


def test_time_zones_and_holiday_regions_exist(demo: Tables) -> None:
    assert {row["timezone"] for row in demo["tenants"]} <= available_timezones()
    for row in demo["tenants"]:
        assert len(holidays.country_holidays(row["country"], subdiv=row["region"] or None, years=[2026])) > 8


def test_every_fact_is_known_before_its_bakery_plans_the_day(demo: Tables, plan_dates: Mapping[str, date]) -> None:
    zones = {row["tenant_id"]: ZoneInfo(row["timezone"]) for row in demo["tenants"]}
    facts = [row for rows in demo.values() for row in rows if "recorded_at" in row]
    assert len(facts) > 80_000
    latest = {tenant: max(row["recorded_at"] for row in facts if row["tenant_id"] == tenant) for tenant in zones}
    for tenant, recorded in latest.items():
        assert datetime.fromisoformat(recorded).astimezone(zones[tenant]).date() < plan_dates[tenant]


def test_the_same_local_dates_and_seed_give_the_same_bytes(demo_folder: Path, tmp_path: Path) -> None:
    write_demo(tmp_path, datetime.fromisoformat("2026-11-22T16:20:00+00:00"))
    for path in demo_folder.glob("*.csv"):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_another_seed_tells_another_story(demo_folder: Path, tmp_path: Path) -> None:
    write_demo(tmp_path, datetime.fromisoformat("2026-11-22T16:00:00+00:00"), seed=8)
    assert (demo_folder / "products.csv").read_bytes() == (tmp_path / "products.csv").read_bytes()
    assert (demo_folder / "sales.csv").read_bytes() != (tmp_path / "sales.csv").read_bytes()


def test_an_instant_needs_a_time_zone_and_room_for_the_history(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="time zone"):
        write_demo(tmp_path, datetime(2026, 11, 22))  # noqa: DTZ001
    with pytest.raises(ValueError, match="history begins on 2022-01-01"):
        write_demo(tmp_path, datetime.fromisoformat("2023-01-01T00:00:00+00:00"))


def _is_good(column: dy.Column, text: str) -> bool:
    if text == "":
        return column.nullable
    if column.metadata and "choices" in column.metadata:
        return text in column.metadata["choices"]
    if isinstance(column, dy.Datetime):
        return bool(UTC_INSTANT.fullmatch(text)) and datetime.fromisoformat(text) is not None
    if isinstance(column, dy.Date):
        return date.fromisoformat(text).isoformat() == text
    if isinstance(column, dy.Time):
        return time.fromisoformat(text) is not None
    if isinstance(column, dy.Int32):
        return column.min is not None and column.max is not None and column.min <= int(text) <= column.max
    if isinstance(column, dy.Float64):
        return column.min is not None and column.max is not None and column.min <= float(text) <= column.max
    return text.strip() == text


def _assert_references(demo: Tables, table: Table, constraint: ForeignKeyConstraint) -> None:
    target = constraint.referred_table.name
    if target == "locations":
        assert all("location_id" not in row for row in demo.get(table.name, []))  # all at `main`
        return
    own = [element.parent.name for element in constraint.elements]
    theirs = [element.column.name for element in constraint.elements]
    there = {tuple(row[column] for column in theirs) for row in demo.get(target, [])}
    named = {tuple(row.get(column, "") for column in own) for row in demo.get(table.name, [])}
    assert {key for key in named if "" not in key} <= there
