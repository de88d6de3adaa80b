"""A folder gives the same rows whether it is loaded into the warehouse or read without one, whatever it leaves out."""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bakery_assets.intake.folder import REQUIRED
from bakery_assets.local_time import to_instant
from resources.folder import Folder, read_folder
from resources.schema import ops
from resources.warehouse import Warehouse
from resources.warehouse.intake import load_folder
from resources.warehouse.intake_tables import table_spec
from tests.intake.folders import NOW, TABLES, WHOLE, read_both, stored, write_folder

BERLIN = "Europe/Berlin"
Line = Mapping[str, str]
DATABASE_CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]  # each example empties the warehouse


def lines_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def text_of(columns: Sequence[str], lines: Sequence[Line]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def without(table: str, columns: set[str]) -> str:
    lines = lines_of(WHOLE[table])
    return text_of([name for name in lines[0] if name not in columns], lines)


def optional_columns(table: str) -> list[str]:
    spec = next(table_spec(each) for each in ops.LOADED if each.name == table)
    return [name for name in spec.columns if name not in spec.required]


def with_references(*tables: str) -> dict[str, str]:
    """Files of some tables and of all that their rows refer to: a folder of a few files loads in a fifth of the time."""
    specs = {spec.name: spec for spec in map(table_spec, ops.LOADED)}
    needed, todo = set(), {*tables, *REQUIRED}
    while todo:
        needed |= todo
        todo = {reference.table for name in todo for reference in specs[name].references} - needed
    return {name: text for name, text in WHOLE.items() if name in needed}


def same_rows(warehouse: Warehouse, home: Path, files: Mapping[str, str]) -> Folder:
    """Read and load a folder; rows, counts and faults are the same."""
    folder, tables, report = read_both(warehouse, write_folder(home, files))
    for name in TABLES:
        assert_frame_equal(folder.frames[name], tables[name])
    assert report.refused == ()
    assert [(file.file, file.read, file.faults.height) for file in folder.files] == [
        (file.file, file.read, file.quarantined) for file in report.files
    ]
    assert [file.repeated for file in folder.files] == [file.known + file.repeated for file in report.files]
    kept = dict.fromkeys(TABLES, 0)
    for file in folder.files:
        kept[file.table] += file.read - file.replaced - file.repeated - file.faults.height
    assert all(folder.frames[name].height == count for name, count in kept.items() if name != "locations")
    return folder


def test_the_whole_folder_has_no_fault_and_every_column(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = same_rows(warehouse, tmp_path, WHOLE)
    assert {
        name: file
        for name in TABLES
        if (file := lines_of(WHOLE[name])) and set(file[0]) != set(folder.frames[name].columns)
    } == {}
    assert [(file.file, file.faults["reason"].to_list()) for file in folder.files if file.faults.height] == []
    gaps = {
        f"{name}.{column.name}"
        for name in TABLES
        for column in folder.frames[name]
        if column.null_count() == column.len()
    }
    assert gaps == set()


def test_a_recipe_line_without_the_column_of_the_other_component_is_loaded(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    files = {
        "tenants": "tenant_id,name,timezone,country\nr1,R1,Europe/Berlin,DE\n",
        "products": "tenant_id,product_id,name\nr1,loaf,Loaf\n",
        "ingredients": "tenant_id,ingredient_id,name,unit\nr1,flour,Flour,kg\n",
        "recipes": "tenant_id,recipe_id,product_id,yield_quantity\nr1,loaf,loaf,10\n",
        "recipe_lines": "tenant_id,recipe_id,line_number,ingredient_id,quantity,unit\nr1,loaf,1,flour,5,kg\n",
        "sales": "tenant_id,product_id,sales_date,quantity\nr1,loaf,2026-03-23,10\n",
    }
    folder = same_rows(warehouse, tmp_path, files)
    assert [file.faults.height for file in folder.files] == [0] * 6
    lines = folder.frames["recipe_lines"].select("ingredient_id", "component_recipe_id", "quantity").rows()
    assert lines == [("flour", None, 5.0)]


def test_recipes_without_the_column_of_their_product_make_intermediates(warehouse: Warehouse, tmp_path: Path) -> None:
    files = {**with_references("recipe_lines"), "recipes": without("recipes", {"product_id", "name"})}
    folder = same_rows(warehouse, tmp_path, files)
    assert folder.frames["recipes"].select("recipe_id", "product_id").rows() == [("dough", None), ("rye", None)]


def referred_to() -> list[str]:
    """Tables that rows of others name; what such a table leaves out may cost rows of others, too."""
    return sorted({reference.table for table in ops.LOADED for reference in table_spec(table).references})


@pytest.mark.parametrize("tables", [[table] for table in referred_to()] + [sorted({*TABLES} - {*referred_to()})])
def test_files_without_any_optional_column_are_loaded(warehouse: Warehouse, tmp_path: Path, tables: list[str]) -> None:
    files = {**with_references(*tables), **{table: without(table, set(optional_columns(table))) for table in tables}}
    folder = same_rows(warehouse, tmp_path, files)
    faults = {
        table: [reason for file in folder.files if file.table == table for reason in file.faults["reason"]]
        for table in tables
    }
    # Only a row that has to name one of several things cannot do without all of them, nor an event of a batch that no
    # plan has without its product.
    unnamed = {table for table in tables if any("no event of it names its product" in each for each in faults[table])}
    assert unnamed == {"batch_events"} & {*tables}
    others = {each for table in tables if table not in unnamed for each in faults[table]}
    assert {reason.partition("must be filled")[2] for reason in others} <= {", here 0 are"}


@settings(max_examples=10, deadline=None, suppress_health_check=DATABASE_CHECKS)
@given(data=st.data())
def test_optional_columns_may_be_left_out_of_any_file(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    chosen = with_references(*data.draw(st.sets(st.sampled_from(TABLES), min_size=1, max_size=3)))
    left_out = {
        table: data.draw(st.sets(st.sampled_from(optional_columns(table))))
        for table in chosen
        if optional_columns(table)
    }
    files = {table: without(table, left_out.get(table, set())) for table in chosen}
    same_rows(warehouse, tmp_path_factory.mktemp("folders"), files)


def test_a_line_that_names_another_component_replaces_the_one_it_had(warehouse: Warehouse, tmp_path: Path) -> None:
    by_recipe = "tenant_id,recipe_id,line_number,component_recipe_id,quantity\nb,rye,1,dough,1\nb,dough,1,dough,2\n"
    load_folder(warehouse, write_folder(tmp_path, WHOLE), now=NOW)
    report = load_folder(warehouse, write_folder(tmp_path, {"recipe_lines": by_recipe}), now=NOW)
    assert (report.changed, report.known, report.quarantined) == (1, 1, 0)
    lines = stored(warehouse, "recipe_lines").select("recipe_id", "ingredient_id", "component_recipe_id", "unit").rows()
    assert lines == [("dough", None, "dough", "kg"), ("rye", None, "dough", "kg")]


def cells(**choices: str) -> st.SearchStrategy[dict[str, str]]:
    """Lines whose cells are drawn from choices, separated by blanks; ``-`` is empty."""
    return st.fixed_dictionaries(
        {
            name: st.sampled_from(["" if each == "-" else each for each in text.split()])
            for name, text in choices.items()
        }
    )


MESSY = {
    "tenants": cells(tenant_id="b c d a|b", name="B C -", timezone="Europe/Berlin Australia/Lord_Howe Berlin", country="DE", tier="starter Enterprise gold -", planning_time="5:30 25:00 -"),
    "products": cells(tenant_id="b c x", product_id="rye roll -", name="R S", price="1 2.50 -1 nan 1e999 abc -", unit="piece KG pound -", shelf_life_days="1 2.5 5000000000 -", discontinued_on="2026-03-01 01.02.2026 0202-01-01 -", introduced_on="2026-02-01 -"),
    "ingredients": cells(tenant_id="b c", ingredient_id="flour salt", name="F G"),
    "recipes": cells(tenant_id="b c", recipe_id="dough rye", product_id="- rye oat", loss_fraction="- 0.5 1"),
    "recipe_lines": cells(tenant_id="b", recipe_id="dough rye", line_number="1 2 1.5", ingredient_id="- flour sugar", component_recipe_id="- dough", quantity="1 2 -"),
    "calendar": cells(tenant_id="b c", date="2026-03-01 2026-03-02", kind="closed Event party", product_id="- rye oat", name="- x y"),
    "sales": cells(tenant_id="b b c x", product_id="rye roll oat", sales_date="2026-03-01 2026-10-03 2026-02-30", quantity="1 2.0 -3 - 1e10", location_id="- main shop", revenue="- 5", recorded_at="- 2026-03-02T00:00Z 2026-03-05T02:15 2026-10-04T02:15 soon"),
    "customer_orders": cells(tenant_id="b c", order_id="1 2", product_id="rye roll", due_date="2026-03-05", quantity="1 2", ordered_at="2026-03-29T02:30 2026-10-25T02:30 2026-10-04T02:15 2026-03-01T09:00Z -"),
    "stock_lots": cells(tenant_id="b", lot_id="1 2", product_id="rye -", ingredient_id="flour -", recipe_id="- dough", quantity="1 2", recorded_at="- 2026-03-01T09:00Z"),
    "plan_decisions": cells(tenant_id="b", decision_id="1 2", plan_date="2026-03-05", plan="procurement_plans", decision="approve REJECT", who="Ada", recorded_at="- 2026-03-05T00:00Z"),
}  # fmt: skip


@st.composite
def messy_folders(draw: st.DrawFn) -> dict[str, str]:
    """Folders with faults of many kinds, repeats, and two files of some tables, of which one leaves columns out."""
    files = {}
    for table, lines in MESSY.items():
        for suffix in ("", ".parquet"):
            is_needed = table in REQUIRED and not suffix
            if not is_needed and not draw(st.booleans()):
                continue
            drawn = draw(st.lists(lines, min_size=1, max_size=8))
            left_out = draw(st.sets(st.sampled_from(optional_columns(table)))) if draw(st.booleans()) else set()
            files[table + suffix] = text_of([name for name in drawn[0] if name not in left_out], drawn)
    return files


@settings(max_examples=8, deadline=None, suppress_health_check=DATABASE_CHECKS)
@given(files=messy_folders())
def test_messy_folders_give_the_same_rows_and_faults(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory, files: dict[str, str]
) -> None:
    same_rows(warehouse, tmp_path_factory.mktemp("folders"), files)


class Ledger:
    """What a load of sales comes to, worked out line by line without frames or SQL: the rules as a clerk follows them."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, ...], dict[datetime, tuple[float, float | None]]] = defaultdict(dict)

    def load(self, lines: Sequence[Line]) -> list[int]:
        """Take a file's lines in; the numbers of those at fault."""
        faulty, seen, accepted = [], {}, []
        for number, line in enumerate(lines, 2):
            read = self._read(line)
            if read is None:
                faulty.append(number)
                continue
            subject, recorded_at, is_explicit, content = read
            if (subject, recorded_at) in seen:
                if seen[subject, recorded_at] != content:
                    faulty.append(number)
                continue
            seen[subject, recorded_at] = content
            accepted.append((number, subject, recorded_at, is_explicit, content))
        earlier = {subject: dict(records) for subject, records in self.records.items()}
        for number, subject, recorded_at, is_explicit, content in accepted:
            before = earlier.get(subject, {})
            if before.get(recorded_at) == content or (not is_explicit and content in before.values()):
                continue
            if recorded_at in before:
                faulty.append(number)
            else:
                self.records[subject][recorded_at] = content
        return sorted(faulty)

    def _read(self, line: Line) -> tuple[tuple[str, ...], datetime, bool, tuple[float, float | None]] | None:
        if line["tenant_id"] != "b" or line["product_id"] not in ("rye", "roll") or line["sales_date"] == "2026-02-30":
            return None
        quantity, written = line["quantity"], line["recorded_at"]
        if quantity == "" or abs(float(quantity)) > 1e9 or written == "soon":
            return None
        day = date.fromisoformat(line["sales_date"])
        if not written:
            recorded_at = to_instant(day + timedelta(days=1), time(), BERLIN)
        elif written.endswith("Z"):
            recorded_at = datetime.fromisoformat(written)
        else:
            recorded_at = datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)
        subject = (line["product_id"], line["sales_date"], line["location_id"] or "main")
        return (
            subject,
            recorded_at,
            bool(written),
            (float(quantity), float(line["revenue"]) if line["revenue"] else None),
        )

    def latest(self) -> list[tuple[object, ...]]:
        return sorted((*subject, at, *records[at]) for subject, records in self.records.items() if (at := max(records)))


SALES = cells(tenant_id="b b b c", product_id="rye rye roll oat", sales_date="2026-03-28 2026-03-28 2026-03-29 2026-02-30", quantity="1 2 2.0 -3 - 1e10", location_id="- main shop", revenue="- 5 5.0", recorded_at="- - 2026-03-29T00:00Z 2026-03-28T23:00Z 2026-03-29T02:30 2026-10-25T02:30 soon")  # fmt: skip
BASE = {
    "tenants": f"tenant_id,name,timezone,country\nb,Brot,{BERLIN},DE\n",
    "products": "tenant_id,product_id,name\nb,rye,Rye\nb,roll,Roll\n",
}


@settings(max_examples=60, deadline=None)
@given(first=st.lists(SALES, min_size=1, max_size=15), second=st.lists(SALES, min_size=1, max_size=15))
def test_sales_are_kept_as_a_clerk_would_keep_them(
    tmp_path_factory: pytest.TempPathFactory, first: list[Line], second: list[Line]
) -> None:
    files = {**BASE, "sales": text_of(list(first[0]), first), "sales.parquet": text_of(list(first[0]), second)}
    folder = read_folder(write_folder(tmp_path_factory.mktemp("folders"), files), TABLES, loaded_at=NOW)
    ledger = Ledger()
    faulty = [ledger.load(first), ledger.load(second)]
    found = [file.faults["row_number"].to_list() for file in folder.files if file.table == "sales"]
    assert found == faulty
    columns = ("product_id", "sales_date", "location_id", "recorded_at", "quantity", "revenue")
    rows = [(row[0], str(row[1]), *row[2:]) for row in folder.frames["sales"].select(columns).rows()]
    assert sorted(rows, key=str) == sorted(ledger.latest(), key=str)
