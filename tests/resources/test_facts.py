"""What a cell may know: facts recorded up to its planning instant, and of each the latest such record."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bakery_assets.cells import Cell
from resources.warehouse import Warehouse, read_snapshot
from tests.bakeries import DAY, PLANNING_INSTANT, insert

SOLD = DAY - timedelta(days=1)
HISTORY = 1_200


def tenant(name: str, zone: str = "Europe/Paris") -> dict[str, str]:
    return {"tenant_id": name, "name": name, "timezone": zone, "country": "FR"}


def sale(quantity: float, recorded_at: datetime, name: str = "b", day: date = SOLD) -> dict[str, object]:
    return {
        "tenant_id": name,
        "product_id": "bun",
        "sales_date": day,
        "location_id": "main",
        "quantity": quantity,
        "recorded_at": recorded_at,
    }


def base(warehouse: Warehouse, *names: str) -> None:
    insert(
        warehouse,
        tenants=[tenant(name) for name in names],
        locations=[{"tenant_id": name, "location_id": "main"} for name in names],
        products=[{"tenant_id": name, "product_id": "bun", "name": "Bun"} for name in names],
    )


def quantities(warehouse: Warehouse, *cells: Cell) -> dict[Cell, list[float]]:
    snapshot = read_snapshot(warehouse, cells, ["sales"], HISTORY)
    found = {}
    for cell in cells:
        _, frames = snapshot.of([cell])
        found[cell] = frames["sales"]["quantity"].to_list()
    return found


@pytest.mark.parametrize(("seconds", "known"), [(-1, [7.0]), (0, [7.0]), (1, [])])
def test_a_fact_is_known_from_the_instant_it_was_recorded(
    warehouse: Warehouse, seconds: int, known: list[float]
) -> None:
    base(warehouse, "b")
    insert(warehouse, sales=[sale(7.0, PLANNING_INSTANT + timedelta(seconds=seconds))])
    assert quantities(warehouse, Cell("b", DAY))[Cell("b", DAY)] == known


def test_a_correction_holds_for_the_mornings_after_it(warehouse: Warehouse) -> None:
    base(warehouse, "b")
    insert(
        warehouse,
        sales=[sale(7.0, PLANNING_INSTANT - timedelta(hours=9)), sale(9.0, PLANNING_INSTANT + timedelta(hours=1))],
    )
    today, tomorrow = Cell("b", DAY), Cell("b", DAY + timedelta(days=1))
    assert quantities(warehouse, today, tomorrow) == {today: [7.0], tomorrow: [9.0]}


def test_planning_a_past_day_again_reads_the_weather_as_it_was_reported_then(warehouse: Warehouse) -> None:
    base(warehouse, "b")
    reported = {"tenant_id": "b", "date": DAY, "rain_mm": 0.0}
    insert(
        warehouse,
        weather=[
            {**reported, "temperature_c": 12.0, "recorded_at": PLANNING_INSTANT - timedelta(hours=1)},
            {**reported, "temperature_c": 31.0, "recorded_at": PLANNING_INSTANT + timedelta(hours=8)},
        ],
    )
    snapshot = read_snapshot(warehouse, [Cell("b", DAY), Cell("b", DAY + timedelta(days=1))], ["weather"], HISTORY)
    known = [
        snapshot.of([Cell("b", day)])[1]["weather"]["temperature_c"].to_list() for day in (DAY, DAY + timedelta(days=1))
    ]
    assert known == [[12.0], [31.0]]


def test_each_tenant_knows_what_was_known_at_its_own_instant(warehouse: Warehouse) -> None:
    base(warehouse, "b")
    insert(
        warehouse,
        tenants=[tenant("ny", "America/New_York")],
        locations=[{"tenant_id": "ny", "location_id": "main"}],
        products=[{"tenant_id": "ny", "product_id": "bun", "name": "Bun"}],
    )
    at_eight = datetime(2026, 3, 3, 8, tzinfo=UTC)  # after 05:30 in Paris, before it in New York
    insert(warehouse, sales=[sale(1.0, at_eight), sale(2.0, at_eight, "ny")])
    snapshot = read_snapshot(warehouse, [Cell("b", DAY), Cell("ny", DAY)], ["sales"], HISTORY)
    _, frames = snapshot.of([Cell("b", DAY), Cell("ny", DAY)])
    assert frames["sales"].select("tenant_id", "quantity").rows() == [("ny", 2.0)]


def test_only_as_much_history_as_asked_for_is_read(warehouse: Warehouse) -> None:
    base(warehouse, "b")
    insert(
        warehouse,
        sales=[sale(1.0, datetime(2020, 1, 1, tzinfo=UTC), day=DAY - timedelta(days=back)) for back in (10, 11)],
    )
    snapshot = read_snapshot(warehouse, [Cell("b", DAY)], ["sales"], 10)
    assert snapshot.of([Cell("b", DAY)])[1]["sales"].height == 1


def test_a_tenant_that_does_not_exist_is_in_no_round(warehouse: Warehouse) -> None:
    base(warehouse, "b")
    cells, _ = read_snapshot(warehouse, [Cell("b", DAY), Cell("nobody", DAY)], ["sales"], HISTORY).of(
        [Cell("b", DAY), Cell("nobody", DAY)]
    )
    assert cells["tenant_id"].to_list() == ["b"]
    assert cells["planned_as_of"].to_list() == [PLANNING_INSTANT]
